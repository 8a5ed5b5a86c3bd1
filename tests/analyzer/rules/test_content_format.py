# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clause 5.10.3 and RFC 8132: which Content-Format, and where."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

UNASSIGNED, NOTHING = "COAP-7252-5.10.3-CF-UNASSIGNED", "COAP-7252-5.10.3-CF-NO-PAYLOAD"
ABSENT, FETCH = "COAP-7252-5.5.1-NO-CF", "COAP-8132-2.3.1-FETCH-NO-CF"
PATCH = "COAP-8132-3-PATCH-NO-CF"
RULES = {UNASSIGNED, NOTHING, ABSENT, FETCH, PATCH}
SEALED = {"oscore": b"\x09\1k", "payload": b"x"}


def broken(code: str, **fields: Any) -> dict[str, Severity]:
    talk = Conversation()
    talk = talk.con("GET").ack(code, **fields) if code[0] in "245" else talk.con(code, **fields)
    return {id: level for id, level in talk.rules().items() if id in RULES}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, {}),
        (50, {}),
        (10003, {}),
        (11542, {}),
        (1, {UNASSIGNED: W}),
        (1542, {UNASSIGNED: W}),
        (64998, {UNASSIGNED: W}),
        (65000, {UNASSIGNED: W}),
        (65535, {UNASSIGNED: W}),
    ],
)
def test_registered_formats(value: int, expected: dict[str, Severity]) -> None:
    assert broken("POST", content_format=value, payload=b"[]") == expected
    assert broken("GET", accept=value) == expected


def test_each_format_is_told_once_of_each_sender() -> None:
    talk = Conversation()
    for number in range(3):
        talk.con("GET", token=bytes([number]), accept=65001).ack(
            "2.05", content_format=65001, payload=b"x"
        )
    assert [f.count for f in talk.findings(UNASSIGNED)] == [3, 3]


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("GET", {}, {NOTHING: N}),
        ("POST", {}, {NOTHING: N}),
        ("2.04", {}, {NOTHING: N}),
        ("4.04", {}, {NOTHING: N}),
        ("2.03", {"etag": b"1"}, {}),
        ("POST", {"block2": (1, False, 6)}, {}),
        ("FETCH", {"block2": (0, False, 6)}, {}),
        ("POST", {"oscore": b"\x09\1k"}, {}),
        ("POST", {"cut": 1}, {}),
    ],
)
def test_a_format_of_nothing(
    code: str, fields: dict[str, Any], expected: dict[str, Severity]
) -> None:
    assert broken(code, content_format=50, **fields) == expected


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("POST", {}, {ABSENT: N}),
        ("PUT", {}, {ABSENT: N}),
        ("2.05", {}, {ABSENT: N}),
        ("2.04", {}, {ABSENT: N}),
        ("POST", {"block1": (0, True, 0), "payload": bytes(16)}, {ABSENT: N}),
        ("POST", {"block1": (1, True, 0), "payload": bytes(16)}, {}),
        ("2.05", {"block2": (1, False, 0)}, {}),
        ("2.03", {}, {}),
        ("2.31", {}, {}),
        ("4.04", {}, {}),
        ("POST", SEALED, {}),
        ("2.05", {"content_format": 0}, {}),
        ("FETCH", {}, {FETCH: E}),
        ("FETCH", {"payload": b""}, {FETCH: E}),
        ("FETCH", {"block2": (1, False, 6), "payload": b""}, {}),
        ("FETCH", SEALED, {}),
        ("FETCH", {"payload": b"", "options": [(15, b"abc")], "cut": 2}, {}),
        ("FETCH", {"content_format": 0}, {}),
        ("PATCH", {}, {PATCH: N}),
        ("iPATCH", {}, {PATCH: N}),
        ("iPATCH", {"block1": (1, False, 0)}, {}),
        ("iPATCH", SEALED, {}),
        ("PATCH", {"content_format": 52}, {}),
    ],
)
def test_a_payload_of_no_format(
    code: str, fields: dict[str, Any], expected: dict[str, Severity]
) -> None:
    assert broken(code, **{"payload": b"1"} | fields) == expected


def test_payloads_of_no_format_are_one_note_of_each_code_and_sender() -> None:
    talk = Conversation()
    for number in range(4):
        talk.con("POST", token=bytes([number]), payload=b"1").ack("2.04", payload=b"2")
    assert [(f.count, f.frames) for f in talk.findings(ABSENT)] == [
        (4, [1, 3, 5, 7]),
        (4, [2, 4, 6, 8]),
    ]
