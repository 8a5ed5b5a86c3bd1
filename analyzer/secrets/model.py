# SPDX-License-Identifier: GPL-2.0-only
"""All secrets that were given, by what a protected flow shows of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from analyzer.secrets.keylog import CLIENT_RANDOM, KeyLog

if TYPE_CHECKING:
    from analyzer.secrets.oscore_context import Context
    from analyzer.secrets.psk import Identities

MOST_ADDED: Final = 64 << 20
"""Bytes of key log that are taken out of captures; what is more is passed over."""


class Growing(Protocol):
    """A key log that may be written to while it is read."""

    def read_on(self, log: KeyLog) -> bool:
        """Take what was added since; whether there was any."""
        ...


class Secrets:
    """Looks up key material. Its repr has none."""

    def __init__(
        self,
        identities: Identities | None = None,
        *,
        keylog: KeyLog | None = None,
        growing: Iterable[Growing] = (),
        oscore: tuple[Context, ...] = (),
    ) -> None:
        self._keys: Mapping[bytes, bytes] = identities.keys if identities is not None else {}
        self._for_all = identities.for_all if identities is not None else None
        self._keylog = keylog or KeyLog()
        self._growing = tuple(growing)
        self._added = 0
        self.oscore = oscore
        """Security contexts of RFC 8613."""
        self.warnings: tuple[str, ...] = ()
        """What the user should know of the files, a line each."""

    @property
    def empty(self) -> bool:
        """Whether nothing can be opened with it, now or later."""
        return not (
            self._keys or self._for_all or len(self._keylog) or self._growing or self.oscore
        )

    @property
    def growing(self) -> bool:
        """Whether a secret that is missing may still be written to a key log."""
        return bool(self._growing)

    @property
    def logged(self) -> bool:
        """Whether a key log was given, or came with the capture."""
        return bool(len(self._keylog) or self._growing)

    def psk(self, identity: bytes) -> bytes | None:
        """The pre-shared key of an identity, else the one that was given for all.

        In TLS of AKMA (TS 33.535 clause 6.3, TS 33.501 Annex Y) the identity is the A-KID and the
        key is K_AF.
        """
        return self._keys.get(identity, self._for_all)

    def master_secret(self, client_random: bytes) -> bytes | None:
        """Of a connection of TLS 1.2 or DTLS 1.2, from a key log; 48 bytes."""
        return self.traffic_secret(CLIENT_RANDOM, client_random)

    def traffic_secret(self, label: str, client_random: bytes) -> bytes | None:
        """Of a connection of 1.3, from a key log; `label` is the log's, CLIENT_TRAFFIC_SECRET_0."""
        found = self._keylog.secret(label, client_random)
        if found is None and self._growing and self._read_on():
            found = self._keylog.secret(label, client_random)
        return found

    def add_keylog(self, text: bytes) -> None:
        """Take in a key log that came with a capture (Decryption Secrets Block)."""
        room = MOST_ADDED - self._added
        self._added += len(text)
        if room > 0:
            self._keylog.add(text[:room])

    def _read_on(self) -> bool:
        return sum(log.read_on(self._keylog) for log in self._growing) > 0

    def __repr__(self) -> str:
        return (
            f"<Secrets: {len(self._keys)} identities, {len(self._keylog)} secrets of key logs, "
            f"{len(self.oscore)} OSCORE contexts>"
        )
