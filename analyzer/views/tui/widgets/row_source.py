# SPDX-License-Identifier: GPL-2.0-only
"""What lists ask of those that have rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from analyzer.views.info import Line
from analyzer.views.tui.widgets.columns import Column


class RowSource(Protocol):
    """What a list shows."""

    @property
    def columns(self) -> Sequence[Column]: ...

    def refresh(self) -> None:
        """Take in what has changed; the length changes only here."""

    def __len__(self) -> int: ...

    def identity(self, index: int) -> int:
        """What a row stands for, wherever it is listed."""

    def find(self, identity: int) -> int | None:
        """Where that is listed now."""

    def width(self, key: str) -> int:
        """Cells that a column without a fixed width needs."""

    def cells(self, index: int) -> Sequence[Line]:
        """One line for each column."""

    def row_ink(self, index: int) -> str:
        """The ink of a whole row, `""` for the plain one."""


@runtime_checkable
class FilteredSource(RowSource, Protocol):
    """Rows that a filter may hide."""

    @property
    def total(self) -> int:
        """Rows there would be without it."""

    def beside(self, identity: int) -> int:
        """Where the row nearest to one that is hidden is listed; there is one at least."""
