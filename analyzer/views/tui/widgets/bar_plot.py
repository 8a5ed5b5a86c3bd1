# SPDX-License-Identifier: GPL-2.0-only
"""A bar plot in block characters with a range to choose.

plotext draws into text with escape sequences of its own colours and passes on those in titles,
takes 60 ms for 160 bars, and does not tell which bar is where; a choice by keys and mouse under the
theme of the day, with marks below the bars, needs both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from analyzer.views.info import Line
from analyzer.views.inks import line
from analyzer.views.tui.inks import INK_CLASSES, Inked

GUTTER: Final = 8
"""Cells left of the bars: a value and the axis."""

_BELOW: Final = 4
"""Lines below the bars: marks, axis, labels, caption."""

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_EIGHTHS: Final = 8


class Bars(NamedTuple):
    """What is drawn. `top` is the value at the upper end; `value` writes one in GUTTER - 2 cells,
    `edge` the place where a bar begins. `marks` stand below bars, by their places."""

    heights: Sequence[float]
    top: float
    value: Callable[[float], str]
    edge: Callable[[int], str]
    marks: dict[int, Line]


def _nothing(_: float) -> str:
    return ""


NO_BARS: Final = Bars((), 0, _nothing, _nothing, {})


class BarPlot(Inked, Widget, can_focus=True):
    """Bars with a cursor; `first` to `last` are chosen."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *INK_CLASSES,
        "bar-plot--bar",
        "bar-plot--chosen",
        "bar-plot--axis",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Left", show=False, id="plot.left", tooltip="One bar back"),
        Binding("right", "move(1)", "Right", show=False, id="plot.right", tooltip="One bar on"),
        Binding(
            "shift+left,H",
            "extend(-1)",
            "Less",
            show=False,
            id="plot.extend-left",
            tooltip="Choose a range of bars, one bar back",
        ),
        Binding(
            "shift+right,L",
            "extend(1)",
            "Range",
            key_display="shift+→",
            id="plot.extend-right",
            tooltip="Choose a range of bars, one bar on",
        ),
        Binding("home,g", "end(0)", "First", show=False, id="plot.first", tooltip="First bar"),
        Binding("end,G", "end(-1)", "Last", show=False, id="plot.last", tooltip="Last bar"),
        Binding(
            "enter",
            "choose",
            "Filter",
            id="plot.filter",
            tooltip="List the packets of the range alone, by a display filter",
        ),
    ]

    cursor: reactive[int] = reactive(0)
    held: reactive[int] = reactive(0)
    caption: reactive[Line] = reactive(())

    class Highlighted(Message):
        """Another range is chosen."""

    class Chosen(Message):
        """Enter or a double click on the range."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.bars = NO_BARS
        self._dragging = False

    @property
    def first(self) -> int:
        """The first bar chosen."""
        return min(self.cursor, self.held)

    @property
    def last(self) -> int:
        """The last bar chosen, not the one after it."""
        return max(self.cursor, self.held)

    @property
    def room(self) -> int:
        """Bars that fit."""
        return max(0, self.size.width - GUTTER)

    def show(self, bars: Bars, *, keep: bool) -> None:
        """Draw these; `keep` the range where it is."""
        self.bars = bars
        most = max(0, len(bars.heights) - 1)
        at = (self.cursor, self.held) if keep else (0, 0)
        self.cursor, self.held = (min(place, most) for place in at)
        self.refresh()
        self.post_message(self.Highlighted())

    def point_at(self, place: int) -> None:
        """Choose this bar alone."""
        self._go(place, False)

    # Choosing -----------------------------------------------------------------------------------

    def _go(self, place: int, extend: bool) -> None:
        self.cursor = max(0, min(place, len(self.bars.heights) - 1))
        if not extend:
            self.held = self.cursor
        self.post_message(self.Highlighted())

    def action_move(self, step: int) -> None:
        self._go(self.cursor + step, False)

    def action_extend(self, step: int) -> None:
        self._go(self.cursor + step, True)

    def action_end(self, place: int) -> None:
        self._go(place % max(1, len(self.bars.heights)), False)

    def action_choose(self) -> None:
        if self.bars.heights:
            self.post_message(self.Chosen())

    def _bar_at(self, event: events.MouseEvent) -> int | None:
        offset = event.get_content_offset_capture(self)
        return (offset.x - GUTTER) // self._width if self.bars.heights else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        place = self._bar_at(event)
        if place is not None:
            self._dragging = True
            self.capture_mouse()
            self._go(place, event.shift)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        place = self._bar_at(event)
        if self._dragging and place is not None:
            self._go(place, True)

    def on_mouse_up(self) -> None:
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2:
            self.action_choose()

    # Painting -----------------------------------------------------------------------------------

    @property
    def _width(self) -> int:
        """Cells of a bar."""
        return max(1, self.room // max(1, len(self.bars.heights)))

    def render_line(self, y: int) -> Strip:
        style, width = self.base, self.size.width
        high = max(1, self.size.height - _BELOW)
        if not self.bars.heights:
            segments: list[Segment] = []
        elif y < high:
            segments = [*self._gutter(y, high), *self._blocks(high - 1 - y, high)]
        else:
            lines = (self._marks, self._axis, self._labels, self._caption)
            segments = list(lines[min(y - high, 3)]())
        return Strip(segments).adjust_cell_length(width, style)

    def _gutter(self, y: int, high: int) -> Iterator[Segment]:
        """Values at the top and in the middle."""
        axis = self.base + self.look("bar-plot--axis")
        shares = {0: 1.0, high // 2: 1 - (high // 2) / high} if high > 2 else {0: 1.0}
        text = self.bars.value(self.bars.top * shares[y]) if y in shares else ""
        yield Segment(f"{text:>{GUTTER - 1}}{'┤' if y in shares else '│'}", axis)

    def _blocks(self, level: int, high: int) -> Iterator[Segment]:
        plain = self.base + self.look("bar-plot--bar")
        chosen = plain + self.look("bar-plot--chosen")
        for place, height in enumerate(self.bars.heights[: self.room]):
            full = round(height / self.bars.top * high * _EIGHTHS) if self.bars.top else 0
            if height > 0:
                full = max(1, full)  # what is there shows
            block = _BLOCKS[max(0, min(_EIGHTHS, full - level * _EIGHTHS))]
            here = self.first <= place <= self.last
            yield Segment(block * self._width, chosen if here else plain)

    def _marks(self) -> Iterator[Segment]:
        """Each below its bar, or right of the one before where that takes the place."""
        at = 0
        yield Segment(" " * GUTTER, self.base)
        for place, pieces in sorted(self.bars.marks.items()):
            blank = place * self._width - at
            if blank > 0:
                yield Segment(" " * blank, self.base)
                at += blank
            for segment in self.segments(pieces, self.base):
                yield segment
                at += segment.cell_length

    def _axis(self) -> Iterator[Segment]:
        axis = self.base + self.look("bar-plot--axis")
        zero = f"{self.bars.value(0):>{GUTTER - 1}}└"
        yield Segment(zero, axis)
        ticks = set(self._ticks())
        for place in range(min(len(self.bars.heights), self.room)):
            if self.first <= place <= self.last:
                yield Segment("━" * self._width, self._strong)
            else:
                yield Segment(("┬" if place in ticks else "─").ljust(self._width, "─"), axis)

    @property
    def _strong(self) -> Style:
        return self.base + self.ink("heading")

    def _ticks(self) -> range:
        """Bars whose edge is labelled: so far apart that labels do not touch."""
        number = len(self.bars.heights)
        widest = max(len(self.bars.edge(place)) for place in {0, number // 2, number - 1}) + 2
        step = next(s for s in _STEPS if s * self._width >= widest)
        return range(0, number, step)

    def _labels(self) -> Iterator[Segment]:
        axis, at, room = self.base + self.look("bar-plot--axis"), 0, self.room
        yield Segment(" " * GUTTER, self.base)
        for place in self._ticks():
            text, start = self.bars.edge(place), place * self._width
            if start + len(text) > room:
                break
            yield Segment(" " * (start - at) + text, axis)
            at = start + len(text)

    def _caption(self) -> Iterator[Segment]:
        yield from self.segments((*line(" "), *self.caption), self.base)


_STEPS: Final = tuple(step * 10**power for power in range(5) for step in (1, 2, 5))
