# SPDX-License-Identifier: GPL-2.0-only
"""What notifications say (RFC 7641 clauses 3 and 4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transfers import block

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

UNREQUESTED, NOT_ACCEPTED = "COAP-7641-4.1-UNREQUESTED", "COAP-7641-4.1-NOT-ACCEPTED"
NO_OPTION, BLOCK = "COAP-7641-4.2-NOTIF-NO-OPTION", "COAP-7959-2.6-NOTIF-BLOCK"
SEQ, TOO_FAST = "COAP-7641-4.4-SEQ", "COAP-7641-4.4-SEQ-TOO-FAST"
FORMAT, NO_PIV = "COAP-7641-4.2-CF-CHANGED", "COAP-8613-4.1.3.5-NOTIF-NO-PIV"
RULES = {UNREQUESTED, NOT_ACCEPTED, NO_OPTION, BLOCK, SEQ, TOO_FAST, FORMAT, NO_PIV}
ASK: dict[str, Any] = {"token": b"obs", "path": "/t"}
FEW = settings(max_examples=40, deadline=None)


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: worst for id, worst in talk.rules().items() if id in RULES}


def registered(observe: int = 10, **fields: Any) -> Conversation:
    return Conversation().con("GET", observe=0, **ASK).ack("2.05", observe=observe, **fields)


def notified(talk: Conversation, *sequence: int, wait: float = 4, **fields: Any) -> Conversation:
    for number in sequence:
        talk.wait(wait).non("2.05", token=b"obs", observe=number, **fields)
    return talk


# Whether there is an observation ----------------------------------------------------------------


def test_a_good_observation_breaks_nothing() -> None:
    assert broken(notified(registered(content_format=50), 11, 12, content_format=50)) == {}


def test_observe_that_nobody_asked_for() -> None:
    assert broken(Conversation().con("GET", **ASK).ack("2.05", observe=1)) == {UNREQUESTED: E}
    talk = Conversation().con("GET", **ASK).ack().con("2.05", token=b"obs", observe=1).ack()
    assert broken(talk) == {UNREQUESTED: W}


def test_a_plain_get_under_the_token_of_an_observation() -> None:
    """TD_COAP_OBS_10: it does not end it, and its own response may come first."""
    talk = notified(registered(), 11).con("GET", **ASK).ack("2.05")
    assert broken(notified(talk, 12, 13)) == {}


def test_a_registration_that_is_not_accepted() -> None:
    assert broken(Conversation().con("GET", observe=0, **ASK).ack("2.05")) == {NOT_ACCEPTED: N}
    assert broken(Conversation().con("GET", observe=0, **ASK).ack("4.04")) == {}
    assert broken(Conversation().con("GET", observe=1, **ASK).ack("2.05")) == {}
    later = {"observe": 0, "block2": block(1, False, 2)}
    talk = Conversation().con("GET", **ASK, **later)
    assert broken(talk.ack("2.05", block2=block(1, False, 2), payload=b"x")) == {}


def test_a_notification_without_observe() -> None:
    talk = notified(registered(), 11).wait(4).non("2.05", token=b"obs")
    assert broken(talk) == {NO_OPTION: W}


def test_answers_that_are_no_notifications() -> None:
    talk = notified(registered(), 11).con("GET", observe=1, **ASK).ack("2.05")
    assert broken(talk) == {}
    talk = notified(registered(), 11)
    talk.con("GET", block2=block(1, False, 2), **ASK)
    assert broken(talk.ack("2.05", block2=block(1, False, 2), payload=b"x")) == {}


def test_a_notification_with_a_later_block() -> None:
    first, later = ({"block2": block(n, True, 0), "payload": bytes(16)} for n in (0, 1))
    assert broken(notified(registered(**first), 11, **first)) == {}
    assert broken(notified(registered(**first), 11, **later)) == {BLOCK: E}


# Order ----------------------------------------------------------------------------------------


@FEW
@given(st.integers(0, (1 << 24) - 1), st.lists(st.integers(1, (1 << 23) - 1), max_size=4))
def test_numbers_may_wrap(start: int, steps: list[int]) -> None:
    sequence = [start]
    for step in steps:
        sequence.append((sequence[-1] + step) % (1 << 24))
    assert broken(notified(registered(start), *sequence[1:])) == {}


@pytest.mark.parametrize("sequence", [(10,), (9,), (11, 11), (12, 11), (10 + (1 << 23),)])
def test_numbers_that_are_not_newer(sequence: tuple[int, ...]) -> None:
    assert broken(notified(registered(), *sequence)) == {SEQ: E}


def test_a_counter_of_eight_bits() -> None:
    talk = notified(registered(254), 255, 0, 1)
    (finding,) = talk.findings(SEQ)
    assert (finding.frame, finding.severity) == (4, E)
    assert "8 bits" in finding.text


def test_after_128_s_every_number_is_newer() -> None:
    assert broken(notified(registered(), 10, wait=129)) == {}
    assert broken(notified(registered(), 3, wait=257)) == {}


def test_what_the_network_reorders_is_a_note() -> None:
    talk = registered()
    for number, mid in ((11, 0x2001), (13, 0x2003), (12, 0x2002), (14, 0x2004)):
        talk.wait(4).non("2.05", token=b"obs", observe=number, mid=mid)
    assert broken(talk) == {SEQ: N}
    assert talk.findings(SEQ)[0].count == 1


def test_after_a_reordered_one_the_newest_counts() -> None:
    talk = registered()
    for number, mid in ((11, 0x2001), (13, 0x2003), (12, 0x2002), (13, 0x2004)):
        talk.wait(4).non("2.05", token=b"obs", observe=number, mid=mid)
    assert broken(talk) == {SEQ: E}


def test_one_value_twice_is_no_reordering() -> None:
    talk = registered()
    for mid in (0x2002, 0x2001):
        talk.wait(4).non("2.05", token=b"obs", observe=11, mid=mid)
    assert broken(talk) == {SEQ: E}


def test_a_retransmitted_notification_is_one() -> None:
    talk = registered().con("2.05", token=b"obs", observe=11).wait(2.5).again().ack()
    assert broken(talk) == {}


def test_registered_again_the_count_goes_on_or_begins_anew() -> None:
    """RFC 7641 clause 3.4 compares notifications of one registration."""
    talk = notified(registered(), 11).wait(80).con("GET", observe=0, **ASK).ack("2.05", observe=1)
    assert broken(notified(talk, 2, 3)) == {}


def test_numbers_that_run_too_fast() -> None:
    assert broken(notified(registered(), 10 + (1 << 23) + 5, wait=150)) == {TOO_FAST: W}
    assert broken(notified(registered(), 3, wait=150)) == {TOO_FAST: W}  # it began anew
    assert broken(notified(registered(), 10 + (1 << 23) + 5, wait=257)) == {}


# Formats --------------------------------------------------------------------------------------


def test_content_formats() -> None:
    json = registered(content_format=50, payload=b"1")
    assert broken(notified(json, 11, content_format=60, payload=b"\1")) == {FORMAT: E}
    json = registered(content_format=50, payload=b"1")
    assert broken(notified(json, 11, payload=b"1")) == {FORMAT: W}
    json = registered(content_format=50, payload=b"1")
    assert broken(json.wait(4).non("2.03", token=b"obs", observe=11, etag=b"e")) == {}


def test_protected_notifications() -> None:
    ask = {"observe": 0, "oscore": b"\x09\x01\x02", "payload": b"x" * 9}
    for value, expected in ((b"\x01\x05", {}), (b"", {NO_PIV: E}), (b"\x00", {NO_PIV: E})):
        talk = Conversation().con("FETCH", token=b"obs", **ask)
        talk.ack("2.05", observe=1, oscore=b"", payload=b"x" * 9)
        assert broken(notified(talk, 2, 3, oscore=value, payload=b"x" * 9)) == expected
