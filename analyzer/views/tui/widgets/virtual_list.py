# SPDX-License-Identifier: GPL-2.0-only
"""A list of any length: only the lines on screen are ever made (Textual's line API).

It asks a `RowSource` for cells of visible rows and keeps their strips; the cost of a repaint
does not depend on how many rows there are. Rows may be appended and change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from analyzer.views.info import Line
from analyzer.views.inks import plain
from analyzer.views.tui.inks import INK_CLASSES, Inked, is_paint
from analyzer.views.tui.widgets.columns import GAP, Column, Placed, column_at, fit, place
from analyzer.views.tui.widgets.list_keys import LIST_KEYS
from analyzer.views.tui.widgets.row_source import FilteredSource, RowSource

HEADER: Final = 1
_SHIFT: Final = 8


class VirtualList(Inked, ScrollView, can_focus=True, inherit_bindings=False):
    """A table of one-line rows with a cursor and a header that stays."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *INK_CLASSES,
        "virtual-list--header",
        "virtual-list--cursor",
        "virtual-list--empty",
    }
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS]

    cursor: reactive[int] = reactive(0, repaint=False)
    shift: reactive[int] = reactive(0)

    class Highlighted(Message):
        """The cursor stands on another row; -1 when there is none."""

        def __init__(self, control: VirtualList, index: int) -> None:
            super().__init__()
            self.list = control
            self.index = index

        @property
        def control(self) -> VirtualList:
            return self.list

        def can_replace(self, message: Message) -> bool:
            """Where the cursor went meanwhile is all that counts."""
            return isinstance(message, type(self)) and message.list is self.list

    class Chosen(Message):
        """Enter or a double click on a row."""

        def __init__(self, control: VirtualList, index: int) -> None:
            super().__init__()
            self.list = control
            self.index = index

        @property
        def control(self) -> VirtualList:
            return self.list

    def __init__(self, source: RowSource, *, id: str | None = None, empty: str = "") -> None:
        super().__init__(id=id)
        self.source = source
        self.empty = empty
        self.count = 0
        self._pinned = False
        self._away: tuple[int, int | None] | None = None  # a hidden row, and the one for it
        self._known: int | None = None  # rows at the end when the cursor was last there
        self._strips: LRUCache[tuple[int, bool], Strip] = LRUCache(1024)
        self._placed: list[Placed] = []

    # Content ------------------------------------------------------------------------------------

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the list, in their order."""
        return self.source.columns

    def cells(self, index: int) -> Sequence[Line]:
        """What stands in them in a row."""
        return self.source.cells(index)

    def take_in(self) -> None:
        """Show what the source has now; the cursor stays on its row, or at a pinned end."""
        self.staying(self.source.refresh)

    def staying(self, change: Callable[[], None]) -> None:
        """Change what the source lists, and where. The cursor stays on its row, at a pinned end, or
        on the first row where it has not left that."""
        before = self.count
        stands = before and 0 < self.cursor < len(self.source)
        stood_on = self.source.identity(self.cursor) if stands else None
        change()
        self.count = len(self.source)
        self._resize_to(Size(0, self.count + HEADER))
        self._repaint()
        found = self.source.find(stood_on) if stood_on is not None else None
        at = self.count - 1 if self._pinned else self.cursor if found is None else found
        self.cursor = at
        if self._pinned:
            self._known = self.count
        if not before and self.count:
            self.post_message(self.Highlighted(self, self.cursor))

    def take_in_filtered(self) -> None:
        """Show what another filter lets through. The cursor stays on its row; as long as that is
        hidden, and the user goes nowhere else, on the nearest one."""
        source, before = self.source, None
        if 0 <= self.cursor < min(self.count, len(source)):
            before = source.identity(self.cursor)
        wanted = self._away[0] if self._away and self._away[1] == before else before
        source.refresh()
        self.count = len(source)
        self._resize_to(Size(0, self.count + HEADER))
        self._repaint()
        at = source.find(wanted) if wanted is not None else 0
        hidden = at is None
        if at is None and wanted is not None:
            at = self.cursor
            if isinstance(source, FilteredSource) and self.count:
                at = source.beside(wanted)
        self.cursor = self.count - 1 if self._pinned else at or 0
        now = source.identity(self.cursor) if self.count else None
        self._away = (wanted, now) if hidden and wanted is not None else None
        self._center()
        if self._pinned:
            self._known = self.count
        if now != before:
            self.post_message(self.Highlighted(self, self.cursor if self.count else -1))

    def _center(self) -> None:
        """Show the cursor in the middle if it is out of sight, and no lines below the last."""
        top, room = round(self.scroll_y), self._page
        if not self.cursor - room < top <= min(self.cursor, max(0, self.count - room)):
            self.scroll_to(y=max(0, self.cursor - room // 2), animate=False, force=True)

    def _resize_to(self, size: Size) -> None:
        """Take so many lines. While they are more than fit, the layout of the page stays as it is:
        laying it out again would paint everything twice."""
        room = self.container_size.height
        if room and min(self.virtual_size.height, size.height) > room:
            self.set_reactive(VirtualList.virtual_size, size)
            self._scroll_update(size)
        else:
            self.virtual_size = size

    def repaint(self) -> None:
        """Make all lines anew: what is in the cells has changed."""
        self._repaint()

    def _repaint(self) -> None:
        self._strips.clear()
        self._placed.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._repaint()

    def on_resize(self) -> None:
        self._repaint()
        self.call_after_refresh(self._show_cursor)

    def watch_shift(self) -> None:
        self._strips.clear()

    # Cursor -------------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, self.count - 1))

    def watch_cursor(self, before: int, cursor: int) -> None:
        self._refresh_row(before)
        self._refresh_row(cursor)
        self._show_cursor()
        self.post_message(self.Highlighted(self, cursor if self.count else -1))

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._repaint()

    def _refresh_row(self, index: int) -> None:
        line = index - round(self.scroll_y) + HEADER
        self.refresh(Region(0, line, self.size.width, 1))

    def _show_cursor(self) -> None:
        top, room = round(self.scroll_y), self._page
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False, force=True)

    def go_to(self, index: int) -> None:
        """Put the cursor on a row, in the middle of the list if it was out of sight."""
        top, room = round(self.scroll_y), self._page
        if not top <= index < top + room:
            self.scroll_to(y=max(0, index - room // 2), animate=False, force=True)
        self.unpin()
        self.cursor = index

    # The end ------------------------------------------------------------------------------------

    @property
    def pinned(self) -> bool:
        """Whether the cursor stays on the last row while more come."""
        return self._pinned

    @property
    def new(self) -> int:
        """Rows below the cursor that came since it left the end."""
        known = self.count if self._known is None else self._known
        return max(0, self.count - max(known, self.cursor + 1))

    def pin(self) -> None:
        """Go to the end and stay there."""
        self._pinned, self._known = True, self.count
        self.cursor = self.count - 1

    def unpin(self) -> None:
        """Stay on the row where the cursor is."""
        self._pinned = False

    def on_mouse_scroll_up(self) -> None:
        self.unpin()

    def on_scroll_up(self) -> None:
        self.unpin()

    def on_scroll_to(self) -> None:
        self.unpin()

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - HEADER)

    # Actions ------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        self._pinned = self._pinned and step > 0
        self.cursor += step

    def action_page(self, pages: float) -> None:
        step = int(self._page * pages)
        self.action_move(step or (1 if pages > 0 else -1))

    def action_first(self) -> None:
        self.unpin()
        self.cursor = 0

    def action_last(self) -> None:
        self.pin()

    def action_shift(self, step: int) -> None:
        self.shift = max(0, self.shift + step * _SHIFT)

    def action_choose(self) -> None:
        if self.count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < HEADER:
            column = column_at(self._placed, offset.x)
            if column is not None:
                self.header_clicked(column)
            return
        index = round(self.scroll_y) + offset.y - HEADER
        if index < self.count:
            self.action_move(index - self.cursor)
            if event.chain == 2:
                self.action_choose()

    def header_clicked(self, column: Column) -> None:
        """A click on the title of a column."""

    # Painting -----------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self._placed:
            self._placed = place(self.columns, self.source.width, width)
        if not self.count:
            return self._empty_line(y, width)
        if y < HEADER:
            return self._header(width)
        index = round(self.scroll_y) + y - HEADER
        if index >= self.count:
            return Strip.blank(width, self.base)
        key = (index, index == self.cursor)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._row(index, width)
        return strip

    def _row(self, index: int, width: int) -> Strip:
        ink, cells = self.source.row_ink(index), self.cells(index)
        style = self.ink(ink)
        if index == self.cursor:
            shown = Style.null() if style.bgcolor else style
            style = self.base + shown + self.look("virtual-list--cursor")
        else:
            if style.bgcolor or is_paint(ink):  # inks of cells are made for the theme's background
                cells = [((plain(cell), ""),) for cell in cells]
            style = self.base + style
        return self._strip(cells, style, width)

    def _header(self, width: int) -> Strip:
        style = self.base + self.look("virtual-list--header")
        titles = [((column.title, ""),) for column in self.columns]
        return self._strip(titles, style, width, shift=0)

    def _empty_line(self, y: int, width: int) -> Strip:
        """A few words in the middle instead of rows."""
        words = [part for row in self.empty.split("\n") for part in wrap(row, width - 4) or [""]]
        number = y - (self.size.height - len(words)) // 2
        style = self.base + self.look("virtual-list--empty")
        text = words[number] if 0 <= number < len(words) else ""
        blank = max(0, width - cell_len(text)) // 2
        segments = [Segment(" " * blank, style), *self.segments(((text, ""),), style)]
        return Strip(segments).adjust_cell_length(width, style)

    def _strip(
        self, cells: Sequence[Line], style: Style, width: int, shift: int | None = None
    ) -> Strip:
        segments: list[Segment] = []
        for placed in self._placed:
            if segments:
                segments.append(Segment(" " * GAP, style))
            column = placed.column
            moved = (self.shift if shift is None else shift) if column.flexible else 0
            cell = self.segments(cells[placed.index], style)
            segments.extend(fit(cell, placed.width, column.align, moved, style))
        return Strip(segments).adjust_cell_length(width, style)
