# SPDX-License-Identifier: GPL-2.0-only
"""RFC 9177 and Request-Tag of RFC 9175, in one message."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, Severity

from .conversation import Conversation

MIX, TAG, SIZE = "COAP-9177-4.1-MIX", "COAP-9177-4.3-NO-REQTAG", "COAP-9177-4.6-NO-SIZE"
ORDER, MISSING = "COAP-9177-4.4-REPEATED-RESP", "COAP-9177-5-MISSING-CF"
RESPONSE = "COAP-9175-3.2-REQTAG-RESPONSE"
RULES = {MIX, TAG, SIZE, ORDER, MISSING, RESPONSE}
FIRST = {"q_block1": (0, False, 6), "payload": b"1"}


def asked(*numbers: int) -> dict[str, Any]:
    return {"q_block2": [(number, False, 6) for number in numbers]}


def missing(payload: bytes, **fields: Any) -> dict[str, Any]:
    return {"content_format": 272, "payload": payload} | fields


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("POST", FIRST | {"request_tag": b"1", "size1": 1}, {}),
        ("POST", FIRST | {"request_tag": b"", "size1": 1}, {}),
        ("POST", FIRST | {"size1": 1}, {TAG: E}),
        ("POST", FIRST | {"request_tag": b"1"}, {SIZE: E}),
        ("POST", FIRST | {"request_tag": b"1", "cut": 1}, {}),
        ("POST", FIRST | {"cut": 1}, {}),
        ("2.05", {"q_block2": (0, False, 6), "payload": b"1", "size2": 1}, {}),
        ("2.05", {"q_block2": (0, False, 6), "payload": b"1"}, {SIZE: E}),
        ("2.05", {"q_block2": (0, False, 6)}, {}),
        ("GET", {"q_block2": (0, True, 6)}, {}),
        ("GET", {"q_block2": (0, True, 6), "block2": (0, False, 6)}, {MIX: E}),
        ("GET", {"block1": (0, False, 6), "block2": (0, False, 6)}, {}),
        ("GET", asked(1, 2, 7), {}),
        ("GET", asked(1, 1), {ORDER: E}),
        ("GET", asked(2, 5, 3), {ORDER: E}),
        ("2.05", asked(2, 1), {}),  # COAP-7252-5.4.5-REPEATED
        ("4.08", missing(b""), {}),
        ("4.08", missing(b"\x03\x05\x18\x20\x19\x01\x00"), {}),
        ("4.08", missing(b"\x05\x03"), {MISSING: E}),
        ("4.08", missing(b"\x03\x03"), {MISSING: E}),
        ("4.08", missing(b"\x82\x03\x05"), {MISSING: E}),
        ("4.08", missing(b"\x20"), {MISSING: E}),
        ("4.08", missing(b"\x18"), {}),  # COAP-7252-5.5.1-BODY-FORMAT
        ("4.08", missing(b"\x05\x03", oscore=b""), {}),
        ("4.08", missing(b"\x05\x03", cut=1), {}),
        ("4.04", missing(b"\x05\x03"), {}),
        ("4.08", {"payload": b"\x05\x03"}, {}),
        ("2.04", {"request_tag": b"1"}, {RESPONSE: E}),
        ("2.04", {"request_tag": b"1", "oscore": b""}, {}),
        ("GET", {"request_tag": b"1"}, {}),
    ],
)
def test_single_messages(code: str, fields: dict[str, Any], expected: dict[str, Severity]) -> None:
    talk = Conversation()
    talk = talk.con("GET").ack(code, **fields) if code[0] in "245" else talk.con(code, **fields)
    assert {id: level for id, level in talk.rules().items() if id in RULES} == expected


def test_a_request_tag_in_a_response_is_told_once() -> None:
    rules = Conversation().con("GET").ack("2.04", request_tag=b"1").rules()
    assert RESPONSE in rules
    assert "COAP-7252-5.4-CONTEXT-RESP" not in rules
