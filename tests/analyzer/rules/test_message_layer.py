# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 4.2 and 4.3: retransmission, silence, and what ACK, RST and NON may carry."""

from __future__ import annotations

import pytest

from analyzer.profiles.reading import load
from analyzer.profiles.transmission import Transmission
from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

RETRANSMISSION, EARLY = "COAP-7252-4.2-RETRANSMISSION", "COAP-7252-4.2-RETR-EARLY"
SILENCE, ONE_WAY = "COAP-7252-4.2-CON-UNANSWERED", "COAP-CAP-ONEWAY"
CLIENT = "192.0.2.1:40000"


def alive() -> Conversation:
    return Conversation().con("GET", token=b"a").ack("2.05")


def later(talk: Conversation, seconds: float) -> Conversation:
    return talk.wait(seconds).con("GET", token=b"zz").ack("2.05")


# Retransmission -------------------------------------------------------------------------------


def test_copies_of_one_message_are_one_note() -> None:
    talk = Conversation().con("GET", token=b"ab").wait(2.5).again().wait(5).again().ack("2.05")
    (finding,) = talk.findings(RETRANSMISSION)
    assert (finding.severity, finding.count, finding.frames) == (N, 2, [2, 1, 3])
    assert EARLY not in talk.rules()


@pytest.mark.parametrize(
    ("seconds", "severity"), [(0.5, W), (1.5, W), (1.88, W), (1.91, None), (2.0, None)]
)
def test_a_copy_too_early(seconds: float, severity: Severity | None) -> None:
    """5 % are left to slow clocks."""
    talk = Conversation().con("GET", token=b"ab").wait(seconds - 0.01).again().ack("2.05")
    assert talk.rules().get(EARLY) is severity
    if seconds < 1:
        assert "less than a second" in talk.findings(EARLY)[0].text


@pytest.mark.parametrize(
    ("profile", "severity"), [("lan", None), ("default", None), ("strict", None), ("nb-iot", W)]
)
def test_a_copy_after_4_s_is_early_on_a_slow_network_alone(
    profile: str, severity: Severity | None
) -> None:
    talk = Conversation().con("GET", token=b"ab").wait(4).again().ack("2.05")
    assert talk.rules(timers=load(profile)).get(EARLY) is severity
    for finding in talk.findings(EARLY, timers=load(profile)):
        assert finding.expected == "at least 10.00 s between transmissions"
        assert "sane" not in finding.text


@pytest.mark.parametrize(
    ("profile", "severity"), [("lan", None), ("default", W), ("strict", E), ("nb-iot", W)]
)
def test_a_copy_after_0_6_s(profile: str, severity: Severity | None) -> None:
    """Gate G-PARAM: an error where the parameters are agreed upon."""
    talk = Conversation().con("GET", token=b"ab").wait(0.59).again().ack("2.05")
    assert talk.rules(timers=load(profile)).get(EARLY) is severity


def test_below_a_second_is_sane_where_a_profile_says_so() -> None:
    talk = Conversation().con("GET", token=b"ab").wait(0.1).again().ack("2.05")
    (finding,) = talk.findings(EARLY, timers=load("lan"))
    assert "sane" not in finding.text


def test_copies_of_a_non_are_free() -> None:
    talk = Conversation().non("GET", token=b"ab").again().non("2.05")
    assert not {RETRANSMISSION, EARLY} & talk.rules().keys()


def test_a_capture_duplicate_is_no_retransmission() -> None:
    talk = Conversation().con("GET", token=b"ab").recorded_again().ack("2.05").recorded_again()
    rules = talk.rules()
    assert rules == {"COAP-CAP-DUP": N}


# Silence --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "severity"), [(92, N), (93.5, W)])
def test_a_con_that_nobody_answers(seconds: float, severity: Severity) -> None:
    talk = later(alive().con("GET", token=b"ab"), seconds)
    assert talk.rules()[SILENCE] is severity


@pytest.mark.parametrize("answer", ["ack", "rst", "piggybacked", "separate", "non"])
def test_any_answer_will_do(answer: str) -> None:
    talk = alive().con("GET", token=b"ab")
    match answer:
        case "ack":
            talk.ack()
        case "rst":
            talk.rst()
        case "piggybacked":
            talk.ack("2.05")
        case "separate":
            talk.con("2.05").ack()
        case "non":
            talk.non("2.05")
    assert SILENCE not in later(talk, 100).rules()


def test_a_ping_may_stay_unanswered() -> None:
    assert SILENCE not in later(alive().con(), 100).rules()


def test_a_multicast_request_may_stay_unanswered() -> None:
    assert SILENCE not in later(alive().con("GET", destination="224.0.1.187:5683"), 100).rules()


def test_a_notification_that_nobody_acknowledges() -> None:
    talk = Conversation().con("GET", observe=0, token=b"ab").ack("2.05", observe=1)
    talk.con("2.05", observe=2, token=b"ab")
    assert later(talk, 100).rules()[SILENCE] is W


def test_an_icmp_error_says_why() -> None:
    rules = later(alive().con("GET", token=b"ab").icmp(), 100).rules()
    assert SILENCE not in rules
    assert rules["COAP-CAP-ICMP"] is N


def test_one_way_taps_prove_nothing() -> None:
    talk = Conversation()
    for number in range(5):
        talk.con("GET", token=bytes([number])).wait(60)
    rules = talk.rules()
    assert SILENCE not in rules
    assert rules[ONE_WAY] is N


def test_a_dead_server_is_told() -> None:
    """Its client retransmits: no answer arrived, whatever the tap sees."""
    talk = Conversation().con("GET", token=b"ab").wait(2.5).again().wait(100)
    rules = talk.raw("", source="192.0.2.8:9", destination="192.0.2.9:9").rules()
    assert rules[SILENCE] is W
    assert ONE_WAY not in rules


def test_the_parameters_in_force_decide_how_long_to_wait() -> None:
    talk = later(alive().con("GET", token=b"ab"), 50)
    assert talk.rules(timers=Transmission(ack_timeout_s=1))[SILENCE] is W


@pytest.mark.parametrize(
    ("profile", "seconds", "severity"),
    [
        ("lan", 23, N),
        ("lan", 24, W),
        ("default", 92, N),
        ("default", 94, W),
        ("strict", 94, W),
        ("nb-iot", 464, N),
        ("nb-iot", 466, W),
    ],
)
def test_the_profile_decides_how_long_to_wait(
    profile: str, seconds: float, severity: Severity
) -> None:
    """What was not seen is never an error."""
    talk = later(alive().con("GET", token=b"ab"), seconds)
    (finding,) = talk.findings(SILENCE, timers=load(profile))
    assert finding.severity is severity
    waits = {"lan": "23.25 s", "nb-iot": "465.00 s"}.get(profile, "93.00 s")
    assert finding.expected == f"an ACK or RST within {waits}"


@pytest.mark.parametrize(("profile", "seconds"), [("lan", 0.75), ("default", 3), ("nb-iot", 15)])
def test_a_sender_that_repeats_nothing_has_had_the_time_to(profile: str, seconds: float) -> None:
    """Gate G-ONEWAY: only a CON older than the longest first timeout."""
    for more, told in ((-0.1, False), (0.1, True)):
        talk = Conversation().con("GET", token=b"ab").wait(seconds + more - 0.01)
        talk.raw("", source="192.0.2.8:9", destination="192.0.2.9:9")
        assert (ONE_WAY in talk.rules(timers=load(profile))) is told


# Type and code --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "rule", "good"),
    [
        ("60011234", "COAP-7252-4.2-ACK-REQUEST", "60451234"),
        ("70451234", "COAP-7252-4.2-RST-NONEMPTY", "70001234"),
        ("50001234", "COAP-7252-4.3-NON-EMPTY", "50011234"),
    ],
)
def test_type_and_code(data: str, rule: str, good: str) -> None:
    assert Conversation().raw(data).rules()[rule] is E
    assert rule not in Conversation().raw(good).rules()
