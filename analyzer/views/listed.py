# SPDX-License-Identifier: GPL-2.0-only
"""Rows of a table and the fields asked of them, a few thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.columns import Columns
from analyzer.views.info import info
from dissectors.fields import Field, Table, shown_fields

if TYPE_CHECKING:
    from analyzer.session import Session

_AT_ONCE: Final = 1 << 13
"""Rows held at a time."""

Named = tuple[str, Field]
"""A field, and the name by which it was asked for."""


class Listed(NamedTuple):
    """What to print: `chosen`, the fields asked for are some that the user named;
    `secrets`: credentials are not masked."""

    session: Session
    table: Table
    rows: Iterable[int]
    asked: Sequence[Named]
    chosen: bool
    secrets: bool = False

    def columns(self) -> Iterator[list[list[Any]]]:
        """Runs of rows: for each field asked for, the values of the rows as `Columns` has them."""
        columns = Columns(self.session, self.secrets)
        for rows in _runs(self.rows):
            yield [self._column(columns, field, rows) for _, field in self.asked]

    def _column(self, columns: Columns, field: Field, rows: Sequence[int]) -> list[Any]:
        if not field.source.startswith("shown:"):
            return columns.of(field, self.table, rows)
        if self.table == Table.FINDINGS:
            rows = [self.session.findings[row].row for row in rows]
        return [info_text(self.session, row) if row >= 0 else None for row in rows]


def listed(
    session: Session, table: Table, rows: Iterable[int], chosen: Sequence[Named] = ()
) -> Listed:
    """The fields that were chosen, or all that a row of the table shows."""
    whole = [(field.name, field) for field in shown_fields(table)]
    return Listed(session, table, rows, chosen or whole, bool(chosen))


def info_text(session: Session, row: int) -> str:
    """The info line of a message; text of the packet in it is escaped."""
    return "".join(text for text, _ in info(session, session.messages.row(row)))


def _runs(rows: Iterable[int]) -> Iterator[Sequence[int]]:
    """The rows, some at a time; those that follow each other as a range."""
    rest = iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        stretch = range(some[0], some[0] + len(some))
        yield stretch if list(stretch) == some else some
