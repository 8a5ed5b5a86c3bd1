# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 4.2, 4.5, 5.2: answered twice, differently, or not again."""

from __future__ import annotations

import pytest

from analyzer.rules.catalogue import N, Severity, W

from .conversation import Conversation, coap

DIFFERS, SURPLUS = "COAP-7252-4.5-ACK-DIFFERS", "COAP-7252-4.5-ACK-SURPLUS"
MISSING, EXTRA = "COAP-7252-4.5-ACK-MISSING-FOR-DUP", "COAP-7252-5.2-EXTRA-RESPONSE"
BOTH = "COAP-7252-4.2-RST-AND-RESPONSE"


def ask(method: str = "GET", **fields: object) -> Conversation:
    return Conversation().con(method, token=b"ab", **fields)


def later(talk: Conversation, seconds: float) -> Conversation:
    return talk.wait(seconds).con("GET", token=b"zz", path="/z").ack("2.05")


@pytest.mark.parametrize(
    ("method", "severity"), [("GET", N), ("PUT", N), ("iPATCH", N), ("POST", W), ("PATCH", W)]
)
def test_answers_that_differ(method: str, severity: Severity) -> None:
    talk = ask(method).ack("2.04", payload=b"1").wait(2.5).again(0)
    assert talk.ack("4.09").rules()[DIFFERS] is severity
    same = ask(method).ack("2.04", max_age=5).wait(2.5).again(0).ack("2.04", max_age=2)
    assert not {DIFFERS, SURPLUS} & same.rules().keys()


def test_more_acks_than_transmissions_are_one_finding() -> None:
    talk = Conversation()
    for number in range(3):
        talk.con("GET", token=bytes([number])).ack("2.05").ack("2.05")
    (finding,) = talk.findings(SURPLUS)
    assert (finding.severity, finding.count) == (N, 3)
    assert {3, 6, 9} <= set(finding.frames)
    assert SURPLUS not in ask().wait(2.5).again().ack().ack().rules()


@pytest.mark.parametrize(("seconds", "told"), [(80, False), (100, True)])
def test_copies_that_nobody_acknowledges(seconds: float, told: bool) -> None:
    talk = ask().ack("2.05").wait(2.5).again(0)
    assert (MISSING in later(talk, seconds).rules()) is told
    again = ask().ack("2.05").wait(2.5).again(0).ack("2.05")
    assert MISSING not in later(again, seconds).rules()
    once = ask().wait(2.5).again(0).ack("2.05")
    assert MISSING not in later(once, seconds).rules(), "the ACK came after the last copy"


def test_a_second_response() -> None:
    talk = ask().ack("2.05")
    assert talk.con("2.05", payload=b"1").rules()[EXTRA] is W
    copied = ask().wait(2.5).again().non("2.05", payload=b"1").non("2.05", payload=b"2")
    assert copied.rules()[EXTRA] is N
    assert EXTRA not in ask().ack().con("2.05").ack().rules()


def test_second_responses_that_are_expected() -> None:
    observed = ask(observe=0).ack("2.05", observe=1).con("2.05", observe=2).ack()
    assert EXTRA not in observed.rules()
    assert EXTRA not in ask().ack("2.05").con("2.05", q_block2=0x1E).rules()
    assert EXTRA not in ask(block2=0).ack("2.05", block2=0x0E).con("2.05", block2=0x1E).rules()
    group = Conversation(server="224.0.1.187:5683").non("GET", token=b"ab")
    twice = group.non("2.05", source="192.0.2.7:5683").non("2.05", source="192.0.2.7:5683")
    assert EXTRA not in twice.rules()


def test_rejected_and_then_answered() -> None:
    assert ask().rst().con("2.05").rules()[BOTH] is W
    assert BOTH not in ask().rst().rules()


def test_answered_and_then_rejected() -> None:
    assert ask().ack("2.05").rst().rules()[BOTH] is W
    talk = ask().wait(2.5).again().ack("2.05")
    assert talk.rst().rules()[BOTH] is N, "a server that lost its state"
    other = ask().non("2.05", source="192.0.2.2:5684").raw(coap(3, "0.00", mid=0x1001), by="server")
    assert other.rules()[BOTH] is N
    assert BOTH not in ask().ack("2.05").con("2.05", mid=99).rst().rules()
