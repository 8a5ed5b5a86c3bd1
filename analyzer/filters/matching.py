# SPDX-License-Identifier: GPL-2.0-only
"""Filters applied to a session: which rows pass.

What the tables hold is compared first, a column at a time. Fields that only packets tell are looked
at last, in the order of the file, for rows that the rest of the filter leaves open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from analyzer.columns import Columns
from analyzer.filters.conditions import Condition
from analyzer.filters.judged import Judged, judged, scattered
from analyzer.filters.model import And, Not
from analyzer.filters.readings import is_stored, may_have
from analyzer.filters.relations import Pairs, pairs, size
from analyzer.filters.stored import BLOCK, Stored
from dissectors.fields import Table

if TYPE_CHECKING:
    from analyzer.filters.conditions import Node
    from analyzer.filters.filter import Filter
    from analyzer.filters.readings import Array
    from analyzer.session import Session

_AT_ONCE: Final = 256
"""Rows whose packets are read between two looks at what was found."""


class Progress(NamedTuple):
    """`share` of the rows that were left to packets is done (0 to 1); `passed` are those that are
    known to pass by now."""

    share: float
    passed: Array


class Matcher:
    """A filter of a session. What was found out about names is kept for further rows."""

    def __init__(self, session: Session, asked: Filter) -> None:
        self._session = session
        self._filter = asked
        self._stored = {c: Stored(session, c) for c in asked.conditions if is_stored(c.field)}

    def matches(self, first: int = 0, last: int | None = None, among: Array | None = None) -> Array:
        """Rows of the table from the first to the one before the last, as booleans; no further
        than it goes now. `among`: no others are asked for, and none of them passes."""
        passed = np.zeros(0, bool)
        for progress in self.search(first, last, among):
            passed = progress.passed
        return passed

    def passing(self, rows: Sequence[int]) -> list[int]:
        """Those of these rows that pass."""
        if not rows:
            return []
        first, last = min(rows), max(rows) + 1
        places = np.asarray(rows) - first
        among = np.zeros(last - first, bool)
        among[places] = True
        passed = self.matches(first, last, among)[places]
        return [row for row, passes in zip(rows, passed.tolist(), strict=True) if passes]

    def search(
        self, first: int = 0, last: int | None = None, among: Array | None = None
    ) -> Iterator[Progress]:
        """`matches` step by step, so that nobody waits: the last step has all."""
        table = self._filter.table
        rows = size(self._session, table)
        last = rows if last is None else min(last, rows)
        first = min(first, last)
        yield from _Search(self, self._session, self._filter, first, last).steps(among)

    def stored(self, condition: Condition) -> Stored | None:
        """What judges a condition by the tables, None where packets have to."""
        return self._stored.get(condition)


class _Open(NamedTuple):
    """What packets have to tell: of which rows, and what belongs to them."""

    rows: Array
    pairs: Pairs


class _Search:
    """One search of a range of rows."""

    def __init__(
        self, matcher: Matcher, session: Session, asked: Filter, first: int, last: int
    ) -> None:
        self._session = session
        self._filter = asked
        self._first, self._last = first, last
        self._columns = Columns(session)
        self._found: dict[Condition, Array] = {}
        self._open: dict[Condition, _Open] = {}
        for condition in asked.conditions:
            stored = matcher.stored(condition)
            if stored is None:
                self._found[condition] = np.zeros(last - first, bool)
                self._open[condition] = self._belonging(condition)
            else:
                self._found[condition] = self._judge(condition, stored)

    def _pairs(self, condition: Condition) -> Pairs:
        return pairs(self._session, self._filter.table, condition.field.of, self._first, self._last)

    def _belonging(self, condition: Condition) -> _Open:
        found = self._pairs(condition)
        able = may_have(self._session, condition.field, found.others)
        found = Pairs(found.rows[able], found.others[able])
        rows = np.zeros(self._last - self._first, bool)
        rows[found.rows] = True
        return _Open(rows, found)

    def _judge(self, condition: Condition, stored: Stored) -> Array:
        """By the tables."""
        table, other = self._filter.table, condition.field.of
        if other == table:
            return _passes(condition, stored.judge(self._first, self._last))
        if table == Table.MESSAGES and other == Table.EXCHANGES:
            return self._led(condition, stored)
        rows, others = self._pairs(condition)
        if not len(others):
            return np.zeros(self._last - self._first, bool)
        low, high = int(others.min()), int(others.max()) + 1
        some, other_ = stored.judge(low, high)
        others = others - low
        judged = scattered(self._last - self._first, rows, some[others], other_[others])
        return _passes(condition, judged)

    def _led(self, condition: Condition, stored: Stored) -> Array:
        """By the exchanges of many messages: each is judged once."""
        ids = self._session.messages["exchange"]
        low, high = 0, len(self._session.exchanges)
        if self._last - self._first < BLOCK:
            few = ids[self._first : self._last]
            few = few[few != 0]
            low, high = (int(few.min()) - 1, int(few.max())) if len(few) else (0, 0)
        passes = np.zeros(high - low + 1, bool)  # the first stands for no exchange
        passes[1:] = _passes(condition, stored.judge(low, high))
        found = np.empty(self._last - self._first, bool)
        for first in range(self._first, self._last, BLOCK):
            block = ids[first : min(first + BLOCK, self._last)].astype(np.intp) - low
            block[(block < 0) | (block > high - low)] = 0  # none, or one that came meanwhile
            found[first - self._first :][: len(block)] = passes[block]
        return found

    def steps(self, among: Array | None) -> Iterator[Progress]:
        everything = slice(None)
        passed = self._bound(self._filter.root, everything, False).copy()  # written below
        if among is not None:
            passed = passed & among
        if not self._open:
            yield Progress(1.0, passed)
            return
        left = self._bound(self._filter.root, everything, True) & ~passed
        if among is not None:
            left = left & among
        rows = np.flatnonzero(left)
        for at in range(0, len(rows), _AT_ONCE):
            yield Progress(at / len(rows), passed)
            chunk = rows[at : at + _AT_ONCE]
            for condition, (_, belonging) in self._open.items():
                self._read(condition, belonging, chunk)
            passed[chunk] = self._bound(self._filter.root, chunk, False, decided=True)
        yield Progress(1.0, passed)

    def _bound(self, node: Node | None, at: Any, unknown: bool, decided: bool = False) -> Array:
        """Rows that pass where what is not known yet is as `unknown`."""
        if node is None:
            return np.ones(self._last - self._first, bool)
        if isinstance(node, Condition):
            found: Array = self._found[node][at]
            if unknown and not decided and node in self._open:
                found = found | self._open[node].rows[at]
            return found
        if isinstance(node, Not):
            negated: Array = ~self._bound(node.of, at, not unknown, decided)
            return negated
        joined = and_ if isinstance(node, And) else or_
        parts = (self._bound(item, at, unknown, decided) for item in node.items)
        bound: Array = reduce(joined, parts)
        return bound

    def _read(self, condition: Condition, belonging: Pairs, chunk: Array) -> None:
        """What packets tell of some rows."""
        low, high = np.searchsorted(belonging.rows, (chunk[0], chunk[-1] + 1))
        rows, others = belonging.rows[low:high], belonging.others[low:high]
        wanted = np.isin(rows, chunk)
        rows, others = rows[wanted], others[wanted]
        values = self._columns.of(condition.field, condition.field.of, others.tolist())
        some, other = judged(condition, values)
        places = np.searchsorted(chunk, rows)
        found = _passes(condition, scattered(len(chunk), places, some, other))
        self._found[condition][chunk] = found


def _passes(condition: Condition, judged: Judged) -> Array:
    """Rows with a value that passes; with none that does not, where every one has to."""
    passes = judged.some & ~judged.other if condition.every else judged.some
    return passes
