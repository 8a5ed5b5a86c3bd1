# SPDX-License-Identifier: GPL-2.0-only
"""A sheet of headings and of named texts that wrap beside their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.styled import Styled
from rich.table import Table
from rich.text import Text
from textual.widget import Widget

from analyzer.views.info import Line
from analyzer.views.inks import plain
from analyzer.views.tui.inks import INK_CLASSES, Inked


@dataclass(frozen=True, slots=True)
class Entry:
    """A named text; without a name a line of its own, without a text a heading."""

    name: Line = ()
    text: Line = ()


class Sheet(Inked, Widget):
    """Entries below each other; names take `width` cells."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {*INK_CLASSES, "sheet--lit"}

    def __init__(self, width: int, entries: Sequence[Entry] = ()) -> None:
        super().__init__()
        self._width = width
        self._entries = entries
        self.lit = -1
        """The entry that is brought out, -1 for none."""

    def show(self, entries: Sequence[Entry]) -> None:
        """Show other entries."""
        self._entries, self.lit = entries, -1
        self.refresh(layout=True)

    def texts(self) -> list[str]:
        """Each entry as text."""
        return [f"{plain(entry.name)} {plain(entry.text)}" for entry in self._entries]

    def light(self, index: int) -> None:
        """Bring an entry out, and into view."""
        self.lit = index
        self.refresh()
        options = self.app.console_options.update(width=self.size.width)
        above = Group(*map(self._renderable, self._entries[:index]))
        lines = self.app.console.render_lines(above, options) if index else []
        if isinstance(self.parent, Widget):
            room = self.parent.scrollable_content_region.height
            self.parent.scroll_to(y=max(0, len(lines) - room // 3), animate=False)

    def render(self) -> RenderableType:
        shown = list(map(self._renderable, self._entries))
        if self.lit >= 0:
            shown[self.lit] = Styled(shown[self.lit], self.look("sheet--lit"))
        return Group(*shown)

    def _renderable(self, entry: Entry) -> RenderableType:
        if not (entry.name and entry.text):
            return self._wrapping(entry.name or entry.text)
        table = Table.grid(padding=(0, 1))
        table.add_column(width=self._width, no_wrap=True)
        table.add_column(ratio=1)
        table.add_row(self._wrapping(entry.name), self._wrapping(entry.text))
        return table

    def _wrapping(self, line: Line) -> Text:
        text = self.text(line, self.base)
        text.no_wrap, text.end = False, "\n"
        return text
