# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest
from generated import CON
from rules.conversation import coap

from analyzer.exchanges.model import CONFIDENCES, MATCHES, Exchange, State, Transmission
from analyzer.exchanges.request_layer import CONFIDENCE

from .test_message_layer import message


def exchange(data: bytes) -> Exchange:
    request = message(data)
    return Exchange(1, request, Transmission(request, 0))


@pytest.mark.parametrize(
    ("state", "awaits"),
    [
        (State.OPEN, True),
        (State.ACKNOWLEDGED, True),
        (State.UNANSWERED, True),
        (State.OBSERVING, True),
        (State.ANSWERED, False),
        (State.RESET, False),
    ],
)
def test_which_exchanges_await_a_response(state: State, awaits: bool) -> None:
    made = exchange(coap(CON, "GET"))
    made.state = state
    assert made.awaits_response is awaits


@pytest.mark.parametrize(("observe", "registers"), [(0, True), (1, False), (None, False)])
def test_observe_0_registers(observe: int | None, registers: bool) -> None:
    options = {} if observe is None else {"observe": observe}
    assert exchange(coap(CON, "GET", **options)).registers_observation is registers


def test_an_empty_con_is_a_ping() -> None:
    assert exchange(coap(CON, "0.00")).ping
    assert not exchange(coap(CON, "GET")).ping


def test_every_match_has_a_confidence_and_a_number() -> None:
    assert set(CONFIDENCE) == {match for match in MATCHES if match}
    assert set(CONFIDENCE.values()) < set(CONFIDENCES)
