# SPDX-License-Identifier: GPL-2.0-only
"""Bodies that came in blocks, put together again from the capture (RFC 7959 clause 2)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from analyzer.exchanges.blockwise import offset_of
from analyzer.messages import CUT, WHOLE_BODY
from dissectors.coap import numbers
from dissectors.coap.message import Message, dissect

if TYPE_CHECKING:
    from analyzer.tables import Table

MOST_BODY: Final = 1 << 26
"""Bytes of a body that is put together; a larger one is shown block by block."""

MOST_JUDGED: Final = 60_000
"""Bytes of a body that rules read, as many as one datagram might carry: no MSGin5G message is as
long (TS 23.554)."""

_OF_REQUEST: Final = (numbers.Q_BLOCK1, numbers.BLOCK1)
_OF_RESPONSE: Final = (numbers.BLOCK2, numbers.Q_BLOCK2)
_LONGEST: Final = 3
_MANY: Final = 2_000
"""Rows from which on NumPy is worth loading."""


class Packets(Protocol):
    """Where blocks are read from: a session."""

    messages: Table

    def packet(self, row: int) -> bytes: ...

    def framing(self, row: int) -> int: ...


class Block(NamedTuple):
    """A block of a body; `offset` counts in the body, `payload_at` in its CoAP message."""

    row: int
    frame: int
    offset: int
    payload_at: int
    payload: bytes

    @property
    def end(self) -> int:
        return self.offset + len(self.payload)


class Body(NamedTuple):
    """A whole body and the blocks that carry it, by offset."""

    payload: bytes
    blocks: tuple[Block, ...]

    def block_at(self, offset: int) -> Block:
        """The block that carries the byte at an offset."""
        starts = [block.offset for block in self.blocks]
        return self.blocks[max(0, bisect_right(starts, offset) - 1)]


def read_block(packets: Packets, row: int) -> Block:
    """The block that a message carries."""
    cells = packets.messages.row(row)
    at = cells["coap_at"]
    data = packets.packet(row)[at : at + cells["coap_length"]]
    coap = dissect(data, bool(cells["flags"] & CUT), framing=packets.framing(row))
    payload_at = coap.payload_offset if coap.payload_offset >= 0 else len(data)
    offset = offset_of(max(0, block_value(coap)))
    return Block(row, cells["frame"], offset, payload_at, coap.payload)


def block_value(coap: Message) -> int:
    """Value of the option that tells which block the payload is, -1 for none (RFC 7959 clause 2.2).
    Where there are two of them, against RFC 9177 clause 4.1, the one of the larger number."""
    value = -1
    for number in _OF_REQUEST if numbers.is_request(coap.code) else _OF_RESPONSE:
        option = coap.first(number)
        if option is not None:
            known = len(option.value) <= _LONGEST
            value = int.from_bytes(option.value, "big") if known else -1
    return value


def rows_of_blocks(messages: Table, row: int) -> Iterator[int]:
    """Rows of the blocks of a body up to the message of `row`, newest first."""
    while row >= 0:
        yield row
        row = messages.cell("older_block", row) - 1


def holes(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """What is missing between the blocks, as (first byte, byte after the last)."""
    found, reached = [], 0
    for block in sorted(blocks, key=lambda block: block.offset):
        if block.offset > reached:
            found.append((reached, block.offset))
        reached = max(reached, block.end)
    return found


def put_together(packets: Packets, row: int) -> Body | None:
    """The body that was whole with the message of `row`; None where it is too large."""
    blocks = [read_block(packets, at) for at in rows_of_blocks(packets.messages, row)]
    size = max(block.end for block in blocks)
    if size > MOST_BODY or holes(blocks):
        return None
    payload = bytearray(size)
    for block in reversed(blocks):  # what came later counts (RFC 7959 clause 2.5)
        payload[block.offset : block.end] = block.payload
    return Body(bytes(payload), tuple(_by_offset(blocks)))


def _by_offset(blocks: Sequence[Block]) -> Iterator[Block]:
    """The newest block at each offset, in their order."""
    newest: dict[int, Block] = {}
    for block in blocks:
        newest.setdefault(block.offset, block)
    yield from (newest[offset] for offset in sorted(newest))


def differing(packets: Packets, row: int) -> tuple[int, int] | None:
    """Where a block says otherwise than one before it in its body: the earlier block's row and
    the first byte, counted in the body; None where it repeats the same or adds to it."""
    again = read_block(packets, row)
    for at in rows_of_blocks(packets.messages, packets.messages.cell("older_block", row) - 1):
        block = read_block(packets, at)
        start, end = max(again.offset, block.offset), min(again.end, block.end)
        one = again.payload[start - again.offset : max(start, end) - again.offset]
        other = block.payload[start - block.offset : max(start, end) - block.offset]
        if one != other:
            pairs = enumerate(zip(one, other, strict=True), start)
            return at, next(place for place, (now, before) in pairs if now != before)
    return None


class Blocks:
    """Which blocks of a session's messages belong together; follows the table as it grows."""

    def __init__(self, packets: Packets) -> None:
        self._packets = packets
        self._seen = 0
        self._newer: dict[int, int] = {}
        self._last: dict[int, int] = {}

    def _meet(self) -> None:
        """Rows that came since the last time."""
        messages = self._packets.messages
        first, self._seen = self._seen, len(messages)
        if self._seen - first < _MANY:
            older = [messages.cell("older_block", row) for row in range(first, self._seen)]
            found = [(place, row) for place, row in enumerate(older, first) if row]
        else:
            import numpy as np

            column = messages["older_block"][first:]
            places = np.flatnonzero(column)
            found = list(zip((places + first).tolist(), column[places].tolist(), strict=True))
        self._newer.update((row - 1, place) for place, row in found)
        if found:
            self._last.clear()

    def last_of(self, row: int) -> int:
        """The row of the newest block of a block's body."""
        self._meet()
        path = []
        while row in self._newer and row not in self._last:
            path.append(row)
            row = self._newer[row]
        last = self._last.get(row, row)
        self._last.update(dict.fromkeys(path, last))
        return last

    def whole_with(self, row: int) -> int | None:
        """The row with which the body of a block was whole, None where it never was."""
        last = self.last_of(row)
        return last if self._packets.messages.cell("flags", last) & WHOLE_BODY else None

    def body_of(self, row: int) -> Body | None:
        """The whole body of which a message carries a block."""
        last = self.whole_with(row)
        return None if last is None else put_together(self._packets, last)

    def is_block(self, row: int) -> bool:
        """The message carries one of several blocks."""
        self._meet()
        return row in self._newer or self._packets.messages.cell("older_block", row) > 0

    def first_of(self, row: int) -> int:
        """The row of the block that was seen first."""
        return list(rows_of_blocks(self._packets.messages, row))[-1]
