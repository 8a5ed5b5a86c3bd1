# SPDX-License-Identifier: GPL-2.0-only
"""The ladder of an exchange, as sngrep shows the flow of a call: who sent what to whom and when,
and of the message under the cursor the fields and the bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from analyzer.scopes import Scope, scopes_of
from analyzer.views.detail.packet import load, packet_detail
from analyzer.views.places import LadderAt, Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.nearest import NoPacketError, nearest
from analyzer.views.tui.places import Visit
from analyzer.views.tui.rows.ladder import LadderRows
from analyzer.views.tui.screens.difference import DifferenceScreen
from analyzer.views.tui.screens.page import PageScreen, titled
from analyzer.views.tui.widgets.detail_tree import DetailTree
from analyzer.views.tui.widgets.hex_pane import HexPane
from analyzer.views.tui.widgets.ladder_list import LadderList
from analyzer.views.tui.widgets.virtual_list import VirtualList

_BESIDE: Final = 140
_BELOW: Final = (100, 40)
"""Columns, and columns and rows, from which on details stand beside or below unasked."""


class LadderScreen(PageScreen):
    """Stands on the exchanges page; closing it leads to the page it was opened from."""

    page = Page.EXCHANGES
    numbered = "Packet number"
    copied_first = "mermaid_ladder"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,l", "close", "Close", id="ladder.close", tooltip="Back to where it was opened"
        ),
        Binding(
            "w",
            "widen(1)",
            "Widen",
            id="ladder.widen",
            tooltip="Show all of the transfer or observation, of the endpoint pair, of the UE",
        ),
        Binding(
            "W",
            "widen(-1)",
            "Narrow",
            show=False,
            id="ladder.narrow",
            tooltip="Show less again, down to the exchange",
        ),
        Binding(
            "space",
            "mark",
            "Mark",
            id="ladder.mark",
            tooltip="Mark the message, or not any more: two marked ones can be compared",
        ),
        Binding(
            "d,equals_sign",
            "compare",
            "Diff",
            id="ladder.compare",
            tooltip="Show how the two marked messages differ, or a marked one and this one",
        ),
        Binding(
            "v",
            "details",
            "Details",
            id="ladder.details",
            tooltip="Show or hide the fields and bytes of the message",
        ),
    ]

    def __init__(self, view: CaptureView, place: Place) -> None:
        super().__init__(view)
        self._at = place.ladder or LadderAt()
        self.rows = LadderRows(view, place.number, self._at.scope)
        self.list = LadderList(self.rows, id="ladder")
        self.fields = DetailTree("coap", id="fields")
        self.hex = HexPane(id="octets")
        self.inspected = Container(self.fields, self.hex, id="inspected")
        self._details: bool | None = None  # None: where there is room
        self._loaded = False

    def panes(self) -> Iterable[Widget]:
        self.list.add_class("main")
        yield Container(self.list, self.inspected, id="flow")

    def lists(self) -> Iterable[VirtualList]:
        """A ladder begins at its first message, also of a live capture."""
        return ()

    def on_mount(self) -> None:
        self._make_room()
        self.list.focus()
        self._load()
        self.call_after_refresh(self._reveal, self._at.frame)

    def on_resize(self) -> None:
        self._make_room()

    def _make_room(self) -> None:
        width, height = self.app.size
        room = width >= _BESIDE or (width >= _BELOW[0] and height >= _BELOW[1])
        self.inspected.display = room if self._details is None else self._details

    def refresh_page(self) -> None:
        super().refresh_page()
        self._title()

    def _title(self) -> None:
        many = self.rows.messages
        at = f"message {self.rows.number(self.list.cursor):,} of {many:,}" if many else ""
        scope = self.rows.scope
        around = "" if scope is Scope.EXCHANGE else f" and its whole {scope}"
        titled(self.list, f"Ladder of exchange {self.rows.exchange}{around}", at)

    # The message under the cursor ---------------------------------------------------------------

    @work(thread=True, exclusive=True)
    def _load(self) -> None:
        load()
        self.app.call_from_thread(self._dissectors_loaded)

    def _dissectors_loaded(self) -> None:
        self._loaded = True
        if self.is_mounted:
            self._inspect()

    @on(VirtualList.Highlighted, "#ladder")
    def _highlighted(self) -> None:
        self._title()
        self.show_soon(self.list, self._inspect)

    def _inspect(self) -> None:
        step = self.rows.step(self.list.cursor)
        if step is None or not self._loaded or not self.inspected.display:
            return
        detail = packet_detail(self.view, step.row)
        self.hex.show(detail.sources, detail.message)
        titled(self.fields, f"Packet {step.frame}")
        self._name_bytes()
        self.fields.show(detail.nodes)

    @on(DetailTree.Selected)
    def _selected(self, event: DetailTree.Selected) -> None:
        self.hex.light(event.node.span, event.node.source)
        self._name_bytes()

    @on(HexPane.Turned)
    def _name_bytes(self) -> None:
        titled(self.hex, self.hex.title, f"{len(self.hex.data)} bytes")

    @on(DetailTree.Followed)
    def _followed(self, event: DetailTree.Followed) -> None:
        self.post_message(Visit(event.place))

    def action_details(self) -> None:
        self._details = not self.inspected.display
        self._make_room()
        self._inspect()
        if not self._details:
            self.list.focus()

    # Places -------------------------------------------------------------------------------------

    @property
    def frame(self) -> int:
        step = self.rows.step(self.list.cursor)
        return step.frame if step is not None else 0

    @property
    def exchange(self) -> int:
        step = self.rows.step(self.list.cursor)
        return step.exchange if step is not None else self.rows.exchange

    @property
    def here(self) -> Place | None:
        ladder = LadderAt(self.frame, self.rows.scope, self._at.opened_from)
        return Place(Page.EXCHANGES, self.rows.exchange, ladder=ladder)

    def go_to(self, place: Place) -> None:
        if place.ladder is None:  # the page below is meant
            below = self.app.screen_stack[-2]
            self.dismiss()
            if isinstance(below, PageScreen):
                below.go_to(place)
            return
        self._at = place.ladder
        self.rows.exchange = place.number
        self.rows.show(place.ladder.scope)
        self._reveal(place.ladder.frame)

    def _reveal(self, frame: int) -> None:
        """Draw the ladder with the cursor on a packet, 0 for the first."""
        row = self.view.row_of_frame(frame) if frame else None
        if row is not None:
            self.rows.reveal(row)
        self._frozen = False
        self.refresh_page()
        index = self.rows.find(row) if row is not None else None
        self.list.go_to(index or 0)
        self._title()

    @on(VirtualList.Chosen, "#ladder")
    def _chosen(self) -> None:
        if self.frame:
            self.post_message(Visit(Place(Page.PACKETS, self.frame)))

    async def action_close(self) -> None:
        self.dismiss()
        if self._at.opened_from is not self.page:
            await self.app.run_action(f"page('{self._at.opened_from}')")

    def action_widen(self, step: int) -> None:
        if self.view.session is None:
            return
        scopes = scopes_of(self.view.session, self.rows.exchange)
        at = scopes.index(self.rows.scope) + step
        if not 0 <= at < len(scopes):
            self.notify("This is all there is around it" if step > 0 else "This is the exchange")
            return
        frame = self.frame
        self.rows.show(scopes[at])
        self._reveal(frame)

    # Messages -----------------------------------------------------------------------------------

    def action_mark(self) -> None:
        self.rows.mark(self.list.cursor)
        self.list.repaint()

    def action_compare(self) -> None:
        step = self.rows.step(self.list.cursor)
        pair = list(self.rows.marks)
        if len(pair) == 1 and step is not None and step.row not in pair:
            pair.append(step.row)
        if len(pair) < 2:
            self.notify("Mark two messages with Space, to see how they differ")
        elif not self._loaded:
            self.notify("The dissectors are still being loaded")
        else:
            first, second = sorted(pair)
            self.app.push_screen(DifferenceScreen(self.view, (first, second)))

    def go_to_number(self, text: str) -> str:
        try:
            found = nearest(self.view, self.rows.whole, text)
        except NoPacketError as error:
            return str(error)
        if found.said:
            self.notify(found.said, severity="warning", markup=False)
        row = int(self.rows.whole[found.place])
        self._reveal(self.view.opened.messages.cell("frame", row))
        return ""

    def show_flagged(self, rows: VirtualList, index: int) -> None:
        """The window may have moved to it."""
        rows.take_in()
        rows.go_to(index)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("time_format", "ladder"):
            return False
        return super().check_action(action, parameters)
