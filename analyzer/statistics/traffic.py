# SPDX-License-Identifier: GPL-2.0-only
"""Traffic over time: messages in buckets of equal length, however far apart their times are."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from analyzer.messages import Role
from analyzer.profiles.transmission import SECOND
from analyzer.statistics.counted import Column, Counted, severities
from analyzer.statistics.model import Buckets, Traffic

MOST_BUCKETS: Final = 1000
"""However many are asked for."""

_SHORTEST: Final = 1000
_MINUTE: Final = 60 * SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_STEPS: Final = (10, 15, 20, 30, 40, 50, 60, 80)
"""Tenths: none is more than half as long again as the one before, or a plot would be half empty."""

_CLOCK: Final = (
    *(minutes * _MINUTE for minutes in (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40)),
    *(hours * _HOUR for hours in (1, 2, 3, 4, 6, 8, 12, 18)),
)
_EARLIEST: Final = -(1 << 63)


def buckets(first: int, last: int, origin: int, most: int) -> Buckets:
    """At most so many buckets, that hold two times and all between them. They begin at round times
    since `origin` and have a round length, from a minute on as clocks have it; a clock that was set
    may have put the times 584 years apart."""
    most = max(1, min(most, MOST_BUCKETS))
    for length in _lengths():
        start = max(_EARLIEST, origin + (first - origin) // length * length)
        count = (last - start) // length + 1
        if count <= most:
            break
    return Buckets(start, length, count)


def _lengths() -> list[int]:
    short = [step * 10**power for power in range(2, 10) for step in _STEPS]
    days = [step * 10**power * (_DAY // 10) for power in range(7) for step in _STEPS]
    return [*(length for length in short if length < _MINUTE), *_CLOCK, *days]


def placed(times: Column, into: Buckets) -> Column:
    """The bucket of each time in ns. Differences of 64-bit times take 64 bits without a sign."""
    if into.length >> 64:
        return np.zeros(len(times), np.int64)
    since = times.astype(np.int64).view(np.uint64) - np.uint64(into.start % (1 << 64))
    found: Column = (since // np.uint64(into.length)).astype(np.int64)
    return found


def traffic(counted: Counted, most: int) -> Traffic:
    """In at most so many buckets."""
    into = _buckets_of(counted, most)
    if into is None:
        return Traffic(None, _counts(Buckets(0, _SHORTEST, 0), counted, np.zeros(0, np.int64)))
    return Traffic(into, _counts(into, counted, placed(counted["time"], into)))


def _buckets_of(counted: Counted, most: int) -> Buckets | None:
    times = counted["time"]
    if not len(times):
        return None
    first, last = int(times.min()), int(times.max())
    origin = counted.session.first_time
    return buckets(first, last, first if origin is None else origin, most)


def _counts(into: Buckets, counted: Counted, places: Column) -> pl.DataFrame:
    found = (
        counted.frame("wire", "role", "severity")
        .with_columns(pl.Series("place", places, pl.Int64))
        .group_by("place")
        .agg(
            pl.len().alias("messages"),
            pl.col("wire").cast(pl.UInt64).sum().alias("octets"),
            (pl.col("role") == Role.RETRANSMISSION).sum().alias("retransmissions"),
            *severities(),
        )
    )
    starts = [into.edge(place) for place in range(into.number)]
    every = pl.DataFrame(
        {"place": range(into.number), "start": starts}, {"place": pl.Int64, "start": pl.Int64}
    )
    return (
        every.join(found, on="place", how="left", maintain_order="left").fill_null(0).drop("place")
    )
