# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a drawing with arrows as rows of a list: the cursor stands on the arrows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from analyzer.views.info import Line
from analyzer.views.ladder_drawing import clipped
from analyzer.views.tui.widgets.columns import GAP, Column

_NARROWEST: Final = 40
OTHER: Final = 1 << 32
"""Identities of lines that are no arrows, above those that are."""


class DrawnLine(NamedTuple):
    """A line; `step` is the step whose arrow it is, -1 for none."""

    line: Line
    step: int = -1


class DrawnRows:
    """What ladders of all kinds have in common. Subclasses draw in `refresh`."""

    def __init__(self) -> None:
        self.follows = False
        self._width = 80
        self._header = ""
        self._lines: list[DrawnLine] = []
        self._arrows: list[int] = []  # lines of the steps

    def fit(self, width: int) -> None:
        """Draw on so many columns from the next refresh on."""
        self._width = max(_NARROWEST, width - 1 - GAP)

    def draw(self, header: str, lines: Iterable[DrawnLine]) -> None:
        """What is to be shown."""
        self._header = header
        self._lines = [DrawnLine(clipped(one.line, self._width), one.step) for one in lines]
        self._arrows = [at for at, row in enumerate(self._lines) if row.step >= 0]

    def refresh(self) -> None:
        """Draw what there is by now."""
        raise NotImplementedError

    # Steps --------------------------------------------------------------------------------------

    @property
    def messages(self) -> int:
        """How many steps there are."""
        return len(self._arrows)

    def number(self, index: int) -> int:
        """The place of the step of a line, from 1."""
        return bisect_right(self._arrows, index)

    def step_at(self, index: int) -> int:
        """The place of the step whose arrow is in a line, among those drawn; -1 for none."""
        return self._lines[index].step if 0 <= index < len(self._lines) else -1

    def arrow(self, index: int, forwards: bool = False) -> int | None:
        """The line of the arrow at or above a line, or else of the next one below."""
        at = bisect_left(self._arrows, index) if forwards else bisect_right(self._arrows, index) - 1
        return self._arrows[at] if 0 <= at < len(self._arrows) else None

    def arrow_of(self, step: int) -> int | None:
        """The line of the arrow of a step that is drawn."""
        return self._arrows[step] if 0 <= step < len(self._arrows) else None

    def block(self, index: int) -> tuple[int, int]:
        """First and last line of what belongs to the arrow in a line."""
        at = bisect_left(self._arrows, index)
        after = self._arrows[at + 1] if at + 1 < len(self._arrows) else len(self._lines)
        return (index if at else 0), after - 1

    def turn(self, step: int) -> bool:
        """Where not all is drawn at a time, move on; whether there was more."""
        return False

    # As a list shows them -----------------------------------------------------------------------

    @property
    def columns(self) -> Sequence[Column]:
        return (Column("ladder", self._header, flexible=True),)

    def __len__(self) -> int:
        return len(self._lines)

    def identity(self, index: int) -> int:
        """The place of the step; of other lines their own."""
        step = self.step_at(index)
        return OTHER + index if step < 0 else step

    def find(self, identity: int) -> int | None:
        """The line of the arrow of a step."""
        return None if identity >= OTHER else self.arrow_of(identity)

    def width(self, key: str) -> int:
        """All columns have a width."""
        return 0

    def cells(self, index: int) -> Sequence[Line]:
        """The line."""
        return (self._lines[index].line,)

    def row_ink(self, index: int) -> str:
        """Every piece has its own."""
        return ""
