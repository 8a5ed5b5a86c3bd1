# SPDX-License-Identifier: GPL-2.0-only
"""Messages that OSCORE protects and nobody opened: how many, between whom, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer.carriers import selecting
from analyzer.endpoints import Endpoint
from dissectors.kernel import Rows

if TYPE_CHECKING:
    from analyzer.decryption.oscore import Reason, Unprotected

MOST_UNOPENED: Final = 1 << 12
"""Entries; messages that would make one more are counted alone."""


class Unopened:
    """Messages between two endpoints that stay opaque for one reason. `kid` and `kid_context` are
    what their requests say, of which the first 16 bytes; `b""` and None where none was seen.
    `detail` is what `reason` is about: words and hex digits, never a secret."""

    __slots__ = (
        "_at",
        "_counted",
        "_muted",
        "client",
        "detail",
        "first_frame",
        "kid",
        "kid_context",
        "reason",
        "server",
    )

    def __init__(
        self, client: Endpoint, server: Endpoint, reason: Reason, found: Unprotected, frame: int
    ) -> None:
        self.client, self.server, self.reason = client, server, reason
        self.kid, self.kid_context, self.detail = found.kid, found.kid_context, found.detail
        self.first_frame = frame
        self._counted = 0
        self._muted: Rows | None = None
        self._at = -1

    @property
    def messages(self) -> int:
        """How many; copies count."""
        counted = self._muted[self._at + selecting.PACKETS] if self._muted is not None else 0
        return self._counted + counted

    def count(self, found: Unprotected) -> None:
        """One more."""
        self._counted += 1
        if not self.kid and found.kid:
            self.kid, self.kid_context, self.detail = found.kid, found.kid_context, found.detail

    def mute(self, muted: Rows, at: int) -> None:
        """Further ones are counted in the entry of `muted` at index `at`."""
        self._muted, self._at = muted, at

    @property
    def text(self) -> str:
        """Why they stay opaque, in words."""
        return f"{self.reason}{f' ({self.detail})' if self.detail else ''}"


class UnopenedTally:
    """All of them, in the order they were met."""

    def __init__(self) -> None:
        self.entries: list[Unopened] = []
        self.more = 0
        """Messages beyond MOST_UNOPENED entries."""
        self._by_key: dict[tuple[object, ...], Unopened] = {}

    def add(
        self, client: Endpoint, server: Endpoint, found: Unprotected, frame: int, by_kid: bool
    ) -> tuple[Unopened, bool] | None:
        """Count a message that stays opaque: its entry, and whether that is new; None beyond
        MOST_UNOPENED. Entries are `by_kid` too where some kid may be opened."""
        reason = found.reason
        assert reason is not None
        key: tuple[object, ...] = (client, server, reason)
        if by_kid:
            key += (found.detail, found.kid, found.kid_context)
        entry = self._by_key.get(key)
        new = entry is None
        if entry is None:
            if len(self.entries) == MOST_UNOPENED:
                self.more += 1
                return None
            entry = self._by_key[key] = Unopened(client, server, reason, found, frame)
            self.entries.append(entry)
        entry.count(found)
        return entry, new

    @property
    def messages(self) -> int:
        """How many there are."""
        return self.more + sum(entry.messages for entry in self.entries)
