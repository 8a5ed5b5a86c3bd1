# SPDX-License-Identifier: GPL-2.0-only
"""How much of what was sent was sent before, by sender or by UE."""

from __future__ import annotations

import numpy as np
import polars as pl

from analyzer.messages import Role
from analyzer.statistics.counted import Column, Counted
from analyzer.statistics.model import SentBy


def retransmissions(counted: Counted, by: SentBy) -> pl.DataFrame:
    """A row per group, the one with most retransmissions first.

    `id` of the endpoint or of the name of the UE; `messages`, of which `retransmissions`, and the
    `rate` of these (0 to 1). Messages that belong to no exchange, or to one that names no UE, are
    of UE 0.
    """
    frame = pl.DataFrame({"row": counted.rows, "id": _groups(counted, by), "role": counted["role"]})
    again = (pl.col("role") == Role.RETRANSMISSION).sum()
    return (
        frame.group_by("id")
        .agg(
            pl.col("row").min(),
            pl.len().alias("messages"),
            again.alias("retransmissions"),
            (again / pl.len()).alias("rate"),
        )
        .sort("retransmissions", "messages", "row", descending=[True, True, False])
        .select("id", "messages", "retransmissions", "rate")
    )


def _groups(counted: Counted, by: SentBy) -> Column:
    if by is SentBy.ENDPOINT:
        return counted["source"]
    exchange = counted["exchange"].astype(np.int64)
    exchange[exchange > counted.exchange_count] = 0  # one that came meanwhile
    ues = np.concatenate([[0], counted.session.exchanges.stored["ue"][: counted.exchange_count]])
    found: Column = ues[exchange].astype(np.uint32)
    return found
