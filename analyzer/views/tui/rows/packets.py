# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the packet list."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from analyzer.messages import Role
from analyzer.rules.catalogue import Severity
from analyzer.views.info import Line, info, is_msgin5g
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.searching.order import array_of
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.widgets.columns import Column

_TIME_WIDTH = 15  # time of day
_AT_ONCE = 1 << 16  # rows of which the severities are looked at


class PacketRows:
    """Messages as the packet list shows them; `rows` of the messages table, in order.

    `select` gives the rows to list; it is asked again at each refresh.
    """

    def __init__(self, view: CaptureView, select: Callable[[], Sequence[int]]) -> None:
        self.view = view
        self.rows: Sequence[int] = ()
        self._select = select
        self._address_width = 9
        self._measured = 0

    columns = (
        Column("severity", ""),
        Column("number", "No.", align="right"),
        Column("time", "Time", align="right"),
        Column("source", "Source"),
        Column("destination", "Destination"),
        Column("protocol", "Protocol", 8, give_up=2),
        Column("length", "Length", 6, align="right", give_up=1),
        Column("info", "Info", flexible=True),
    )

    def refresh(self) -> None:
        """Take in what was read since."""
        self.rows = self._select()

    def __len__(self) -> int:
        return len(self.rows)

    def frame(self, index: int) -> int:
        """The frame number of a row."""
        return self.view.opened.messages.cell("frame", int(self.rows[index]))

    def index_of_frame(self, frame: int) -> int | None:
        """Where a frame is listed; None when it is not."""
        row = self.view.row_of_frame(frame)
        return None if row is None else self.find(row)

    def identity(self, index: int) -> int:
        """The row of the messages table."""
        return int(self.rows[index])

    def find(self, identity: int) -> int | None:
        """Where a row of the messages table is listed."""
        index = bisect_left(self.rows, identity)
        return index if index < len(self.rows) and self.rows[index] == identity else None

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest row before or after with an error or a warning."""
        import numpy as np

        severity, rows = self.view.opened.messages["severity"], array_of(self.rows)
        at, end = index + step, len(self.rows) if step > 0 else -1
        while (end - at) * step > 0:
            after = at + step * min(_AT_ONCE, abs(end - at))
            places = np.arange(at, after, step)
            flagged = severity[rows[places]] >= Severity.WARNING
            if flagged.any():
                return int(places[flagged.argmax()])
            at = after
        return None

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        if key == "severity":
            return 2 if self.view.marks else 1
        if key == "number":
            return max(3, len(str(self.frame(-1)))) if len(self.rows) else 3
        if key == "time":
            return self._time_width()
        return self._addresses()

    def _time_width(self) -> int:
        if not len(self.rows):
            return 8
        last = self.view.opened.messages.cell("time", int(self.rows[-1]))
        return min(_TIME_WIDTH, max(8, len(self.view.time(last, None))))

    def _addresses(self) -> int:
        endpoints = self.view.opened.endpoints if self.view.session else ()
        for index in range(self._measured, len(endpoints)):
            self._address_width = max(self._address_width, len(endpoints[index].address))
        self._measured = len(endpoints)
        return min(self._address_width, 39)

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        session = self.view.opened
        row, messages = int(self.rows[index]), session.messages
        cells = messages.row(row)
        previous = messages.cell("time", int(self.rows[index - 1])) if index else None
        severity = cells["severity"]
        msgin5g = is_msgin5g(cells)
        mark = "◆" if row in self.view.marks else ""
        return (
            ((GLYPHS[severity], SEVERITY_INKS[severity]), (mark, "path")),
            line(str(cells["frame"])),
            line(self.view.time(cells["time"], previous), "dim"),
            line(session.endpoints[cells["source"]].address),
            line(session.endpoints[cells["destination"]].address),
            line("MSGin5G", "msgin5g") if msgin5g else line("CoAP"),
            line(str(cells["wire"]), "dim"),
            info(session, cells),
        )

    def row_ink(self, index: int) -> str:
        """Marked packets stand out, copies of what was seen before stand back."""
        row = int(self.rows[index])
        if row in self.view.marks:
            return "path"
        role = self.view.opened.messages.cell("role", row)
        return "dim" if role == Role.CAPTURE_DUPLICATE else ""
