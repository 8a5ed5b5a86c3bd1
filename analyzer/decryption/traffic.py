# SPDX-License-Identifier: GPL-2.0-only
"""One direction of DTLS 1.3: epochs by two bits, sequence numbers behind a mask (RFC 9147 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.decryption.handshake import (
    APPLICATION_TRAFFIC,
    EARLY_TRAFFIC,
    HANDSHAKE_TRAFFIC,
    Negotiation,
)
from analyzer.decryption.records import Tampered
from dissectors.tls.numbers import APPLICATION_DATA, DTLS_1_2
from dissectors.tls.records import Record

if TYPE_CHECKING:
    from analyzer.decryption.records import TrafficOpener

_LABELS: Final = {1: EARLY_TRAFFIC, 2: HANDSHAKE_TRAFFIC, 3: APPLICATION_TRAFFIC}
_APPLICATION: Final = 3
_SAMPLE: Final = 16


class Unsealed(NamedTuple):
    """What a record has inside, its type and padding included."""

    plaintext: bytes
    epoch: int
    sequence: int


class Traffic:
    """The openers of one direction, by epoch; those of the last four epochs are kept."""

    __slots__ = ("_forward", "_highest", "_latest", "_negotiation", "_openers", "failed", "opened")

    def __init__(self, negotiation: Negotiation, forward: bool) -> None:
        self._negotiation = negotiation
        self._forward = forward
        self._openers: dict[int, TrafficOpener] = {}
        self._highest: dict[int, int] = {}
        self._latest = 0
        self.opened = 0
        self.failed = False
        """Whether there were keys for the last record, and they did not open it."""

    def open(self, record: Record, datagram: bytes) -> Unsealed | None:
        self.failed = False
        for epoch in self._candidates(record.epoch):
            opener = self._opener(epoch)
            if opener is None:
                continue
            self.failed = True
            found = self._unseal(opener, epoch, record, datagram)
            if found is not None:
                self._opened(found)
                return found
        return None

    def _candidates(self, bits: int) -> tuple[int, ...]:
        """Epochs with these lower bits: the one a KeyUpdate leads to, then the last one seen."""
        latest = self._latest
        seen = latest - (latest - bits & 3)
        if latest < _APPLICATION:
            return (bits,) if bits else ()
        if latest + 1 & 3 == bits:
            return (latest + 1, seen) if seen > 0 else (latest + 1,)
        return (seen,) if seen > 0 else ()

    def _opener(self, epoch: int) -> TrafficOpener | None:
        found = self._openers.get(epoch)
        if found is None:
            if epoch <= _APPLICATION:
                found = self._negotiation.traffic(self._forward, _LABELS[epoch])
            elif (before := self._openers.get(epoch - 1)) is not None:
                found = before.next()
            if found is not None:
                self._openers[epoch] = found
        return found

    def _unseal(
        self, opener: TrafficOpener, epoch: int, record: Record, datagram: bytes
    ) -> Unsealed | None:
        fragment = datagram[record.body : record.end]
        if len(fragment) < _SAMPLE:
            return None
        size = record.sequence_length
        mask = int.from_bytes(opener.sequence_mask(fragment[:_SAMPLE])[:size], "big")
        low = record.sequence ^ mask
        sequence = _whole_number(low, 8 * size, self._highest.get(epoch, -1) + 1)
        # Authenticated is the header as it was before its number was hidden.
        header = b"".join(
            (
                datagram[record.start : record.sequence_at],
                low.to_bytes(size, "big"),
                datagram[record.sequence_at + size : record.body],
            )
        )
        try:
            plaintext = opener.open(APPLICATION_DATA, DTLS_1_2, sequence, fragment, header=header)
        except Tampered:
            return None
        return Unsealed(plaintext, epoch, sequence)

    def _opened(self, found: Unsealed) -> None:
        epoch = found.epoch
        self.opened += 1
        self._highest[epoch] = max(found.sequence, self._highest.get(epoch, -1))
        if epoch > self._latest:
            self._latest = epoch
            for old in [number for number in self._openers if number <= epoch - 4]:
                del self._openers[old]
                self._highest.pop(old, None)


def _whole_number(low: int, bits: int, expected: int) -> int:
    """The number with these lower bits that is nearest to the one expected (RFC 9147 4.2.2)."""
    span = 1 << bits
    near = expected - expected % span + low
    if near - expected > span // 2:
        return near - span if near >= span else near
    return near + span if expected - near > span // 2 else near
