# SPDX-License-Identifier: GPL-2.0-only
"""Values of one message: what it holds under each name of `dissectors.fields`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.columns import Columns
from analyzer.message_content import MASK
from analyzer.profiles.transmission import SECOND
from dissectors.fields import Field, Table, shown_fields

if TYPE_CHECKING:
    from analyzer.session import Session
    from dissectors.coap.message import Message

__all__ = ["MASK", "MessageValues", "plain"]


class MessageValues:
    """One message of a session, read again from the file to answer for any field.

    Absent values are None, as are uint options too long to be numbers; what is there several times
    is a list. Times are seconds, bytes lower-case hex. `columns` spare later messages of the
    session the work of the first.
    """

    def __init__(self, session: Session, row: int, columns: Columns | None = None) -> None:
        self._session = session
        self._columns = {} if columns is None else {False: columns}
        self._rows = (row,)
        self.cells = session.messages.row(row)

    @property
    def coap(self) -> Message:
        """The CoAP message."""
        return self._of(False).contents(self._rows)[0].coap

    def get(self, field: Field, secrets: bool = False) -> Any:
        """The value of one field."""
        value = self._of(secrets).of(field, Table.MESSAGES, self._rows)[0]
        return plain(field, value[0] if isinstance(value, list) and len(value) == 1 else value)

    def all(self, secrets: bool = False) -> dict[str, Any]:
        """Every field that has a value, and of other fields those that a message shows."""
        found = ((f.name, self.get(f, secrets)) for f in shown_fields(Table.MESSAGES))
        return {name: value for name, value in found if value is not None}

    def _of(self, secrets: bool) -> Columns:
        if secrets not in self._columns:
            self._columns[secrets] = Columns(self._session, secrets)
        return self._columns[secrets]


def plain(field: Field, value: Any) -> Any:
    """A value of a column as scripts read it: times in seconds."""
    if field.type != "time" or value is None:
        return value
    return [time / SECOND for time in value] if isinstance(value, list) else value / SECOND
