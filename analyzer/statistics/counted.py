# SPDX-License-Identifier: GPL-2.0-only
"""The messages that statistics count, and the exchanges and findings that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl

from analyzer.messages import CARRIED, Role
from dissectors.carried import HEADER

if TYPE_CHECKING:
    from analyzer.session import Session

Column: TypeAlias = "np.ndarray[Any, Any]"


class Counted:
    """Messages of a session as it is now, in file order: those that views show, or those of `rows`.

    An exchange is counted where its request is, a finding where the message it points at is. The
    session may grow meanwhile in another thread: what comes later is not seen.
    """

    def __init__(self, session: Session, rows: Sequence[int] | None = None) -> None:
        self.session = session
        self.exchange_count = len(
            session.exchanges
        )  # before the messages: these hold their requests
        count = len(session.messages)
        if rows is None:
            shown = session.messages["role"][:count] != Role.UNCONFIRMED
            rows = range(count) if shown.all() else shown.nonzero()[0]
        self.is_whole = isinstance(rows, range) and rows == range(count)
        self.rows = _column(rows)
        self._among = np.zeros(count, np.bool_)
        self._among[self.rows] = True
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Column:
        """A column of the messages table."""
        if name not in self._columns:
            column = self.session.messages[name]
            taken = column[: len(self)].copy() if self.is_whole else column[self.rows]
            if name == "wire":  # of a message that was carried, its own bytes: packets have several
                taken = taken - np.where(self["flags"] & CARRIED != 0, HEADER, 0).astype(np.uint32)
            self._columns[name] = taken
        return self._columns[name]

    def frame(self, *names: str) -> pl.DataFrame:
        """Columns of the messages table, and `row`."""
        return pl.DataFrame({"row": self.rows} | {name: self[name] for name in names})

    def exchanges(self) -> Column:
        """Indices of the exchanges whose request is counted."""
        requests = self.session.exchanges.stored["request_row"][: self.exchange_count]
        found: Column = self._among[requests].nonzero()[0]
        return found

    def findings(self) -> pl.DataFrame:
        """`row` and `severity` of the findings that point at a counted message."""
        findings = list(self.session.findings)
        rows = np.fromiter((finding.row for finding in findings), np.int64, len(findings))
        severities = np.fromiter((finding.severity for finding in findings), np.uint8, len(rows))
        here = (rows >= 0) & (rows < len(self._among))
        here[here] = self._among[rows[here]]
        return pl.DataFrame({"row": rows[here], "severity": severities[here]})


def _column(rows: Sequence[int]) -> Column:
    """NumPy would take a range number by number."""
    if isinstance(rows, range):
        return np.arange(rows.start, rows.stop, rows.step)
    return np.asarray(rows, np.int64)


def severities(column: str = "severity") -> list[pl.Expr]:
    """How many rows have each severity, by its label, worst first."""
    from analyzer.rules.catalogue import Severity

    return [
        (pl.col(column) == int(severity)).sum().alias(severity.label)
        for severity in reversed(Severity)
    ]
