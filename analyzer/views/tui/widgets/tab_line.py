# SPDX-License-Identifier: GPL-2.0-only
"""The first line: the pages with their keys, and what is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from analyzer.views.places import Page
from analyzer.views.tui.inks import INK_CLASSES, Inked


class TabLine(Inked, Widget):
    """Names of pages; a click opens one."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *INK_CLASSES,
        "tab-line--brand",
        "tab-line--key",
        "tab-line--active",
    }

    class Clicked(Message):
        """A page was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, brand: str, pages: Sequence[Page], active: Page | None, title: str) -> None:
        super().__init__()
        self._brand, self._pages, self._active, self._title = brand, pages, active, title
        self._ends: list[int] = []

    def show_title(self, title: str) -> None:
        """What is open is called so now."""
        if title != self._title:
            self._title = title
            self.refresh()

    def render_line(self, y: int) -> Strip:
        style = self.base
        brand = style + self.look("tab-line--brand")
        segments = [Segment(f" {self._brand} ", brand)]
        self._ends = [Strip(segments).cell_length]
        for number, page in enumerate(self._pages, 1):
            active = page == self._active
            back = style + self.look("tab-line--active") if active else style
            key = back + self.look("tab-line--key")
            name = self.app._keymap.get(f"app.{page}", str(number)).split(",")[0]
            segments += [Segment(f" {name}", key), Segment(f" {page.heading} ", back)]
            self._ends.append(Strip(segments).cell_length)
        left = Strip(segments)
        title = Strip(self.segments(((f" {self._title} ", "dim"),), style))
        room = self.size.width - left.cell_length - title.cell_length
        if room < 0:
            return left.adjust_cell_length(self.size.width, style)
        return Strip([*left, Segment(" " * room, style), *title])

    def on_click(self, event: events.Click) -> None:
        for page, start, end in zip(self._pages, self._ends, self._ends[1:], strict=False):
            if start <= event.x < end:
                self.post_message(self.Clicked(page))
