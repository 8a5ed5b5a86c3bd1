# SPDX-License-Identifier: GPL-2.0-only
"""The Observe option in one message."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, Severity, W

from .conversation import Conversation

VALUE, METHOD = "COAP-7641-2-REQ-VALUE", "COAP-7641-2-METHOD"
ERROR, LATER = "COAP-7641-4.2-ON-ERROR", "COAP-7959-2.6-OBS-FOLLOWUP"
RULES = {VALUE, METHOD, ERROR, LATER}
SEALED = {"oscore": b"\x09\1k", "payload": b"1"}


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("GET", {"observe": 0}, {}),
        ("GET", {"observe": 1}, {}),
        ("FETCH", {"observe": 0}, {}),
        ("GET", {"observe": 2}, {VALUE: W}),
        ("FETCH", {"observe": 70000}, {VALUE: W}),
        ("POST", {"observe": 2}, {METHOD: W}),
        ("PUT", {"observe": 0}, {METHOD: W}),
        ("POST", {"observe": 0, **SEALED}, {}),
        ("0.09", {"observe": 0}, {}),
        ("4.04", {"observe": 3}, {ERROR: E}),
        ("5.03", {"observe": 3}, {ERROR: E}),
        ("4.04", {"observe": 3, **SEALED}, {}),
        ("2.05", {"observe": 3}, {}),
        ("2.03", {"observe": 3, "etag": b"1"}, {}),
        ("GET", {"observe": 0, "block2": (1, False, 6)}, {LATER: W}),
        ("GET", {"observe": 0, "block2": (0, False, 6)}, {}),
        ("GET", {"block2": (1, False, 6)}, {}),
        ("2.05", {"observe": 3, "block2": (1, False, 6)}, {}),
        ("7.01", {"options": [(6, b"\5")]}, {}),
    ],
)
def test_single_messages(code: str, fields: dict[str, Any], expected: dict[str, Severity]) -> None:
    talk = Conversation()
    if code[0] in "245":
        talk = talk.con("GET", observe=0).ack(code, **fields)
    else:
        talk = talk.con(code, **fields)
    rules = talk.rules()
    assert {id: level for id, level in rules.items() if id in RULES} == expected
    assert "COAP-7252-5.4-CONTEXT-METHOD" not in rules
