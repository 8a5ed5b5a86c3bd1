# SPDX-License-Identifier: GPL-2.0-only
"""Endpoints (address and port): what each sent and received, asked and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from analyzer.statistics.counted import Counted

if TYPE_CHECKING:
    from analyzer.endpoints import Endpoint
    from analyzer.session import Session


def endpoints(counted: Counted) -> pl.DataFrame:
    """A row per endpoint, the busiest first: per address and port, whatever number of connections
    it had.

    `endpoint` by id; `messages` and `octets` (bytes of their packets on the wire) sent and received
    together, and each alone as `sent`, `octets_sent`, `received`, `octets_received`; exchanges it
    asked `as_client` and was asked `as_server`; messages with a code 4.xx and 5.xx that it sent or
    received: `client_errors`, `server_errors`.
    """
    same = _same(counted.session)
    sent = _by(counted, same, "source", "sent")
    received = _by(counted, same, "destination", "received")
    found = sent.join(received, on="endpoint", how="full", coalesce=True)
    requests = counted.session.exchanges.stored["request_row"][: counted.exchange_count]
    rows = requests[counted.exchanges()]
    for column, role in (("source", "as_client"), ("destination", "as_server")):
        ends = pl.DataFrame({"endpoint": same[counted.session.messages[column][rows]]})
        asked = ends.group_by("endpoint").agg(pl.len().alias(role))
        found = found.join(asked, on="endpoint", how="left")
    found = found.with_columns(pl.exclude("endpoint", "^row_.*$").fill_null(0))
    totals = [
        (pl.col(f"{name}sent") + pl.col(f"{name}received")).alias(total)
        for name, total in (("", "messages"), ("octets_", "octets"))
    ]
    errors = [
        (pl.col(f"{kind}_sent") + pl.col(f"{kind}_received")).alias(kind)
        for kind in ("client_errors", "server_errors")
    ]
    first = pl.min_horizontal("row_sent", "row_received").alias("row")
    return (
        found.with_columns(*totals, *errors, first)
        .sort("messages", "row", descending=[True, False])
        .select(
            *("endpoint", "messages", "octets", "sent", "octets_sent", "received"),
            *("octets_received", "as_client", "as_server", "client_errors", "server_errors"),
        )
    )


def _same(session: Session) -> np.ndarray[Any, Any]:
    """The id of the first endpoint with the address and port of each: a client that uses its port
    again is another endpoint in the next connection."""
    first: dict[Endpoint, int] = {}
    ids = [first.setdefault(end, id) for id, end in enumerate(session.endpoints.values())]
    return np.array(ids, np.uint32)


def _by(counted: Counted, same: np.ndarray[Any, Any], end: str, name: str) -> pl.DataFrame:
    """Of the endpoints that are the `end` of messages."""
    kind = pl.col("code") // 32
    return (
        counted.frame(end, "wire", "code")
        .with_columns(pl.Series("endpoint", same[counted[end]]))
        .group_by("endpoint")
        .agg(
            pl.col("row").min().alias(f"row_{name}"),
            pl.len().alias(name),
            pl.col("wire").cast(pl.UInt64).sum().alias(f"octets_{name}"),
            (kind == 4).sum().alias(f"client_errors_{name}"),
            (kind == 5).sum().alias(f"server_errors_{name}"),
        )
    )
