# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a ladder as rows of a list: arrows, and between them silences, findings, endings.

However long a ladder is, MOST messages of it are drawn at a time; the window moves along it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from analyzer.ladders import Ending, Ladder, Step, window
from analyzer.rules.catalogue import Severity
from analyzer.scopes import Scope, rows_in
from analyzer.views.info import Line
from analyzer.views.inks import line
from analyzer.views.ladder_drawing import Drawing
from analyzer.views.terminal import Paper
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.drawn import OTHER, DrawnLine, DrawnRows
from analyzer.views.tui.widgets.columns import Column
from analyzer.views.wording import plural

if TYPE_CHECKING:
    import numpy as np

    from analyzer.findings import Finding
    from analyzer.session import Session

MOST: Final = 200
"""Messages that are drawn at a time."""

MARK: Final = "●"


class LadderRows(DrawnRows):
    """The ladder of an exchange, as far around it as `scope` says."""

    def __init__(self, view: CaptureView, exchange: int, scope: Scope) -> None:
        super().__init__()
        self.view = view
        self.exchange = exchange
        self.scope = scope
        self.ladder = Ladder((), (), (), (), ())
        self.marks: list[int] = []  # rows of the messages table
        self._rows: np.ndarray[Any, Any] | None = None
        self._first = 0
        self._looked: tuple[int, tuple[object, ...]] = (-1, ())
        self._drawn: tuple[object, ...] = ()

    # What is drawn ------------------------------------------------------------------------------

    def show(self, scope: Scope) -> None:
        """Look so far from the next refresh on."""
        self.scope, self._first = scope, 0

    def refresh(self) -> None:
        """Draw what the ladder has by now."""
        session = self.view.session
        if session is None or not 0 < self.exchange <= len(session.exchanges):
            return
        written = self.view.annotations.version, self.view.named, len(self.view.hidden_ids)
        asked = (self.exchange, self.scope, self._first, self._width, self.follows, written)
        if (session.version, asked) == self._looked:
            return
        self._rows = rows_in(session, self.exchange, self.scope)
        last = max(0, len(self._rows) - MOST)
        self._first = last if self.follows else min(self._first, last)
        self._looked = session.version, (*asked[:2], self._first, *asked[3:])
        known = *self._looked[1], self._standing(session, self._rows)
        if known != self._drawn:
            self._drawn = known
            self.ladder = self._heeded(window(session, self._rows, self._first, MOST))
            self._draw()

    def _standing(self, session: Session, rows: np.ndarray[Any, Any]) -> tuple[object, ...]:
        """What changes whenever the lines do: much of a live capture has nothing to do with it."""
        stored, inside = session.exchanges.stored, rows[self._first : self._first + MOST]
        owners = session.messages["exchange"][inside]
        ids = owners[owners > 0] - 1
        cells = (
            session.messages["severity"][inside],
            stored["severity"][ids],
            stored["state"][ids],
        )
        return len(rows), session.closed, *(column.tobytes() for column in cells)

    def _heeded(self, ladder: Ladder) -> Ladder:
        """The ladder without findings that the user ignores."""
        hidden = self.view.hidden_ids
        if not hidden:
            return ladder

        def heeded(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
            return tuple(finding for finding in findings if finding.id not in hidden)

        steps = tuple(step._replace(findings=heeded(step.findings)) for step in ladder.steps)
        return ladder._replace(steps=steps, findings=heeded(ladder.findings))

    def _draw(self) -> None:
        drawing = Drawing(self.ladder, Paper(self._width), True, self.view.endpoint)
        self.draw(drawing.header(), self._drawing(drawing))

    def _drawing(self, drawing: Drawing) -> Iterator[DrawnLine]:
        """The lines, top down; what never came stands below the last message of its exchange."""
        ladder = self.ladder
        if len(ladder.heads) == 1:
            yield from map(DrawnLine, drawing.title())
        names = list(drawing.names())
        if len(names) > 1:
            yield from map(DrawnLine, names)
        if ladder.passed:
            yield DrawnLine(line(f"↑ {plural(ladder.passed, 'message')} before", "dim"))
        endings = self._endings()
        for index in range(len(ladder.steps)):
            yield from map(DrawnLine, drawing.silence(index))
            for at, text in enumerate(drawing.message(index)):
                yield DrawnLine(text, -1 if at else index)
            for ending in endings[index]:
                yield from map(DrawnLine, drawing.ending(ending))
        for finding in ladder.findings:
            yield from map(DrawnLine, drawing.finding(finding))
        if ladder.left_out:
            yield DrawnLine(line(f"↓ {plural(ladder.left_out, 'message')} after", "dim"))

    def _endings(self) -> dict[int, list[Ending]]:
        last = {step.exchange: index for index, step in enumerate(self.ladder.steps)}
        found: defaultdict[int, list[Ending]] = defaultdict(list)
        for ending in self.ladder.endings:
            found[last[ending.exchange]].append(ending)
        return found

    # Messages -----------------------------------------------------------------------------------

    @property
    def messages(self) -> int:
        """How many the whole ladder has."""
        return 0 if self._rows is None else len(self._rows)

    @property
    def whole(self) -> Sequence[int]:
        """Rows of the messages of the whole ladder, in file order."""
        return () if self._rows is None else cast("Sequence[int]", self._rows)

    def number(self, index: int) -> int:
        """The place of the message of a line in the whole ladder, from 1."""
        return self._first + super().number(index)

    def step(self, index: int) -> Step | None:
        """The message whose arrow is in a line."""
        at = self.step_at(index)
        return self.ladder.steps[at] if at >= 0 else None

    def turn(self, step: int) -> bool:
        """Move the window on by half of it; whether there was more."""
        wanted = max(0, min(self._first + step * MOST // 2, self.messages - MOST))
        moved, self._first = wanted != self._first, wanted
        return moved

    def reveal(self, row: int) -> None:
        """Put the window around a message."""
        session = self.view.session
        if session is None:
            return
        rows = rows_in(session, self.exchange, self.scope)
        at = int(rows.searchsorted(row))
        if not self._first <= at < self._first + MOST:
            self._first = max(0, at - MOST // 2)

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest arrow before or after with an error or a warning; the window moves there."""
        if self._rows is None:
            return None
        severity = self.view.opened.messages["severity"][self._rows]
        flagged = (severity >= Severity.WARNING).nonzero()[0]
        here = self.number(index) - 1
        others = flagged[flagged > here] if step > 0 else flagged[flagged < here][::-1]
        if not len(others):
            return None
        row = int(self._rows[others[0]])
        self.reveal(row)
        self.refresh()
        return self.find(row)

    def mark(self, index: int) -> None:
        """Mark a message, or not any more; the last two stay marked."""
        step = self.step(index)
        if step is None:
            return
        if step.row in self.marks:
            self.marks.remove(step.row)
        else:
            self.marks = [*self.marks[-1:], step.row]

    # As a list shows them -----------------------------------------------------------------------

    @property
    def columns(self) -> Sequence[Column]:
        return (Column("mark", "", 1), *super().columns)

    def identity(self, index: int) -> int:
        """The row of the message; of other lines their place."""
        step = self.step(index)
        return OTHER + index if step is None else step.row

    def find(self, identity: int) -> int | None:
        """The line of the arrow of a message."""
        if identity >= OTHER:
            return None
        rows = [step.row for step in self.ladder.steps]
        at = bisect_left(rows, identity)
        return self.arrow_of(at) if at < len(rows) and rows[at] == identity else None

    def cells(self, index: int) -> Sequence[Line]:
        """The sign of a marked message, and the line."""
        step = self.step(index)
        marked = step is not None and step.row in self.marks
        return line(MARK if marked else "", "heading"), *super().cells(index)
