# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that chooses, orders and widens the columns of a list; the list shows it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from analyzer.views.tui.rows.columns import ColumnRows
from analyzer.views.tui.screens.add_column import AddColumnScreen
from analyzer.views.tui.widgets.sorted_list import SortedList
from analyzer.views.tui.widgets.virtual_list import VirtualList


class ColumnsScreen(ModalScreen[None], inherit_bindings=False):
    """The columns of a list, which it shows as they are changed; `changed` paints it anew."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,C", "close", "Close", id="columns.close", tooltip="Back to the list"),
        Binding("space", "show", "Show/hide", id="columns.show", tooltip="Show or hide the column"),
        Binding("K,shift+up", "carry(-1)", "Up", id="columns.up", tooltip="Move it to the left"),
        Binding("J,shift+down", "carry(1)", "Down", id="columns.down", tooltip="To the right"),
        Binding("plus,right", "widen(1)", "Wider", id="columns.wider", tooltip="One cell wider"),
        Binding(
            "minus,left", "widen(-1)", "Narrower", id="columns.narrower", tooltip="One narrower"
        ),
        Binding("0,equals_sign", "fit", "Fit", id="columns.fit", tooltip="The width it wants"),
        Binding("a", "add", "Add", id="columns.add", tooltip="Add a field: all that -e takes"),
        Binding("d,delete", "remove", "Remove", id="columns.remove", tooltip="Remove a field"),
        Binding("R", "reset", "Reset", id="columns.reset", tooltip="The columns of the first day"),
    ]

    def __init__(self, shown: SortedList, changed: Callable[[], None]) -> None:
        super().__init__()
        self._choice = shown.choice
        self._changed = changed
        self.list = VirtualList(ColumnRows(shown.choice, shown.width_of), id="columns")

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = f"Columns of {self._choice.name}"
            keys = ["Space shows", "J K move", "+ - widen", "0 fits", "R resets", "Esc closes"]
            if self._choice.fields:
                keys[4:4] = ["a adds", "d removes"]
            pane.border_subtitle = ", ".join(keys)
            yield self.list

    def on_mount(self) -> None:
        self.list.take_in()
        self.list.focus()

    def _show(self) -> None:
        self._choice.keep()
        self.list.take_in()
        self._changed()
        self.call_after_refresh(self.list.repaint)  # the widths that came of it

    @on(VirtualList.Chosen, "#columns")
    def action_show(self) -> None:
        self._choice.show(self.list.cursor)
        self._show()

    def action_carry(self, step: int) -> None:
        place = self._choice.move(self.list.cursor, step)
        self._show()
        self.list.cursor = place

    def action_widen(self, cells: int) -> None:
        place = self.list.cursor
        width = self._width(self._choice.chosen[place].key)
        if width:
            self._choice.widen(place, cells, width)
            self._show()

    def _width(self, key: str) -> int:
        rows = self.list.source
        return rows.width_of(key) if isinstance(rows, ColumnRows) else 0

    def action_fit(self) -> None:
        self._choice.fit(self.list.cursor)
        self._show()

    def action_add(self) -> None:
        if self._choice.fields:
            self.app.push_screen(AddColumnScreen(self._choice.fields), self._add)
        else:
            self.notify("This list has no other fields")

    def _add(self, name: str | None) -> None:
        if name is None:
            return
        try:
            place = self._choice.add(name)
        except ValueError as error:
            self.notify(str(error).capitalize(), markup=False)
            return
        self._show()
        self.list.cursor = place

    def action_remove(self) -> None:
        if self._choice.remove(self.list.cursor):
            self._show()
        else:
            self.notify("Space hides it; d removes columns that were added")

    def action_reset(self) -> None:
        self._choice.reset()
        self._show()

    def action_close(self) -> None:
        self.dismiss()
