# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 4.2 and 4.3: how CONs and NONs are repeated."""

from __future__ import annotations

import pytest

from analyzer.profiles.reading import load
from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

NON_REPEAT, SAME_MID = "COAP-7252-4.3-NON-REPEAT", "COAP-7641-4.5.2-NOTIF-SAME-MID"
BACKOFF, COUNT = "COAP-7252-4.2-RETR-BACKOFF", "COAP-7252-4.2-RETR-COUNT"
SPAN, AFTER_ACK = "COAP-7252-4.2-RETR-SPAN", "COAP-7252-4.2-RETR-AFTER-ACK"


def sent_at(*seconds: float) -> Conversation:
    """A CON, transmitted at these times."""
    talk = Conversation().con("GET", token=b"ab")
    for before, now in zip((0.0, *seconds), seconds, strict=False):
        talk.wait(now - before - 0.01).again(0)
    return talk


def observed() -> Conversation:
    return Conversation().con("GET", token=b"ab", observe=0).ack("2.05", observe=1, payload=b"0")


@pytest.mark.parametrize(("seconds", "severity"), [(0.1, N), (44, N), (48, W), (140, W)])
def test_a_non_sent_again(seconds: float, severity: Severity) -> None:
    talk = Conversation().non("GET", token=b"ab").wait(seconds).again()
    assert talk.rules()[NON_REPEAT] is severity


def test_a_con_sent_again_is_no_repeated_non() -> None:
    assert NON_REPEAT not in sent_at(2.5).rules()


def test_a_notification_sent_again_with_another_payload() -> None:
    talk = observed().con("2.05", observe=2, payload=b"1", mid=9)
    same = talk.wait(2.5).con("2.05", observe=3, payload=b"1", mid=9)
    assert SAME_MID not in same.rules(), "Observe may be refreshed"
    assert same.wait(5).con("2.05", observe=4, payload=b"2", mid=9).rules()[SAME_MID] is W


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [
        ((2.5, 7.5, 17.5), None),
        ((2.0, 5.7), None),
        ((2.5, 4.6), W),
        ((2.5, 5.0), N),
        ((2.5, 12.5), N),
        ((3.4,), N),
        ((2.5, 7.5, 10), W),
    ],
)
def test_gaps_double(seconds: tuple[float, ...], severity: Severity | None) -> None:
    assert sent_at(*seconds).rules().get(BACKOFF) is severity


@pytest.mark.parametrize(
    ("profile", "copies", "severity"),
    [("default", 4, None), ("default", 5, W), ("strict", 5, E), ("strict", 4, None)],
)
def test_more_than_max_retransmit(profile: str, copies: int, severity: Severity | None) -> None:
    talk = sent_at(*(2.0 * 2**n - 2 for n in range(1, copies + 1)))
    assert talk.rules(timers=load(profile)).get(COUNT) is severity


@pytest.mark.parametrize(
    ("profile", "last", "severity"),
    [("default", 46, None), ("default", 48, W), ("strict", 48, E), ("nb-iot", 48, None)],
)
def test_after_max_transmit_span(profile: str, last: float, severity: Severity | None) -> None:
    assert sent_at(2, 6, last).rules(timers=load(profile)).get(SPAN) is severity


@pytest.mark.parametrize(("seconds", "told"), [(0.3, False), (2, True)])
@pytest.mark.parametrize("answer", ["ack", "rst"])
def test_after_it_was_acknowledged(answer: str, seconds: float, told: bool) -> None:
    talk = getattr(Conversation().con("GET", token=b"ab"), answer)()
    assert (AFTER_ACK in talk.wait(seconds).again(0).rules()) is told


def test_an_ack_that_comes_later_was_not_there_before() -> None:
    assert AFTER_ACK not in sent_at(2.5).ack().rules()


def test_findings_of_one_message_are_one() -> None:
    (finding,) = sent_at(2, 6, 14, 30, 48, 80).findings(COUNT)
    assert (finding.count, finding.frames) == (2, [6, 1, 7])
