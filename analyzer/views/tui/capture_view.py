# SPDX-License-Identifier: GPL-2.0-only
"""What all screens share: the session as far as it was read, and how the user wants to see it.

A worker thread appends to the session while screens read it. Row counts are taken once and rows
below them never go away; cells may still change, so nothing here is kept longer than a repaint.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from analyzer.capture import Intake
from analyzer.messages import Role
from analyzer.views.escape import escape
from analyzer.views.session_view import SessionView
from analyzer.views.times import TimeFormat, seconds, time_of_day


class CaptureView(SessionView):
    """One capture on screen."""

    def __init__(self, intake: Intake) -> None:
        super().__init__()
        self.intake = intake
        self.progress = 0.0
        self.reading = True
        self.error = ""
        self.told: list[str] = []  # what reading had to say and nobody has been shown yet
        self.time_format = TimeFormat.RELATIVE
        self.marks: set[int] = set()  # rows of the messages table

    @property
    def title(self) -> str:
        """The name of the capture."""
        names = [
            "stdin" if path == "-" else escape(os.path.basename(path), 60)
            for path in self.intake.paths
        ]
        return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "") if names else ""

    @property
    def live(self) -> bool:
        """Whether packets may come in for as long as others send them."""
        return self.reading and self.intake.waits

    def visible_rows(self) -> Sequence[int]:
        """Rows of the messages table to list, in file order."""
        if self.session is None:
            return ()
        rows: Sequence[int] = (self.session.messages["role"] != Role.UNCONFIRMED).nonzero()[0]
        return rows

    def row_of_frame(self, frame: int) -> int | None:
        """The row of the message in a packet."""
        if self.session is None:
            return None
        frames: Any = self.session.messages["frame"]
        rows = (frames == frame).nonzero()[0]
        return int(rows[0]) if len(rows) else None

    def rows_of_exchange(self, exchange: int) -> Sequence[int]:
        """Rows of the messages of an exchange, in file order."""
        if self.session is None or exchange <= 0:
            return ()
        rows: Sequence[int] = (self.session.messages["exchange"] == exchange).nonzero()[0]
        return rows

    def time(self, nanoseconds: int, previous: int | None) -> str:
        """A capture time in the format chosen; `previous` is that of the row before."""
        match self.time_format:
            case TimeFormat.ABSOLUTE:
                return time_of_day(nanoseconds)
            case TimeFormat.DELTA:
                return seconds(0 if previous is None else nanoseconds - previous)
        return seconds(nanoseconds - (self.opened.first_time or 0))
