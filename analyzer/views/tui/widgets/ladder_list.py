# SPDX-License-Identifier: GPL-2.0-only
"""A list in which the cursor goes from arrow to arrow and takes with it what belongs to one."""

from __future__ import annotations

from analyzer.views.tui.rows.drawn import DrawnRows
from analyzer.views.tui.widgets.virtual_list import VirtualList


class LadderList(VirtualList):
    """The lines of a ladder."""

    def __init__(self, rows: DrawnRows, *, id: str | None = None) -> None:
        super().__init__(rows, id=id)
        self.rows = rows

    def take_in(self) -> None:
        width = self.scrollable_content_region.width
        if width:
            self.rows.fit(width)
        self.rows.follows = self.pinned
        super().take_in()

    def on_resize(self) -> None:
        self.take_in()

    def validate_cursor(self, cursor: int) -> int:
        cursor = super().validate_cursor(cursor)
        at = self.rows.arrow(cursor)
        if at is None:
            at = self.rows.arrow(cursor, forwards=True)
        return cursor if at is None else at

    def _show_cursor(self) -> None:
        top, room = round(self.scroll_y), self._page
        first, last = self.rows.block(self.cursor)
        if first < top or last - first >= room:
            self.scroll_to(y=first, animate=False, force=True)
        elif last >= top + room:
            self.scroll_to(y=last - room + 1, animate=False, force=True)

    def action_move(self, step: int) -> None:
        """So many lines on: to the arrow there, but to the next one at least."""
        self.unpin()
        at = self._arrow(step)
        if at is None and self.rows.turn(1 if step > 0 else -1):
            self.take_in()
            at = self._arrow(step)
        if at is not None:
            self.cursor = at

    def _arrow(self, step: int) -> int | None:
        at = self.rows.arrow(self.cursor + step)
        if step > 0 and (at is None or at <= self.cursor):
            return self.rows.arrow(self.cursor + 1, forwards=True)
        if at is None and self.rows.arrow(self.cursor - 1) is not None:
            return self.rows.arrow(0, forwards=True)
        return at

    def action_first(self) -> None:
        self.unpin()
        while self.rows.turn(-self.rows.messages):
            self.take_in()
        self.cursor = 0

    def action_last(self) -> None:
        self.pin()
        self.take_in()
