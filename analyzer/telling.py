# SPDX-License-Identifier: GPL-2.0-only
"""Events of the kernels (`happenings.py`) as the values that rules judge (`events.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from analyzer import flows, state
from analyzer import happenings as tells
from analyzer.capture_events import CaptureDuplicate, ChecksumWrong, ClockStep, OpaqueFlow
from analyzer.events import (
    Acknowledged,
    AnsweredAgain,
    AskedAgain,
    BlockDetached,
    BlockFollowed,
    BlockPastEnd,
    BodyAccepted,
    BodyIncomplete,
    CopiesIgnored,
    Event,
    Formed,
    GroupOver,
    MidReused,
    NeverAnswered,
    Notified,
    Observes,
    Orphaned,
    Outstanding,
    Probed,
    RegistrationAnswered,
    RegistrationBody,
    RegistrationInClear,
    RegistrationRequested,
    Responded,
    Retransmitted,
    Seen,
    TokenReused,
    UeCollision,
    UeMoved,
    Unacknowledged,
    Unanswered,
    UnreadableAnswered,
)
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges.model import MATCHES
from analyzer.relations import Following, How, Match, News, Orphan, Reuse
from analyzer.subjects import Exchange, Flow, Message, Tables, transmission

Row = tuple[int, ...]
"""A to E of an event."""


def told(tables: Tables) -> Iterator[tuple[int, Row]]:
    """The events that wait, as (kind, A to E); they wait no longer."""
    s = tables.memory.s
    base, count = s[state.EVENT_ROWS + state.BASE], s[state.EVENTS]
    end = base + count * tells.EVENT_SLOTS
    cells = s[base:end].tolist()
    s[state.EVENTS] = 0
    for at in range(0, len(cells), tells.EVENT_SLOTS):
        yield cells[at], tuple(cells[at + 1 : at + tells.EVENT_SLOTS])


def event(tables: Tables, kind: int, row: Row) -> Event:
    """The value of an event; its views are read from the tables as they are now."""
    return _MAKERS[kind](tables, row)


def _match(number: int) -> Match:
    match: Match | None = MATCHES[number]
    assert match is not None
    return match


def _seen(tables: Tables, row: Row) -> Event:
    leg = Message(tables, row[2] - 1) if row[2] else None
    return Seen(Message(tables, row[0], leg), row[1])


def _duplicate(tables: Tables, row: Row) -> Event:
    message = Message(tables, row[0])
    return CaptureDuplicate(message, row[1], message.time - row[2])


def _ue_moved(tables: Tables, row: Row) -> Event:
    ue, before = tables.names[row[1]], tables.endpoints[row[2]]
    return UeMoved(Message(tables, row[0]), ue, before, row[3])


def _ue_collision(tables: Tables, row: Row) -> Event:
    return UeCollision(Message(tables, row[0]), tables.names[row[1]], tables.endpoints[row[2]])


def _retransmitted(tables: Tables, row: Row) -> Event:
    sent, before, same = transmission(tables, row[1]), row[4] // 4, row[4] % 4
    return Retransmitted(
        sent, Message(tables, row[0]), row[2], row[3], before, same == ml.NEW_PAYLOAD
    )


def _orphaned(tables: Tables, row: Row) -> Event:
    other = Message(tables, row[4] - 1) if row[4] else None
    return Orphaned(Message(tables, row[0]), Orphan(row[1]), other)


def _exchange(tables: Tables, id: int) -> Exchange | None:
    return Exchange(tables, id) if id else None


def _message(tables: Tables, row: int) -> Message | None:
    return Message(tables, row - 1) if row else None


def note_of(kind: int, row: Row) -> tuple[int, int] | None:
    """The flow and the note (flows.NOTES) that an event gives of it; None for other events."""
    if kind == tells.REGISTRATION_IN_CLEAR:
        return row[1], flows.CLEAR
    if kind == tells.CAPTURE_DUPLICATE:
        return row[3], flows.DUPLICATED
    if kind in tells.NOTED:
        flow, note = tells.NOTED[kind]
        return (row[flow], row[note]) if row[note] else None
    return (row[4], row[3]) if kind == tells.SEEN and row[4] else None


_MAKERS: Final[dict[int, Callable[[Tables, Row], Event]]] = {
    tells.SEEN: _seen,
    tells.FORMED: lambda t, r: Formed(Message(t, r[0], Message(t, r[2] - 1) if r[2] else None)),
    tells.RETRANSMITTED: _retransmitted,
    tells.RESPONDED: lambda t, r: Responded(
        Exchange(t, r[1]), Message(t, r[0]), _match(r[2]), How(r[4])
    ),
    tells.ACKNOWLEDGED: lambda t, r: Acknowledged(transmission(t, r[1]), Message(t, r[0])),
    tells.ANSWERED_AGAIN: lambda t, r: AnsweredAgain(
        transmission(t, r[4]), Message(t, r[0]), Message(t, r[2]), r[3] == 0
    ),
    tells.UNACKNOWLEDGED: lambda t, r: Unacknowledged(
        transmission(t, r[0]), bool(r[1]), bool(r[2])
    ),
    tells.UNANSWERED: lambda t, r: Unanswered(Exchange(t, r[0]), bool(r[1]), bool(r[2])),
    tells.UNREADABLE_ANSWERED: lambda t, r: UnreadableAnswered(Message(t, r[0]), Message(t, r[1])),
    tells.NEVER_ANSWERED: lambda t, r: NeverAnswered(Exchange(t, r[0])),
    tells.GROUP_OVER: lambda t, r: GroupOver(Exchange(t, r[0])),
    tells.COPIES_IGNORED: lambda t, r: CopiesIgnored(transmission(t, r[0]), bool(r[1])),
    tells.ORPHANED: _orphaned,
    tells.MID_REUSED: lambda t, r: MidReused(Message(t, r[0]), Message(t, r[1]), bool(r[2])),
    tells.TOKEN_REUSED: lambda t, r: TokenReused(Exchange(t, r[0]), Exchange(t, r[1]), Reuse(r[2])),
    tells.ASKED_AGAIN: lambda t, r: AskedAgain(Exchange(t, r[0]), Exchange(t, r[1])),
    tells.OUTSTANDING: lambda t, r: Outstanding(Message(t, r[0]), r[1]),
    tells.PROBED: lambda t, r: Probed(Message(t, r[0]), r[1], r[2]),
    tells.NOTIFIED: lambda t, r: Notified(
        Exchange(t, r[1]), Message(t, r[0]), Message(t, r[2] - 1), News(r[4])
    ),
    tells.OBSERVES: lambda t, r: Observes(
        Exchange(t, r[0]), _exchange(t, r[1]), _exchange(t, r[2]), _message(t, r[3])
    ),
    tells.BLOCK_FOLLOWED: lambda t, r: BlockFollowed(
        Exchange(t, r[1]), Message(t, r[0]), Message(t, r[2]), Following(r[4])
    ),
    tells.BLOCK_DETACHED: lambda t, r: BlockDetached(
        Exchange(t, r[1]), Message(t, r[0]), _message(t, r[2])
    ),
    tells.BLOCK_PAST_END: lambda t, r: BlockPastEnd(
        Exchange(t, r[1]), Message(t, r[0]), r[2], Message(t, r[3])
    ),
    tells.CLOCK_STEP: lambda t, r: ClockStep(r[0], r[1]),
    tells.CAPTURE_DUPLICATE: _duplicate,
    tells.OPAQUE_FLOW: lambda t, r: OpaqueFlow(Flow(t, r[0]), r[1]),
    tells.REGISTRATION_REQUESTED: lambda t, r: RegistrationRequested(Exchange(t, r[0])),
    tells.REGISTRATION_IN_CLEAR: lambda t, r: RegistrationInClear(Exchange(t, r[0]).request),
    tells.REGISTRATION_ANSWERED: lambda t, r: RegistrationAnswered(
        Exchange(t, r[1]), Message(t, r[0]), _match(r[2]), bool(r[3])
    ),
    tells.REGISTRATION_BODY: lambda t, r: RegistrationBody(Exchange(t, r[1]), Message(t, r[0])),
    tells.BODY_INCOMPLETE: lambda t, r: BodyIncomplete(Message(t, r[0]), r[1], r[2]),
    tells.BODY_ACCEPTED: lambda t, r: BodyAccepted(Exchange(t, r[1]), Message(t, r[0]), r[2], r[3]),
    tells.CHECKSUM_WRONG: lambda t, r: ChecksumWrong(Message(t, r[0]), r[1]),
    tells.UE_MOVED: _ue_moved,
    tells.UE_COLLISION: _ue_collision,
}
