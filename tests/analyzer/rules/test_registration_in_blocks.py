# SPDX-License-Identifier: GPL-2.0-only
"""Registrations and their answers in blocks are judged as if they had come in one message."""

from __future__ import annotations

from typing import Any

import pytest
from bodies_drawn import BODIES
from hypothesis import given, settings
from hypothesis import strategies as st
from transfers import cut, download, upload

from analyzer.messages import WHOLE_BODY
from analyzer.report import exchange_entries
from analyzer.rules.catalogue import N, Severity

from .conversation import Conversation
from .registrations import GOOD, PATH, REGISTERED, answered, asked, body
from .test_registration_request import ANSWER, CLEARTEXT, CONTENT_FORMAT, PAYLOAD, REQUEST, breaches

FEW = settings(max_examples=80, deadline=None)
FIELDS: dict[str, Any] = {"path": PATH, "content_format": 50}
FULL: dict[str, Any] = {"content_format": 50, "payload": body(REGISTERED)}


def in_blocks(members: Any, szx: int = 1, **answer: Any) -> Conversation:
    """A registration whose body comes in blocks, and its answer."""
    blocks = cut(body(members), szx)
    return upload(Conversation(), blocks, "POST", "2.01", FULL | answer, **FIELDS)


def test_a_good_one_breaks_nothing() -> None:
    talk = in_blocks(GOOD)
    assert breaches(talk, N) == {CLEARTEXT: N}
    entries = list(exchange_entries(talk.session()))
    assert {entry["ue_service_id"] for entry in entries} == {"meter-1@example"}


def about_elements(talk: Conversation) -> list[tuple[str, Severity, str, str]]:
    return sorted(
        (f.rule.id, f.severity, f.seen, f.text)
        for f in talk.findings()
        if f.rule.id.startswith((f"{REQUEST}.d", f"{REQUEST}-KEY", PAYLOAD))
    )


@FEW
@given(BODIES, st.integers(0, 3))
def test_elements_are_judged_as_in_one_message(members: bytes, szx: int) -> None:
    more = b", " if members[1:-1].strip() else b""
    whole = b'{"Message Type": "REG"' + more + members[1:]
    assert about_elements(in_blocks(whole, szx)) == about_elements(answered(asked(whole)))


def test_a_finding_stands_at_the_block_that_carries_it() -> None:
    members = GOOD | {"MSGin5G Client Ports": "many"}
    talk = in_blocks(members)
    session = talk.session()
    (finding,) = (f for f in session.findings if "ports" in f.text.lower())
    assert finding.span is not None
    data = session.coap(finding.row)[slice(*finding.span)]
    assert data
    assert data in body(members)
    assert len(finding.frames) == 2
    (row,) = [r for r, f in enumerate(session.messages.octets("flags")) if f & WHOLE_BODY]
    assert finding.frames[1] == session.messages.cell("frame", row)


def test_content_format_in_the_first_block_will_do() -> None:
    blocks = cut(body(GOOD), 1)
    talk = upload(Conversation(), blocks[:1], "POST", **FIELDS)
    rest: dict[str, Any] = {"path": PATH, "token": b"z"}
    talk = upload(talk, blocks[1:], "POST", "2.01", FULL, **rest)
    assert CONTENT_FORMAT not in breaches(talk)
    assert CONTENT_FORMAT in breaches(upload(Conversation(), blocks, "POST", "2.01", **rest))


def test_a_body_that_is_no_json() -> None:
    assert PAYLOAD in breaches(in_blocks(b'{"Message Type": "REG", "UE Service ID": "meter-1"'))


def test_nothing_is_said_of_a_body_that_was_not_seen_whole() -> None:
    blocks = cut(body({"Message Type": "REG", "x": "y" * 100}), 1)
    talk = upload(Conversation(), [blocks[0], *blocks[2:]], "POST", "2.01", FULL, **FIELDS)
    assert breaches(talk, N) == {}


# The answer -------------------------------------------------------------------------------------


def answered_in_blocks(members: Any, code: str = "2.01") -> Conversation:
    blocks = cut(body(members), 1)
    talk = asked()
    talk.ack(code, block2=blocks[0][0], payload=blocks[0][1], content_format=50)
    for value, payload in blocks[1:]:
        talk.con("POST", token=b"next", path=PATH, block2=value & ~8)
        talk.ack(code, block2=value, payload=payload, content_format=50)
    return talk


def test_a_good_answer_breaks_nothing() -> None:
    assert breaches(answered_in_blocks(REGISTERED), N) == {CLEARTEXT: N}


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        (
            {"UE Service ID": "meter-2@example", "Registration result": "success"},
            ".c1-UE-SERVICE-ID",
        ),
        ({"UE Service ID": "meter-1@example", "Reason": "x" * 40}, ".c2-RESULT"),
        (b'{"UE Service ID": "meter-1@example", "Registration result"', ".c-PAYLOAD"),
    ],
)
def test_a_bad_answer_is_told(members: Any, rule: str) -> None:
    assert list(breaches(answered_in_blocks(members))) == [ANSWER + rule]
    assert list(breaches(answered(asked(), members))) == [ANSWER + rule]


def test_a_download_of_json_is_no_registration() -> None:
    talk = download(Conversation(), cut(body(REGISTERED), 1), content_format=50)
    assert breaches(talk, N) == {}
