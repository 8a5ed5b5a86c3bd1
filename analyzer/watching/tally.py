# SPDX-License-Identifier: GPL-2.0-only
"""Running counts of a session: each step of reading adds what it brought, so that to ask for the
figures costs the same however long the session is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer import state
from analyzer.arrivals import Arrivals
from analyzer.exchanges.model import CONFIDENCES, State
from analyzer.messages import Role
from analyzer.profiles.transmission import SECOND
from analyzer.recording.wish import Statistics
from analyzer.relations import Confidence
from analyzer.rules.catalogue import Severity
from dissectors.coap import numbers

if TYPE_CHECKING:
    from analyzer.session import Session

BUCKETS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0),
)
"""Upper bounds of the histogram, seconds; the last one beyond MAX_TRANSMIT_WAIT (93 s)."""

_BOUNDS: Final = tuple(round(bound * SECOND) for bound in BUCKETS)
_CERTAIN: Final = (Confidence.EXACT, Confidence.TOKEN)
_UNSETTLED: Final = (State.OPEN, State.OBSERVING)
"""Time alone, or another exchange, may move these on."""

_FEW: Final = 1000
"""Unsettled exchanges that are looked at in each step; more are once a second."""

_MEASURED, _AGAIN = 16, 32
"""Bits beside the state of an exchange: its response time is counted; its request was transmitted
again before the first answer, so that none can be told (Karn's algorithm, see `response_times`)."""
_STATE: Final = 15


class Kind(NamedTuple):
    """What messages are counted by: words from a fixed set, whatever was in the packets."""

    type: str
    code: str
    role: str


class Times(NamedTuple):
    """Response times: how many are in each of BUCKETS and above the last one, and their sum, ns."""

    counts: Sequence[int]
    total: int


class Figures(NamedTuple):
    """The counts at one moment. `lost`: packets by where they were lost while capturing;
    `last_time`: the capture time of the last packet, ns; `backlog`: bytes to be read."""

    packets: int
    messages: Mapping[Kind, int]
    exchanges: Mapping[State, int]
    times: Times
    findings: Mapping[tuple[str, Severity], int]
    breaches: Mapping[tuple[str, Severity], int]
    lost: Mapping[str, int]
    last_time: int | None
    backlog: int


class Tally:
    """Counts of a session; `recorder` writes what it reads, if it is known.

    `add` belongs to the thread that reads. `figures` may be asked for in another while that reads
    on, though not while it adds: it looks at no table.
    """

    def __init__(self, session: Session, recorder: object = None) -> None:
        self._session = session
        self._recorder = recorder
        self._arrivals = Arrivals(session)
        self._packets = 0
        self._last_time: int | None = None
        self._messages: Counter[Kind] = Counter()
        self._findings: Counter[tuple[str, Severity]] = Counter()
        self._breaches: dict[tuple[str, Severity], int] = {}
        self._exchanges: Counter[int] = Counter()
        self._standing = bytearray()  # of each exchange: its state, _MEASURED, _AGAIN
        self._unsettled: set[int] = set()  # ids
        self._settled_at = 0.0
        self._times = [0] * (len(BUCKETS) + 1)
        self._total = 0

    def add(self) -> None:
        """Count what was read since the last time."""
        session = self._session
        self._packets, self._last_time = session.memory[state.RECORDS_READ], session.last_time
        self._breaches = dict(session.findings.breaches)
        for finding in self._arrivals.findings():
            self._findings[finding.rule.id, finding.severity] += 1
        rows = self._arrivals.messages()
        first, exchanges = len(self._standing), len(session.exchanges)
        self._standing += bytes(exchanges - first)
        self._exchanges[State.OPEN] += exchanges - first
        touched = set(range(first + 1, exchanges + 1))
        if rows:
            touched.update(self._count(rows))
            touched.discard(0)
        now = monotonic()
        if len(self._unsettled) <= _FEW or now - self._settled_at >= 1:
            self._settled_at = now
            touched |= self._unsettled
        self._settle(touched)

    def figures(self) -> Figures:
        """The counts as they are now."""
        session, source = self._session, self._session.source
        return Figures(
            self._packets,
            dict(self._messages),
            {State(number): count for number, count in self._exchanges.items()},
            Times(tuple(self._times), self._total),
            dict(self._findings),
            self._breaches,
            lost(session, self._recorder),
            self._last_time,
            max(0, source.size - source.position) if source is not None else 0,
        )

    def _count(self, rows: Sequence[int]) -> Iterable[int]:
        """Count messages; the exchanges they belong to."""
        messages = self._session.messages
        run = range(rows[0], rows[0] + len(rows))
        rows = run if rows[-1] == run[-1] else rows
        types, codes, roles, exchanges = (
            messages.take(name, rows) for name in ("type", "code", "role", "exchange")
        )
        for (kind, code, role), count in Counter(zip(types, codes, roles, strict=True)).items():
            self._messages[_kind(kind, code, role)] += count
        for row, role, exchange in zip(rows, roles, exchanges, strict=True):
            if role == Role.RETRANSMISSION and exchange:
                self._repeated(row, exchange)
        return exchanges

    def _repeated(self, row: int, exchange: int) -> None:
        """A copy: of the request, and before the first answer?"""
        messages, cells = self._session.messages, self._session.exchanges.stored.row(exchange - 1)
        answers = [cells[name] - 1 for name in ("response", "ack", "reset") if cells[name]]
        own = messages.cell("first", row) == messages.cell("frame", cells["request_row"])
        if own and row < min(answers, default=row + 1):
            self._standing[exchange - 1] |= _AGAIN

    def _settle(self, exchanges: Iterable[int]) -> None:
        """Where these exchanges stand by now."""
        stored = self._session.exchanges.stored
        rows = [id - 1 for id in exchanges]
        states, responses = (stored.take(name, rows) for name in ("state", "response"))
        answered: list[int] = []
        for row, now, response in zip(rows, states, responses, strict=True):
            standing = self._standing[row]
            before = standing & _STATE
            if now != before:
                self._exchanges[before] -= 1
                self._exchanges[now] += 1
                self._standing[row] = now | standing & ~_STATE
            if now in _UNSETTLED:
                self._unsettled.add(row + 1)
            else:
                self._unsettled.discard(row + 1)
            if response and not standing & (_MEASURED | _AGAIN):
                self._standing[row] |= _MEASURED
                answered.append(row)
        if answered:
            self._measure(answered)

    def _measure(self, rows: Sequence[int]) -> None:
        """The response times of exchanges, where they can be told and are certain."""
        stored, messages = self._session.exchanges.stored, self._session.messages
        requests, responses, confidences = (
            stored.take(name, rows) for name in ("request_row", "response", "confidence")
        )
        asked, codes = messages.take("time", requests), messages.take("code", requests)
        came = messages.take("time", [response - 1 for response in responses])
        for start, end, code, sure in zip(asked, came, codes, confidences, strict=True):
            took = end - start
            if took >= 0 and code != numbers.EMPTY and CONFIDENCES[sure] in _CERTAIN:
                self._times[bisect_left(_BOUNDS, took)] += 1
                self._total += took


def lost(session: Session, recorder: Any) -> dict[str, int]:
    """Packets that were lost while capturing: by who records them, else as the files tell."""
    statistics = getattr(recorder, "statistics", None)
    if isinstance(statistics, Statistics):
        return {"kernel": statistics.dropped, "interface": statistics.interface_dropped}
    return {"file": sum(sum(list(file.dropped.values())) for file in list(session.files))}


def _kind(type: int, code: int, role: int) -> Kind:
    if code == numbers.EMPTY:
        label = "empty"
    elif numbers.is_request(code):
        label = "request"
    else:
        label = f"{code >> 5}.xx"
    return Kind(numbers.type_name(type).lower() or "none", label, Role(role).name.lower())
