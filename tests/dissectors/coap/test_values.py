# SPDX-License-Identifier: GPL-2.0-only
"""Option values and names between bytes and people."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.coap import numbers
from dissectors.coap.message import dissect
from dissectors.coap.values import (
    Block,
    code_number,
    code_text,
    decode_value,
    describe_flaw,
    describe_number,
    describe_value,
    encode_options,
    encode_value,
    field_spans,
    option_number,
    undecoded,
)

from .samples import ANY_BYTES, SAMPLES, encode

OPTION = numbers.OPTIONS_BY_NAME


@pytest.mark.parametrize(
    ("name", "value", "decoded"),
    [
        ("Uri-Path", b"register", "register"),
        ("Uri-Path", "é".encode(), "é"),
        ("Uri-Path", b"\xff", b"\xff"),
        ("Content-Format", b"", 0),
        ("Content-Format", b"2", 50),
        ("Max-Age", b"\x01\x00\x00\x00", 1 << 24),
        ("If-None-Match", b"", None),
        ("If-None-Match", b"x", b"x"),
        ("ETag", b"\x01\x02", b"\x01\x02"),
        ("Block1", b"\x1a", Block(1, True, 2)),
        ("Block2", b"", Block(0, False, 0)),
        ("Q-Block2", b"\xff\xff\xff", Block(0xFFFFF, True, 7)),
        ("Observe", bytes(9), bytes(9)),
    ],
)
def test_decode(name: str, value: bytes, decoded: object) -> None:
    found = decode_value(OPTION[name].number, value)
    assert found == decoded
    assert type(found) is type(decoded)


def test_an_unknown_option_is_opaque() -> None:
    assert decode_value(65001, b"ab") == b"ab"


@pytest.mark.parametrize(
    ("name", "given_", "value"),
    [
        ("Uri-Path", "é", "é".encode()),
        ("Uri-Path", 7, b"7"),
        ("Content-Format", 0, b""),
        ("Content-Format", 50, b"2"),
        ("Content-Format", "50", b"2"),
        ("Content-Format", "application/json", b"2"),
        ("Accept", 256, b"\x01\x00"),
        ("Block1", (1, True, 2), b"\x1a"),
        ("Block1", Block(1, True, 2), b"\x1a"),
        ("Block1", (0, False, 0), b""),
        ("If-None-Match", None, b""),
        ("ETag", b"\x00", b"\x00"),
        ("ETag", bytearray(b"a"), b"a"),
    ],
)
def test_encode(name: str, given_: Any, value: bytes) -> None:
    assert encode_value(OPTION[name].number, given_) == value


def test_what_cannot_be_sent_names_what_is_near() -> None:
    with pytest.raises(ValueError, match="uripath"):
        option_number("Uri-Pth")
    with pytest.raises(ValueError, match="unknown number or media type"):
        encode_value(12, "application/nothing")
    with pytest.raises(ValueError, match="class 0 to 7"):
        code_number("9.00")
    with pytest.raises(ValueError, match="option delta"):
        encode_options([(70000, b"")])


@pytest.mark.parametrize("text", ["POST", "post", "0.02", "0.02 POST", "2"])
def test_a_code_by_any_name(text: str) -> None:
    assert code_number(text) == numbers.POST


def test_every_code_reads_back() -> None:
    for code in range(256):
        assert code_number(numbers.dotted(code)) == code
    assert all(code_number(code_text(code)) == code for code in numbers.CODES)


def test_every_option_reads_back() -> None:
    assert all(option_number(spec.name) == spec.number for spec in OPTION.values())
    assert option_number("uri_path") == option_number("URI PATH") == option_number("11") == 11


def test_descriptions() -> None:
    assert describe_number(11) == "11 (Uri-Path, critical, unsafe)"
    assert describe_number(65001) == "65001 (Unknown critical 65001)"
    assert describe_value(12, b"2") == "50 (application/json)"
    assert describe_value(27, b"\x1a") == "NUM 1, M 1 (more follow), SZX 2 (64 bytes)"
    assert describe_value(5, b"") == "(empty)"
    assert describe_value(4, b"\xab") == "0xab"
    [flaw] = dissect(bytes.fromhex("40010001b261")).flaws
    assert describe_flaw(flaw) == "value truncated, byte 5 (Uri-Path)"


@given(st.integers(0, 65535), st.binary(max_size=300))
def test_any_value_is_described_on_one_plain_line(number: int, value: bytes) -> None:
    assert describe_value(number, value).isprintable()


@given(
    st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=300)), max_size=8),
    st.randoms(use_true_random=False),
)
def test_options_are_sorted_stably(options: list[tuple[int, bytes]], random: Any) -> None:
    in_order = sorted(options, key=lambda option: option[0])
    assert encode_options(in_order) == encode(in_order)
    shuffled = sorted(options, key=lambda option: random.random())
    stable = sorted(shuffled, key=lambda option: option[0])
    assert encode_options(shuffled) == encode(stable)


def test_spans_of_a_registration() -> None:
    spans = field_spans(dissect(SAMPLES["registration"]))
    data = SAMPLES["registration"]
    assert data[slice(*spans["token"])] == b"\x01\x02"
    assert data[slice(*spans["message_id"])] == b"\x00\x08"
    assert data[slice(*spans["options[0]"])] == b"\xb8register"
    assert data[slice(*spans["options[0].value"])] == b"register"
    assert data[slice(*spans["payload_marker"])] == b"\xff"
    assert data[slice(*spans["payload"])].startswith(b'{"Message Type"')
    assert "undecoded" not in spans


def test_spans_of_a_broken_message() -> None:
    assert field_spans(dissect(b"")) == {}
    assert set(field_spans(dissect(b"\x40"))) == {"version", "type", "token_length"}
    spans = field_spans(dissect(b"\x40\x01\x00\x01\xb1a\xf0rest"))
    assert spans["undecoded"] == (6, 11)


@given(ANY_BYTES)
def test_spans_cover_every_byte(data: bytes) -> None:
    message = dissect(data)
    covered = {at for span in field_spans(message).values() for at in range(*span)}
    extended = message.token_offset - 4 if 4 < message.token_offset <= 6 else 0
    length_bytes = set(range(4, 4 + extended)) if message.tkl in (13, 14) else set()
    assert covered | length_bytes == set(range(len(data)))
    start, end = undecoded(message)
    assert start >= end or data[start:end]
