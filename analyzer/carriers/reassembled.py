# SPDX-License-Identifier: GPL-2.0-only
"""What came in fragments of IP, put together: a flight with certificates rarely fits into one
packet."""

from __future__ import annotations

from collections import OrderedDict, deque
from functools import cache
from typing import TYPE_CHECKING, Final

from analyzer.capture import ROW
from analyzer.carriers import selecting
from analyzer.fragments import fragment
from analyzer.reassembly import Reassembler
from analyzer.streams.model import Piece
from dissectors import link
from dissectors.kernel import Rows, rows

if TYPE_CHECKING:
    from analyzer.carriers.stage import Selected

MOST_FRAGMENTS: Final = 1 << 15
"""Fragments of which it is known where they stand in the capture."""


class Whole:
    """A packet that was put together, the last part of which is a record of a batch."""

    def __init__(self, selected: Selected, packet: bytes, text: memoryview) -> None:
        self.data, self.text = memoryview(packet), text
        self.piece = selected.piece
        self.is_carrier = False

    def mark(self, record: int) -> None:
        """The packet is a carrier, and no more; its fragments stay what they are."""
        self.is_carrier = True


def select_one(
    packet: bytes, ports: tuple[bytes, bytes], seed: int
) -> tuple[list[int], memoryview]:
    """What `selecting.select` finds in an IP packet, none of which is muted, and the addresses that
    do not stand in it. Any thread may ask."""
    record, links, found = rows(ROW), rows(1), rows(selecting.SLOTS)
    record[1] = record[2] = len(packet)
    links[0] = link.RAW_IP
    text, row = memoryview(bytearray(selecting.ENDS_SIZE)), link.new_row()
    data = memoryview(packet)
    count, _ = selecting.select(
        data, record, 1, links, *ports, seed, row, text, _none_muted(), found
    )
    return found.tolist() if count else [], text


@cache
def _none_muted() -> Rows:
    return rows(selecting.MUTED_SLOTS)


class Reassembled:
    """The fragments of one capture, for the stage alone; what CoAP they hold is `datagrams`'s. The
    first of a datagram waits `patience` for the others (ns)."""

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._pieces = Reassembler()
        self._carriers: deque[int] = deque()
        self._places: OrderedDict[int, Piece] = OrderedDict()
        self._row = link.new_row()

    def add(
        self, selected: Selected, record: int, link_type: int
    ) -> tuple[bytes, tuple[Piece, ...], bool] | None:
        """Take the fragment in a record: the IP packet that it completes, where its parts stand,
        and whether it came too late: the first part was read by then, as a message that is cut."""
        row, data = self._row, selected.data
        start, captured, wire = selected.extent(record)
        link.walk(data, start, start + captured, link_type, row, wire - captured)
        piece = selected.piece(record)
        time = piece.time
        for lost in self._pieces.expired(time):
            self._take(lost.frames)
        self._places[piece.frame] = piece
        if len(self._places) > MOST_FRAGMENTS:
            self._places.popitem(last=False)
        part = fragment(row, data, start, piece.frame, time, piece.offset)
        whole = self._pieces.add(part)
        if whole is None:
            return None
        places = self._take(whole.frames)
        if not places or places[-1] is not piece:
            places += (piece,)
        first = whole.runs[0].frame
        late = any(one.frame == first and time - one.time > self._patience for one in places)
        return whole.packet, places, late

    def note_carrier(self, frame: int) -> None:
        """Nothing is left to read of the datagram that a frame completed."""
        self._carriers.append(frame)

    def is_carrier(self, frame: int) -> bool:
        """Whether that was noted of a frame; asked in the order of the frames."""
        noted = self._carriers
        while noted and noted[0] < frame:
            noted.popleft()
        return bool(noted) and noted[0] == frame

    def _take(self, frames: tuple[int, ...]) -> tuple[Piece, ...]:
        found = (self._places.pop(frame, None) for frame in frames)
        return tuple(piece for piece in found if piece is not None)
