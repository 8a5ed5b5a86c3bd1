# SPDX-License-Identifier: GPL-2.0-only
"""A line of names of which one is chosen: the parts of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from analyzer.views.tui.inks import INK_CLASSES, Inked


class ChoiceLine(Inked, Widget):
    """The one chosen stands in brackets; a click chooses another."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {*INK_CLASSES, "choice-line--chosen"}

    class Clicked(Message):
        """A name was clicked, by its place."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names
        self._chosen = 0

    def choose(self, place: int) -> None:
        """Mark another name."""
        self._chosen = place
        self.refresh()

    def render_line(self, y: int) -> Strip:
        style = self.base
        chosen = style + self.look("choice-line--chosen")
        segments = [
            Segment(f"[{name}]", chosen) if place == self._chosen else Segment(f" {name} ", style)
            for place, name in enumerate(self._names)
        ]
        shift, width = self._shift, self.size.width
        return Strip(segments).crop(shift, shift + width).adjust_cell_length(width, style)

    @property
    def _shift(self) -> int:
        """Cells left out on the left, so that the one chosen is seen."""
        until = sum(len(name) + 2 for name in self._names[: self._chosen + 1])
        return max(0, until - self.size.width)

    def on_click(self, event: events.Click) -> None:
        end = 0
        for place, name in enumerate(self._names):
            end += len(name) + 2
            if event.x + self._shift < end:
                self.post_message(self.Clicked(place))
                return
