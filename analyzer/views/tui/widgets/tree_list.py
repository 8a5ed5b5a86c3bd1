# SPDX-License-Identifier: GPL-2.0-only
"""A list in which some rows can be opened, to show what is below them."""

from __future__ import annotations

from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType

from analyzer.views.tui.widgets.chosen_columns import ChosenColumns
from analyzer.views.tui.widgets.sorted_list import SortedList, SortedSource


class TreeSource(SortedSource, Protocol):
    """Rows of which some have others below them."""

    def opened(self, index: int) -> bool | None:
        """Whether the rows below are shown; None when there are none."""

    def set_opened(self, index: int, opened: bool) -> None:
        """Show or hide them; the length changes."""

    def parent(self, index: int) -> int | None:
        """The row that this one is below."""


class TreeList(SortedList):
    """The keys of Wireshark's trees; where there is nothing to open, long lines shift."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left",
            "close",
            "Close",
            show=False,
            id="exchanges.close",
            tooltip="Close the row, or go to the one around; else show the beginning of long lines",
        ),
        Binding(
            "right",
            "open",
            "Open",
            show=False,
            id="exchanges.open",
            tooltip="Show notifications or later blocks below the row; else more of long lines",
        ),
        Binding(
            "space",
            "open_or_close",
            "Fold",
            id="exchanges.toggle",
            tooltip="Show or hide what is below the row: notifications, later blocks",
        ),
    ]

    def __init__(
        self, source: TreeSource, choice: ChosenColumns, *, id: str | None = None, empty: str = ""
    ) -> None:
        super().__init__(source, choice, id=id, empty=empty)
        self._tree = source

    def action_open(self) -> None:
        if self.count and self._tree.opened(self.cursor) is False:
            self._set_opened(True)
        else:
            self.action_shift(1)

    def action_close(self) -> None:
        if not self.count or self.shift:
            self.action_shift(-1)
            return
        parent = self._tree.parent(self.cursor)
        if self._tree.opened(self.cursor):
            self._set_opened(False)
        elif parent is not None:
            self.go_to(parent)

    def action_open_or_close(self) -> None:
        if not self.count:
            return
        opened, parent = self._tree.opened(self.cursor), self._tree.parent(self.cursor)
        if opened is not None:
            self._set_opened(not opened)
        elif parent is not None:
            self.go_to(parent)
            self._set_opened(False)

    def _set_opened(self, opened: bool) -> None:
        self.unpin()
        self._tree.set_opened(self.cursor, opened)
        self.take_in()
        self.post_message(self.Highlighted(self, self.cursor))
