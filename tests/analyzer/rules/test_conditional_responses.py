# SPDX-License-Identifier: GPL-2.0-only
"""Answers to requests with ETag, If-Match, If-None-Match."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, Severity, W

from .conversation import Conversation

UNASKED, ETAG = "COAP-7252-5.9.1.3-VALID-UNASKED", "COAP-7252-5.9.1.3-VALID-ETAG"
IF_MATCH, IF_NONE_MATCH = "COAP-7252-5.10.8.1-IFMATCH", "COAP-7252-5.10.8.2-IFNONEMATCH"
RULES = {UNASKED, ETAG, IF_MATCH, IF_NONE_MATCH}


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: level for id, level in talk.rules().items() if id in RULES}


def ask(method: str, **fields: Any) -> Conversation:
    return Conversation().con(method, token=b"ab", **fields)


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [
        ([], b"1", {UNASKED: E}),
        ([b"1"], b"1", {}),
        ([b"1"], b"2", {ETAG: E}),
        ([b"1", b"2"], b"2", {}),
        ([b"1", b"2"], b"3", {ETAG: E}),
    ],
)
def test_which_copy_is_valid(
    asked: list[bytes], given: bytes, expected: dict[str, Severity]
) -> None:
    assert broken(ask("GET", etag=asked).ack("2.03", etag=given)) == expected
    assert broken(ask("GET", etag=asked).ack("2.05", etag=given)) == {}


def test_a_wrong_etag_is_told_after_like_answers_that_were_right() -> None:
    talk = Conversation()
    for number, given in enumerate((b"2", b"1", b"2", b"3")):
        talk.con("GET", token=bytes([number]), etag=[b"1", b"2"]).ack("2.03", etag=given)
    (finding,) = talk.findings(ETAG)
    assert (finding.frame, finding.count) == (8, 1)


def test_of_an_observation_its_registration_counts() -> None:
    talk = ask("GET", observe=0, etag=b"1").ack("2.05", observe=1, etag=b"2")
    assert broken(talk.non("2.03", observe=2, etag=b"1")) == {}
    assert broken(talk.non("2.03", observe=3, etag=b"9")) == {ETAG: E}


@pytest.mark.parametrize(
    ("method", "answered", "told"),
    [
        ("PUT", "2.01", True),
        ("PATCH", "2.01", True),
        ("POST", "2.01", False),
        ("PUT", "2.04", False),
        ("PUT", "4.12", False),
    ],
)
def test_if_match(method: str, answered: str, told: bool) -> None:
    expected = {IF_MATCH: W} if told else {}
    assert broken(ask(method, if_match=b"1", payload=b"x").ack(answered)) == expected
    assert broken(ask(method, payload=b"x").ack(answered)) == {}


@pytest.mark.parametrize(
    ("method", "answered", "told"),
    [
        ("PUT", "2.04", True),
        ("PUT", "2.01", False),
        ("PUT", "4.12", False),
        ("POST", "2.04", False),
    ],
)
def test_if_none_match(method: str, answered: str, told: bool) -> None:
    expected = {IF_NONE_MATCH: W} if told else {}
    none: list[tuple[int, bytes]] = [(5, b"")]
    assert broken(ask(method, options=none, payload=b"x").ack(answered)) == expected
    assert broken(ask(method, payload=b"x").ack(answered)) == {}


def test_a_block_with_more_to_come_changes_nothing_yet() -> None:
    talk = ask("PUT", options=[(5, b"")], block1=0x08, payload=bytes(16))
    assert broken(talk.ack("2.04", block1=0x08)) == {}


def test_oscore_wraps_the_conditions() -> None:
    sealed: dict[str, Any] = {"options": [(9, b"\x09\x01\x02")], "payload": b"x"}
    assert broken(ask("FETCH", **sealed).ack("2.03", etag=b"1")) == {}
