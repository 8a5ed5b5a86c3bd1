# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that chooses how a list is sorted."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from analyzer.views.tui.rows.columns import title_of
from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.widgets.options import Options
from analyzer.views.tui.widgets.sorted_list import GLYPHS, SortedList


class SortScreen(ModalScreen[Sorting | None], inherit_bindings=False):
    """The named orders of a list, then its columns; the order there is, chosen again, is turned."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Close", id="sort.close", tooltip="Sort as before"),
        Binding("s,j", "step(1)", "Next", show=False, id="sort.next", tooltip="Next order"),
        Binding("S,k", "step(-1)", "Before", show=False, id="sort.before", tooltip="Order before"),
    ]

    def __init__(self, rows: SortedList) -> None:
        super().__init__()
        self._rows = rows
        self._falls = {column.key: column.falls for column in rows.choice.columns}
        columns = {column.key: title_of(column) for column in rows.choice.columns}
        self._titles = {**rows.rows.orders, **columns}

    def compose(self) -> ComposeResult:
        now = self._rows.rows.sorting
        with Vertical() as pane:
            pane.border_title = "Sort by"
            pane.border_subtitle = "Enter sorts, again turns round, Esc closes"
            options = Options(compact=True)
            for key, title in self._titles.items():
                mark = GLYPHS[now.descending] if key in self._falls else "•"
                options.add_option(Option(Content(f"{mark if key == now.key else ' '} {title}")))
            options.highlighted = (
                list(self._titles).index(now.key) if now.key in self._titles else 0
            )
            yield options

    def action_step(self, step: int) -> None:
        options = self.query_one(OptionList)
        options.highlighted = ((options.highlighted or 0) + step) % len(self._titles)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        key, now = list(self._titles)[event.option_index], self._rows.rows.sorting
        falls = self._falls.get(key, False)
        turned = not now.descending if now.key == key and key in self._falls else falls
        self.dismiss(Sorting(key, turned))
