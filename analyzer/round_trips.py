# SPDX-License-Identifier: GPL-2.0-only
"""Response times for a report: how they spread as a whole and by UE, and how often each came.

What counts is told by `response_times`, in columns; of a few exchanges the same is made one by one,
so that a small capture needs no library.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.exchanges.model import CONFIDENCES, State
from analyzer.exchanges.times import ExchangeTimes
from analyzer.profiles.transmission import SECOND
from analyzer.relations import Confidence
from analyzer.response_times import By, Spread, spreads_and_times
from dissectors.coap import numbers

if TYPE_CHECKING:
    import numpy as np

    from analyzer.session import Session

FEW: Final = 2_000
"""Messages up to which exchanges are counted one by one."""

_STEPS: Final = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)

EDGES: Final = tuple(
    round(step * 10**decade * SECOND) for decade in range(-6, 4) for step in _STEPS
)
"""Where bars of a histogram begin, ns: six a decade, from 1 µs on."""

_CERTAIN: Final = (Confidence.EXACT, Confidence.TOKEN)


class Bar(NamedTuple):
    """So many responses came `start` ns after their request or later, before `end`."""

    start: int
    end: int
    responses: int


class RoundTrips(NamedTuple):
    """All requests together, those of each UE by its name (`""`: none is known), and bars without a
    hole from the shortest response time to the longest."""

    total: Spread
    by_ue: dict[str, Spread]
    bars: tuple[Bar, ...]


def round_trips(session: Session, few: int = FEW) -> RoundTrips:
    """Of a session that was read to its end."""
    if len(session.messages) <= few:
        return _one_by_one(session)
    groups, total, times = spreads_and_times(session, By.UE)
    by_ue = {group.name: group for group in groups}
    return RoundTrips(total, by_ue, histogram(times))


def histogram(times: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[Bar, ...]:
    """Of response times in ns: bars without a hole from the shortest to the longest."""
    import numpy as np

    counts = np.bincount(np.searchsorted(EDGES[1:], times, "right"))
    return _bars({place: int(count) for place, count in enumerate(counts) if count})


def _bars(counts: dict[int, int]) -> tuple[Bar, ...]:
    """The first one begins at 0, and the last one ends nowhere."""
    if not counts:
        return ()
    places = range(min(counts), max(counts) + 1)
    ends = (*EDGES[1:], 2 * EDGES[-1])
    return tuple(
        Bar(EDGES[place] if place else 0, ends[place], counts.get(place, 0)) for place in places
    )


# One by one -------------------------------------------------------------------------------------


class _Request(NamedTuple):
    """`time` is None where no round trip is measured."""

    ue: str
    lost: bool
    retransmitted: bool
    answered: bool
    time: int | None


def _one_by_one(session: Session) -> RoundTrips:
    every = list(_requests(session))
    of_ues: defaultdict[str, list[_Request]] = defaultdict(list)
    for request in every:
        of_ues[request.ue].append(request)
    times = (request.time for request in every if request.time is not None)
    counts = Counter(bisect_right(EDGES[1:], time) for time in times)
    by_ue = {ue: _spread(ue, requests) for ue, requests in of_ues.items()}
    return RoundTrips(_spread("", every), by_ue, _bars(counts))


def _requests(session: Session) -> Iterator[_Request]:
    times = ExchangeTimes(session.messages, session.exchanges.stored)
    for id, cells in enumerate(session.exchanges.rows(), 1):
        if cells["method"] == numbers.EMPTY:
            continue
        found = times.of(id)
        certain = CONFIDENCES[cells["confidence"]] in _CERTAIN
        counts = found.response is not None and found.response >= 0 and certain
        yield _Request(
            session.names[cells["ue"]],
            cells["state"] == State.UNANSWERED,
            cells["retransmissions"] > 0,
            found.response is not None,
            found.response if counts and not found.ambiguous else None,
        )


def _spread(name: str, requests: Sequence[_Request]) -> Spread:
    times = sorted(request.time for request in requests if request.time is not None)
    return Spread(
        name,
        len(requests),
        sum(request.lost for request in requests),
        sum(request.retransmitted for request in requests),
        len(times),
        sum(request.answered and request.time is None for request in requests),
        times[0] if times else None,
        _quantile(times, 0.5),
        _quantile(times, 0.95),
        _quantile(times, 0.99),
        times[-1] if times else None,
    )


def _quantile(times: Sequence[int], share: float) -> float | None:
    """On the line between the two times next to it."""
    if not times:
        return None
    place = share * (len(times) - 1)
    below = int(place)
    above = min(below + 1, len(times) - 1)
    return times[below] + (place - below) * (times[above] - times[below])
