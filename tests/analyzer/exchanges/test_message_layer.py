# SPDX-License-Identifier: GPL-2.0-only
"""What counts as a repetition of a message under one Message ID, and what is remembered."""

from __future__ import annotations

from typing import Any

import pytest
from gathered import facts_of
from generated import ACK, CON, NON
from rules.conversation import Conversation, coap

from analyzer import facts as fact
from analyzer.exchanges.message_layer import IDENTICAL, NEW_PAYLOAD, OTHER, REFRESHED, sameness
from analyzer.messages import Role

REQUEST, AGAIN = Role.REQUEST, Role.RETRANSMISSION


def notification(**changed: Any) -> bytes:
    fields = {"mid": 7, "token": b"ab", "observe": 5, "max_age": 30, "payload": b"on"}
    return coap(CON, "2.05", **fields | changed)


def compare(first: bytes, second: bytes) -> int:
    """How the second message compares with the first."""
    found = facts_of(first, second)
    return sameness(
        found(fact.DATA_HASH),
        found(fact.LASTING_HASH),
        found(fact.PAYLOAD_HASH),
        found(fact.OBSERVE) >= 0,
        found.cells,
        fact.SLOTS,
    )


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, IDENTICAL),
        ({"max_age": 10}, REFRESHED),
        ({"observe": 6}, REFRESHED),
        ({"payload": b"off"}, NEW_PAYLOAD),
        ({"token": b"cd"}, OTHER),
        ({"etag": b"1"}, OTHER),
    ],
)
def test_a_notification_may_be_refreshed(changed: dict[str, Any], same: int) -> None:
    assert compare(notification(), notification(**changed)) == same


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (coap(CON, "POST", mid=1, payload=b"a"), coap(CON, "POST", mid=1, payload=b"b")),
        (coap(CON, "GET", mid=1), coap(NON, "GET", mid=1)),
        (coap(CON, "GET", mid=1), coap(CON, "PUT", mid=1)),
        (coap(ACK, "2.05", mid=1, payload=b"a"), coap(ACK, "2.05", mid=1, payload=b"b")),
        (coap(CON, "GET", mid=1, path="/ab"), coap(CON, "GET", mid=1, path="/a/b")),
        (coap(CON, "GET", mid=1, options=[(60, b"")]), coap(CON, "GET", mid=1)),
        (coap(CON, "POST", mid=1, payload=b"\0"), coap(CON, "POST", mid=1, payload=b"\0\0")),
        (b"\x40\0\0\1", b"\x40\0\0\1\0"),
    ],
)
def test_other_content_is_another_message(first: bytes, second: bytes) -> None:
    assert compare(first, second) == OTHER


def roles(talk: Conversation) -> list[int]:
    return talk.session().messages["role"].tolist()


@pytest.mark.parametrize(
    ("kind", "seconds", "role"),
    [(CON, 246, AGAIN), (CON, 248, REQUEST), (NON, 144, AGAIN), (NON, 146, REQUEST)],
)
def test_a_copy_is_known_for_the_lifetime_of_its_type(kind: int, seconds: int, role: Role) -> None:
    data = coap(kind, "GET", mid=1)
    assert roles(Conversation().raw(data).wait(seconds).raw(data)) == [REQUEST, role]


def test_what_is_forgotten_is_acknowledged_by_nothing() -> None:
    talk = Conversation().con("GET", mid=1).wait(240).ack()
    assert roles(talk)[-1] == Role.ACK
    talk = Conversation().con("GET", mid=1).wait(250).ack()
    assert roles(talk)[-1] == Role.ORPHAN


def test_only_the_newest_of_one_message_id_is_repeated_and_acknowledged() -> None:
    talk = Conversation()
    for number in range(20):
        talk.con("GET", mid=1, token=bytes([number]))
    talk.ack().again(0).again(20)
    session = talk.session()
    assert session.messages["role"].tolist()[20:] == [Role.ACK, REQUEST, Role.ACK]
    assert session.messages["exchange"].tolist()[20:] == [20, 21, 21]


@pytest.mark.parametrize("seconds", [0, 246, 248, -240, -300])
def test_a_datagram_of_another_version_is_remembered(seconds: float) -> None:
    """For EXCHANGE_LIFETIME, and in its segment of the capture only."""
    talk = Conversation().raw(b"\x80\x01\x12\x34").wait(seconds).raw(b"\x70\0\x12\x34", by="server")
    known = -247 < seconds < 247
    assert ("COAP-7252-3-VERSION-ANSWERED" in talk.rules()) is known
    assert talk.session().messages["message_id"].tolist() == [0, 0x1234]


def test_a_multicast_message_is_acknowledged_by_anybody() -> None:
    talk = Conversation(server="224.0.1.187:5683").non("GET", mid=9, token=b"ab")
    talk.rst(source="192.0.2.7:5683").rst(source="192.0.2.8:5683")
    session = talk.session()
    assert session.messages["role"].tolist() == [REQUEST, Role.RESET, Role.DUPLICATE_ACK]
    assert session.messages["exchange"].tolist() == [1, 1, 1]
