# SPDX-License-Identifier: GPL-2.0-only
"""Gate G-DUP: one transmission recorded twice, and the legs of an address translator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rules.conversation import ETHERNET, MILLISECOND, SECOND, Address, Conversation

from analyzer.messages import Role

COPY, AGAIN = Role.CAPTURE_DUPLICATE, Role.RETRANSMISSION
SIX = {"client": "[2001:db8::1]:40000", "server": "[2001:db8::2]:5683"}
VLAN = ETHERNET + b"\x81\x00\x00\x07"


def roles(talk: Conversation) -> list[Role]:
    return [Role(role) for role in talk.session().messages["role"].tolist()]


def twice(talk: Conversation, **differs: Any) -> Role:
    """What the second record of the newest datagram is taken for."""
    return roles(talk.recorded_again(**differs))[-1]


def get(**ends: str) -> Conversation:
    return Conversation(**ends).con("GET", token=b"abcd", path="/abc")


# IPv4 identification --------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "role"), [(0, COPY), (0.9, COPY), (1.1, AGAIN)])
def test_the_same_identification_within_a_second(seconds: float, role: Role) -> None:
    talk = get()
    assert twice(talk, time=talk.frames[0].time + round(seconds * SECOND)) is role


def test_another_identification_is_another_transmission() -> None:
    assert twice(get(), ip_id=77) is AGAIN


@pytest.mark.parametrize("changed", [{"ttl": 63}, {"link": VLAN}, {}])
def test_what_a_second_tap_changes_does_not_matter(changed: dict[str, Any]) -> None:
    assert twice(get(), **changed) is COPY


def test_a_sender_with_one_identification_proves_nothing_by_it() -> None:
    talk = Conversation()
    for number in range(4):
        talk.con("GET", token=bytes([number]), ip_id=1)
    assert twice(talk, time=talk.frames[-1].time + 500 * MILLISECOND) is AGAIN


def test_copies_that_come_interleaved_are_all_found() -> None:
    """Two ACKs a stack really sent, and the second record of each."""
    talk = get().ack("2.05").again()
    talk.recorded_again(1, time=talk.frames[2].time + MILLISECOND)
    talk.recorded_again(2, time=talk.frames[2].time + 2 * MILLISECOND)
    assert roles(talk) == [Role.REQUEST, Role.RESPONSE, Role.DUPLICATE_ACK, COPY, COPY]


# Without identification -----------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: get(**SIX), lambda: Conversation().con("GET", ip_id=0)])
@pytest.mark.parametrize(
    ("differs", "milliseconds", "role"),
    [
        ({"ttl": 63}, 1, COPY),
        ({"link": VLAN}, 4, COPY),
        ({"ttl": 63}, 6, AGAIN),
        ({}, 1, AGAIN),
    ],
)
def test_something_must_differ_within_five_milliseconds(
    make: Any, differs: dict[str, Any], milliseconds: int, role: Role
) -> None:
    talk = make()
    later = talk.frames[0].time + milliseconds * MILLISECOND
    assert twice(talk, time=later, **{"ip_id": 0} | differs) is role


def test_a_tap_that_doubles_everything_is_learnt() -> None:
    talk = Conversation(**SIX)
    for number in range(20):
        talk.con("GET", token=bytes([number])).recorded_again()
    seen = roles(talk)
    assert seen[1] is AGAIN
    assert seen[-1] is COPY


@pytest.mark.parametrize("ends", [{}, SIX])
def test_genuine_double_acks_survive(ends: dict[str, str]) -> None:
    """Measured: 48 stacks' double ACKs less than 1 ms apart, with other identifications."""
    talk = get(**ends).ack("2.05")
    talk.again(time=talk.frames[-1].time + MILLISECOND // 2)
    assert roles(talk)[-1] is Role.DUPLICATE_ACK


# Effect ---------------------------------------------------------------------------------------


def test_a_copy_is_hidden_from_pairing_and_told_once() -> None:
    talk = get().recorded_again().ack("2.05").recorded_again()
    session = talk.session()
    assert session.exchanges["retransmissions"].tolist() == [0]
    assert session.messages["first"].tolist() == [0, 1, 0, 3]
    (finding,) = talk.findings("COAP-CAP-DUP")
    assert finding.count == 2


def test_of_a_flow_not_known_as_coap_nothing_is_told() -> None:
    talk = Conversation(server="192.0.2.2:7000").con("GET").recorded_again()
    assert talk.rules() == {}


def test_a_new_segment_of_the_capture_knows_no_copies() -> None:
    talk = get()
    assert twice(talk, time=talk.frames[0].time - 300 * SECOND) is Role.REQUEST


# Address translation --------------------------------------------------------------------------

OUTSIDE = Address.of("203.0.113.7:61001")


def legs(**changed: Any) -> Conversation:
    talk = get()
    first = talk.frames[0]
    later = {"time": first.time + 2 * MILLISECOND, "source": OUTSIDE, "ttl": 63}
    return talk.add(replace(first, **later | changed))


def test_both_legs_are_shown_and_told_as_one_message() -> None:
    talk = legs()
    assert roles(talk) == [Role.REQUEST, Role.REQUEST]
    assert "COAP-CAP-NATLEG" in talk.rules()


@pytest.mark.parametrize(
    "changed",
    [
        {"ttl": 64},
        {"ttl": 65},
        {"time": 1_700_000_001 * SECOND},
        {"destination": Address.of("203.0.113.9:5683")},
    ],
)
def test_what_is_no_other_leg(changed: dict[str, Any]) -> None:
    assert "COAP-CAP-NATLEG" not in legs(**changed).rules()


def test_short_tokens_are_too_alike_to_tell_legs() -> None:
    talk = Conversation().con("GET", token=b"a", path="/abcdefghi")
    first = talk.frames[0]
    talk.add(replace(first, source=OUTSIDE, ttl=63, time=first.time + MILLISECOND))
    assert "COAP-CAP-NATLEG" not in talk.rules()
