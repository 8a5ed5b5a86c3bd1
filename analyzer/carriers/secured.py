# SPDX-License-Identifier: GPL-2.0-only
"""Protected flows: what is known of each, how much of it was read, and why not the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer.carriers import selecting
from analyzer.carriers.store import PIECE_SIZE, packed, unpacked
from analyzer.endpoints import Endpoint, endpoint
from dissectors.carried import Ends
from dissectors.kernel import Rows

if TYPE_CHECKING:
    from analyzer.decryption.security import Security
    from analyzer.streams.model import Piece

MOST_HANDSHAKE: Final = 48
"""Packets without a message that are kept of a flow."""


class SecuredFlow:
    """A DTLS association or TLS connection; its client sends from `ends.source`."""

    def __init__(self, number: int, flow: int, ends: Ends, security: Security) -> None:
        self.number, self.flow, self.security = number, flow, security
        self.client: Endpoint = endpoint(ends.source, ends.source_port)
        self.server: Endpoint = endpoint(ends.destination, ends.destination_port)
        self.listed = False
        self.handshake_whole = True
        """Whether `handshake` has all."""
        self._kept = bytearray()
        self._muted: Rows | None = None
        self._at = -1
        self._counted = 0

    def keep(self, piece: Piece) -> None:
        """A packet without a message, which an export that is to be opened alone needs, too."""
        if len(self._kept) < MOST_HANDSHAKE * PIECE_SIZE:
            self._kept += packed(piece)
        else:
            self.handshake_whole = False

    @property
    def handshake(self) -> tuple[Piece, ...]:
        """Packets that carried no message: the handshake and what else keys depend on, up to
        MOST_HANDSHAKE of them; none of what nobody can open."""
        return unpacked(self._kept)

    @property
    def muted(self) -> bool:
        """The kernel counts its packets alone."""
        return self._muted is not None

    def mute(self, muted: Rows, at: int) -> None:
        """Its packets are counted in the entry of `muted` at index `at`."""
        self._muted, self._at = muted, at
        if not self.security.opened:
            self._kept.clear()

    def unmute(self) -> int:
        """Its packets are not counted any more; the index of the entry, -1 for none."""
        if self._muted is None:
            return -1
        self._counted = self._muted[self._at + selecting.PACKETS]
        self._muted = None
        return self._at

    @property
    def opened(self) -> int:
        """Records of application data that were read."""
        return self.security.opened

    @property
    def opaque(self) -> int:
        """Records of application data that were not; of what nobody can open, packets of it."""
        counted = self._counted
        if self._muted is not None:
            counted = self._muted[self._at + selecting.PACKETS]
        return self.security.opaque + counted
