# SPDX-License-Identifier: GPL-2.0-only
"""The exchanges table as views read it: what is stored, and what its messages tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from analyzer.messages import MESSAGES
from analyzer.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    _Column = np.ndarray[Any, Any]

_OF_REQUEST: Final = {
    "request_frame": "frame",
    "request_time": "time",
    "method": "code",
    "message_id": "message_id",
    "token": "token",
    "token_length": "token_length",
    "uri": "uri",
    "client": "source",
    "server": "destination",
    "response_time": "response_time",
}
"""Columns that the request's row holds."""

_OF_OTHERS: Final = {
    "ack_frame": ("ack", "frame"),
    "response_frame": ("response", "frame"),
    "reset_frame": ("reset", "frame"),
    "response_code": ("response", "code"),
}
"""Columns that the row of another message holds, 0 where there is none."""

_STORED: Final = (
    *("request_row", "responses", "retransmissions", "state", "match", "confidence"),
    *("operation", "ended_by"),
)
_STORED_LAST: Final = ("ue", "message_type", "severity")


class Exchanges:
    """One row per exchange; the id of a row is its index + 1.

    Frames: 0 for none; `response_time` in ns, messages.NO_RESPONSE_TIME for none; `match` and
    `confidence` index model.MATCHES and CONFIDENCES; `client` and `server` are endpoints, `uri` and
    `ue` names.
    """

    columns: Final = (*_STORED, *_OF_REQUEST, *_OF_OTHERS, *_STORED_LAST)

    def __init__(self, stored: Table, messages: Table) -> None:
        self.stored = stored
        self._messages = messages

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, name: str) -> _Column:
        if name in _OF_REQUEST:
            rows = self.stored["request_row"]  # before the messages, which grow in another thread
            column: _Column = self._messages[_OF_REQUEST[name]][rows]
            return column
        if name in _OF_OTHERS:
            import numpy as np

            row, of = _OF_OTHERS[name]
            rows = self.stored[row]
            if not len(rows):
                return np.zeros(0, MESSAGES.columns[of])
            found = self._messages[of][np.maximum(rows, 1) - 1]
            return np.where(rows > 0, found, 0)
        return self.stored[name]

    def row(self, row: int) -> dict[str, int]:
        """One row as plain integers."""
        stored = self.stored.row(row)
        request = self._messages.row(stored["request_row"])
        cells = {name: stored[name] for name in _STORED}
        cells |= {name: request[column] for name, column in _OF_REQUEST.items()}
        for name, (of, column) in _OF_OTHERS.items():
            other = stored[of]
            cells[name] = self._messages.cell(column, other - 1) if other else 0
        return cells | {name: stored[name] for name in _STORED_LAST}

    def rows(self) -> Iterator[dict[str, int]]:
        """Every row, in order."""
        return (self.row(row) for row in range(len(self)))

    def frame(self) -> pl.DataFrame:
        """A Polars copy of the table as it is now, with the row id as first column."""
        import numpy as np
        import polars as pl

        columns = {"row": np.arange(len(self), dtype=np.uint32)}
        columns |= {name: self[name].copy() for name in self.columns}
        return pl.DataFrame(columns)
