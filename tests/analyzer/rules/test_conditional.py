# SPDX-License-Identifier: GPL-2.0-only
"""Conditions, validation and locations."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

NO_ETAG, LOCATION = "COAP-7252-5.9.1.3-VALID-NO-ETAG", "COAP-7252-5.10.7-LOCATION-CODE"
BOTH, LATER = "COAP-7252-5.10.8-BOTH-CONDITIONS", "COAP-7959-2.10-IFNONEMATCH"
NO_RESPONSE = "COAP-7967-2-VALUE"
RULES = {NO_ETAG, LOCATION, BOTH, LATER, NO_RESPONSE}


def broken(code: str, **fields: Any) -> dict[str, Severity]:
    talk = Conversation()
    talk = talk.con("GET").ack(code, **fields) if code[0] in "245" else talk.con(code, **fields)
    return {id: level for id, level in talk.rules().items() if id in RULES}


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("2.03", {}, {NO_ETAG: E}),
        ("2.03", {"etag": b"1"}, {}),
        ("2.03", {"oscore": b""}, {}),
        ("2.03", {"max_age": 1000, "cut": 1}, {}),
        ("2.05", {}, {}),
        ("2.04", {"location_path": "a"}, {LOCATION: E}),
        ("4.04", {"location_query": "a"}, {LOCATION: E}),
        ("2.01", {"location_path": "a", "location_query": "a"}, {}),
        ("2.04", {"location_path": "a", "oscore": b""}, {}),
        ("PUT", {"if_match": b"1", "if_none_match": b""}, {BOTH: N}),
        ("PUT", {"if_match": b"1"}, {}),
        ("PUT", {"if_none_match": b""}, {}),
        ("PUT", {"if_none_match": b"", "block1": (1, True, 0)}, {LATER: E}),
        ("PUT", {"if_none_match": b"", "block1": (0, True, 0)}, {}),
        ("PUT", {"block1": (1, True, 0)}, {}),
        ("POST", {"no_response": 26}, {}),
        ("POST", {"no_response": 2}, {}),
        ("POST", {"no_response": 0}, {NO_RESPONSE: N}),
        ("POST", {"no_response": 1}, {NO_RESPONSE: W}),
        ("POST", {"no_response": 4}, {NO_RESPONSE: W}),
        ("POST", {"no_response": 34}, {NO_RESPONSE: W}),
    ],
)
def test_single_messages(code: str, fields: dict[str, Any], expected: dict[str, Severity]) -> None:
    assert broken(code, **fields) == expected


def test_a_value_of_no_response_is_told_once_of_each_sender() -> None:
    talk = Conversation()
    for number in range(3):
        talk.non("POST", token=bytes([number]), no_response=1)
    assert [f.count for f in talk.findings(NO_RESPONSE)] == [3]
