# SPDX-License-Identifier: GPL-2.0-only
"""What answers nothing: told after REORDER_WINDOW, once per direction and kind, then counted."""

from __future__ import annotations

import pytest

from analyzer.profiles.transmission import Transmission
from analyzer.rules.catalogue import E, N, W

from .conversation import Conversation, coap

ACK_ORPHAN, RST_ORPHAN = "COAP-7252-4.4-ACK-ORPHAN", "COAP-7252-4.4-RST-ORPHAN"
OTHER, TO_ACK = "COAP-7252-4.4-ACK-OTHER-ENDPOINT", "COAP-7252-4.2-ACK-TO-ACK"
RESPONSE, ACKED = "COAP-7252-5.3.2-ORPHAN-RESPONSE", "COAP-7252-5.3.2-ORPHAN-ACKED"
RULES = {ACK_ORPHAN, RST_ORPHAN, OTHER, TO_ACK, RESPONSE, ACKED}
ELSEWHERE = "198.51.100.9:5683"


def old() -> Conversation:
    """Longer than EXCHANGE_LIFETIME after the beginning of the capture."""
    return Conversation().con("GET", token=b"z", mid=1).ack("2.05").wait(300)


def later(talk: Conversation) -> Conversation:
    """The capture goes on until nothing is waited for any more."""
    return talk.wait(5).con("GET", token=b"end", mid=9).ack("2.05")


def broken(talk: Conversation, **settings: object) -> dict[str, int]:
    talk = later(talk)
    return {id: level for id, level in talk.rules(**settings).items() if id in RULES}


@pytest.mark.parametrize(
    ("answer", "rule", "late", "early"),
    [
        (coap(2, "0.00", mid=77), ACK_ORPHAN, W, N),
        (coap(3, "0.00", mid=77), RST_ORPHAN, N, N),
        (coap(2, "2.05", mid=77, token=b"cd"), RESPONSE, W, N),
        (coap(0, "2.05", mid=77, token=b"cd"), RESPONSE, W, N),
        (coap(1, "4.04", mid=77, token=b"cd"), RESPONSE, W, N),
        (coap(1, "2.05", mid=77, token=b"cd", observe=7), RESPONSE, N, N),
    ],
)
def test_what_it_answers_may_lie_before_the_capture(
    answer: bytes, rule: str, late: int, early: int
) -> None:
    assert broken(old().raw(answer, by="server")) == {rule: late}
    assert broken(Conversation().raw(answer, by="server")) == {rule: early}


@pytest.mark.parametrize("answer", [coap(2, "0.00", mid=77), coap(1, "2.05", token=b"cd")])
def test_what_it_answers_may_come_after_the_capture(answer: bytes) -> None:
    assert old().raw(answer, by="server").rules().keys() & RULES
    assert set(old().raw(answer, by="server").rules().values()) == {N}


def test_orphans_of_a_direction_are_one_finding_with_a_count() -> None:
    talk = old()
    for number in range(5):
        talk.raw(coap(2, "0.00", mid=70 + number), by="server")
        talk.raw(coap(1, "2.05", mid=170 + number, token=b"x"), by="server")
    later(talk.raw(coap(2, "0.00", mid=99)))
    findings = talk.findings(ACK_ORPHAN)
    assert [(f.count, f.frames) for f in findings] == [(5, [3, 5, 7, 9, 11]), (1, [13])]
    (responses,) = talk.findings(RESPONSE)
    assert (responses.count, responses.frames) == (5, [4, 6, 8, 10, 12])


@pytest.mark.parametrize(("seconds", "told"), [(0.5, False), (1.9, False), (2.1, True)])
@pytest.mark.parametrize("kind", ["ack", "rst", "response", "separate"])
def test_what_it_answers_may_be_recorded_later(kind: str, seconds: float, told: bool) -> None:
    """Gate: REORDER_WINDOW."""
    answer = {
        "ack": coap(2, "0.00", mid=77),
        "rst": coap(3, "0.00", mid=77),
        "response": coap(2, "2.05", mid=77, token=b"ab"),
        "separate": coap(1, "2.05", mid=5, token=b"ab"),
    }[kind]
    talk = old().raw(answer, by="server").wait(seconds).con("GET", mid=77, token=b"ab")
    assert bool(broken(talk)) is told
    window = Transmission(reorder_window_s=4)
    assert broken(talk, timers=window) == {}


def test_an_early_ack_is_linked_and_ends_the_wait() -> None:
    talk = old().raw(coap(2, "0.00", mid=77), by="server").con("GET", mid=77, token=b"ab")
    rules = talk.wait(100).con("GET", mid=78, token=b"cd").ack("2.05").rules()
    assert "COAP-7252-4.2-CON-UNANSWERED" not in rules


@pytest.mark.parametrize("kind", [2, 3])
def test_an_ack_from_another_endpoint(kind: int) -> None:
    answer = coap(kind, "0.00", mid=77)
    talk = old().con("GET", mid=77, token=b"ab").raw(answer, by="server", source=ELSEWHERE)
    assert broken(talk) == {OTHER: E}
    (finding,) = talk.findings(OTHER)
    assert (finding.seen, finding.expected) == (ELSEWHERE, "192.0.2.2:5683")
    taken = old().con("GET", mid=77, token=b"ab").ack("2.05")
    assert OTHER not in broken(taken.raw(answer, by="server", source=ELSEWHERE))
    group = old().non("GET", mid=77, token=b"ab", destination="224.0.1.187:5683")
    assert broken(group.raw(answer, by="server", source=ELSEWHERE)) == {}


@pytest.mark.parametrize("kind", [2, 3])
def test_an_acknowledgement_acknowledged(kind: int) -> None:
    answer = coap(kind, "0.00", mid=77)
    assert broken(old().con("GET", mid=77).ack("2.05").raw(answer)) == {TO_ACK: E}
    young = Conversation().con("GET", mid=77).ack("2.05").raw(answer)
    assert broken(young) == {TO_ACK: W}
    own = old().con("GET", mid=77, token=b"ab").ack().con("2.05", mid=77).raw(answer)
    assert broken(own) == {}


@pytest.mark.parametrize(("answer", "told"), [("ack", True), ("rst", False), ("", False)])
def test_a_response_to_nothing_acknowledged(answer: str, told: bool) -> None:
    talk = old().con("2.05", token=b"cd")
    if answer:
        getattr(talk, answer)()
    assert (broken(talk).get(ACKED) is W) is told


def test_who_may_acknowledge_a_response_to_nothing() -> None:
    """Its request may lie before the capture or be recorded later; an observer may have slept."""
    young = Conversation().con("GET").ack("2.05").con("2.05", token=b"cd").ack()
    assert broken(young) == {RESPONSE: N}
    assert broken(old().con("2.05", token=b"cd", observe=5).ack()) == {RESPONSE: N}
    reordered = old().con("2.05", token=b"cd", mid=5).ack().con("GET", token=b"cd", mid=6)
    assert broken(reordered) == {}


def test_what_is_sent_to_a_group_may_answer_nothing() -> None:
    talk = old().non("2.05", token=b"cd", by="server", destination="224.0.1.187:5683")
    assert broken(talk) == {RESPONSE: N}
