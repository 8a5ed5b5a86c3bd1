# SPDX-License-Identifier: GPL-2.0-only
"""Values of fields in lists: for rows on screen, and in runs for sorting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from analyzer.columns import Columns
from analyzer.finding_columns import VALUES
from analyzer.views.escape import escape
from analyzer.views.info import Line
from analyzer.views.inks import line
from analyzer.views.listed import info_text
from analyzer.views.times import seconds
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.sorting import plain
from dissectors.fields import Field, Table, fields_of

if TYPE_CHECKING:
    from analyzer.session import Session

_LONGEST: Final = 300
"""Characters of a value in a cell."""

_MOST_VALUES: Final = 100


class FieldValues:
    """Values under the names that `-e` takes, as far as the session was read when asked."""

    def __init__(self, view: CaptureView, table: Table) -> None:
        self._view = view
        self._table = table
        self._columns: tuple[int, bool, Columns] | None = None

    def of(self, field: Field, rows: Sequence[int]) -> Sequence[Any]:
        """The values of a field, one a row, as columns.Columns has them."""
        session = self._view.opened
        if field.source.startswith("shown:"):
            return [self._shown(session, row) for row in rows]
        if field.of == Table.FINDINGS and self._table == Table.MESSAGES:
            return [self._of_findings(session, field, row) for row in rows]
        return self._of_session(session).of(field, self._table, rows)

    def _shown(self, session: Session, row: int) -> str | None:
        if self._table == Table.FINDINGS:
            row = session.findings[row].row
        return info_text(session, row) if row >= 0 else None

    def _of_findings(self, session: Session, field: Field, row: int) -> list[Any] | None:
        """Of all findings about a message, which are looked up once for all fields."""
        value, values = VALUES[field.source.partition(":")[2]], list[Any]()
        for finding in self._view.findings_of_row(row):
            one = value(session, finding)
            values += one if isinstance(one, list) else [one] if one is not None else []
        return values or None

    def _of_session(self, session: Session) -> Columns:
        """Columns of the session as it is now."""
        state = session.version, self._view.unmasked
        if self._columns is None or self._columns[:2] != state:
            self._columns = (*state, Columns(session, self._view.unmasked))
        return self._columns[2]

    def cells(self, row: int, names: Sequence[str]) -> Sequence[Line]:
        """One row's values as they are shown: escaped, several with commas."""
        known = fields_of(self._table)
        return [line(self._text(known[name], row)) for name in names]

    def _text(self, field: Field, row: int) -> str:
        try:
            value = self.of(field, (row,))[0]
        except OSError:  # the file does not hold the packet any more
            return "?"
        return shown(field, value)


def shown(field: Field, value: Any) -> str:
    """A value of `columns.Columns` as a cell of a list."""
    if value is None:
        return ""
    values = value if isinstance(value, list) else [value]
    if field.type == "time":
        values = [seconds(time) for time in values]
    text = plain(values[:_MOST_VALUES])
    return text if field.source.startswith("shown:") else escape(text, _LONGEST)
