# SPDX-License-Identifier: GPL-2.0-only
"""The JSON scanner: what Python's json takes, spans, depth, any bytes, and compiled."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any

import numpy as np
import pytest
from coap.compiled import compile_kernel
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dissectors import json_scan
from dissectors.json_scan import (
    DEEP_AT,
    DEPTH,
    END,
    ERROR,
    ERROR_AT,
    HEAD_SLOTS,
    KEY_END,
    KEY_START,
    KIND,
    NODE_COUNT,
    NODE_SLOTS,
    PARENT,
    START,
    Error,
    Kind,
)
from dissectors.kernel import rows

STEADY = settings(derandomize=True, deadline=None, max_examples=400)
Scan = tuple[list[int], list[list[int]]]


def scan(data: bytes, depth: int = 64, start: int = 0) -> Scan:
    """Head and nodes of a text."""
    head, nodes = rows(HEAD_SLOTS), rows((len(data) + 1) * NODE_SLOTS)
    json_scan.scan(memoryview(data), start, len(data), depth, head, nodes, rows(len(data) + 1))
    count = head[NODE_COUNT]
    return list(head), [nodes[n * NODE_SLOTS : (n + 1) * NODE_SLOTS].tolist() for n in range(count)]


@cache
def compiled() -> Any:
    return compile_kernel(json_scan.scan)


def refuse(constant: str) -> None:
    raise ValueError(constant)


def read(data: bytes) -> Any:
    """Python's reading of RFC 8259: no byte order mark, no NaN, UTF-8 only."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise ValueError("byte order mark")
    return json.loads(data.decode(), parse_constant=refuse)


def is_json(data: bytes) -> bool:
    try:
        read(data)
    except ValueError:
        return False
    except RecursionError:
        pytest.skip("too deep for Python")
    return True


# Verdict --------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
SPACES = st.sampled_from(["", " ", "\t", "\r\n"])
PIECES = [b"{", b"}", b"[", b"]", b",", b":", b'"', b'"a"', b"1", b"-", b"0", b".5", b"e+", b"\\"]
PIECES += [b"true", b"fals", b"null", b" ", b"\n", b"\\u00e9", b"\\ud800", b"NaN", b"\xc3\xa9"]
PIECES += [b"\xff", b"\x00", b"Infinity", b"//", b"'", b"\xef\xbb\xbf", b"01", b"1e400", b"\x0c"]
NEARLY = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A JSON text of which one byte was lost, changed, or put in."""
    data = json.dumps(draw(JSON), ensure_ascii=draw(st.booleans())).encode()
    at, byte = draw(st.integers(0, len(data))), draw(st.sampled_from(b'{}[],:"\\ 0-e.\n\x01\xff'))
    match draw(st.integers(0, 2)):
        case 0:
            return data[:at] + data[at + 1 :]
        case 1:
            return data[:at] + bytes([byte]) + data[at + 1 :]
        case _:
            return data[:at] + bytes([byte]) + data[at:]


@STEADY
@given(NEARLY | mutated() | st.binary(max_size=20))
@example(b"\xef\xbb\x80{}")
@example(b"[1]\xef\xbb\xbf")
@example(b"-")
@example(b'"\\u12')
@example(b"1.e1")
@example(b'{"a":1,}')
def test_it_takes_what_python_takes(data: bytes) -> None:
    head, _ = scan(data)
    assert (head[ERROR] == Error.NONE) is is_json(data)
    if head[ERROR]:
        assert 0 <= head[ERROR_AT] <= len(data)


TEXTS: dict[bytes, tuple[Error, int]] = {
    b"": (Error.EMPTY, 0),
    b" \n": (Error.EMPTY, 0),
    b'"\xff"': (Error.NOT_UTF8, 1),
    b"\xef\xbb\xbf{}": (Error.BYTE_ORDER_MARK, 0),
    b"\xef\xbb\x80{}": (Error.EXPECTED_VALUE, 0),
    b'{"a": 1': (Error.ENDS_EARLY, 7),
    b'["a': (Error.ENDS_EARLY, 3),
    b"[nul": (Error.ENDS_EARLY, 4),
    b"[NaN]": (Error.EXPECTED_VALUE, 1),
    b"[nulL]": (Error.EXPECTED_VALUE, 1),
    b'{"a": }': (Error.EXPECTED_VALUE, 6),
    b"{a:1}": (Error.EXPECTED_KEY, 1),
    b'{"a":1,}': (Error.EXPECTED_KEY, 7),
    b'{"a" 1}': (Error.EXPECTED_COLON, 5),
    b"[1 2]": (Error.EXPECTED_COMMA, 3),
    b'{"a":1]': (Error.EXPECTED_COMMA, 6),
    b'"a\nb"': (Error.CONTROL_CHARACTER, 2),
    b'"\\x"': (Error.BAD_ESCAPE, 1),
    b'"\\u12g4"': (Error.BAD_ESCAPE, 1),
    b"[01]": (Error.BAD_NUMBER, 1),
    b"[-]": (Error.BAD_NUMBER, 2),
    b"[1.]": (Error.BAD_NUMBER, 3),
    b"[1e]": (Error.BAD_NUMBER, 3),
    b"1 2": (Error.TRAILING_BYTES, 2),
    b"{}}": (Error.TRAILING_BYTES, 2),
}


@pytest.mark.parametrize("data", TEXTS)
def test_the_error_is_told_with_its_place(data: bytes) -> None:
    head, _ = scan(data)
    assert (Error(head[ERROR]), head[ERROR_AT]) == TEXTS[data]


def test_every_error_has_an_example() -> None:
    assert {error for error, _ in TEXTS.values()} == set(Error) - {Error.NONE}


# Values ---------------------------------------------------------------------------------------


@STEADY
@given(JSON, SPACES, st.booleans())
def test_each_span_parses_to_the_value(value: Any, space: str, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=space or None)
    data = (space + text + space).encode("utf-8", "surrogatepass")
    if not is_json(data):
        return
    head, nodes = scan(data)
    assert head[ERROR] == Error.NONE
    values: list[Any] = []
    for node in nodes:
        values.append(read(data[node[START] : node[END]]))
        if node[PARENT] >= 0:
            key = node[KEY_START], node[KEY_END]
            within = values[node[PARENT]]
            inside = within if key[0] < 0 else [within[read(data[slice(*key)])]]
            assert values[-1] in inside
    assert values[0] == value


KINDS = {
    b"{}": Kind.OBJECT,
    b"[]": Kind.ARRAY,
    b'""': Kind.STRING,
    b"-0": Kind.NUMBER,
    b"true": Kind.TRUE,
    b"false": Kind.FALSE,
    b"null": Kind.NULL,
}


@pytest.mark.parametrize("data", KINDS)
def test_kinds(data: bytes) -> None:
    ((kind, start, end, *_),) = scan(data)[1]
    assert (kind, start, end) == (KINDS[data], 0, len(data))


def test_a_member_given_twice_is_two_nodes() -> None:
    _, nodes = scan(b'{"a":1,"a":2}')
    assert [node[KEY_START] for node in nodes] == [-1, 1, 7]


def test_a_part_of_the_bytes_can_be_scanned() -> None:
    head, nodes = scan(b'junk{"a":[1]}', start=4)
    assert head[ERROR] == Error.NONE
    assert nodes[0][START : END + 1] == [4, 13]


# Depth ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 64])
def test_deeper_values_are_checked_but_not_kept(limit: int) -> None:
    head, nodes = scan(b'{"a":[{"b":1}]}', limit)
    assert (head[ERROR], head[DEPTH]) == (Error.NONE, 3)
    assert len(nodes) == min(limit, 3) + (limit >= 3)
    assert head[DEEP_AT] == (-1 if limit >= 3 else [0, 5, 6][limit])
    assert scan(b'{"a":[{"b":}]}', limit)[0][ERROR] == Error.EXPECTED_VALUE


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_hundred_thousand_levels_take_no_recursion(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    data = opening * 100_000 + b"1" + closing * 100_000
    head, nodes = scan(data)
    assert (head[ERROR], head[DEPTH], len(nodes)) == (Error.NONE, 100_000, 64)
    assert scan(data[:-1])[0][ERROR] == Error.ENDS_EARLY
    assert scan(data[:-1] + b"?")[0][ERROR] == Error.EXPECTED_COMMA


def test_numbers_of_any_length() -> None:
    data = b"[" + b"9" * 50_000 + b",1e" + b"9" * 1000 + b"]"
    assert scan(data)[0][ERROR] == Error.NONE


@pytest.mark.parametrize(
    "unit", [b"[", b'"', b'"\\"', b"\\", b'{"a":1,"a":', b"1,", b" ", b"\xc3\xa9"]
)
def test_the_time_grows_with_the_length(unit: bytes) -> None:
    def seconds(length: int) -> float:
        data = (unit * length)[:length]
        begin = time.process_time()
        scan(data)
        return time.process_time() - begin

    assert seconds(65_000) < 20 * max(seconds(6_500), 0.005)


# Compiled -------------------------------------------------------------------------------------


@STEADY
@given(NEARLY | mutated() | st.binary(max_size=20), st.sampled_from([1, 2, 64]))
def test_compiled_and_uncompiled_find_the_same(data: bytes, depth: int) -> None:
    head = np.zeros(HEAD_SLOTS, np.int64)
    nodes = np.zeros((len(data) + 1) * NODE_SLOTS, np.int64)
    stack = np.zeros(len(data) + 1, np.int64)
    compiled()(np.frombuffer(data, np.uint8), 0, len(data), depth, head, nodes, stack)
    expected_head, expected_nodes = scan(data, depth)
    assert head.tolist() == expected_head
    count = len(expected_nodes)
    assert nodes.reshape(-1, NODE_SLOTS)[:count].tolist() == expected_nodes
    assert all(node[KIND] for node in expected_nodes)
