# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7959: what block and size options say in one message."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

SZX7, MORE, SIZE = "COAP-7959-2.2-SZX7", "COAP-7959-2.2-B2-REQ-M", "COAP-7959-2.3-SIZE"
LARGE, EMPTY = "COAP-7959-2.3-LAST-LARGE", "COAP-7959-2.3-EMPTY-LAST"
NO_BODY, ANSWER = "COAP-7959-2.1-B1-NO-PAYLOAD-METHOD", "COAP-7959-2.3-B1M-WITH-B2"
SIZE2, CONTEXT = "COAP-7959-4-SIZE2-REQ", "COAP-7959-4-SIZE-CONTEXT"
RULES = {SZX7, MORE, SIZE, LARGE, EMPTY, NO_BODY, ANSWER, SIZE2, CONTEXT}
B15, B16, B17 = bytes(15), bytes(16), bytes(17)


def broken(code: str, **fields: Any) -> dict[str, Severity]:
    talk = Conversation()
    talk = talk.con("GET").ack(code, **fields) if code[0] in "245" else talk.con(code, **fields)
    return {id: level for id, level in talk.rules().items() if id in RULES}


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("GET", {"block2": (0, False, 7)}, {SZX7: E}),
        ("POST", {"block1": (0, True, 7), "payload": B16}, {SZX7: E}),
        ("2.05", {"q_block2": (0, True, 7), "payload": B16}, {SZX7: E}),
        ("GET", {"block2": (5, False, 6)}, {}),
        ("GET", {"block2": (0, True, 6)}, {MORE: E}),
        ("GET", {"q_block2": (0, True, 6)}, {}),
        ("GET", {"block2": bytes(4)}, {}),
        ("2.05", {"block2": (0, True, 0), "payload": B16}, {}),
        ("POST", {"block1": (0, True, 0), "payload": B16}, {}),
        ("POST", {"block1": (1, False, 0), "payload": b"1"}, {}),
        ("POST", {"block1": (0, True, 0), "payload": B15}, {SIZE: E}),
        ("POST", {"block1": (0, True, 0), "payload": B17}, {SIZE: E}),
        ("POST", {"block1": (0, True, 0)}, {SIZE: E}),
        ("POST", {"q_block1": (0, True, 0), "payload": B15}, {SIZE: E}),
        ("POST", {"block1": (0, True, 0), "payload": B16, "cut": 1}, {}),
        ("POST", {"block2": (0, False, 0), "payload": B15}, {}),
        ("2.05", {"block2": (3, True, 0), "payload": B15}, {SIZE: E}),
        ("2.05", {"block2": (3, True, 0), "payload": B15, "oscore": b""}, {SIZE: E}),
        ("2.05", {"block1": (3, True, 0), "payload": B15}, {}),
        ("2.31", {"block1": (0, True, 0)}, {}),
        ("2.03", {"block2": (0, True, 0)}, {}),
        ("POST", {"block1": (0, True, 0), "q_block1": (0, True, 0), "payload": B15}, {}),
        ("POST", {"block1": (1, False, 0), "payload": B17}, {LARGE: N}),
        ("2.05", {"block2": (0, False, 0), "payload": B17}, {LARGE: N}),
        ("2.05", {"block2": (0, False, 0), "payload": B16}, {}),
        ("POST", {"block1": (1, False, 0)}, {EMPTY: N}),
        ("2.05", {"block2": (1, False, 0)}, {EMPTY: N}),
        ("POST", {"block1": (0, False, 0)}, {}),
        ("4.04", {"block2": (1, False, 0)}, {}),
        ("2.05", {"block2": (1, False, 0), "options": [(14, b"abc")], "cut": 1}, {}),
        ("GET", {"block1": (0, False, 6)}, {NO_BODY: W}),
        ("DELETE", {"block1": (0, True, 6)}, {NO_BODY: W}),
        ("GET", {"block1": (0, False, 6), "oscore": b"\x09\1k", "payload": b"1"}, {}),
        ("2.04", {"block1": (0, True, 6), "block2": (0, False, 6)}, {ANSWER: E}),
        ("2.04", {"block1": (0, False, 6), "block2": (0, False, 6)}, {}),
        ("2.31", {"block1": (0, True, 6)}, {}),
        ("GET", {"size2": 5}, {SIZE2: E}),
        ("GET", {"size2": 0}, {}),
        ("2.05", {"size2": 5, "block2": (0, False, 6)}, {}),
        ("2.05", {"size2": 5, "q_block2": (0, False, 6)}, {}),
        ("2.05", {"size2": 5}, {CONTEXT: W}),
        ("2.05", {"size2": 5, "oscore": b""}, {}),
        ("POST", {"size1": 5}, {CONTEXT: W}),
        ("POST", {"size1": 5, "block1": (0, False, 6)}, {}),
        ("POST", {"size1": 5, "q_block1": (0, False, 6)}, {}),
        ("4.13", {"size1": 5}, {}),
        ("4.08", {"size1": 5}, {CONTEXT: W}),
        ("2.04", {"size1": 5}, {}),  # COAP-7252-5.4-CONTEXT-METHOD
        ("7.01", {"options": [(23, b"\x1f"), (27, b"\x1f"), (28, b"\1")]}, {}),
    ],
)
def test_single_messages(code: str, fields: dict[str, Any], expected: dict[str, Severity]) -> None:
    assert broken(code, **fields) == expected
