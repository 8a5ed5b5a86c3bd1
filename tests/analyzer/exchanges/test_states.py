# SPDX-License-Identifier: GPL-2.0-only
"""The states of exchanges: the table, and what conversations make of it."""

from __future__ import annotations

import pytest
from rules.conversation import Conversation

from analyzer.exchanges.model import CELLS, STATE, State
from analyzer.exchanges.states import TRANSITIONS, WAITING, Event, move, waits

ASK = {"token": b"ab", "path": "/a"}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_kernels_move_by_the_table(state: State, event: Event) -> None:
    cells = memoryview(bytearray(4 * 2 * CELLS)).cast("I")
    cells[CELLS + STATE] = state
    move(cells, 2, event)
    assert cells[CELLS + STATE] == TRANSITIONS[state].get(event, state)


def test_who_waits() -> None:
    assert {State.OPEN, State.ACKNOWLEDGED, State.UNANSWERED} == WAITING
    assert {state for state in State if waits(state)} == WAITING


def test_every_state_is_reached_and_only_an_observation_can_be_over() -> None:
    reached = {state for moves in TRANSITIONS.values() for state in moves.values()}
    assert reached == set(State) - {State.OPEN}
    assert [state for state in State if Event.OVER in TRANSITIONS[state]] == [State.OBSERVING]


def state_of(talk: Conversation, exchange: int = 1) -> State:
    return State(talk.session().exchanges.row(exchange - 1)["state"])


def asked(**fields: object) -> Conversation:
    return Conversation().con("GET", **ASK | fields)


def later(talk: Conversation) -> Conversation:
    return talk.wait(95).con("GET", token=b"zz").ack("2.05")


@pytest.mark.parametrize(
    ("talk", "state"),
    [
        (asked(), State.OPEN),
        (asked().ack(), State.ACKNOWLEDGED),
        (asked().ack("2.05"), State.ANSWERED),
        (asked().ack("4.04"), State.ANSWERED),
        (asked().rst(), State.RESET),
        (later(asked()), State.UNANSWERED),
        (later(asked().ack()), State.ACKNOWLEDGED),
        (asked().rst().non("2.05", token=b"ab"), State.ANSWERED),
        (later(asked()).non("2.05", token=b"ab"), State.ANSWERED),
        (asked(observe=0).ack("2.05", observe=1), State.OBSERVING),
        (asked(observe=0).ack("2.05"), State.ANSWERED),
        (asked(observe=0).ack("2.05", observe=1).non("4.04", token=b"ab"), State.ANSWERED),
        (asked(observe=0).ack("2.05", observe=1).non("2.05", token=b"ab"), State.OBSERVING),
    ],
)
def test_conversations(talk: Conversation, state: State) -> None:
    assert state_of(talk) == state
