# SPDX-License-Identifier: GPL-2.0-only
"""Columns of a list as data, and how they share the width there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

GAP: Final = 1
"""Blanks between columns."""

_ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `width` 0 asks the rows what they need, `wide` is taken where there is room.

    A column that needs nothing is left out. The one flexible column takes what the others leave;
    when that is less than its `least`, columns are given up, those with the lowest `give_up`
    first (0 stays). One that `falls` is sorted from the largest down before it is from the smallest
    up.
    """

    key: str
    title: str
    width: int = 0
    wide: int = 0
    align: str = "left"
    give_up: int = 0
    flexible: bool = False
    least: int = 32
    falls: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A column as it stands on screen; `index` is its place in the declaration."""

    column: Column
    index: int
    width: int


def place(columns: Sequence[Column], measure: Callable[[str], int], room: int) -> list[Placed]:
    """The columns that fit into `room` cells, with their widths."""
    needed = {c.key: c.width or measure(c.key) for c in columns if not c.flexible}
    kept = [c for c in columns if c.flexible or needed[c.key]]
    widths = {c.key: max(needed[c.key], len(c.title)) for c in kept if not c.flexible}
    least = sum(column.least for column in kept if column.flexible)
    for column in sorted((c for c in kept if c.give_up), key=lambda c: c.give_up):
        if _left(kept, widths, room) >= least:
            break
        kept.remove(column)
    for column in kept:
        if column.wide and _left(kept, widths, room) - least >= column.wide - column.width:
            widths[column.key] = column.wide
    left = max(1, _left(kept, widths, room))
    return [Placed(c, i, widths.get(c.key, left)) for i, c in enumerate(columns) if c in kept]


def column_at(placed: Sequence[Placed], x: int) -> Column | None:
    """The column that has a cell of a line; the blank after it is its own."""
    for one in placed:
        x -= one.width + GAP
        if x < 0:
            return one.column
    return None


def _left(columns: Sequence[Column], widths: dict[str, int], room: int) -> int:
    """Cells left for the flexible column."""
    return room - sum(widths.get(c.key, 0) for c in columns) - GAP * (len(columns) - 1)


def fit(
    segments: list[Segment], width: int, align: str, moved: int, style: Style
) -> Iterable[Segment]:
    """A cell cut or padded to its width; an ellipsis tells that something is cut off."""
    length = Segment.get_line_length(segments)
    if moved or length > width:
        strip = Strip(segments, length).crop(min(moved, length))
        if strip.cell_length > width:
            strip = Strip([*strip.crop(0, max(0, width - 1)), Segment(_ELLIPSIS, style)])
        return strip.adjust_cell_length(width, style)
    blank = Segment(" " * (width - length), style)
    return [blank, *segments] if align == "right" else [*segments, blank]
