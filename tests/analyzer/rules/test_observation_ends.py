# SPDX-License-Identifier: GPL-2.0-only
"""How long a server notifies, how often, and who listens (RFC 7641)."""

from __future__ import annotations

from typing import Any

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

RST, ERROR = "COAP-7641-4.5-AFTER-RST", "COAP-7641-4.2-AFTER-ERROR"
DEREG, SILENCE = "COAP-7641-3.6-AFTER-DEREG", "COAP-7641-4.5-NO-ACK-STILL-SENT"
DAY, RATE = "COAP-7641-4.5-24H", "COAP-7641-4.5.1-RATE"
STALE, UNACKED = "COAP-7641-4.3-STALE", "COAP-7641-3.5-UNACKED"
RULES = {RST, ERROR, DEREG, SILENCE, DAY, RATE, STALE, UNACKED}
ASK: dict[str, Any] = {"token": b"obs", "path": "/t"}


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: worst for id, worst in talk.rules().items() if id in RULES}


def registered(**fields: Any) -> Conversation:
    return Conversation().con("GET", observe=0, **ASK).ack("2.05", observe=10, **fields)


def notified(talk: Conversation, *sequence: int, wait: float = 5, **fields: Any) -> Conversation:
    for number in sequence:
        talk.wait(wait).non("2.05", token=b"obs", observe=number, **fields)
    return talk


# The end --------------------------------------------------------------------------------------


def test_after_a_reset() -> None:
    talk = notified(registered(), 11).rst()
    assert broken(notified(talk, 12, wait=1)) == {}  # it crossed the RST
    assert broken(notified(talk, 13)) == {RST: W}
    assert talk.findings(RST)[0].frames == [6, 4]


def test_after_an_error() -> None:
    talk = notified(registered(), 11).wait(5).non("4.04", token=b"obs")
    assert broken(talk) == {}
    talk = notified(talk, 12, 13)
    (finding,) = talk.findings(ERROR)
    assert (finding.severity, finding.count) == (E, 2)


def test_after_deregistration() -> None:
    talk = notified(registered(), 11).con("GET", observe=1, **ASK).ack("2.05")
    assert broken(notified(talk, 12, wait=1)) == {}
    assert broken(notified(talk, 13)) == {DEREG: W}


def test_after_deregistration_that_is_refused() -> None:
    talk = notified(registered(), 11).con("GET", observe=1, **ASK).ack("4.04")
    assert broken(notified(talk, 12)) == {DEREG: W}


def test_after_silence() -> None:
    talk = registered().wait(5).con("2.05", token=b"obs", observe=11).wait(95)
    assert broken(talk.con("GET", path="/o", token=b"o").ack("2.05")) == {UNACKED: W}
    assert broken(notified(talk, 12))[SILENCE] == W


def test_after_silence_from_the_start() -> None:
    """The response that registered was a CON itself."""
    talk = Conversation().con("GET", observe=0, **ASK).ack().con("2.05", token=b"obs", observe=1)
    talk.wait(95).con("GET", path="/o", token=b"o").ack("2.05")
    found = broken(notified(talk, 2))
    assert SILENCE in found
    assert DEREG not in found


def test_a_later_notification_that_is_acknowledged_will_do() -> None:
    """RFC 7641 clause 4.5.2: the newer state replaces what was not acknowledged."""
    talk = registered().wait(5).con("2.05", token=b"obs", observe=11).wait(3)
    talk.con("2.05", token=b"obs", observe=12).ack().wait(95)
    assert SILENCE not in broken(notified(talk, 13))


def test_registered_again_it_goes_on() -> None:
    talk = notified(registered(), 11).rst()
    talk.wait(5).con("GET", observe=0, **ASK).ack("2.05", observe=12)
    assert broken(notified(talk, 13, 14)) == {}


def test_another_resource_under_the_token_ends_it() -> None:
    talk = notified(registered(), 11).wait(5)
    talk.con("GET", observe=0, token=b"obs", path="/u").ack("2.05", observe=1)
    assert broken(notified(talk, 2, 3)) == {}


def test_unacknowledged_at_the_end_of_the_capture() -> None:
    talk = registered().wait(5).con("2.05", token=b"obs", observe=11)
    assert broken(talk) == {UNACKED: N}


def test_other_messages_without_ack_are_no_notifications() -> None:
    talk = registered().wait(5).con("GET", token=b"x").wait(95).con("GET").ack("2.05")
    assert broken(talk) == {}


# How often ------------------------------------------------------------------------------------


def test_a_day_without_a_con() -> None:
    hours = [100 + number for number in range(26)]
    day = {"wait": 3600, "max_age": 3600}
    assert broken(notified(registered(max_age=3600), *hours, **day)) == {DAY: W}
    talk = notified(registered(max_age=3600), *hours[:12], **day).wait(3600)
    talk.con("2.05", token=b"obs", observe=112, max_age=3600).ack()
    assert broken(notified(talk, *hours[13:], **day)) == {}


def test_the_rate_of_nons() -> None:
    assert broken(notified(registered(), *range(11, 20), wait=3.1)) == {}
    assert broken(notified(registered(), *range(11, 14), wait=0.1)) == {}  # too few to tell
    talk = notified(registered(), *range(11, 40), wait=0.1)
    (finding,) = talk.findings(RATE)
    assert (finding.severity, finding.count) == (N, 1)


def test_cons_may_be_fast() -> None:
    talk = registered()
    for number in range(11, 20):
        talk.con("2.05", token=b"obs", observe=number).ack()
    assert broken(talk) == {}


def test_long_after_max_age() -> None:
    assert broken(notified(registered(), 11, wait=74)) == {}
    assert broken(notified(registered(), 11, wait=76)) == {STALE: N}
    assert broken(notified(registered(max_age=600), 11, wait=76)) == {}
    talk = registered().wait(70).con("GET", observe=0, **ASK).ack("2.05", observe=11)
    assert broken(notified(talk, 12, wait=50)) == {}
