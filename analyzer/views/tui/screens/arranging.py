# SPDX-License-Identifier: GPL-2.0-only
"""What users arrange on every page: how its list is sorted, which columns it has, how panes share
the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.dom import DOMNode
from textual.widget import Widget

from analyzer.views.places import Page
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.panes import Layout
from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.screens.columns import ColumnsScreen
from analyzer.views.tui.screens.sort import SortScreen
from analyzer.views.tui.widgets.sorted_list import SortedList
from analyzer.views.tui.widgets.split import Split

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[None]
else:
    _Screen = object


class Arranging(_Screen):
    """Actions of a page with lists of the class `main`, and with splits."""

    page: ClassVar[Page]
    view: CaptureView

    def refresh_page(self) -> None:
        """Paint all lists anew."""
        raise NotImplementedError

    @property
    def arranged_list(self) -> SortedList | None:
        """The list that keys arrange from any pane."""
        found = self.query("SortedList.main").results(SortedList)
        return next(iter(found), None)

    def action_sort(self) -> None:
        rows = self.arranged_list
        if rows is None:
            self.notify("This page has no list to sort")
            return

        def sort(sorting: Sorting | None) -> None:
            if sorting is not None:
                rows.sort_by(sorting)

        self.app.push_screen(SortScreen(rows), sort)

    def action_columns(self) -> None:
        rows = self.arranged_list
        if rows is None:
            self.notify("This page has no list with columns")
        else:
            self.app.push_screen(ColumnsScreen(rows, self.columns_changed))

    # Panes --------------------------------------------------------------------------------------

    def begin_arranging(self) -> None:
        """Let panes stand as they were left; called once they are there."""
        self._lay_out()

    def on_resize(self) -> None:
        self._arrange()

    def _lay_out(self) -> None:
        layout = self.view.panes.layout(self.page)
        for one in Layout:
            if one.style:
                self.set_class(one is layout, one.style)
        self._arrange()

    def _arrange(self) -> None:
        """Once the styles are known: they say which way panes are split."""
        self.call_after_refresh(self._give_shares)

    def _give_shares(self) -> None:
        for split in self.query(Split):
            split.give_shares(alone=self.maximized is not None)

    def maximize(self, widget: Widget, container: bool = True) -> bool:
        """One pane fills the screen: shares go before it is laid out."""
        for split in self.query(Split):
            split.give_shares(alone=True)
        return super().maximize(widget, container)

    def minimize(self) -> None:
        super().minimize()
        self._arrange()

    def action_layout(self) -> None:
        if not self.query(Split):
            self.notify("This page has no panes to lay out")
            return
        layout = self.view.panes.layout(self.page).next
        self.view.panes.set_layout(self.page, layout)
        if self.maximized is not None:
            self.minimize()
        rows = self.arranged_list
        if layout is Layout.ALONE and rows is not None:
            rows.focus()
        self._lay_out()
        self.notify(f"Panes: {layout}", timeout=2)

    def action_resize(self, percent: int) -> None:
        pane: DOMNode | None = self.focused
        while pane is not None and self.maximized is None:
            split = pane.parent
            if isinstance(split, Split) and isinstance(pane, Widget) and split.is_split:
                split.grow(pane, percent)
                return
            pane = split
        self.notify("This pane has no other one beside it")

    # Columns ------------------------------------------------------------------------------------

    def columns_changed(self) -> None:
        """Show lists with the columns they have now."""
        for rows in self.query(SortedList):
            rows.repaint()
        self.refresh_page()

    def apply_as_column(self, name: str) -> None:
        """Show a field in the list."""
        rows = self.arranged_list
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
