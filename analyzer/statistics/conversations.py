# SPDX-License-Identifier: GPL-2.0-only
"""Conversations: what two endpoints (address and port) sent each other."""

from __future__ import annotations

import numpy as np
import polars as pl

from analyzer.messages import Role
from analyzer.response_times import timed
from analyzer.statistics.counted import Counted, severities
from dissectors.coap.numbers import Type

_PAIR = ("low", "high")


def conversations(counted: Counted) -> pl.DataFrame:
    """A row per pair of endpoints, the busiest first; of two endpoints, a TCP connection each.

    `a`, the endpoint that sent first, and `b`, by id; `transport` is `udp` or `tcp`; `messages` and
    `octets` (bytes of their packets on the wire), those of `a` alone as `messages_a`, `octets_a`;
    `exchanges` asked in it, `retransmissions`; findings by severity: `error`, `warning`, `note`;
    `start`, and `duration` to the last message, ns; `median` and `p95` of response times
    (response_times), ns.
    """
    frame = counted.frame("source", "destination", "wire", "time", "role", "type")
    first = pl.col("source").first()
    found = (
        frame.with_columns(*_pair())
        .group_by(_PAIR)
        .agg(
            pl.col("row").min(),
            first.alias("a"),
            pl.col("destination").first().alias("b"),
            pl.when(pl.col("type").first() == Type.TCP)
            .then(pl.lit("tcp"))
            .otherwise(pl.lit("udp"))
            .alias("transport"),
            pl.len().alias("messages"),
            pl.col("wire").cast(pl.UInt64).sum().alias("octets"),
            (pl.col("source") == first).sum().alias("messages_a"),
            pl.col("wire")
            .cast(pl.UInt64)
            .filter(pl.col("source") == first)
            .sum()
            .alias("octets_a"),
            (pl.col("role") == Role.RETRANSMISSION).sum().alias("retransmissions"),
            pl.col("time").min().alias("start"),
            (pl.col("time").max() - pl.col("time").min())
            .reinterpret(signed=False)
            .alias("duration"),
        )
    )
    for more in (_findings(counted), _exchanges(counted)):
        found = found.join(more, on=_PAIR, how="left")
    counts = ("error", "warning", "note", "exchanges")
    return (
        found.with_columns(pl.col(counts).fill_null(0))
        .sort("messages", "row", descending=[True, False])
        .drop(*_PAIR, "row")
    )


def _pair() -> list[pl.Expr]:
    """The endpoints of a message, whoever of them sent it."""
    return [
        pl.min_horizontal("source", "destination").alias("low"),
        pl.max_horizontal("source", "destination").alias("high"),
    ]


def _ends(counted: Counted, rows: np.ndarray) -> dict[str, np.ndarray]:
    messages = counted.session.messages
    return {name: messages[name][rows] for name in ("source", "destination")}


def _findings(counted: Counted) -> pl.DataFrame:
    found = counted.findings()
    ends = pl.DataFrame(_ends(counted, found["row"].to_numpy()))
    frame = pl.concat([found, ends], how="horizontal").with_columns(*_pair())
    return frame.group_by(_PAIR).agg(*severities())


def _exchanges(counted: Counted) -> pl.DataFrame:
    """How many were asked, and how long the answers took."""
    session, asked = counted.session, counted.exchanges()
    _, time, counts = timed(session, counted.exchange_count)
    rows = session.exchanges.stored["request_row"][: counted.exchange_count][asked]
    measured = pl.col("time").filter(pl.col("counts"))
    frame = pl.DataFrame(_ends(counted, rows) | {"time": time[asked], "counts": counts[asked]})
    return (
        frame.with_columns(*_pair())
        .group_by(_PAIR)
        .agg(
            pl.len().alias("exchanges"),
            measured.quantile(0.5, "linear").alias("median"),
            measured.quantile(0.95, "linear").alias("p95"),
        )
    )
