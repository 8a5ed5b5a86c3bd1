# SPDX-License-Identifier: GPL-2.0-only
"""Secrets of single connections that opened them, for exports that the user wants with secrets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

MOST_CONNECTIONS: Final = 1 << 16
"""Connections whose secrets are kept; beyond it, those of the oldest are forgotten."""


class UsedSecrets:
    """By client random what a key log would have of a connection: it opens that one alone, also
    where it follows from a pre-shared key. Its repr has none."""

    def __init__(self) -> None:
        self._secrets: OrderedDict[bytes, dict[str, bytes]] = OrderedDict()

    def add(self, label: str, client_random: bytes, secret: bytes) -> None:
        """A secret was found; `label` is a key log's."""
        self._secrets.setdefault(client_random, {})[label] = secret
        if len(self._secrets) > MOST_CONNECTIONS:
            self._secrets.popitem(last=False)

    def lines(self, client_randoms: Iterable[bytes]) -> bytes:
        """Lines of a key log (analyzer.secrets.keylog) of these connections."""
        return b"".join(
            f"{label} {random.hex()} {secret.hex()}\n".encode()
            for random in client_randoms
            for label, secret in self._secrets.get(random, {}).items()
        )

    def __repr__(self) -> str:
        return f"<UsedSecrets: {len(self._secrets)} connections>"
