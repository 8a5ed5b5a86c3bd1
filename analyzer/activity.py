# SPDX-License-Identifier: GPL-2.0-only
"""How many messages a capture has over time, and when findings were made.

Where nothing happened for long the line of time is broken, so that a night between two tests, or a
clock that was set, leaves both to be seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.messages import Role
from analyzer.profiles.transmission import SECOND
from analyzer.round_trips import FEW

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session

BUCKETS: Final = 100
"""As many, or up to twice as many, when the length of each is a round number."""

_MOST_BREAKS: Final = 8
_LONG: Final = 60 * SECOND
_TIMES: Final = 4
"""A break is longer than a minute, and so many times longer than all time without the longest."""


class Stretch(NamedTuple):
    """Time from `start` on, ns, in buckets: messages of each, and findings by severity label."""

    start: int
    messages: Sequence[int]
    findings: Sequence[Counter[str]]


class Activity(NamedTuple):
    """Stretches with breaks between them; `bucket` is the length of each bucket in ns."""

    bucket: int
    stretches: Sequence[Stretch]


def activity(session: Session, findings: Iterable[Finding], few: int = FEW) -> Activity:
    """Of the messages that views show, and of the findings that point at a frame."""
    small = len(session.messages) <= few
    times = _times(session) if small else None
    spans = _few_spans(times) if times is not None else _many_spans(session)
    length = _round(sum(end - start for start, end in spans) // BUCKETS)
    counts = [[0] * ((end - start) // length + 1) for start, end in spans]
    if times is not None:
        for place, bucket in _placed(times, spans, length):
            counts[place][bucket] += 1
    else:
        counts = _many_counts(session, spans, length)
    found: list[list[Counter[str]]] = [[Counter() for _ in of_span] for of_span in counts]
    for finding in findings:
        if finding.frame:
            for place, bucket in _placed((finding.first_time,), spans, length):
                found[place][bucket][finding.severity.label] += 1
    stretches = [
        Stretch(start, messages, of_span)
        for (start, _), messages, of_span in zip(spans, counts, found, strict=True)
    ]
    return Activity(length, stretches)


_Span = tuple[int, int]
"""The first and the last time."""


def _round(length: int) -> int:
    """1, 2 or 5 times a power of ten that is not longer, 1 µs at least."""
    power = 1000
    while power * 10 <= length:
        power *= 10
    return next((step * power for step in (5, 2) if step * power <= length), power)


def _placed(times: Iterable[int], spans: Sequence[_Span], length: int) -> Iterator[tuple[int, int]]:
    """The stretch and bucket of each time that is in one."""
    for time in times:
        for place, (start, end) in enumerate(spans):
            if start <= time <= end:
                yield place, (time - start) // length
                break


def _split(times: _Span, longest: Sequence[_Span]) -> list[_Span]:
    """What is left of the time from the first to the last without those of the longest gaps that
    are breaks."""
    core = times[1] - times[0] - sum(end - start for start, end in longest)
    least = max(_LONG, _TIMES * core)
    breaks = sorted((start, end) for start, end in longest if end - start > least)
    starts = [times[0], *(end for _, end in breaks)]
    ends = [*(start for start, _ in breaks), times[1]]
    return list(zip(starts, ends, strict=True))


# A few messages ---------------------------------------------------------------------------------


def _times(session: Session) -> list[int]:
    """Ascending."""
    roles = session.messages.octets("role")
    shown = (row for row, role in enumerate(roles) if role != Role.UNCONFIRMED)
    return sorted(session.messages.cell("time", row) for row in shown)


def _few_spans(times: Sequence[int]) -> list[_Span]:
    if not times:
        return []
    gaps = nlargest(_MOST_BREAKS, pairwise(times), key=lambda gap: gap[1] - gap[0])
    return _split((times[0], times[-1]), gaps)


# Many -------------------------------------------------------------------------------------------


def _many_spans(session: Session) -> list[_Span]:
    import numpy as np

    shown = session.messages["role"] != Role.UNCONFIRMED
    times = np.sort(session.messages["time"][shown])
    if not len(times):
        return []
    gaps = np.diff(times)
    longest = np.argsort(-gaps, kind="stable")[:_MOST_BREAKS]
    pairs = [(int(times[place]), int(times[place + 1])) for place in longest]
    return _split((int(times[0]), int(times[-1])), pairs)


def _many_counts(session: Session, spans: Sequence[_Span], length: int) -> list[list[int]]:
    import numpy as np

    shown = session.messages["role"] != Role.UNCONFIRMED
    times = session.messages["time"][shown]
    counts = []
    for start, end in spans:
        inside = times[(times >= start) & (times <= end)]
        of_span = np.bincount((inside - start) // length, minlength=(end - start) // length + 1)
        counts.append(of_span.tolist())
    return counts
