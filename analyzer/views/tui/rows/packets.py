# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the packet list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from analyzer.messages import Role
from analyzer.rules.catalogue import Severity
from analyzer.views.escape import escape
from analyzer.views.info import Line, info, is_msgin5g
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.listed import info_text
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.keys import MESSAGES
from analyzer.views.tui.rows.sortable import SortableRows
from analyzer.views.tui.widgets.columns import Column
from dissectors.fields import Table

if TYPE_CHECKING:
    from analyzer.views.tui.rows.keys import Keyed

_RUN: Final = 1 << 16
"""Rows among which the next flagged one is looked for at once."""

_TIME_WIDTH = 15  # time of day
_SHOWN = 200

COMMENTED = "✎"
"""Stands at packets with a comment."""


class PacketRows(SortableRows):
    """Messages as the packet list shows them; `rows` of the messages table, in file order unless
    they are sorted.

    `select` gives the rows to list, ascending; it is asked again at each refresh.
    """

    table = Table.MESSAGES
    first_id = 0

    def __init__(self, view: CaptureView, select: Callable[[], Sequence[int]]) -> None:
        super().__init__(view)
        self._select = select
        self._address_width = 9
        self._measured = 0

    columns = (
        Column("severity", "", falls=True),
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
        self._take(self._select())

    @property
    def rows(self) -> Sequence[int]:
        """Rows of the messages table as they are listed."""
        return self.arranged.listed

    @property
    def keyed(self) -> Mapping[str, Keyed]:
        """All columns but the line of information, which is no column of the table."""
        return MESSAGES

    def texts(self, key: str, ids: Sequence[int]) -> Sequence[str]:
        """The line of information."""
        session = self.view.opened
        return [info_text(session, int(row)) for row in ids]

    def field_cells(self, index: int, names: Sequence[str]) -> Sequence[Line]:
        """What a row has under names of fields."""
        return self._field_cells(int(self.rows[index]), names)

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
        return self.arranged.find(identity)

    @property
    def total(self) -> int:
        """Rows there would be without a filter."""
        return self.view.visible_count

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest row before or after with an error or a warning."""
        import numpy as np

        severity, rows = self.view.opened.messages["severity"], self.rows
        index += step
        while 0 <= index < len(rows):
            first = index if step > 0 else max(0, index + 1 - _RUN)
            after = min(len(rows), index + _RUN) if step > 0 else index + 1
            run = severity[np.asarray(rows[first:after])] >= Severity.WARNING
            found = (first + run.nonzero()[0])[::step].tolist()
            for at in found:  # findings that are ignored leave their packets as they are
                if self.view.severity(int(rows[at])) >= Severity.WARNING:
                    return int(at)
            index = after if step > 0 else first - 1
        return None

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        if key == "severity":
            written = self.view.annotations
            signs = (written.marks, written.comments or self._commented, self.view.conversations)
            return 1 + sum(map(bool, signs))
        if key == "number":
            last = self._last_row
            frame = self.view.opened.messages.cell("frame", last) if last is not None else 0
            return max(3, len(str(frame)))
        if key == "time":
            return self._time_width()
        return self._addresses()

    def _time_width(self) -> int:
        row = self._last_row
        if row is None:
            return 8
        last = self.view.opened.messages.cell("time", row)
        return min(_TIME_WIDTH, max(8, len(self.view.time(last, None))))

    @property
    def _last_row(self) -> int | None:
        """The last one in file order, which has the largest numbers."""
        base = self.arranged.base
        return int(base[-1]) if len(base) else None

    def _addresses(self) -> int:
        endpoints = self.view.opened.endpoints if self.view.session else ()
        for index in range(self._measured, len(endpoints)):
            self._address_width = max(self._address_width, len(endpoints[index].address))
        self._measured = len(endpoints)
        return min(max(self._address_width, self.view.longest_name), 39)

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        session = self.view.opened
        row, messages = int(self.rows[index]), session.messages
        cells = messages.row(row)
        previous = messages.cell("time", int(self.rows[index - 1])) if index else None
        severity, frame = self.view.severity(row), cells["frame"]
        msgin5g = is_msgin5g(cells)
        comment, colour = self._comment(frame), self.view.conversation_colour(row)
        signs = (("◆", "path"),) * (frame in self.view.annotations.marks)
        signs += ((COMMENTED, "note"),) * bool(comment) + ((str(colour), ""),) * bool(colour)
        return (
            ((GLYPHS[severity], SEVERITY_INKS[severity]), *signs),
            line(str(frame)),
            line(self.view.time(cells["time"], previous, frame), "dim"),
            line(self.view.address(session.endpoints[cells["source"]])),
            line(self.view.address(session.endpoints[cells["destination"]])),
            line("MSGin5G", "msgin5g") if msgin5g else line("CoAP"),
            line(str(cells["wire"]), "dim"),
            (*info(session, cells, self.view.ue_name), *_told(comment)),
        )

    @property
    def _commented(self) -> bool:
        """The file has comments on packets."""
        return self.view.session is not None and bool(self.view.opened.opened.comments)

    def _comment(self, frame: int) -> str:
        """The user's comment on a packet, else the first one of the file."""
        own = self.view.annotations.comments.get(frame)
        return own or next(iter(self.view.opened.opened.comments.get(frame, ())), "")

    def rule(self, index: int) -> Sequence[str]:
        """The name of the colour rule that wins for a row, if one does."""
        if index >= len(self.rows):
            return ()
        name = self.view.rules.name(self.view.opened, self.rows, index)
        return (escape(name, 40),) if name else ()

    def row_ink(self, index: int) -> str:
        """Marked packets stand out, then those of a conversation that the user coloured, then those
        a colour rule is about; copies of what was seen before stand back."""
        cell, row = self.view.opened.messages.cell, int(self.rows[index])
        if cell("frame", row) in self.view.annotations.marks:
            return "path"
        if colour := self.view.conversation_colour(row):
            return f"conversation-{colour}"
        if ink := self.view.rules.ink(self.view.opened, self.rows, index):
            return ink
        return "dim" if cell("role", row) == Role.CAPTURE_DUPLICATE else ""


def _told(comment: str) -> Line:
    """A comment behind all else, its lines as one."""
    if not comment:
        return ()
    return (f"  {COMMENTED} ", "note"), (escape(" ".join(comment[:_SHOWN].split()), _SHOWN), "note")
