# SPDX-License-Identifier: GPL-2.0-only
"""The parts of the statistics and what they hold; loads no library."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.response_times import By

if TYPE_CHECKING:
    import polars as pl

    from analyzer.response_times import Spread
    from analyzer.round_trips import Bar


class SentBy(StrEnum):
    """What retransmissions are grouped by: their sender, or the UE of their exchange."""

    ENDPOINT = "endpoint"
    UE = "ue"

    @property
    def heading(self) -> str:
        """As the head of a column."""
        return "UE" if self is SentBy.UE else self.value.capitalize()


class Part(StrEnum):
    """In the order in which they are shown."""

    TRAFFIC = "traffic"
    CONVERSATIONS = "conversations"
    ENDPOINTS = "endpoints"
    CODES = "codes"
    TIMES = "times"
    RETRANSMISSIONS = "retransmissions"
    PROTECTED = "protected"

    @property
    def heading(self) -> str:
        """As the name of a view."""
        if self is Part.PROTECTED:
            return "Protected flows"
        return "Response times" if self is Part.TIMES else self.value.capitalize()

    @property
    def ways(self) -> Sequence[str]:
        """What its rows may be grouped by, the usual way first."""
        return _WAYS.get(self, ("",))


_WAYS: Final[dict[Part, Sequence[str]]] = {
    Part.TIMES: tuple(By),
    Part.RETRANSMISSIONS: tuple(SentBy),
}


class Buckets(NamedTuple):
    """`number` buckets of `length` ns; the first one begins at `start`, a capture time in ns."""

    start: int
    length: int
    number: int

    def edge(self, place: int) -> int:
        """When a bucket begins, ns."""
        return self.start + place * self.length


class Traffic(NamedTuple):
    """`buckets` is None where nothing is counted. A row of `counts` per bucket, empty ones too:
    `start`, ns; `messages`; `octets` (bytes of their packets on the wire); `retransmissions`;
    messages whose worst finding has this severity: `error`, `warning`, `note`."""

    buckets: Buckets | None
    counts: pl.DataFrame


class Times(NamedTuple):
    """`groups` has a row per Spread, the largest group first; `bars` have no hole from the shortest
    response time to the longest."""

    groups: pl.DataFrame
    total: Spread
    bars: tuple[Bar, ...]


class Found(NamedTuple):
    """A part of the statistics: its table, grouped `by`; `over_time` of traffic and of
    retransmissions, `times` of response times."""

    part: Part
    by: str
    table: pl.DataFrame
    over_time: Traffic | None = None
    times: Times | None = None
