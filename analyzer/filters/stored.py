# SPDX-License-Identifier: GPL-2.0-only
"""A condition judged by what the tables hold, for a stretch of rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyzer import exchange_columns, finding_columns, message_columns
from analyzer.filters.conditions import Condition
from analyzer.filters.judged import Judged, judged, scattered, spread
from analyzer.filters.kinds import Kind
from analyzer.filters.readings import BOTH, CARRYING, NAMED, TOKENS, carried_by, key_of, reader_of
from analyzer.filters.tokens import judge_tokens
from dissectors.fields import Table

if TYPE_CHECKING:
    from analyzer.filters.readings import Array, Reader
    from analyzer.session import Session

COLUMNS: Final = {
    Table.MESSAGES: message_columns.COLUMNS,
    Table.EXCHANGES: exchange_columns.COLUMNS,
}


class Stored:
    """Judges the rows of the field's own table; what it found out about a key is kept."""

    def __init__(self, session: Session, condition: Condition) -> None:
        self._session = session
        self._condition = condition
        self._table, self._key = key_of(condition.field)
        self._named: dict[str, _Keys] = {}
        self._values: dict[Any, bool] = {}

    def judge(self, first: int, last: int) -> Judged:
        """The rows from the first to the one before the last."""
        at_once = self._table == Table.FINDINGS or self._key in exchange_columns.LISTS
        if last - first <= BLOCK or at_once:
            return self._judge(first, last)
        found = Judged(np.empty(last - first, bool), np.empty(last - first, bool))
        for start in range(first, last, BLOCK):
            part = self._judge(start, min(start + BLOCK, last))
            place = slice(start - first, start - first + BLOCK)
            found.some[place], found.other[place] = part
        return found

    def _judge(self, first: int, last: int) -> Judged:
        condition = self._condition
        if condition.kind == Kind.PROTOCOL:
            return self._protocol(first, last)
        if self._table == Table.FINDINGS:
            return self._findings(first, last)
        if self._key in BOTH:
            source, destination = (self._by_key(key, first, last) for key in BOTH[self._key])
            return Judged(source.some | destination.some, source.other | destination.other)
        if (self._table, self._key) in NAMED:
            return self._by_key(self._key, first, last)
        if (self._table, self._key) in TOKENS:
            return judge_tokens(self._session, condition, first, last)
        reader = reader_of(condition.field)
        assert reader is not None
        assert condition.numbers is not None
        reading = reader(self._session, first, last)
        return spread(last - first, reading, condition.numbers(reading.keys))

    def _protocol(self, first: int, last: int) -> Judged:
        if self._condition.field.name == "msgin5g":
            reading = NAMED[Table.MESSAGES, "protocol"](self._session, first, last)
            found = reading.keys != 0
        elif self._condition.field.name in ("ip", "ipv6"):
            key = f"{self._condition.field.name}_source"
            return self._by_key(key, first, last)
        elif self._condition.field.name in CARRYING:
            found = carried_by(self._session, self._condition.field.name, first, last)
        else:
            found = np.ones(last - first, bool)
        return Judged(found, np.zeros(last - first, bool))

    def _by_key(self, key: str, first: int, last: int) -> Judged:
        """By values that a small number decides."""
        if key not in self._named:
            self._named[key] = _Keys(self._session, self._condition, self._table, key)
        return self._named[key].judge(first, last)

    def _findings(self, first: int, last: int) -> Judged:
        """Many findings have the same value."""
        session, value = self._session, finding_columns.VALUES[self._key]
        found = [value(session, session.findings[row]) for row in range(first, last)]
        if any(isinstance(one, list) for one in found):
            return judged(self._condition, found)
        unknown = list({one for one in found if one is not None and one not in self._values})
        if len(self._values) + len(unknown) > _MOST_KEPT:
            self._values.clear()
            unknown = list({one for one in found if one is not None})
        self._values.update(zip(unknown, self._condition.passes(unknown), strict=True))
        some = [one is not None and self._values[one] for one in found]
        known = [one is not None for one in found]
        passed = np.array(some, bool)
        return Judged(passed, np.array(known, bool) & ~passed)


BLOCK: Final = 1 << 15
"""Rows judged at a time: what is made of their columns stays in the processor's cache."""

_MOST_KEPT: Final = 1 << 16


_PASSES: Final = 1
_FAILS: Final = 2
_NONE: Final = 3


class _Keys:
    """What is known of the values that each key of a field decides."""

    def __init__(self, session: Session, condition: Condition, table: Table, key: str) -> None:
        self._session = session
        self._condition = condition
        self._read: Reader = NAMED[table, key]
        self._column = COLUMNS[table][key]
        self._known = np.zeros(256, np.uint8)

    def judge(self, first: int, last: int) -> Judged:
        reading = self._read(self._session, first, last)
        keys, owners = reading.keys.astype(np.intp), reading.owners  # a column is slow to index
        if not len(keys):
            return Judged(np.zeros(last - first, bool), np.zeros(last - first, bool))
        self._make_room(int(keys.max()))
        verdicts = self._known[keys]
        unknown = np.flatnonzero(verdicts == 0)
        if len(unknown):
            self._learn(keys[unknown], unknown if owners is None else owners[unknown], first)
            verdicts[unknown] = self._known[keys[unknown]]
        passed, failed = verdicts == _PASSES, verdicts == _FAILS
        if owners is None:
            return Judged(passed, failed)
        return scattered(last - first, owners, passed, failed)

    def _make_room(self, largest: int) -> None:
        if largest >= len(self._known):
            grown = np.zeros(largest + (largest >> 1) + 1, np.uint8)
            grown[: len(self._known)] = self._known
            self._known = grown

    def _learn(self, keys: Array, owners: Array, first: int) -> None:
        """Make the value of one row for each key."""
        row_of = np.full(int(keys.max()) + 1, -1, np.int64)
        row_of[keys] = owners + first
        distinct = np.flatnonzero(row_of >= 0)
        values = self._column(self._session, row_of[distinct].tolist())
        known = [value for value in values if value is not None]
        passed = iter(self._condition.passes(known))
        verdicts = [_NONE if v is None else _PASSES if next(passed) else _FAILS for v in values]
        self._known[distinct] = verdicts
