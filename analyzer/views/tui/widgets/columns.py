# SPDX-License-Identifier: GPL-2.0-only
"""Columns of a list as data, and how they share the width there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

GAP: Final = 1
"""Blanks between columns."""

_LEAST_FLEXIBLE: Final = 26
"""Cells that flexible columns want together before a column is given up."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `width` 0 asks the rows what they need.

    Columns with the lowest `give_up` go first when the screen is narrow; 0 stays. Flexible ones
    share by `weight` what the others leave, at most `most` cells.
    """

    key: str
    title: str
    width: int = 0
    align: str = "left"
    give_up: int = 0
    flexible: bool = False
    weight: int = 1
    most: int = 1 << 16


@dataclass(frozen=True, slots=True)
class Placed:
    """A column as it stands on screen; `index` is its place in the declaration."""

    column: Column
    index: int
    width: int


def place(columns: Sequence[Column], measure: Callable[[str], int], room: int) -> list[Placed]:
    """The columns that fit into `room` cells, with their widths."""
    widths = {
        column.key: max(column.width or measure(column.key), len(column.title))
        for column in columns
        if not column.flexible
    }
    kept = list(columns)
    for column in sorted((c for c in columns if c.give_up), key=lambda c: c.give_up):
        if room - _fixed(kept, widths) >= _LEAST_FLEXIBLE:
            break
        kept.remove(column)
    widths |= _share([c for c in kept if c.flexible], room - _fixed(kept, widths))
    return [Placed(c, i, widths[c.key]) for i, c in enumerate(columns) if c in kept]


def _fixed(columns: Sequence[Column], widths: dict[str, int]) -> int:
    return sum(widths.get(c.key, 0) for c in columns) + GAP * (len(columns) - 1)


def _share(columns: Sequence[Column], room: int) -> dict[str, int]:
    """Widths of flexible columns; the last takes what is left."""
    widths: dict[str, int] = {}
    weight = sum(column.weight for column in columns)
    for column in columns:
        last = column is columns[-1]
        share = room if last else min(column.most, room * column.weight // weight)
        widths[column.key] = max(share, 1)
        room -= share
        weight -= column.weight
    return widths
