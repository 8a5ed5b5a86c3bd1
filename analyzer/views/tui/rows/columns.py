# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the dialogue that chooses columns: one a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analyzer.views.info import Line
from analyzer.views.inks import line
from analyzer.views.tui.widgets.chosen_columns import ChosenColumns
from analyzer.views.tui.widgets.columns import Column

_TITLES = {"severity": "Severity", "tree": "Rows below"}


def title_of(column: Column) -> str:
    """The name of a column, also of one whose header is empty."""
    return _TITLES.get(column.key) or column.title or column.key


class ColumnRows:
    """The columns of a list in their order; `width_of` tells how wide one is on screen."""

    columns = (
        Column("shown", "", 1),
        Column("title", "Column", 26),
        Column("width", "Width", 5, align="right"),
        Column("help", "", flexible=True, least=10),
    )

    def __init__(self, choice: ChosenColumns, width_of: Callable[[str], int]) -> None:
        self.choice = choice
        self.width_of = width_of

    def refresh(self) -> None:
        """Nothing is kept."""

    def __len__(self) -> int:
        return len(self.choice.chosen)

    def identity(self, index: int) -> int:
        """Where it stands: the dialogue itself follows a column that moves."""
        return index

    def find(self, identity: int) -> int | None:
        """Where it stands."""
        return identity if identity < len(self) else None

    def width(self, key: str) -> int:
        """All widths are fixed."""
        return 1

    def cells(self, index: int) -> Sequence[Line]:
        """Whether it is shown, its name, its width, and of a field what it tells."""
        one = self.choice.chosen[index]
        field = self.choice.fields.get(one.key)
        width = str(one.width) if one.width else f"({self.width_of(one.key) or '-'})"
        return (
            line("✓" if one.shown else "", "success"),
            line(title_of(self.choice.column(one)), "" if one.shown else "dim"),
            line(width, "" if one.width else "dim"),
            line(field.help if field else "", "dim"),
        )

    def row_ink(self, index: int) -> str:
        """All rows in the plain ink."""
        return ""
