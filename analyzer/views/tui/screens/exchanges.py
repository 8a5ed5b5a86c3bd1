# SPDX-License-Identifier: GPL-2.0-only
"""The exchanges page: requests with all that belongs to them, and the packets of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.widget import Widget

from analyzer.views.places import Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.nearest import NoPacketError, number_of
from analyzer.views.tui.places import Visit
from analyzer.views.tui.rows.exchanges import ExchangeRows
from analyzer.views.tui.rows.packets import PacketRows
from analyzer.views.tui.screens.ladder import LadderScreen
from analyzer.views.tui.screens.page import PageScreen, position, titled
from analyzer.views.tui.widgets.sorted_list import SortedList
from analyzer.views.tui.widgets.split import Split
from analyzer.views.tui.widgets.tree_list import TreeList
from analyzer.views.tui.widgets.virtual_list import VirtualList


class ExchangesScreen(PageScreen):
    """The list above, the packets of the exchange under the cursor below."""

    page = Page.EXCHANGES
    numbered = "Exchange number"

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self.exchanges = ExchangeRows(view)
        self.list = TreeList(
            self.exchanges, view.columns_of("exchanges", self.exchanges), id="exchanges"
        )
        self.rows = PacketRows(view, self._members)
        self.packets = SortedList(
            self.rows,
            view.columns_of("packets", self.rows),
            id="members",
            empty="No packets",
            sortable=False,
        )

    def panes(self) -> Iterable[Widget]:
        self.list.add_class("main")
        self.packets.add_class("beneath")
        panes = self.view.panes
        yield Split(self.list, self.packets, panes, id="exchanges-page", classes="panes")

    def on_mount(self) -> None:
        super().on_mount()
        self.list.focus()

    def _members(self) -> Sequence[int]:
        return self.view.rows_of_exchange(self.exchange)

    def refresh_page(self) -> None:
        super().refresh_page()
        self.name_panes()

    def name_panes(self) -> None:
        count = self.list.count
        titled(self.list, "Exchanges", position(self.list, self.exchanges.sorting_words))
        members = f"{self.packets.count} packets" if self.packets.count != 1 else "1 packet"
        titled(self.packets, f"Exchange {self.exchange}" if count else "Exchange", members)

    @on(VirtualList.Highlighted, "#exchanges")
    def _highlighted(self) -> None:
        self.show_soon(self.list, self._show_members)

    def _show_members(self) -> None:
        self.packets.take_in()
        self._show_member()
        self.name_panes()

    def _show_member(self) -> None:
        """The notification under the cursor, or the first packet of the exchange."""
        frame = self.exchanges.frame(self.list.cursor) if self.list.count else 0
        index = self.rows.index_of_frame(frame) if frame else None
        if index is None:
            self.packets.action_first()
        else:
            self.packets.go_to(index)

    @on(VirtualList.Chosen, "#exchanges")
    def _chosen(self) -> None:
        self.action_ladder()

    @on(VirtualList.Chosen, "#members")
    def _member_chosen(self, event: VirtualList.Chosen) -> None:
        self.post_message(Visit(Place(Page.PACKETS, self.rows.frame(event.index))))

    @property
    def here(self) -> Place | None:
        return Place(Page.EXCHANGES, self.exchange) if self.list.count else None

    @property
    def exchange(self) -> int:
        return self.exchanges.exchange(self.list.cursor) if self.list.count else 0

    @property
    def condition(self) -> str:
        """Of what has exchanges below it, all of these."""
        if not self.list.count or self.packets.has_focus:
            return super().condition
        return self.exchanges.condition(self.list.cursor)

    @property
    def frame(self) -> int:
        """In the pane below, that under the cursor; in the list, a notification's or the first."""
        if self.packets.has_focus and self.packets.count:
            return self.rows.frame(self.packets.cursor)
        return self.exchanges.frame(self.list.cursor) if self.list.count else 0

    def go_to_number(self, text: str) -> str:
        try:
            number = number_of(text, len(self.view.opened.exchanges), "exchange")
        except NoPacketError as error:
            return str(error)
        self.post_message(Visit(Place(Page.EXCHANGES, number)))
        return ""

    def go_to(self, place: Place) -> None:
        self.exchanges.reveal(place.number)
        self.list.take_in()
        self.catch_up()
        index = self.exchanges.find(place.number)
        if index is not None:
            self.list.go_to(index)
        elif place.ladder is None:
            self.tell_hidden(f"exchange {place.number}")
        if place.ladder is not None:
            self.app.push_screen(LadderScreen(self.view, place))
