# SPDX-License-Identifier: GPL-2.0-only
"""The keys of one epoch of DTLS 1.2 (RFC 6347 clause 4.1)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.decryption.records import Tampered
from dissectors.tls.numbers import APPLICATION_DATA
from dissectors.tls.records import DTLS_HEADER

if TYPE_CHECKING:
    from analyzer.decryption.records import Opener

_AFTER_TYPE: Final = Struct(">HQH")  # version, epoch and sequence number, length
_SEQUENCE: Final = (1 << 48) - 1


class Opened(NamedTuple):
    """The application data of one record, and where the record stands in its datagram."""

    plaintext: bytes
    epoch: int
    sequence: int
    offset: int
    end: int


class EpochKeys:
    """The openers of one epoch: the client's and the server's."""

    __slots__ = ("epoch", "opened", "pair")

    def __init__(self, epoch: int, pair: tuple[Opener, Opener]) -> None:
        self.epoch, self.pair = epoch, pair
        self.opened = 0

    def lone_record(self, datagram: bytes, forward: bool) -> Opened | None:
        """What a datagram holds that is one record of application data of this epoch, as most are
        once a handshake is over; None for any other, and where it does not authenticate."""
        size = len(datagram)
        if size < DTLS_HEADER or datagram[0] != APPLICATION_DATA:
            return None
        version, numbers, length = _AFTER_TYPE.unpack_from(datagram, 1)
        if length != size - DTLS_HEADER or numbers >> 48 != self.epoch or version >> 8 != 0xFE:
            return None
        opener = self.pair[0 if forward else 1]
        try:
            plaintext = opener.open(APPLICATION_DATA, version, numbers, datagram[DTLS_HEADER:])
        except Tampered:
            return None
        self.opened += 1
        return Opened(plaintext, self.epoch, numbers & _SEQUENCE, 0, size)
