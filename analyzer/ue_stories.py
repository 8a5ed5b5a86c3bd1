# SPDX-License-Identifier: GPL-2.0-only
"""What happened to one UE, in capture time: registrations, messages, other addresses, what was
sent again or never answered, findings.

A story is as long as it was; its moments are columns, and made into values when looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.bodies import DEREGISTRATION_TYPE
from analyzer.endpoints import Endpoint
from analyzer.exchanges.model import REGISTRATION, State
from analyzer.findings import Finding
from analyzer.messages import MESSAGE_TYPE_IDS, Role
from analyzer.ue_registrations import asked, registration_result

if TYPE_CHECKING:
    import numpy as np

    from analyzer.session import Session

    Column = np.ndarray[Any, Any]


class Kind(IntEnum):
    """What a moment is, in the order of what happens at one time."""

    ADDRESS = 0  # a request from another endpoint than the one before
    REGISTRATION = 1
    DEREGISTRATION = 2
    REQUEST = 3  # anything else the UE asks
    PASSED_ON = 4  # what it says, asked by another endpoint
    AGAIN = 5  # a message of an exchange, sent again
    UNANSWERED = 6  # the time for an answer was over
    FINDING = 7


class Moment(NamedTuple):
    """One line of a story; `frame` 0 and `exchange` 0 for none.

    Of an exchange: `method`, `message_type` and `uri` of its request, `code` of its first response
    (0: none) that came `after` ns, the Registration `result` in it, and its `state`. `source` and
    `destination` are those of the message, `before` the endpoint that the UE leaves. `again` counts
    how often a message was sent again, `after` being the time since its first transmission.
    """

    time: int
    kind: Kind
    frame: int = 0
    exchange: int = 0
    method: int = 0
    message_type: str = ""
    uri: str = ""
    state: State = State.OPEN
    code: int = 0
    after: int | None = None
    result: str = ""
    source: Endpoint | None = None
    destination: Endpoint | None = None
    before: Endpoint | None = None
    again: int = 0
    finding: Finding | None = None


class Story(Sequence[Moment]):
    """The moments of one UE as far as the session was read; `number` tells of each what it is of:
    an exchange, a message by its row, a finding, by its kind."""

    def __init__(self, session: Session, kinds: Column, times: Column, numbers: Column) -> None:
        self._session = session
        self._kinds, self._times, self._numbers = kinds, times, numbers

    def __len__(self) -> int:
        return len(self._kinds)

    def key(self, index: int) -> int:
        """Names a moment among those of its UE, also when more are known."""
        return int(self._numbers[index]) * len(Kind) + int(self._kinds[index])

    def find(self, key: int) -> int | None:
        """Where a moment stands now; None when it does not."""
        number, kind = divmod(key, len(Kind))
        found = ((self._numbers == number) & (self._kinds == kind)).nonzero()[0]
        return int(found[0]) if len(found) else None

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        kind, time = Kind(self._kinds[index]), int(self._times[index])
        number = int(self._numbers[index])
        if kind is Kind.FINDING:
            return self._finding(time, number)
        if kind is Kind.AGAIN:
            return self._again(time, number)
        moment = self._exchange(kind, time, number)
        if kind is Kind.ADDRESS:
            return moment._replace(before=self._before(index, number))
        return moment

    def _exchange(self, kind: Kind, time: int, exchange: int) -> Moment:
        session = self._session
        cells = session.exchanges.row(exchange - 1)
        answer = session.exchanges.stored.cell("response", exchange - 1) - 1
        result = ""
        if kind is Kind.REGISTRATION and answer >= 0:
            result = registration_result(session, answer)
        return Moment(
            time,
            kind,
            cells["request_frame"],
            exchange,
            cells["method"],
            MESSAGE_TYPE_IDS[cells["message_type"]],
            session.names[cells["uri"]],
            State(cells["state"]),
            cells["response_code"],
            cells["response_time"] if answer >= 0 else None,
            result,
            session.endpoints[cells["client"]],
            session.endpoints[cells["server"]],
        )

    def _before(self, index: int, exchange: int) -> Endpoint:
        """The endpoint that the UE asked from before it moved."""
        own = (self._kinds >= Kind.REGISTRATION) & (self._kinds <= Kind.REQUEST)
        earlier = int(self._numbers[own & (self._numbers < exchange)].max())
        row = self._session.exchanges.stored.cell("request_row", earlier - 1)
        return self._session.endpoints[self._session.messages.cell("source", row)]

    def _again(self, time: int, row: int) -> Moment:
        session = self._session
        cells = session.messages.row(row)
        first = (session.messages["frame"] == cells["first"]).nonzero()[0].tolist()
        earlier = self._numbers[(self._kinds == Kind.AGAIN) & (self._numbers <= row)]
        copies = session.messages["first"][earlier] == cells["first"]
        return Moment(
            time,
            Kind.AGAIN,
            cells["frame"],
            cells["exchange"],
            cells["code"],
            MESSAGE_TYPE_IDS[cells["message_type"]],
            after=time - session.messages.cell("time", first[0]) if first else None,
            source=session.endpoints[cells["source"]],
            destination=session.endpoints[cells["destination"]],
            again=int(copies.sum()),
        )

    def _finding(self, time: int, index: int) -> Moment:
        finding = self._session.findings[index]
        return Moment(time, Kind.FINDING, finding.frame, finding.exchange, finding=finding)


def story(session: Session, ue: int, findings: Sequence[int]) -> Story:
    """All that happened to a UE by its id in the exchanges table (0 or less: in none); `findings`
    are the indices of those about it."""
    import numpy as np

    parts = [_of_findings(session, findings)]
    count = len(session.exchanges)
    mine = session.exchanges.stored["ue"][:count] == ue
    if ue > 0 and mine.any():
        parts += [*_of_exchanges(session, mine), _copies(session, mine)]
    kinds, times, numbers = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort([numbers, kinds, times])
    return Story(session, kinds[order], times[order], numbers[order])


def _part(kind: Any, times: Column, numbers: Column) -> tuple[Column, Column, Column]:
    import numpy as np

    return np.broadcast_to(kind, len(times)), times.astype(np.int64), numbers.astype(np.int64)


def _of_findings(session: Session, indices: Sequence[int]) -> tuple[Column, Column, Column]:
    import numpy as np

    times = [session.findings[index].first_time for index in indices]
    return _part(Kind.FINDING, np.array(times, np.int64), np.array(indices, np.int64))


def _of_exchanges(session: Session, mine: Column) -> list[tuple[Column, Column, Column]]:
    """Its exchanges, those that no answer came to, and where it went on from another endpoint."""
    import numpy as np

    stored = session.exchanges.stored
    which = mine.nonzero()[0]
    of = asked(session, which)
    times = session.messages["time"][of.request]
    registers = stored["flags"][which] & REGISTRATION > 0
    leaves = stored["message_type"][which] == DEREGISTRATION_TYPE
    kinds = np.select(
        [~of.own, registers, leaves],
        [Kind.PASSED_ON, Kind.REGISTRATION, Kind.DEREGISTRATION],
        Kind.REQUEST,
    )
    lost = stored["state"][which] == State.UNANSWERED
    wait = session.settings.timers.max_transmit_wait
    ends = np.minimum(times[lost] + wait, session.last_time or 0)
    own = of.own.nonzero()[0]
    moved = own[1:][of.client[own[1:]] != of.client[own[:-1]]]
    return [
        _part(kinds, times, which + 1),
        _part(Kind.UNANSWERED, ends, which[lost] + 1),
        _part(Kind.ADDRESS, times[moved], which[moved] + 1),
    ]


def _copies(session: Session, mine: Column) -> tuple[Column, Column, Column]:
    """Retransmissions and repeated ACKs, in whichever direction."""
    messages = session.messages
    roles = messages["role"]
    rows = ((roles == Role.RETRANSMISSION) | (roles == Role.DUPLICATE_ACK)).nonzero()[0]
    exchange = messages["exchange"][rows].astype("i8")
    known = (exchange > 0) & (exchange <= len(mine))
    rows = rows[known][mine[exchange[known] - 1]]
    return _part(Kind.AGAIN, messages["time"][rows], rows)
