# SPDX-License-Identifier: GPL-2.0-only
"""One truth: kernel, compiled kernel, message and Scapy layer hold thousands of messages equal.

Field by field, defect by defect and byte by byte. What goes in comes from `near_valid`: no
shrinking, so a failure names the message as hex.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from dissectors import CoAP
from dissectors.coap import wire
from dissectors.coap.layer_fields import CoAPOption
from dissectors.coap.message import dissect
from dissectors.coap.values import Block, decode_value
from dissectors.coap.wire import DEFECT_SLOTS, OPTION_SLOTS, Defect
from dissectors.kernel import rows

from .compiled import compile_kernel
from .near_valid import MUTATIONS, Made, each_option, messages, mutated, valid

ROOM = 120
"""Rows for options and defects: of the messages here some have more, most have fewer."""

Rows = tuple[list[int], list[int], list[int]]


def shown(data: bytes) -> str:
    """A message for a failure; enough of a long one."""
    return data.hex() if len(data) < 500 else f"{data[:500].hex()}... {len(data)} bytes"


def walked(walk: Any, data: bytes, start: int, end: int, cut: int, room: int = ROOM) -> Rows:
    """Head, options and defects as the walk writes them, unused rows included."""
    head = rows(wire.HEAD_SLOTS)
    options, defects = rows(room * OPTION_SLOTS), rows(room * DEFECT_SLOTS)
    table = wire.option_table()
    buffers = (memoryview(wire.code_table()), memoryview(table.index), table.specs)
    walk(memoryview(data), start, end, cut, wire.DATAGRAM, head, options, defects, *buffers)
    return head.tolist(), options.tolist(), defects.tolist()


# What goes in ----------------------------------------------------------------------------------


def test_every_mutation_and_every_defect_is_met() -> None:
    """What the generator never makes, the tests below never compare."""
    choose, met = Random(1), set()
    for data in messages(1, 6000):
        met |= {flaw.kind for flaw in dissect(data).flaws}
    for mutation in MUTATIONS:
        made = [valid(choose).pieces() for _ in range(50)]
        assert any(b"".join(mutation(choose, pieces)) != b"".join(pieces) for pieces in made)
    of_streams = {Defect.FRAME_LENGTH, Defect.WS_LENGTH}
    assert met == set(Defect) - {Defect.CUT} - of_streams


def test_the_same_seed_makes_the_same_messages() -> None:
    assert list(messages(5, 50)) == list(messages(5, 50)) != list(messages(6, 50))


# What is put in comes out ----------------------------------------------------------------------


def assert_read_back(made: Made) -> None:
    """A valid message reads as it was made, with no defect."""
    data = made.data()
    found = dissect(data)
    assert found.flaws == (), shown(data)
    assert (found.version, found.type, found.code) == (1, made.kind, made.code), shown(data)
    assert (found.message_id, found.token) == (made.mid, made.token), shown(data)
    assert [(o.number, o.value) for o in found.options] == made.options, shown(data)
    assert found.payload == made.payload, shown(data)


def test_valid_messages_read_as_they_were_made() -> None:
    choose = Random(2)
    for _ in range(3000):
        assert_read_back(valid(choose))


def test_every_option_at_every_length_class_reads_as_it_was_made() -> None:
    for made in each_option(Random(3)):
        assert_read_back(made)


def test_values_decode_by_their_format() -> None:
    """Decoded here again, by the letter of RFC 7252 clause 3.2 and RFC 7959 clause 2.2."""
    formats = wire.numbers.Format
    for made in each_option(Random(4)):
        ((number, value),) = made.options
        found = decode_value(number, value)
        expected: Any = value
        match wire.numbers.OPTIONS[number].format:
            case formats.UINT:
                expected = sum(byte << 8 * n for n, byte in enumerate(reversed(value)))
            case formats.STRING:
                expected = str(value, "utf-8")
            case formats.EMPTY:
                expected = None
            case formats.BLOCK:
                last = value[-1] if value else 0
                number_of_block = int(value.hex() or "0", 16) // 16
                expected = Block(number_of_block, last & 8 == 8, last % 8)
        assert found == expected, (number, value.hex())


# Compiled as uncompiled ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiled_walk() -> Any:
    pytest.importorskip("numba", reason="numba is optional")
    return compile_kernel(wire.walk)


def test_compiled_rows_are_the_uncompiled_ones(compiled_walk: Any) -> None:
    for number, data in enumerate(messages(10, 9000)):
        cut = number & 1
        plain = walked(wire.walk, data, 0, len(data), cut)
        assert walked(compiled_walk, data, 0, len(data), cut) == plain, shown(data)


def test_what_surrounds_a_message_does_not_matter(compiled_walk: Any) -> None:
    """Inside a window of the file, as the kernels meet it: only the offsets move."""
    for data in messages(11, 1500):
        window = b"\xb1a\xff" + data + b"\xff\x11\xee"
        found = walked(compiled_walk, window, 3, 3 + len(data), 0)
        assert found == walked(wire.walk, window, 3, 3 + len(data), 0), shown(data)
        assert moved(found, -3) == moved(walked(wire.walk, data, 0, len(data), 0), 0), shown(data)


def moved(found: Rows, by: int) -> Rows:
    """Rows with their offsets moved; head and rows in use only."""
    head, options, defects = found
    for slot in (wire.TOKEN_AT, wire.OPTIONS_AT, wire.END, wire.PAYLOAD_AT):
        head[slot] += by if head[slot] >= 0 else 0
    for row in range(head[wire.OPTION_COUNT]):
        for slot in (wire.AT, wire.VALUE_AT):
            options[row * OPTION_SLOTS + slot] += by
    for row in range(head[wire.DEFECT_COUNT]):
        for slot in (wire.FIRST, wire.AFTER):
            defects[row * DEFECT_SLOTS + slot] += by
    return head, options, defects


# The Scapy layer -------------------------------------------------------------------------------


def assert_layer_is_the_walk(data: bytes) -> None:
    """Every field, option, place and defect of the layer is the kernel's; so are the bytes."""
    head, options, defects = walked(wire.walk, data, 0, len(data), 0, room=len(data) + 8)
    layer: Any = CoAP(data)
    header = (layer.version, layer.type, layer.token_length, layer.code or 0, layer.message_id or 0)
    slots = (wire.VERSION, wire.TYPE, wire.TKL, wire.CODE, wire.MID)
    assert header == tuple(head[slot] for slot in slots), shown(data)
    at = head[wire.TOKEN_AT]
    assert layer.token == data[at : at + head[wire.TOKEN_LENGTH]], shown(data)
    payload = data[head[wire.PAYLOAD_AT] :] if head[wire.PAYLOAD_AT] >= 0 else b""
    assert bytes(layer.payload) == payload, shown(data)
    count = head[wire.OPTION_COUNT]
    assert len(layer.options) == count, shown(data)
    spans = layer.spans
    for row, option in enumerate(layer.options):
        number, first, value_at, length = options[row * OPTION_SLOTS : (row + 1) * OPTION_SLOTS]
        value = data[value_at : value_at + length]
        assert (option.number, option.value) == (number, value), shown(data)
        assert spans[f"options[{row}]"] == (first, value_at + length), shown(data)
        assert spans[f"options[{row}].value"] == (value_at, value_at + length), shown(data)
    found = [(flaw.kind, flaw.offset, flaw.end, flaw.detail) for flaw in layer.defects]
    rows_used = range(0, head[wire.DEFECT_COUNT] * DEFECT_SLOTS, DEFECT_SLOTS)
    assert found == [tuple(defects[row : row + DEFECT_SLOTS]) for row in rows_used], shown(data)
    assert bytes(layer) == data, shown(data)


def test_the_layer_is_the_walk() -> None:
    for data in messages(20, 5000):
        if data:
            assert_layer_is_the_walk(data)


def test_the_layer_builds_every_option_again() -> None:
    """From its fields alone, as after a change; the options one by one too."""
    for made in each_option(Random(21)):
        layer: Any = CoAP(made.data())
        layer.clear_cache()
        assert bytes(layer) == made.data(), shown(made.data())
        ((number, value),) = made.options
        assert bytes(CoAPOption(bytes(CoAPOption(number=number, value=value)))) == made.pieces()[2]


def test_valid_messages_build_again() -> None:
    choose = Random(22)
    for _ in range(1500):
        made = valid(choose)
        if made.payload.startswith(b"{"):
            continue  # JSON is written anew: tests of the MSGin5G layers
        layer: Any = CoAP(made.data())
        layer.clear_cache()
        assert bytes(layer) == made.data(), shown(made.data())


def test_a_layer_changed_back_is_the_same_bytes() -> None:
    """Near-valid bytes outlive a change of one field, as far as that field was read at all."""
    choose = Random(23)
    for _ in range(1000):
        data = b"".join(mutated(choose, valid(choose).pieces()))
        layer: Any = CoAP(data) if data else None
        if layer is None or layer.message_id is None or not dissect(data).readable:
            continue
        kept, layer.message_id = layer.message_id, layer.message_id ^ 1
        layer.message_id = kept
        assert dissect(bytes(layer)).options == dissect(data).options, shown(data)
