# SPDX-License-Identifier: GPL-2.0-only
"""Response times of counted requests: by group, and how often each came."""

from __future__ import annotations

import polars as pl

from analyzer.response_times import By, Spread, spreads_and_times
from analyzer.round_trips import histogram
from analyzer.statistics.counted import Counted
from analyzer.statistics.model import Times

_COUNTS = ("requests", "lost", "retransmitted", "measured", "left_out")


def times(counted: Counted, by: By) -> Times:
    """What counts as a response time, response_times tells."""
    groups, total, each = spreads_and_times(counted.session, by, counted.exchanges())
    columns = {name: pl.UInt32 if name in _COUNTS else pl.Float64 for name in Spread._fields}
    frame = pl.DataFrame(groups, columns | {"name": pl.String}, orient="row")
    return Times(frame, total, histogram(each))
