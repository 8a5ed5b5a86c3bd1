# SPDX-License-Identifier: GPL-2.0-only
"""The handshakes of a protected flow as a ladder, whether keys open it or not: what client and
server sent each other, and of each packet the fields and the bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType

from analyzer.statistics.model import Part
from analyzer.views.detail.handshake import handshake_detail
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import Detail
from analyzer.views.detail.records import step_nodes
from analyzer.views.places import HandshakeAt, Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.nearest import NoPacketError, number_of
from analyzer.views.tui.places import Visit
from analyzer.views.tui.rows.handshake import HandshakeRows
from analyzer.views.tui.screens.drawn import DrawnScreen
from analyzer.views.tui.screens.page import PageScreen, titled
from analyzer.views.tui.widgets.virtual_list import VirtualList

_OF_MESSAGES: Final = frozenset(
    ("time_format", "ladder", "visit_ue", "copy_as", "colour_conversation", "filter_by")
)
"""Actions on a message: steps of handshakes are none."""


PROTECTED_FLOWS: Final = Place(Page.STATISTICS, list(Part).index(Part.PROTECTED))
"""The list of them."""


def handshake_place(number: int, opened_from: Page, frame: int = 0) -> Place:
    """The handshakes of the flow with a number."""
    return replace(PROTECTED_FLOWS, handshake=HandshakeAt(number, frame, opened_from))


class HandshakeScreen(DrawnScreen):
    """Stands on the statistics page; closing it leads to the page it was opened from."""

    page = Page.STATISTICS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,l",
            "close",
            "Close",
            id="handshake.close",
            tooltip="Back to where it was opened",
        ),
        Binding(
            "v",
            "details",
            "Details",
            id="handshake.details",
            tooltip="Show or hide the fields and bytes of the packet",
        ),
    ]

    def __init__(self, view: CaptureView, at: HandshakeAt) -> None:
        self._at = at
        self.rows = HandshakeRows(view, at.flow)
        super().__init__(view, self.rows, "dtls")

    def begin(self) -> None:
        self._frozen = False
        self.refresh_page()
        self.list.go_to(self.rows.find_frame(self._at.frame) or 0)
        self.name_panes()

    def name_panes(self) -> None:
        many, drawn = self.rows.messages, self.rows.ladder
        at = f"step {self.rows.number(self.list.cursor):,} of {many:,}" if many else ""
        transport = f" of {drawn.flow.security.transport}" if drawn is not None else ""
        titled(self.list, f"Handshake{transport}", at)

    def detail(self) -> tuple[int, Detail, Node | None] | None:
        step, flow, session = self.rows.step(self.list.cursor), self.rows.flow, self.view.session
        if step is None or flow is None or session is None:
            return None
        detail = handshake_detail(session, flow, step)
        parts = dict(enumerate(step_nodes(detail.nodes)))
        return step.frame, detail, parts.get(self.rows.nth(self.list.cursor))

    # Places -------------------------------------------------------------------------------------

    @property
    def frame(self) -> int:
        """That of a packet with messages alone: other pages list no other."""
        frame = self._frame_here
        return frame if frame and self.view.row_of_frame(frame) is not None else 0

    @property
    def _frame_here(self) -> int:
        step = self.rows.step(self.list.cursor)
        return step.frame if step is not None else 0

    @property
    def here(self) -> Place | None:
        return handshake_place(self.rows.flow_number, self._at.opened_from, self._frame_here)

    def go_to(self, place: Place) -> None:
        if place.handshake is None:  # the page below is meant
            below = self.app.screen_stack[-2]
            self.dismiss()
            if isinstance(below, PageScreen):
                below.go_to(place)
            return
        self._at = place.handshake
        self.rows.flow_number = place.handshake.flow
        self.begin()

    async def action_close(self) -> None:
        self.dismiss()
        if self._at.opened_from is not self.page:
            await self.app.run_action(f"page('{self._at.opened_from}')")

    @on(VirtualList.Chosen, "#ladder")
    def _chosen(self) -> None:
        """The fields of the packet; where it carries messages, too, the packet."""
        if self.frame:
            self.post_message(Visit(Place(Page.PACKETS, self.frame)))
            return
        if not self.inspected.display:
            self.action_details()
        self.fields.focus()

    def go_to_number(self, text: str) -> str:
        try:
            number = number_of(text, self.view.opened.counts.records, "packet")
        except NoPacketError as error:
            return str(error)
        index = self.rows.find_frame(number)
        if index is None:
            return f"Packet {number:,} is no step of this handshake"
        self.list.go_to(index)
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _OF_MESSAGES:
            return False
        return super().check_action(action, parameters)
