# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the response times: a group of requests each, and all of them together last."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.response_times import By, Spread
from analyzer.views.escape import escape
from analyzer.views.info import Line
from analyzer.views.inks import line
from analyzer.views.times import duration
from analyzer.views.tui.widgets.columns import Column

_TIMES = ("least", "median", "p95", "p99", "most")


class SpreadRows:
    """Groups as they were computed, the largest first."""

    def __init__(self) -> None:
        self.by = By.SERVER
        self._spreads: Sequence[Spread] = ()

    @property
    def columns(self) -> Sequence[Column]:
        return (
            Column("name", self.by.heading, flexible=True, least=20),
            Column("requests", "Requests", 8, align="right"),
            Column("lost", "Lost", 6, align="right"),
            Column("retransmitted", "Resent", 6, align="right", give_up=3),
            Column("least", "Min", 8, align="right", give_up=2),
            Column("median", "Median", 8, align="right"),
            Column("p95", "p95", 8, align="right"),
            Column("p99", "p99", 8, align="right", give_up=4),
            Column("most", "Max", 8, align="right"),
            Column("left_out", "Left out", 8, align="right", give_up=1),
        )

    def show(self, by: By, groups: Sequence[Spread], total: Spread) -> None:
        """Groups to list from the next refresh on."""
        self.by, self._spreads = by, (*groups, total) if groups else ()

    def refresh(self) -> None:
        """What is shown changes by `show` alone."""

    def __len__(self) -> int:
        return len(self._spreads)

    def identity(self, index: int) -> int:
        """The place of a group."""
        return index

    def find(self, identity: int) -> int | None:
        """The place of a group."""
        return identity if identity < len(self) else None

    def width(self, key: str) -> int:
        """All columns have a width."""
        return 0

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        spread, total = self._spreads[index], index == len(self) - 1
        name = line("all", "heading") if total else line(escape(spread.name, 120) or "(none)")
        times = (getattr(spread, name) for name in _TIMES)
        return (
            name,
            line(f"{spread.requests:,}"),
            line(f"{spread.lost:,}" if spread.lost else "", "error"),
            line(f"{spread.retransmitted:,}" if spread.retransmitted else "", "warning"),
            *(line("-" if time is None else duration(round(time))) for time in times),
            line(f"{spread.left_out:,}" if spread.left_out else "", "dim"),
        )

    def row_ink(self, index: int) -> str:
        """All rows in the plain ink."""
        return ""
