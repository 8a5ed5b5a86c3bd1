# SPDX-License-Identifier: GPL-2.0-only
"""What users arrange on every page: how its list is sorted, and which columns it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.screens.columns import ColumnsScreen
from analyzer.views.tui.screens.sort import SortScreen
from analyzer.views.tui.widgets.sorted_list import SortedList

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[None]
else:
    _Screen = object


class Arranging(_Screen):
    """Actions of a page with lists of the class `main`."""

    def refresh_page(self) -> None:
        """Paint all lists anew."""
        raise NotImplementedError

    @property
    def main_list(self) -> SortedList | None:
        """The list that keys arrange from any pane."""
        found = self.query("SortedList.main").results(SortedList)
        return next(iter(found), None)

    def action_sort(self) -> None:
        rows = self.main_list
        if rows is None:
            self.notify("This page has no list to sort")
            return

        def sort(sorting: Sorting | None) -> None:
            if sorting is not None:
                rows.sort_by(sorting)

        self.app.push_screen(SortScreen(rows), sort)

    def action_columns(self) -> None:
        rows = self.main_list
        if rows is None:
            self.notify("This page has no list with columns")
        else:
            self.app.push_screen(ColumnsScreen(rows, self.columns_changed))

    def columns_changed(self) -> None:
        """Show lists with the columns they have now."""
        for rows in self.query(SortedList):
            rows.repaint()
        self.refresh_page()

    def apply_as_column(self, name: str) -> None:
        """Show a field in the list."""
        rows = self.main_list
        if not name:
            self.notify("This line is no field that could be a column")
        elif rows is None or name not in rows.choice.fields:
            self.notify(f"This list cannot show {name}", markup=False)
        else:
            try:
                rows.choice.add(name)
            except ValueError as error:
                self.notify(str(error).capitalize(), markup=False)
                return
            rows.choice.keep()
            self.columns_changed()
            self.notify(f"{name} is a column now; C arranges them", markup=False)
