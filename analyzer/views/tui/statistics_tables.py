# SPDX-License-Identifier: GPL-2.0-only
"""Tables of the statistics in the order wanted: made in a thread, for a list to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from analyzer.statistics.counted import Counted
from analyzer.statistics.model import Found, Part
from analyzer.statistics.parts import found
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.statistics import Listed, Order, columns_of, name_of

_IDS = {
    Part.TRAFFIC: "start",
    Part.ENDPOINTS: "endpoint",
    Part.CODES: "code",
    Part.RETRANSMISSIONS: "id",
    Part.PROTECTED: "number",
}


def listed(
    view: CaptureView, rows: Sequence[int], part: Part, by: str, most: int, order: Order
) -> Listed:
    """A part of the statistics of these messages."""
    told = found(Counted(view.opened, rows), part, by, most)
    table = _sorted(view, told, order)
    return Listed(told, table, _ids(part, table))


def _sorted(view: CaptureView, told: Found, order: Order) -> pl.DataFrame:
    if not order.key:
        return told.table
    if order.key == "name":
        rows = told.table.iter_rows(named=True)
        names = pl.Series([name_of(view, told, row) for row in rows], dtype=pl.String)
        return told.table[names.arg_sort(descending=order.descending)]
    by = {c.column.key: c.sorted_by for c in columns_of(told.part, told.by)}[order.key]
    keys = ["error", "warning", "note"] if by == "error" else [by]
    return told.table.sort(keys, descending=order.descending, nulls_last=True, maintain_order=True)


def _ids(part: Part, table: pl.DataFrame) -> np.ndarray[Any, Any]:
    """A number for each row that stays while the table grows."""
    if part is Part.CONVERSATIONS:
        a, b = (table[end].to_numpy().astype(np.int64) for end in ("a", "b"))
        ids: np.ndarray[Any, Any] = a << 32 | b
        return ids
    if part is Part.TIMES:
        return np.array([hash(name) for name in table["name"].to_list()], np.int64)
    return table[_IDS[part]].to_numpy()
