# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clause 5.5: payloads that must not be, and payloads that are not what they say."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

GET, VALID = "COAP-7252-5.5-GET-PAYLOAD", "COAP-7252-5.9.1.3-VALID-PAYLOAD"
CONTINUE, REFUSED = "COAP-7959-2.9.1-CONTINUE-PAYLOAD", "COAP-7252-5.9.2.7-NOTACCEPTABLE-PAYLOAD"
TEXT, FORMAT = "COAP-7252-5.5.2-DIAG-UTF8", "COAP-7252-5.5.1-BODY-FORMAT"
RULES = {GET, VALID, CONTINUE, REFUSED, TEXT, FORMAT}
OSCORE = b"\x09\1k"


def talk_of(code: str, **fields: Any) -> Conversation:
    talk = Conversation()
    return talk.con("GET").ack(code, **fields) if code[0] in "245" else talk.con(code, **fields)


def broken(code: str, **fields: Any) -> dict[str, Severity]:
    rules = talk_of(code, **fields).rules()
    return {id: level for id, level in rules.items() if id in RULES}


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("GET", {}, {GET: E}),
        ("DELETE", {}, {GET: E}),
        ("GET", {"oscore": OSCORE}, {}),
        ("FETCH", {"content_format": 0}, {}),
        ("POST", {}, {}),
        ("2.03", {"etag": b"1"}, {VALID: E}),
        ("2.03", {"etag": b"1", "oscore": b""}, {}),
        ("2.03", {"etag": b"1", "payload": b""}, {}),
        ("2.31", {"block1": (0, True, 0)}, {CONTINUE: W}),
        ("2.31", {"block1": (0, True, 0), "oscore": b""}, {}),
        ("2.31", {"block1": (0, True, 0), "payload": b""}, {}),
        ("4.06", {"content_format": 0}, {REFUSED: N}),
        ("4.06", {"content_format": 257, "payload": b"\xa0"}, {}),
        ("4.06", {"content_format": 0, "oscore": b""}, {}),
        ("4.06", {}, {}),
    ],
)
def test_payloads_where_none_belongs(
    code: str, fields: dict[str, Any], expected: dict[str, Severity]
) -> None:
    assert broken(code, **{"payload": b"1"} | fields) == expected


@pytest.mark.parametrize("code", ["4.00", "4.06", "5.03"])
def test_diagnostic_texts(code: str) -> None:
    assert broken(code, payload="nö".encode()) == {}
    assert broken(code, payload=b"n\xf6") == {TEXT: E}
    assert broken(code, payload=b"n\xf6", oscore=b"") == {}
    assert broken(code, payload=b"n\xf6" * 8, block2=(0, True, 0)) == {}
    assert broken(code, payload=b"n\xc3\xb6 ", cut=2) == {}
    (finding,) = talk_of(code, payload=b"n\xf6").findings(TEXT)
    assert finding.span == (6, 7)


@pytest.mark.parametrize(
    ("content_format", "payload"),
    [
        (0, "ü".encode()),
        (50, b' {"a": [1]}\n'),
        (110, b"[]"),
        (60, cbor2.dumps({"a": [1, 2.5, None]})),
        (112, cbor2.dumps([])),
        (63, cbor2.dumps(1) + cbor2.dumps("a")),
        (42, b"\xff\0"),
        (11050, b"{"),  # deflated
        (40, b"{"),  # COAP-6690-2-SYNTAX
        (64999, b"{"),
    ],
)
def test_bodies_that_are_what_they_say(content_format: int, payload: bytes) -> None:
    assert broken("POST", content_format=content_format, payload=payload) == {}


@pytest.mark.parametrize(
    ("content_format", "payload", "why", "at"),
    [
        (0, b"a\xff", "not UTF-8", 1),
        (50, b"{", "ends too early", 0),
        (50, b"{}x", "bytes after the JSON value", 2),
        (50, b"{}\0", "it ends with a NUL byte", 2),
        (110, b"\xff", "not UTF-8", 0),
        (60, b"\x82\x01", "ends too early", 1),
        (60, b"\x01\x02", "not CBOR", 1),
        (60, b"\x01\0", "it ends with a NUL byte", 1),
        (63, b"\x01\x1c", "not CBOR", 1),
    ],
)
def test_bodies_that_are_not(content_format: int, payload: bytes, why: str, at: int) -> None:
    fields: dict[str, Any] = {"content_format": content_format, "payload": payload}
    (finding,) = talk_of("POST", **fields).findings(FORMAT)
    assert finding.severity is W
    assert why in finding.text
    payload_at = 7 if content_format else 6
    assert finding.span == (payload_at + at, payload_at + at + 1)
    assert broken("2.05", **fields) == {FORMAT: W}
    assert broken("2.05", **fields, oscore=b"") == {}
    assert broken("POST", **fields, block1=(0, True, 0)) == {}
    assert broken("POST", **fields, cut=1) == {}


def test_a_text_with_a_nul_at_its_end_is_a_note() -> None:
    assert broken("POST", content_format=0, payload=b"a\0") == {FORMAT: N}
    assert broken("POST", content_format=0, payload=b"a\0b") == {}


def test_no_more_than_the_byte_at_fault_is_shown() -> None:
    (finding,) = talk_of("POST", content_format=50, payload=b'{"key": secret}').findings(FORMAT)
    assert finding.seen == b"s".hex()


def test_a_body_in_blocks_is_not_judged_by_its_last_block() -> None:
    talk = Conversation().con(
        "POST", token=b"ab", content_format=50, block1=(0, True, 0), payload=b'{"a": 123456789,'
    )
    talk.ack("2.31", block1=(0, True, 0))
    talk.con("POST", token=b"ab", content_format=50, block1=(1, False, 0), payload=b'"b": 2}')
    assert not talk.ack("2.04", block1=(1, False, 0)).findings(FORMAT)
