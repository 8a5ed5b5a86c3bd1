# SPDX-License-Identifier: GPL-2.0-only
"""How an exchange moves from state to state: one table, which kernels look up.

RFC 7252 clauses 4.2 (ACK, RST, giving up), 5.2 (responses, also to what was reset or given up:
they may have crossed on the way), RFC 7641 clauses 3.1 (accepted), 3.6, 4.2 (ended).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from analyzer.exchanges.model import CELLS, STATE, State
from analyzer.tables import Cells


class Event(IntEnum):
    """What happens to an exchange."""

    EMPTY_ACK = 0
    RST = 1  # to its request, or to a notification
    RESPONSE = 2  # a success, not (or not any more) of an observation
    ACCEPTED = 3  # a success with Observe: the observation stands
    REFUSED = 4  # an error of client or server
    SILENCE = 5  # nothing within MAX_TRANSMIT_WAIT
    OVER = 6  # of an observation: deregistered, registered anew, nobody acknowledges


_WAITS: Final = {
    Event.EMPTY_ACK: State.ACKNOWLEDGED,
    Event.RST: State.RESET,
    Event.RESPONSE: State.ANSWERED,
    Event.ACCEPTED: State.OBSERVING,
    Event.REFUSED: State.ANSWERED,
}
"""What ends the wait for a response."""

_LATE: Final = {event: _WAITS[event] for event in (Event.RESPONSE, Event.ACCEPTED, Event.REFUSED)}

TRANSITIONS: Final[dict[State, dict[Event, State]]] = {
    State.OPEN: _WAITS | {Event.SILENCE: State.UNANSWERED},
    State.ACKNOWLEDGED: _WAITS,
    State.UNANSWERED: _WAITS,
    State.RESET: _LATE,
    State.ANSWERED: _LATE,
    State.OBSERVING: {
        Event.RST: State.ANSWERED,
        Event.REFUSED: State.ANSWERED,
        Event.OVER: State.ANSWERED,
    },
}
"""Where an event leads; what is not listed changes nothing."""

WAITING: Final = frozenset(s for s in State if TRANSITIONS[s].get(Event.RST) is State.RESET)

_NEXT: Final = bytes(TRANSITIONS[state].get(event, state) for state in State for event in Event)
_EVENTS: Final = len(Event)
_WAITING: Final = sum(1 << state for state in WAITING)


def move(xx: Cells, exchange: int, event: int) -> None:
    """Let an event happen to an exchange."""
    at = (exchange - 1) * CELLS + STATE
    xx[at] = _NEXT[xx[at] * _EVENTS + event]


def waits(state: int) -> bool:
    """No response came, and none was refused."""
    return _WAITING >> state & 1 == 1
