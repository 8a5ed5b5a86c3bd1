# SPDX-License-Identifier: GPL-2.0-only
"""Frames as a batch of records, and what `carriers.selecting` finds in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plain_selecting import TCP_PORTS, UDP_PORTS, Frame, Said

from analyzer.capture.records import IS_CARRIER, MARK, ROW
from analyzer.carriers import selecting
from analyzer.carriers.muting import Muted
from analyzer.state import hash_bytes
from dissectors import link
from dissectors.kernel import rows

Select = Callable[..., tuple[int, int]]
SEED = 0x1234567
BEFORE = b"\x45\x00\x60"


class Batch:
    """Frames as records of a batch, and what `select` made of it."""

    def __init__(
        self,
        sent: Sequence[Frame],
        select: Select = selecting.select,
        muted: Muted | None = None,
        udp_ports: bytes = UDP_PORTS,
    ) -> None:
        types = sorted({frame.link_type for frame in sent})
        self.links = rows(len(types))
        for index, kind in enumerate(types):
            self.links[index] = kind
        self.records = rows(len(sent) * ROW)
        data = bytearray()
        for number, frame in enumerate(sent):
            data += BEFORE  # a header of the file
            cells = len(data), len(frame.data), frame.wire, number, types.index(frame.link_type)
            for slot, value in enumerate(cells):
                self.records[number * ROW + slot] = value
            data += frame.data
        self.data = memoryview(bytes(data + b"\x16\xfe\xfd"))
        self.text = memoryview(bytearray(len(sent) * selecting.ENDS_SIZE))
        self.found = rows(len(sent) * selecting.SLOTS)
        self.muted = muted or Muted()
        self.count, self.marked = select(
            *(self.data, self.records, len(sent), self.links, udp_ports, TCP_PORTS, SEED),
            *(link.new_row(), self.text, self.muted.table, self.found),
        )

    def cells(self, number: int) -> list[int]:
        slots = selecting.SLOTS
        return list(self.found[number * slots : (number + 1) * slots])

    def start(self, record: int) -> int:
        return self.records[record * ROW]

    @property
    def carriers(self) -> list[int]:
        """Records that are marked."""
        marks = (self.records[at + 4] // MARK for at in range(0, len(self.records), ROW))
        return [number for number, mark in enumerate(marks) if mark == IS_CARRIER]

    def said(self) -> list[Said]:
        return [self._said(self.cells(number)) for number in range(self.count)]

    def _said(self, cells: list[int]) -> Said:
        record, sort = cells[selecting.RECORD], cells[selecting.SORT]
        if sort == selecting.FRAGMENT:
            return Said(record, sort)
        start, size = self.start(record), cells[selecting.ADDRESS_LENGTH]
        where = self.text if cells[selecting.ENDS_IN_TEXT] else self.data
        source, destination = (
            bytes(where[cells[slot] : cells[slot] + size])
            for slot in (selecting.SOURCE_AT, selecting.DESTINATION_AT)
        )
        at, tcp = cells[selecting.AT], cells[selecting.TCP_AT]
        numbers = (0, 0, 0)
        if sort == selecting.TCP:
            head = bytes(self.data[tcp : tcp + 20])
            numbers = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big"), head[13]
        ends = source, cells[selecting.SOURCE_PORT], destination, cells[selecting.DESTINATION_PORT]
        return Said(
            *(record, sort, ends, bytes(self.data[at : cells[selecting.END]])),
            *(cells[selecting.LENGTH], at - start, cells[selecting.IP_ID], cells[selecting.TTL]),
            self._link(record, cells[selecting.LINK_HASH]),
            numbers,
        )

    def _link(self, record: int, wanted: int) -> bytes:
        """All that stands before IP, of which the kernel has the hash alone."""
        start = self.start(record)
        for end in range(start, start + self.records[record * ROW + 1]):
            if hash_bytes(self.data, start, end, SEED) == wanted:
                return bytes(self.data[start:end])
        raise AssertionError("the hash of something else")
