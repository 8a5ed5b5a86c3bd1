# SPDX-License-Identifier: GPL-2.0-only
"""The block of a response beside that of its request (RFC 7959)."""

from __future__ import annotations

from typing import Any

import pytest
from transfers import block

from analyzer.rules.catalogue import E, Severity, W

from .conversation import Conversation

GROWN, OFFSET = "COAP-7959-2.4-B2-SZX-GROWN", "COAP-7959-2.4-B2-OFFSET"
ACK_NUM, MISSING = "COAP-7959-2.3-B1-ACK-NUM", "COAP-7959-2.3-B1-MISSING"
LARGER, CONTEXT = "COAP-7959-2.3-B1-SZX-LARGER", "COAP-7959-2.9.1-CONTINUE-CONTEXT"
CONTINUE_M, M_FINAL = "COAP-7959-2.3-CONTINUE-M", "COAP-7959-2.3-B1-M-FINAL"
RULES = {GROWN, OFFSET, ACK_NUM, MISSING, LARGER, CONTEXT, CONTINUE_M, M_FINAL}


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: worst for id, worst in talk.rules().items() if id in RULES}


def fetched(asked: int | None, sent: int, **fields: Any) -> Conversation:
    """A request for a block and the one that is sent."""
    named = {} if asked is None else {"block2": asked}
    size = 16 << (sent & 7)
    talk = Conversation().con("GET", token=b"a", path="/a", **named)
    return talk.ack("2.05", block2=sent, payload=bytes(size), **fields)


def sent(code: str, asked: int | None, said: int | None) -> Conversation:
    """A request with a block and its answer."""
    named = {} if asked is None else {"block1": asked}
    answer = {} if said is None else {"block1": said}
    talk = Conversation().con("PUT", token=b"a", path="/a", payload=b"x" * 64, **named)
    return talk.ack(code, **answer)


@pytest.mark.parametrize(
    ("asked", "answered", "expected"),
    [
        (block(0, False, 2), block(0, True, 2), {}),
        (block(0, False, 2), block(0, True, 1), {}),
        (block(0, False, 2), block(0, True, 6), {GROWN: E}),
        (block(0, False, 6), block(0, True, 6), {}),
        (None, block(0, True, 6), {}),
        (None, block(1, True, 2), {OFFSET: E}),
        (block(1, False, 4), block(4, True, 2), {}),
        (block(1, False, 4), block(1, True, 2), {OFFSET: E}),
        (block(4, False, 2), block(1, True, 4), {GROWN: E}),
        (block(2, False, 2), block(3, True, 2), {OFFSET: E}),
    ],
)
def test_block2(asked: int | None, answered: int, expected: dict[str, Severity]) -> None:
    assert broken(fetched(asked, answered)) == expected


def test_a_separate_response_may_be_to_another_request() -> None:
    talk = Conversation().con("GET", token=b"a", path="/a", block2=block(1, False, 2)).ack()
    talk.con("2.05", token=b"a", block2=block(3, True, 2), payload=bytes(64)).ack()
    assert broken(talk) == {OFFSET: W}


def test_like_ones_are_told_apart_by_what_they_ask_for() -> None:
    """The form of a good pair is that of a bad one: the offsets tell them apart."""
    talk = Conversation()
    for number, answered in ((1, 1), (2, 2), (3, 5)):
        asked = block(number, False, 2)
        talk.con("GET", token=bytes([number]), path="/a", block2=asked)
        talk.ack("2.05", block2=block(answered, True, 2), payload=bytes(64))
    (finding,) = talk.findings(OFFSET)
    assert finding.frame == 6


@pytest.mark.parametrize(
    ("code", "asked", "said", "expected"),
    [
        ("2.31", block(1, True, 2), block(1, True, 2), {}),
        ("2.04", block(1, False, 2), block(1, False, 2), {}),
        ("2.31", block(0, True, 6), block(0, True, 2), {}),  # late negotiation
        ("2.31", block(1, True, 4), block(4, True, 2), {}),
        ("2.31", block(1, True, 4), block(1, True, 2), {}),
        ("2.31", block(1, True, 2), block(2, True, 2), {ACK_NUM: E}),
        ("2.31", block(1, True, 4), block(3, True, 2), {ACK_NUM: E}),
        ("2.31", block(0, True, 2), block(0, True, 6), {LARGER: E}),
        ("4.13", block(0, True, 2), block(0, True, 6), {LARGER: E}),
        ("4.13", block(3, True, 2), block(0, True, 1), {}),
        ("2.04", block(1, False, 2), None, {MISSING: W}),
        ("4.08", block(1, False, 2), None, {}),
        ("2.31", None, None, {CONTEXT: E}),
        ("2.31", block(1, False, 2), block(1, False, 2), {CONTEXT: E, CONTINUE_M: E}),
        ("2.31", block(0, True, 2), block(0, False, 2), {CONTINUE_M: E}),
        ("2.04", block(0, True, 2), block(0, True, 2), {CONTINUE_M: E}),
        ("2.04", block(0, True, 2), block(0, False, 2), {}),  # each block by itself
        ("2.04", block(1, False, 2), block(1, True, 2), {CONTINUE_M: E, M_FINAL: E}),
    ],
)
def test_block1(
    code: str, asked: int | None, said: int | None, expected: dict[str, Severity]
) -> None:
    assert broken(sent(code, asked, said)) == expected


def test_a_response_behind_oscore_says_nothing() -> None:
    talk = Conversation().con("POST", token=b"a", block1=block(0, False, 2), oscore=b"\x09\x01\x02")
    assert broken(talk.ack("2.04", oscore=b"", payload=b"x")) == {}


def test_a_q_block_is_not_answered_one_by_one() -> None:
    """RFC 9177 clause 4.3: 2.31 names the newest block of a set."""
    talk = Conversation()
    for number in range(3):
        option = [(19, bytes([block(number, True, 2)]))]
        token = bytes([number])
        talk.non("PUT", token=token, path="/a", options=option, payload=bytes(64), request_tag=b"1")
    talk.non("2.31", token=b"\1", options=[(19, bytes([block(2, True, 2)]))])
    assert broken(talk) == {}
