# SPDX-License-Identifier: GPL-2.0-only
"""What counts as a repetition of a message under one Message ID."""

from __future__ import annotations

from typing import Any

import pytest
from generated import ACK, CON, NON
from rules.conversation import coap

from analyzer.endpoints import endpoint
from analyzer.exchanges.message_layer import MessageLayer, Sameness, same_message
from analyzer.flows import Flow
from analyzer.messages import Message, Place
from analyzer.profiles.transmission import DEFAULT, SECOND
from dissectors.coap.message import dissect

HERE, THERE = endpoint(b"\xc0\0\2\1", 40000), endpoint(b"\xc0\0\2\2", 5683)


def message(data: bytes, time: float = 0) -> Message:
    place = Place(1, 0, len(data), len(data), 0, 101, 0, len(data))
    flow = Flow(HERE, THERE, 0, confirmed=True)
    return Message(place, round(time * SECOND), HERE, THERE, dissect(data), False, flow)


def notification(**changed: Any) -> bytes:
    fields = {"mid": 7, "token": b"ab", "observe": 5, "max_age": 30, "payload": b"on"}
    return coap(CON, "2.05", **fields | changed)


@pytest.mark.parametrize(
    ("changed", "sameness"),
    [
        ({}, Sameness.IDENTICAL),
        ({"max_age": 10}, Sameness.REFRESHED),
        ({"observe": 6}, Sameness.REFRESHED),
        ({"payload": b"off"}, Sameness.NEW_PAYLOAD),
        ({"token": b"cd"}, Sameness.NO),
        ({"etag": b"1"}, Sameness.NO),
    ],
)
def test_a_notification_may_be_refreshed(changed: dict[str, Any], sameness: Sameness) -> None:
    assert same_message(message(notification()), message(notification(**changed))) is sameness


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (coap(CON, "POST", mid=1, payload=b"a"), coap(CON, "POST", mid=1, payload=b"b")),
        (coap(CON, "GET", mid=1), coap(NON, "GET", mid=1)),
        (coap(CON, "GET", mid=1), coap(CON, "PUT", mid=1)),
        (coap(ACK, "2.05", mid=1, payload=b"a"), coap(ACK, "2.05", mid=1, payload=b"b")),
    ],
)
def test_other_content_is_another_message(first: bytes, second: bytes) -> None:
    assert same_message(message(first), message(second)) is Sameness.NO


@pytest.mark.parametrize(
    ("kind", "seconds", "known"), [(CON, 247, True), (CON, 248, False), (NON, 145, True)]
)
def test_a_copy_is_known_for_the_lifetime_of_its_type(kind: int, seconds: int, known: bool) -> None:
    layer = MessageLayer(DEFAULT)
    data = coap(kind, "GET", mid=1)
    sent = layer.send(message(data))
    assert layer.repeated(message(data, seconds)) is (sent if known else None)


def test_what_is_forgotten_answers_nothing() -> None:
    layer = MessageLayer(DEFAULT)
    sent = layer.send(message(coap(CON, "GET", mid=1)))
    assert layer.of_key(HERE, THERE, 1) is sent
    for _ in range(2):
        layer.forget(sent)
        assert layer.of_key(HERE, THERE, 1) is None


def test_only_the_newest_of_one_message_id_are_kept() -> None:
    layer = MessageLayer(DEFAULT)
    sent = [layer.send(message(coap(CON, "GET", mid=1, token=bytes([n])))) for n in range(20)]
    assert layer.of_key(HERE, THERE, 1) is sent[-1]
    for transmission in sent:
        layer.forget(transmission)
    assert layer.of_key(HERE, THERE, 1) is None


@pytest.mark.parametrize(
    ("seconds", "known"), [(0, True), (246, True), (248, False), (-300, False)]
)
def test_a_datagram_of_another_version_is_remembered(seconds: float, known: bool) -> None:
    layer = MessageLayer(DEFAULT)
    bad = message(b"\x80\x01\x12\x34")
    layer.remember_bad_version(bad)
    answer = message(b"\x70\x00\x12\x34", seconds)
    answer.source, answer.destination = THERE, HERE
    assert layer.bad_version_of(answer) is (bad if known else None)
