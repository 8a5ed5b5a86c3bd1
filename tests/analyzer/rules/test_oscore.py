# SPDX-License-Identifier: GPL-2.0-only
"""RFC 8613 and RFC 9668: the OSCORE option, what stands outside, and EDHOC."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

BITS, PIV, ZERO = "COAP-8613-6.1-RESERVED-BITS", "COAP-8613-6.1-PIV-LEN", "COAP-8613-6.1-ZERO-FLAGS"
TRUNC, LEADING = "COAP-8613-6.1-TRUNC", "COAP-8613-5-PIV-LEADING-ZERO"
FIELDS, CONTEXT = "COAP-8613-5-REQ-FIELDS", "COAP-8613-5-RESP-KIDCTX"
PAYLOAD, CODE = "COAP-8613-2-NO-PAYLOAD", "COAP-8613-4.2-OUTER-CODE"
CLASS_E, NO_RESPONSE = "COAP-8613-4.1.1-OUTER-CLASS-E", "COAP-8613-4.1.3.6-OUTER-NORESPONSE"
ALONE, VALUE = "COAP-9668-3.1-EDHOC-ALONE", "COAP-9668-3.1-EDHOC-VALUE"
BLOCK = "COAP-9668-3.2-EDHOC-BLOCK"
RULES = {BITS, PIV, ZERO, TRUNC, LEADING, FIELDS, CONTEXT}
RULES |= {PAYLOAD, CODE, CLASS_E, NO_RESPONSE, ALONE, VALUE, BLOCK}
GOOD = b"\x09\1k"


def broken(code: str, oscore: bytes | None = GOOD, **fields: Any) -> dict[str, Severity]:
    if oscore is not None:
        fields["oscore"] = oscore
    fields = {"payload": b"sealed"} | fields
    talk = Conversation()
    talk = talk.con("GET").ack(code, **fields) if code[0] in "245" else talk.con(code, **fields)
    return {id: level for id, level in talk.rules().items() if id in RULES}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("09 00 6b", {}),
        ("08", {FIELDS: E}),
        ("09 01", {}),  # the kid is empty
        ("0d 01 02 03 04 05 6b", {}),
        ("19 01 01 63 6b", {}),
        ("19 01 00 6b", {}),
        ("", {FIELDS: E}),
        ("01 05", {FIELDS: E}),
        ("29 01 6b", {BITS: N}),
        ("49 01 6b", {BITS: E}),
        ("a9 01 6b", {BITS: E}),
        ("0e 01 02 03 04 05 06 6b", {PIV: E}),
        ("0f 01", {PIV: E}),
        ("00", {ZERO: E, FIELDS: E}),
        ("00 01", {ZERO: E}),
        ("0b 01", {TRUNC: E}),
        ("19 01", {TRUNC: E}),
        ("19 01 05 63", {TRUNC: E}),
        ("01 05 6b", {TRUNC: E}),
        ("0a 00 01 6b", {LEADING: E}),
        ("0a 01 00 6b", {}),
    ],
)
def test_options_of_a_request(value: str, expected: dict[str, Severity]) -> None:
    assert broken("POST", bytes.fromhex(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {}),
        ("01 05", {}),
        ("09 05 6b", {}),
        ("00", {ZERO: E}),
        ("10 01 63", {CONTEXT: W}),
        ("11 01 00", {CONTEXT: W}),
        ("10", {TRUNC: E, CONTEXT: W}),
    ],
)
def test_options_of_a_response(value: str, expected: dict[str, Severity]) -> None:
    assert broken("2.04", bytes.fromhex(value)) == expected


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("POST", {}, {}),
        ("FETCH", {"observe": 0}, {}),
        ("2.04", {}, {}),
        ("2.05", {"observe": 3}, {}),
        ("POST", {"observe": 0}, {CODE: W}),
        ("FETCH", {}, {CODE: W}),
        ("2.05", {}, {CODE: W}),
        ("GET", {}, {CODE: E}),
        ("PUT", {"observe": 0}, {CODE: E}),
        ("4.01", {}, {CODE: E}),
        ("2.01", {}, {CODE: E}),
        ("2.31", {"block1": (0, True, 6)}, {}),
        ("4.08", {}, {}),
        ("4.13", {}, {}),
        ("POST", {"payload": b""}, {PAYLOAD: E}),
        ("2.04", {"payload": b""}, {PAYLOAD: E}),
        ("POST", {"payload": b"", "options": [(11, b"abc")], "cut": 1}, {CLASS_E: E}),
        ("POST", {"uri_host": "a", "uri_port": 1, "proxy_scheme": "coap"}, {}),
        ("POST", {"block1": (0, True, 6), "size1": 9, "echo": b"1", "request_tag": b"1"}, {}),
        ("POST", {"uri_path": ["a", "b"]}, {CLASS_E: E}),
        ("POST", {"uri_query": "a"}, {CLASS_E: E}),
        ("POST", {"content_format": 0}, {CLASS_E: E}),
        ("POST", {"accept": 0}, {CLASS_E: E}),
        ("POST", {"if_match": b""}, {CLASS_E: E}),
        ("2.04", {"etag": b"1"}, {CLASS_E: E}),
        ("2.04", {"location_path": "a"}, {CLASS_E: E}),
        ("2.04", {"max_age": 3}, {}),
        ("POST", {"options": [(2, b"1")]}, {CLASS_E: W}),
        ("POST", {"no_response": 26}, {}),
        ("POST", {"no_response": 2}, {NO_RESPONSE: W}),
        ("POST", {"no_response": 0}, {NO_RESPONSE: W}),
        ("7.01", {}, {}),
    ],
)
def test_what_stands_outside(
    code: str, fields: dict[str, Any], expected: dict[str, Severity]
) -> None:
    oscore = b"" if code[0] in "245" else GOOD
    assert broken(code, oscore, **fields) == expected


def test_without_oscore_nothing_is_outside() -> None:
    assert broken("GET", None, uri_path="a", no_response=2, payload=b"") == {}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"edhoc": b""}, {}),
        ({"edhoc": b"", "block1": (0, True, 6)}, {}),
        ({"edhoc": b"", "oscore": None}, {ALONE: E}),
        ({"edhoc": b"", "payload": b""}, {ALONE: E, PAYLOAD: E}),
        ({"edhoc": b"1"}, {VALUE: W}),
        ({"edhoc": b"", "block1": (1, True, 6)}, {BLOCK: E}),
        ({"block1": (1, True, 6)}, {}),
    ],
)
def test_edhoc(fields: dict[str, Any], expected: dict[str, Severity]) -> None:
    assert broken("POST", **fields) == expected
