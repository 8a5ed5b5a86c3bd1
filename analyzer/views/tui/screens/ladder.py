# SPDX-License-Identifier: GPL-2.0-only
"""The ladder of an exchange, as sngrep shows the flow of a call: who sent what to whom and when,
and of the message under the cursor the fields and the bytes."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from analyzer.scopes import Scope, scopes_of
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import Detail, packet_detail
from analyzer.views.places import LadderAt, Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.nearest import NoPacketError, nearest
from analyzer.views.tui.places import Visit
from analyzer.views.tui.rows.ladder import LadderRows
from analyzer.views.tui.screens.difference import DifferenceScreen
from analyzer.views.tui.screens.drawn import DrawnScreen
from analyzer.views.tui.screens.page import PageScreen, titled
from analyzer.views.tui.widgets.virtual_list import VirtualList


class LadderScreen(DrawnScreen):
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
        self._at = place.ladder or LadderAt()
        self.rows = LadderRows(view, place.number, self._at.scope)
        super().__init__(view, self.rows, "coap")

    def begin(self) -> None:
        self._reveal(self._at.frame)

    def name_panes(self) -> None:
        many = self.rows.messages
        at = f"message {self.rows.number(self.list.cursor):,} of {many:,}" if many else ""
        scope = self.rows.scope
        around = "" if scope is Scope.EXCHANGE else f" and its whole {scope}"
        titled(self.list, f"Ladder of exchange {self.rows.exchange}{around}", at)

    def detail(self) -> tuple[int, Detail, Node | None] | None:
        step = self.rows.step(self.list.cursor)
        return (step.frame, packet_detail(self.view, step.row), None) if step is not None else None

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
        self.name_panes()

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
