# SPDX-License-Identifier: GPL-2.0-only
"""Answers to requests to groups."""

from __future__ import annotations

import pytest

from analyzer.rules.catalogue import N, W

from .conversation import Conversation

RESPONDERS, TOGETHER = "COAP-7252-8.2-MC-RESPONDERS", "COAP-7252-8.2-MC-NO-LEISURE"
CONFIRMABLE, ERROR = "COAP-7252-8.2-MC-RESP-CON", "COAP-GCBIS-3.1.2-MC-ERROR-RESP"
SEPARATE_RULES = {"COAP-7252-5.2.3-NON-CON", "COAP-7252-5.2-EXTRA-RESPONSE"}


def asked(*answers: tuple[str, float]) -> Conversation:
    """A request to a group, answered by members, each so many seconds after the one before."""
    talk = Conversation(server="224.0.1.187:5683").non("GET", token=b"ab")
    for member, seconds in answers:
        talk.wait(seconds - 0.01).non("2.05", source=f"192.0.2.{member}:5683", token=b"ab")
    return talk


def test_who_answered_and_when() -> None:
    (finding,) = asked(("7", 1.2), ("8", 2), ("7", 1)).findings(RESPONDERS)
    assert (finding.severity, finding.frames) == (N, [1, 2, 3, 4])
    assert "192.0.2.7:5683 after 1.20 s" in finding.text
    assert "192.0.2.8:5683 after 3.20 s" in finding.text
    assert finding.seen == "2 endpoints answered"
    assert RESPONDERS not in asked().rules()


def test_many_members_are_counted_not_listed() -> None:
    talk = asked(*((str(number), 0.5) for number in range(10, 40)))
    (finding,) = talk.findings(RESPONDERS)
    assert finding.seen == "30 endpoints answered"
    assert finding.text.endswith("and 22 more")


def test_each_request_has_its_own_responders() -> None:
    talk = asked(("7", 1))
    talk.wait(260).non("GET", token=b"cd").wait(1).non("2.05", source="192.0.2.8:5683")
    first, second = talk.findings(RESPONDERS)
    assert (first.frames, second.frames) == ([1, 2], [3, 4])


@pytest.mark.parametrize(
    ("gap", "members", "told"), [(0.004, 3, True), (0.004, 2, False), (0.006, 3, False)]
)
def test_members_that_answer_all_at_once(gap: float, members: int, told: bool) -> None:
    talk = asked(("7", 1), *((str(number), gap) for number in range(8, 7 + members)))
    assert talk.rules().get(TOGETHER) is (N if told else None), "more may come"
    talk.wait(5).non("GET", token=b"cd")
    assert talk.rules().get(TOGETHER) is (W if told else None)


def test_one_member_that_answers_thrice_needs_no_leisure() -> None:
    assert TOGETHER not in asked(("7", 1), ("7", 0.001), ("7", 0.001)).rules()


def test_a_confirmable_answer() -> None:
    rules = asked().con("2.05", source="192.0.2.7:5683", token=b"ab").rules()
    assert rules[CONFIRMABLE] is W
    assert not SEPARATE_RULES & rules.keys()
    assert CONFIRMABLE not in asked(("7", 1)).rules()


def test_an_error_in_answer() -> None:
    assert asked().non("4.04", source="192.0.2.7:5683").rules()[ERROR] is N
    assert ERROR not in asked(("7", 1)).rules()
    assert ERROR not in Conversation().non("GET", token=b"ab").non("4.04").rules()
