# SPDX-License-Identifier: GPL-2.0-only
"""The status line: what was read and found, and how far reading is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from analyzer.views.info import Line
from analyzer.views.tui.inks import INK_CLASSES, Inked

_BAR: Final = 20


class StatusBar(Inked, Widget):
    """Parts of a line side by side; a progress bar at the right until reading is done."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {*INK_CLASSES}

    def __init__(self) -> None:
        super().__init__()
        self._parts: Sequence[Line] = ()
        self._share: float | None = None

    def show(self, parts: Sequence[Line], share: float | None) -> None:
        """Show parts, the most important first; `share` from 0 to 1, None when done."""
        if (parts, share) != (self._parts, self._share):
            self._parts, self._share = parts, share
            self.refresh()

    def render_line(self, y: int) -> Strip:
        style, width = self.base, self.size.width
        bar = self._bar()
        room = width - bar.cell_length
        segments: list[Segment] = []
        for number, part in enumerate(self._parts):
            before: Line = ((" │ ", "dim"),) if number else ((" ", ""),)
            added = Strip(self.segments((*before, *part), style))
            if Strip(segments).cell_length + added.cell_length > room:
                break
            segments.extend(added)
        left = Strip(segments).adjust_cell_length(room, style)
        return Strip([*left, *bar])

    def _bar(self) -> Strip:
        if self._share is None:
            return Strip([])
        full = round(self._share * _BAR)
        pieces: Line = (
            ("━" * full, "request"),
            ("━" * (_BAR - full), "dim"),
            (f" {self._share:4.0%} ", ""),
        )
        return Strip(self.segments(pieces, self.base))
