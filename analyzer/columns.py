# SPDX-License-Identifier: GPL-2.0-only
"""Columns of fields: the values that rows of a table have under each name of `dissectors.fields`.

A row also answers for what it leads to: a message for its exchange and findings, an exchange for
its findings, a finding for its exchange and the message it points at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from analyzer import exchange_columns, finding_columns, message_columns
from analyzer.candidates import Candidates
from analyzer.message_content import VALUES, Content, contents
from analyzer.messages import frames_of
from dissectors.fields import Field, Table

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.nearness import Candidate
    from analyzer.session import Session

_NEAREST: Final = ("nearest", "nearest_frame")


class Columns:
    """The columns of a session as it is when this is made.

    A value is None where a row has none, and a list where it has several; times are ns, bytes
    lower-case hex. Rows of exchanges and findings are ids less one. Packets are read again only for
    fields that the tables do not hold. `secrets`: credentials are not masked.
    """

    def __init__(self, session: Session, secrets: bool = False) -> None:
        self._session = session
        self._secrets = secrets
        self._candidates = Candidates(session)
        self._contents: tuple[Sequence[int], list[Content]] = ((), [])

    def of(self, field: Field, table: Table, rows: Sequence[int]) -> list[Any]:
        """The values of a field for rows of a table, one a row."""
        key = field.source.partition(":")[2]
        if field.of == Table.EXCHANGES and key in _NEAREST:
            return self._nearest(key, table, rows)
        if field.of == table:
            return self._own(field, rows)
        if field.of == Table.FINDINGS:
            by = self._by_row if table == Table.MESSAGES else self._by_exchange
            return [self._of_findings(key, by.get(row, ())) for row in rows]
        if table == Table.MESSAGES:
            ids = self._session.messages.take("exchange", rows)
            return self._led([id - 1 for id in ids], field)
        if table == Table.FINDINGS:
            found = [self._session.findings[row] for row in rows]
            exchanges = field.of == Table.EXCHANGES
            return self._led([f.exchange - 1 if exchanges else f.row for f in found], field)
        raise ValueError(f"{table} do not lead to {field.name}")

    def _led(self, rows: Sequence[int], field: Field) -> list[Any]:
        """The values of rows of the field's own table, None for -1."""
        values = iter(self._own(field, [row for row in rows if row >= 0]))
        return [next(values) if row >= 0 else None for row in rows]

    def _own(self, field: Field, rows: Sequence[int]) -> list[Any]:
        kind, _, key = field.source.partition(":")
        session = self._session
        if field.of == Table.FINDINGS:
            value = finding_columns.VALUES[key]
            return [value(session, session.findings[row]) for row in rows]
        if field.of == Table.EXCHANGES:
            if key in exchange_columns.LISTS:
                frames = self._frames[key]
                return [frames.get(row + 1) for row in rows]
            return exchange_columns.COLUMNS[key](session, rows)
        if kind == "column":
            return session.messages.take(key, rows)
        if kind == "shown":  # for views to say
            return [None] * len(rows)
        if key in message_columns.COLUMNS and kind == "value":
            return message_columns.COLUMNS[key](session, rows)
        return list(map(self._reader(kind, key), self.contents(rows)))

    def _reader(self, kind: str, key: str) -> Callable[[Content], Any]:
        if kind == "option":
            number = int(key)
            return lambda content: content.option(number)
        if kind == "element":
            return lambda content: content.element(key, self._secrets)
        return VALUES[key]

    def contents(self, rows: Sequence[int]) -> list[Content]:
        """What the bytes of messages tell; kept for the next column of the same rows."""
        if self._contents[0] != rows:
            self._contents = (), []  # before the next ones are read
            self._contents = rows, list(contents(self._session, rows))
        return self._contents[1]

    # What rows lead to --------------------------------------------------------------------------

    @cached_property
    def _frames(self) -> dict[str, dict[int, list[int]]]:
        lists = exchange_columns.LISTS.items()
        return {key: frames_of(self._session.messages, roles) for key, roles in lists}

    @cached_property
    def _by_row(self) -> dict[int, list[Finding]]:
        return self._findings_by(lambda finding: finding.row)

    @cached_property
    def _by_exchange(self) -> dict[int, list[Finding]]:
        return self._findings_by(lambda finding: finding.exchange - 1)

    def _findings_by(self, row: Callable[[Finding], int]) -> dict[int, list[Finding]]:
        found: defaultdict[int, list[Finding]] = defaultdict(list)
        for finding in self._session.findings:
            if row(finding) >= 0:
                found[row(finding)].append(finding)
        return found

    def _of_findings(self, key: str, findings: Sequence[Finding]) -> list[Any] | None:
        """The values of several findings, lists of them put end to end."""
        value = finding_columns.VALUES[key]
        values: list[Any] = []
        for finding in findings:
            one = value(self._session, finding)
            values += one if isinstance(one, list) else [one] if one is not None else []
        return values or None

    def _nearest(self, key: str, table: Table, rows: Sequence[int]) -> list[Any]:
        """What is near: an orphan's request, an exchange's answer, or what a finding misses."""
        of: Callable[[int], Candidate | None]
        if table == Table.MESSAGES:
            of = self._candidates.of_orphan
        elif table == Table.EXCHANGES:
            of = self._of_exchange
        else:
            of = self._of_finding
        name = "sentence" if key == "nearest" else "frame"
        found = map(of, rows)
        return [getattr(candidate, name) if candidate else None for candidate in found]

    def _of_exchange(self, row: int) -> Candidate | None:
        return self._candidates.of_exchange(row + 1)

    def _of_finding(self, row: int) -> Candidate | None:
        return self._candidates.of_finding(self._session.findings[row])
