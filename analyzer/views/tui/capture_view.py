# SPDX-License-Identifier: GPL-2.0-only
"""What all screens share: the session as far as it was read, and how the user wants to see it.

A worker thread appends to the session while screens read it. Row counts are taken once and rows
below them never go away; cells may still change, so nothing here is kept longer than a repaint.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analyzer.candidates import Candidates
from analyzer.capture import Intake
from analyzer.exchanges.times import ExchangeTimes, Times
from analyzer.messages import Role
from analyzer.views.escape import escape
from analyzer.views.tui.times import TimeFormat, seconds, time_of_day

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session


class CaptureView:
    """One capture on screen."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.session: Session | None = None
        self.progress = 0.0
        self.reading = True
        self.error = ""
        self.told: list[str] = []  # what reading had to say and nobody has been shown yet
        self.time_format = TimeFormat.RELATIVE
        self.unmasked = False
        self.marks: set[int] = set()  # rows of the messages table
        self._findings: dict[int, list[Finding]] = defaultdict(list)
        self._findings_seen = 0
        self._copies: tuple[int, Any, Any] | None = None  # retransmissions and their exchanges
        self._candidates: tuple[int, Candidates] | None = None

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

    @property
    def opened(self) -> Session:
        """The session, once there is one: rows exist only then."""
        assert self.session is not None
        return self.session

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

    def findings_of_row(self, row: int) -> Sequence[Finding]:
        """Findings that point at a message, as they were found."""
        findings = self.opened.findings
        for index in range(self._findings_seen, len(findings)):
            finding = findings[index]
            self._findings[finding.row].append(finding)
            self._findings_seen = index + 1
        return self._findings.get(row, ())

    def times_of(self, exchange: int) -> Times:
        """The times of an exchange, its id counting from 1."""
        import numpy as np

        session = self.opened
        messages, version = session.messages, session.version
        if self._copies is None or self._copies[0] != version:
            rows = (messages["role"] == Role.RETRANSMISSION).nonzero()[0]
            owners = messages["exchange"][rows]
            order = np.argsort(owners, kind="stable")
            self._copies = version, rows[order], owners[order]
        _, rows, owners = self._copies
        first, after = owners.searchsorted([exchange, exchange + 1])
        copies = rows[first:after].tolist()
        return ExchangeTimes(messages, session.exchanges.stored, copies).of(exchange)

    @property
    def candidates(self) -> Candidates:
        """Looks up candidates in what was read by now."""
        version = self.opened.version
        if self._candidates is None or self._candidates[0] != version:
            self._candidates = version, Candidates(self.opened)
        return self._candidates[1]

    def time(self, nanoseconds: int, previous: int | None) -> str:
        """A capture time in the format chosen; `previous` is that of the row before."""
        match self.time_format:
            case TimeFormat.ABSOLUTE:
                return time_of_day(nanoseconds)
            case TimeFormat.DELTA:
                return seconds(0 if previous is None else nanoseconds - previous)
        return seconds(nanoseconds - (self.opened.first_time or 0))
