# SPDX-License-Identifier: GPL-2.0-only
"""Who waits for what, how long, and how much is under way at a time."""

from __future__ import annotations

import pytest

from analyzer.profiles.reading import load
from analyzer.profiles.transmission import Transmission
from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

GAVE_UP, PING = "COAP-7252-4.2-GAVE-UP", "COAP-7252-4.2-PING-UNANSWERED"
NO_ACK, UNANSWERED = "COAP-7967-2-CON-NOACK", "COAP-7252-4.2-CON-UNANSWERED"
NO_RESPONSE, NON_SILENT = "COAP-7252-5.2.2-NO-RESPONSE", "COAP-7252-5.2-NON-NO-RESPONSE"
NSTART, PROBING = "COAP-7252-4.7-NSTART", "COAP-7252-4.7-PROBING-RATE"


def alive() -> Conversation:
    return Conversation().con("GET", token=b"a").ack("2.05")


def later(talk: Conversation, seconds: float) -> Conversation:
    return talk.wait(seconds).con("GET", token=b"zz").ack("2.05")


@pytest.mark.parametrize(("copies", "told"), [(0, True), (3, True), (4, False)])
def test_given_up_early(copies: int, told: bool) -> None:
    talk = alive().con("GET", token=b"ab")
    for number in range(copies):
        talk.wait(2 * 2**number).again(2)
    assert GAVE_UP not in talk.rules(), "still open"
    assert (GAVE_UP in later(talk, 100).rules()) is told
    assert GAVE_UP not in later(alive().con("GET", token=b"ab").ack(), 100).rules()


def test_a_ping_without_an_answer() -> None:
    rules = later(alive().con(), 100).rules()
    assert rules[PING] is N
    assert GAVE_UP not in rules
    assert PING not in later(alive().con().rst(), 100).rules()
    assert PING not in later(alive().con(), 80).rules()


@pytest.mark.parametrize(("seconds", "severity"), [(80, N), (100, W)])
def test_no_response_keeps_back_no_acknowledgement(seconds: float, severity: Severity) -> None:
    rules = later(alive().con("PUT", token=b"ab", no_response=26), seconds).rules()
    assert rules[NO_ACK] is severity
    assert UNANSWERED not in rules
    acked = later(alive().con("PUT", token=b"ab", no_response=26).ack(), 300).rules()
    assert not {NO_ACK, NO_RESPONSE} & acked.keys()
    plain = later(alive().con("PUT", token=b"ab", no_response=0), 100).rules()
    assert NO_ACK not in plain
    assert plain[UNANSWERED] is W


def test_a_promise_that_is_not_kept() -> None:
    talk = alive().con("GET", token=b"ab").ack()
    assert later(talk, 250).rules()[NO_RESPONSE] is W
    (finding,) = talk.findings(NO_RESPONSE)
    assert finding.frames == [3, 4]
    assert NO_RESPONSE not in later(alive().con("GET", token=b"ab").ack(), 240).rules()
    kept = alive().con("GET", token=b"ab").ack().wait(60).con("2.05").ack()
    assert NO_RESPONSE not in later(kept, 250).rules()
    reset = alive().con("GET", token=b"ab").ack().rst()
    assert NO_RESPONSE not in later(reset, 250).rules()
    silent = later(alive().con("GET", token=b"ab"), 250).rules()
    assert NO_RESPONSE not in silent
    assert silent[UNANSWERED] is W


def test_nons_that_nobody_answers_are_one_finding() -> None:
    talk = alive()
    for number in range(4):
        talk.non("POST", token=bytes([number, 1]))
    talk.non("POST", token=b"xy", no_response=26)
    (finding,) = later(talk, 250).findings(NON_SILENT)
    assert (finding.severity, finding.count, finding.frames) == (N, 4, [3, 4, 5, 6])
    answered = alive().non("POST", token=b"ab").non("2.04")
    assert NON_SILENT not in later(answered, 250).rules()
    group = alive().non("GET", token=b"ab", destination="224.0.1.187:5683")
    assert NON_SILENT not in later(group, 250).rules()


def test_a_tap_of_one_direction_proves_no_silence() -> None:
    talk = Conversation().non("POST", token=b"ab").wait(250).non("POST", token=b"cd")
    assert NON_SILENT not in talk.rules()


# NSTART ---------------------------------------------------------------------------------------


def busy(*answers: str) -> Conversation:
    """A CON for each answer, then one more."""
    talk = alive()
    for number, answer in enumerate(answers):
        talk.con("GET", token=bytes([number, 1]))
        match answer:
            case "ack":
                talk.ack()
            case "rst":
                talk.rst()
            case "2.05":
                talk.ack("2.05")
            case "non":
                talk.non("2.05")
            case "icmp":
                talk.icmp()
            case "timeout":
                talk.wait(94)
    return talk.con("GET", token=b"last")


@pytest.mark.parametrize("answer", ["ack", "rst", "2.05", "non", "icmp", "timeout"])
def test_what_ends_the_wait_for_an_answer(answer: str) -> None:
    assert NSTART not in busy(answer, answer).rules()
    assert busy(answer, "").rules()[NSTART] is W


@pytest.mark.parametrize(
    ("timers", "severity"),
    [
        (Transmission(), W),
        (load("strict"), E),
        (Transmission(nstart=2), W),
        (Transmission(nstart=3), None),
    ],
)
def test_the_profile_says_how_many(timers: Transmission, severity: Severity | None) -> None:
    assert busy("", "").rules(timers=timers).get(NSTART) is severity


def test_all_of_a_direction_are_one_finding() -> None:
    (finding,) = busy("", "", "").findings(NSTART)
    assert (finding.count, finding.frames) == (3, [4, 5, 6])


def test_who_is_not_counted() -> None:
    other = alive().con("GET", token=b"ab").con("GET", token=b"ab", destination="192.0.2.9:5683")
    assert NSTART not in other.rules()
    assert NSTART not in alive().con("GET", token=b"ab").wait(2.5).again().rules()
    assert NSTART not in alive().con("GET", token=b"ab").non("GET", token=b"cd").rules()
    one_way = Conversation().con("GET", token=b"ab").con("GET", token=b"cd")
    assert NSTART not in one_way.rules()
    blocks = alive().con("GET", token=b"ab", q_block2=0x08).con("GET", token=b"cd", q_block2=0x18)
    assert NSTART not in blocks.rules()


def test_notifications_count_too() -> None:
    talk = Conversation().con("GET", token=b"ab", observe=0).ack("2.05", observe=1)
    talk.con("2.05", observe=2, token=b"ab").con("2.05", observe=3, token=b"ab")
    (finding,) = talk.findings(NSTART)
    assert finding.frame == 4


@pytest.mark.parametrize("kind", ["con", "non"])
def test_a_notification_that_replaces_another_is_not_one_more(kind: str) -> None:
    """RFC 7641 clause 4.5.2: once it was waited for, and it is not sent again."""
    talk = alive().con("GET", token=b"ab", observe=0).ack("2.05", observe=1)
    for number in (2, 3, 4):
        talk.wait(2.5)
        (talk.con if kind == "con" else talk.non)("2.05", token=b"ab", observe=number)
    assert NSTART not in talk.wait(2.5).con("2.05", token=b"ab", observe=5).rules()
    assert NSTART in talk.con("2.05", token=b"ab", observe=6).rules()


def test_notifications_of_two_observations_are_two() -> None:
    talk = alive()
    for token in (b"ab", b"cd"):
        talk.con("GET", token=token, path=f"/{token.decode()}", observe=0).ack("2.05", observe=1)
    for token in (b"ab", b"cd"):
        talk.wait(2.5).con("2.05", token=token, observe=2)
    assert talk.rules()[NSTART] is W


# PROBING_RATE ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("bytes_each", "told"), [(20, False), (200, True)])
def test_much_is_sent_where_nobody_answers(bytes_each: int, told: bool) -> None:
    talk = Conversation()
    for number in range(5):
        talk.non("POST", token=bytes([number]), payload=bytes(bytes_each)).wait(60)
    assert (PROBING in talk.rules()) is told
    if told:
        (finding,) = talk.findings(PROBING)
        assert (finding.severity, finding.count) == (N, 4)
    heard = Conversation().non("POST", token=b"a").non("2.04")
    for number in range(5):
        heard.non("POST", token=bytes([number]), payload=bytes(200)).wait(60)
    assert PROBING not in heard.rules()


def test_a_group_need_not_answer() -> None:
    talk = Conversation(server="224.0.1.187:5683")
    for number in range(5):
        talk.non("POST", token=bytes([number]), payload=bytes(200)).wait(60)
    assert PROBING not in talk.rules()
