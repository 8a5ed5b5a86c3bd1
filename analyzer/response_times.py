# SPDX-License-Identifier: GPL-2.0-only
"""Response times of many exchanges: how they spread, by server, URI, UE or method.

Only pairings that are certain count (exact and token confidence), and only requests transmitted
once before their answer (Karn's algorithm, see `exchanges.times`); percentiles lie on the line
between the two times next to them. CoAP pings are no requests and not among them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.exchanges.model import CONFIDENCES, State
from analyzer.messages import Role
from analyzer.relations import Confidence
from dissectors.coap import numbers

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from analyzer.session import Session

    Column = np.ndarray[Any, Any]
    Times = np.ndarray[Any, np.dtype[np.int64]]

_CERTAIN: Final = [CONFIDENCES.index(sure) for sure in (Confidence.EXACT, Confidence.TOKEN)]


class By(StrEnum):
    """What exchanges are grouped by."""

    SERVER = "server"
    URI = "uri"
    UE = "ue"
    METHOD = "method"

    @property
    def heading(self) -> str:
        """As the head of a column."""
        return {"uri": "URI", "ue": "UE"}.get(self.value, self.value.capitalize())


class Spread(NamedTuple):
    """Response times of one group of requests; times in ns, None when none could be measured.

    `lost` requests got no answer within MAX_TRANSMIT_WAIT, `retransmitted` ones were sent more than
    once, `left_out` ones were answered, but no round trip can be told.
    """

    name: str
    requests: int
    lost: int
    retransmitted: int
    measured: int
    left_out: int
    least: int | None
    median: float | None
    p95: float | None
    p99: float | None
    most: int | None


def spreads(session: Session, by: By) -> tuple[list[Spread], Spread]:
    """The groups, largest first, and all of them together."""
    return spreads_and_times(session, by)[:2]


def spreads_and_times(
    session: Session, by: By, among: Column | None = None
) -> tuple[list[Spread], Spread, Times]:
    """The groups, largest first, all of them together, and the times that count, ns, ascending; of
    all exchanges, or of those whose indices are `among`."""
    import polars as pl

    frame = _frame(session, by, among)
    ids = frame["by"].unique().to_list()
    name = _namers(session)[by]
    names = pl.DataFrame(
        {"by": ids, "name": [name(id) for id in ids]}, {"by": pl.UInt32, "name": pl.String}
    )
    found = frame.group_by("by").agg(_measures()).join(names, on="by")
    groups = found.sort(["requests", "name"], descending=[True, False])
    rows = groups.select(Spread._fields).iter_rows()
    total = frame.select(pl.lit("").alias("name"), *_measures()).row(0)
    times: Times = frame.filter(frame["measured"])["time"].sort().to_numpy()
    return [Spread(*row) for row in rows], Spread(*total), times


def percentiles(session: Session, by: By) -> tuple[Column, Column, Column]:
    """Ids of the groups with a time that counts, and their `median` and `p95`, ns."""
    import numpy as np

    count = len(session.exchanges)
    _, time, counts = timed(session, count)
    group, time = session.exchanges[by][:count][counts], time[counts]
    order = np.lexsort([time, group])
    ids, first, sizes = np.unique(group[order], return_index=True, return_counts=True)
    time = time[order]

    def quantile(share: float) -> Column:
        place = share * (sizes - 1)
        below = place.astype(np.int64)
        one, other = (time[first + at] for at in (below, np.minimum(below + 1, sizes - 1)))
        found: Column = one + (place - below) * (other - one)
        return found

    return ids, quantile(0.5), quantile(0.95)


def _namers(session: Session) -> dict[By, Callable[[int], str]]:
    return {
        By.SERVER: lambda id: str(session.endpoints[id]),
        By.URI: lambda id: session.names[id],
        By.UE: lambda id: session.names[id],
        By.METHOD: numbers.code_name,
    }


def _measures() -> list[pl.Expr]:
    import polars as pl

    time = pl.col("time").filter(pl.col("measured"))
    counts = {
        "requests": pl.len(),
        "lost": (pl.col("state") == State.UNANSWERED).sum(),
        "retransmitted": (pl.col("retransmissions") > 0).sum(),
        "measured": pl.col("measured").sum(),
        "left_out": (pl.col("answered") & ~pl.col("measured")).sum(),
        "least": time.min(),
        "median": time.quantile(0.5, "linear"),
        "p95": time.quantile(0.95, "linear"),
        "p99": time.quantile(0.99, "linear"),
        "most": time.max(),
    }
    return [measure.alias(name) for name, measure in counts.items()]


def _frame(session: Session, by: By, among: Column | None) -> pl.DataFrame:
    """One row per request: its group, and what is measured of it."""
    import numpy as np
    import polars as pl

    table, count = session.exchanges, len(session.exchanges)  # more may come meanwhile
    if among is not None:
        among = among[among < count]
    group = session.exchanges[by][:count]
    answered, time, counts = timed(session, count)
    frame = pl.DataFrame(
        {
            "by": group.astype(np.uint32),
            "state": table["state"][:count].astype(np.uint32),
            "retransmissions": table["retransmissions"][:count].astype(np.uint32),
            "answered": answered,
            "time": time,
            "measured": counts,
            "method": table["method"][:count].astype(np.uint8),
        }
    )
    return (frame if among is None else frame[among]).filter(pl.col("method") != numbers.EMPTY)


def timed(session: Session, count: int) -> tuple[Column, Column, Column]:
    """Of the first `count` exchanges: whether there was a response, its time in ns, and whether
    that counts."""
    import numpy as np

    stored, certain = session.exchanges.stored, session.exchanges["confidence"][:count]
    response = stored["response"][:count].astype(np.int64)
    request = stored["request_row"][:count]
    times = session.messages["time"]
    answered = (response > 0) & (response <= len(times))
    time = np.zeros(count, np.int64)
    time[answered] = times[response[answered] - 1] - times[request[answered]]
    pings = session.messages["code"][request] == numbers.EMPTY
    counts = answered & ~pings & np.isin(certain, _CERTAIN) & (time >= 0)
    counts &= ~_ambiguous(session, count)
    return answered, time, counts


def _ambiguous(session: Session, count: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Those of `count` exchanges whose request was transmitted again before the first answer."""
    import numpy as np

    stored, messages = session.exchanges.stored, session.messages
    never = np.iinfo(np.int64).max
    answers = [stored[name][:count].astype(np.int64) for name in ("response", "ack", "reset")]
    first = np.minimum.reduce([np.where(rows > 0, rows, never) for rows in answers])
    copies = (messages["role"] == Role.RETRANSMISSION).nonzero()[0]
    owners = messages["exchange"][copies].astype(np.int64)
    known = (owners > 0) & (owners <= count)
    copies, exchange = copies[known], owners[known] - 1
    request = stored["request_row"][exchange]
    own = messages["first"][copies] == messages["frame"][request]
    before = own & (copies + 1 < first[exchange])
    found = np.zeros(count, np.bool_)
    found[exchange[before]] = True
    return found
