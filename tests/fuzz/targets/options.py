# SPDX-License-Identifier: GPL-2.0-only
"""Option walk: the bytes are one CoAP message, alone and inside a window, whole and cut."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from dissectors.coap import wire
from dissectors.coap.message import Message, dissect
from dissectors.coap.values import (
    describe_flaw,
    describe_value,
    encode_options,
    field_spans,
)
from dissectors.coap.wire import DEFECT_SLOTS, OPTION_SLOTS, Defect
from fuzz.checked import Checked, checked_rows

BEFORE = b"\xb1a"


def run(data: bytes) -> None:
    for cut in (False, True):
        message = dissect(data, cut)
        _check(message)
        assert _walked(data, cut, len(data) + 8) == _rows_of(message)
        _walked(data, cut, 2)
        assert any(flaw.kind == Defect.CUT for flaw in message.flaws) <= cut
    if message.readable and message.options:
        _build(message)


def _walked(data: bytes, cut: bool, room: int) -> list[tuple[int, ...]]:
    """Rows of the walk over checked buffers, offsets from the message's first byte."""
    start, end = len(BEFORE), len(BEFORE) + len(data)
    window: Any = Checked(memoryview(BEFORE + data + b"\x11\xff{"), start, end)
    head: Any = checked_rows(wire.HEAD_SLOTS)
    options: Any = checked_rows(room * OPTION_SLOTS)
    defects: Any = checked_rows(room * DEFECT_SLOTS)
    table = wire.option_table()
    codes: Any = Checked(memoryview(wire.code_table()))
    index: Any = Checked(memoryview(table.index))
    specs: Any = Checked(table.specs)
    wire.walk(
        window, start, end, int(cut), wire.DATAGRAM, head, options, defects, codes, index, specs
    )
    # Each byte once by the walk, twice by UTF-8, once by the check for control characters.
    assert window.accesses <= 5 * len(data) + 40
    count, flaws = head[wire.OPTION_COUNT], head[wire.DEFECT_COUNT]
    assert 0 <= count <= room
    assert 0 <= flaws <= room
    found = []
    for row in range(count):
        number, at, value_at, length = (options[row * OPTION_SLOTS + slot] for slot in range(4))
        found.append((number, at - start, value_at - start, length))
    for row in range(flaws):
        kind, first, after, detail = (defects[row * DEFECT_SLOTS + slot] for slot in range(4))
        found.append((kind, first - start, after - start, detail))
    return found


def _rows_of(message: Message) -> list[tuple[int, ...]]:
    options = [(o.number, o.offset, o.value_offset, len(o.value)) for o in message.options]
    return options + [(flaw.kind, flaw.offset, flaw.end, flaw.detail) for flaw in message.flaws]


def _check(message: Message) -> None:
    """Everything inside the message, options in order and side by side."""
    size = len(message.data)
    for flaw in message.flaws:
        assert 0 <= flaw.offset <= flaw.end <= size
        assert describe_flaw(flaw).isprintable()
    for before, after in pairwise(message.options):
        assert before.number <= after.number <= 0xFFFF
        assert before.span[1] == after.offset
    for option in message.options:
        assert message.token_offset + len(message.token) <= option.offset < option.value_offset
        assert option.span[1] <= size
        assert describe_value(option.number, option.value).isprintable()
    if message.payload_offset >= 0:
        assert message.data[message.payload_offset - 1] == 0xFF
        assert message.payload == message.data[message.payload_offset :]
    for first, after in field_spans(message).values():
        assert 0 <= first <= after <= size


def _build(message: Message) -> None:
    """Options built again and read again are the same options."""
    pairs = [(option.number, option.value) for option in message.options]
    again = dissect(message.data[: message.options[0].offset] + encode_options(pairs))
    assert [(option.number, option.value) for option in again.options] == pairs
