# SPDX-License-Identifier: GPL-2.0-only
"""What ladders of all kinds have on the screen: the arrows, and of the packet under the cursor the
fields and the bytes where there is room, or where they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual import on, work
from textual.containers import Container
from textual.widget import Widget

from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import Detail, load
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.places import Visit
from analyzer.views.tui.rows.drawn import DrawnRows
from analyzer.views.tui.screens.page import PageScreen, titled
from analyzer.views.tui.widgets.detail_tree import DetailTree
from analyzer.views.tui.widgets.hex_pane import HexPane
from analyzer.views.tui.widgets.ladder_list import LadderList
from analyzer.views.tui.widgets.virtual_list import VirtualList

_BESIDE: Final = 140
_BELOW: Final = (100, 40)
"""Columns, and columns and rows, from which on details stand beside or below unasked."""


class DrawnScreen(PageScreen):
    """A ladder. Subclasses give `detail`, and the place to begin with in `begin`."""

    def __init__(self, view: CaptureView, rows: DrawnRows, branch: str) -> None:
        super().__init__(view)
        self.list = LadderList(rows, id="ladder")
        self.fields = DetailTree(branch, id="fields")
        self.hex = HexPane(id="octets")
        self.inspected = Container(self.fields, self.hex, id="inspected")
        self._details: bool | None = None  # None: where there is room
        self._loaded = False

    def begin(self) -> None:
        """Put the cursor where it belongs at first."""
        raise NotImplementedError

    def detail(self) -> tuple[int, Detail, Node | None] | None:
        """Number and detail of the packet under the cursor, and the part of it to select."""
        raise NotImplementedError

    def name_panes(self) -> None:
        """Say in the border of the list what it shows."""
        raise NotImplementedError

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
        self.call_after_refresh(self.begin)

    def on_resize(self) -> None:
        self._make_room()

    def _make_room(self) -> None:
        width, height = self.app.size
        room = width >= _BESIDE or (width >= _BELOW[0] and height >= _BELOW[1])
        self.inspected.display = room if self._details is None else self._details

    def refresh_page(self) -> None:
        super().refresh_page()
        self.name_panes()

    # The packet under the cursor ----------------------------------------------------------------

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
        self.name_panes()
        self.show_soon(self.list, self._inspect)

    def _inspect(self) -> None:
        if not self._loaded or not self.inspected.display:
            return
        found = self.detail()
        if found is None:
            return
        frame, detail, part = found
        self.hex.show(detail.sources, detail.message)
        titled(self.fields, f"Packet {frame}")
        self._name_bytes()
        self.fields.show(detail.nodes)
        if part is not None:
            self.fields.reveal(part)

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
