# SPDX-License-Identifier: GPL-2.0-only
"""Requests by their token: which one waits for a response, and what is kept."""

from __future__ import annotations

from typing import Any

from generated import CON, NON
from rules.conversation import coap

from analyzer.exchanges.model import Exchange, State, Transmission
from analyzer.exchanges.request_layer import RequestLayer

from .test_message_layer import HERE, THERE, message


def exchange(layer: RequestLayer, number: int = 1, **fields: Any) -> Exchange:
    request = message(coap(CON, "GET", mid=number, **{"token": b"ab"} | fields))
    made = Exchange(number, request, Transmission(request, 0))
    layer.open(made)
    return made


def response(**fields: Any) -> Any:
    answer = message(coap(NON, "2.05", mid=99, **{"token": b"ab"} | fields))
    answer.source, answer.destination = THERE, HERE
    return answer


def test_the_newest_that_waits_gets_the_response() -> None:
    layer = RequestLayer()
    first, second = exchange(layer, 1), exchange(layer, 2)
    assert layer.of_token(response()) is second
    second.state = State.ANSWERED
    assert layer.of_token(response()) is first
    first.state = State.ANSWERED
    assert layer.of_token(response()) is second, "a further response is the newest's"


def test_what_was_promised_comes_first() -> None:
    layer = RequestLayer()
    first, second = exchange(layer, 1), exchange(layer, 2)
    first.state = State.ACKNOWLEDGED
    assert layer.of_token(response()) is first
    assert first.ambiguous
    assert second.ambiguous


def test_a_notification_goes_to_the_observation_not_to_a_newer_request() -> None:
    layer = RequestLayer()
    observing, plain = exchange(layer, 1, observe=0), exchange(layer, 2)
    observing.state = State.OBSERVING
    assert layer.of_token(response(observe=3)) is observing
    assert layer.of_token(response()) is plain


def test_a_new_observation_takes_over() -> None:
    layer = RequestLayer()
    old = exchange(layer, 1, observe=0)
    old.state = State.OBSERVING
    request = message(coap(CON, "GET", mid=2, token=b"ab", observe=0))
    assert layer.open(Exchange(2, request, Transmission(request, 0))) == [old]
    assert old.state is State.ANSWERED


def test_one_token_keeps_no_more_than_a_few_exchanges() -> None:
    layer = RequestLayer()
    made = [exchange(layer, number) for number in range(200)]
    assert layer.of_token(response()) is made[-1]
    for old in made:
        layer.forget(old)
    assert layer.of_token(response()) is None
