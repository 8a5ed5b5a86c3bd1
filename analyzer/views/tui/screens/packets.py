# SPDX-License-Identifier: GPL-2.0-only
"""The packets page: the list, and of the packet under the cursor the fields and the bytes."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from analyzer.findings import Finding
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import Detail, load, packet_detail
from analyzer.views.inks import line
from analyzer.views.places import Page, Place, Span
from analyzer.views.searching.needle import Kind, Needle, Where
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.nearest import NoPacketError, nearest
from analyzer.views.tui.places import Noted, Visit
from analyzer.views.tui.rows.packets import PacketRows
from analyzer.views.tui.screens.handshake import PROTECTED_FLOWS, handshake_place
from analyzer.views.tui.screens.page import PageScreen, position, titled
from analyzer.views.tui.search_targets import PacketsTarget, Target
from analyzer.views.tui.widgets.detail_tree import DetailTree
from analyzer.views.tui.widgets.hex_pane import HexPane, extent
from analyzer.views.tui.widgets.sorted_list import SortedList
from analyzer.views.tui.widgets.split import Split
from analyzer.views.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from analyzer.views.searching.search import Search


class PacketsScreen(PageScreen):
    """Wireshark's three panes."""

    page = Page.PACKETS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "r",
            "peer",
            "Response",
            show=False,
            id="packets.peer",
            tooltip=("Jump from a request to its response, or back"),
        ),
        Binding(
            "]",
            "sibling(1)",
            "Next in exchange",
            show=False,
            id="packets.next-in-exchange",
            tooltip="Go to the next message of the same exchange",
        ),
        Binding(
            "[",
            "sibling(-1)",
            "Previous in exchange",
            show=False,
            id="packets.previous-in-exchange",
            tooltip="Go to the message before of the same exchange",
        ),
        Binding(
            "m",
            "mark",
            "Mark",
            show=False,
            id="packets.mark",
            tooltip="Mark the packet, or not any more: marked packets can be exported",
        ),
        Binding(
            "A",
            "apply_as_column",
            "Apply as column",
            show=False,
            id="packets.apply-as-column",
            tooltip="Show the field under the cursor of the packet detail as a column of the list",
        ),
        Binding(
            "X",
            "unmask",
            "Credentials",
            show=False,
            id="packets.unmask",
            tooltip="Show or hide credentials",
        ),
    ]

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self.rows = PacketRows(view, view.visible_rows)
        self.list = SortedList(self.rows, view.columns_of("packets", self.rows), id="packets")
        self.fields = DetailTree("coap", id="detail")
        self.hex = HexPane(id="bytes")
        self.detail = Detail()
        self._frame = 0
        self.search: Search | None = None
        self._wanted: Span | str | Needle | None = None
        self._lit: tuple[Node, Span] | None = None
        self._loaded = False

    def panes(self) -> Iterable[Widget]:
        self.list.add_class("main")
        lower = Split(self.fields, self.hex, self.view.panes, id="lower", classes="beneath")
        yield Split(self.list, lower, self.view.panes, id="packets-page", classes="panes")

    def on_mount(self) -> None:
        super().on_mount()
        self.list.focus()

    def refresh_page(self) -> None:
        super().refresh_page()
        self.name_panes()
        if self.list.count and not self._frame:
            self._show(self.list.cursor)

    def name_panes(self) -> None:
        words = self.rows.sorting_words, *self.rows.rule(self.list.cursor)
        titled(self.list, "Packets", position(self.list, *words))

    # The packet shown ---------------------------------------------------------------------------

    @on(VirtualList.Highlighted, "#packets")
    def _highlighted(self, event: VirtualList.Highlighted) -> None:
        self.name_panes()
        if event.index >= 0:
            self.show_soon(self.list, lambda: self._show(self.list.cursor))
        elif self._frame:
            self._frame, self.detail = 0, Detail()
            self._show_detail()

    @on(VirtualList.Chosen, "#packets")
    def _chosen(self) -> None:
        self.fields.focus()

    def _show(self, index: int) -> None:
        """Dissect and show a packet; the first one waits for Scapy."""
        if index >= self.list.count:
            return
        self._frame = self.rows.frame(index)
        if not self._loaded:
            self.fields.show([Node(line("Loading the dissectors …", "dim"), key="coap")])
            self._load()
            return
        self.detail = packet_detail(self.view, int(self.rows.rows[index]))
        self._show_detail()

    @work(thread=True, exclusive=True)
    def _load(self) -> None:
        load()
        gc.freeze()  # what is loaded by now stays: searching it again for garbage would take long
        self.app.call_from_thread(self._dissectors_loaded)

    def _dissectors_loaded(self) -> None:
        self._loaded = True
        self._show(self.list.cursor)

    def _show_detail(self) -> None:
        detail = self.detail
        self.hex.show(detail.sources, detail.message)
        titled(self.fields, f"Packet {self._frame}" if self._frame else "Packet")
        self._name_bytes()
        self.fields.show(detail.nodes)
        wanted, self._wanted = self._wanted, None
        if isinstance(wanted, Needle):
            self._light_hit(wanted)
        elif isinstance(wanted, tuple):
            at = detail.coap_at
            self._light((at + wanted[0], at + wanted[1]), detail.message)
        elif wanted is not None:
            self._select(wanted)

    @on(DetailTree.Selected)
    def _selected(self, event: DetailTree.Selected) -> None:
        if not self.detail.sources:  # the packet went meanwhile
            return
        # Bytes jumped to stay lit exactly, though the field around them may be larger.
        span = event.node.span
        if self._lit is not None and self._lit[0] is event.node:
            span, self._lit = self._lit[1], None
        self.hex.light(span, event.node.source)
        self._name_bytes(span)

    def _name_bytes(self, span: Span | None = None) -> None:
        titled(self.hex, self.hex.title, extent(span) or f"{len(self.hex.data)} bytes")

    @on(HexPane.Turned)
    def _turned(self) -> None:
        self._name_bytes()

    @on(DetailTree.Followed)
    def _followed(self, event: DetailTree.Followed) -> None:
        self.post_message(Visit(event.place))

    @on(HexPane.Pointed)
    def _pointed(self, event: HexPane.Pointed) -> None:
        self._light((event.offset, event.offset + 1), self.hex.source)

    def _light(self, span: Span, source: int) -> None:
        """Light up bytes and select the smallest field that holds them."""
        node = smallest(self.detail.nodes, span, source)
        if node is not None:
            self._lit = (node, span)
            self.fields.reveal(node)

    def _select(self, key: str) -> None:
        """Select the first line of a branch of the tree."""
        branch = next((node for node in self.detail.nodes if node.key == key), None)
        if branch is not None:
            self.fields.reveal(branch.children[0] if branch.children else branch)

    # Jumps --------------------------------------------------------------------------------------

    @property
    def here(self) -> Place | None:
        return Place(Page.PACKETS, self._frame) if self._frame else None

    @property
    def frame(self) -> int:
        return self.rows.frame(self.list.cursor) if self.list.count else 0

    def go_to(self, place: Place) -> None:
        index = self.rows.index_of_frame(place.number)
        if index is None and self.view.paused:
            self.catch_up()
            index = self.rows.index_of_frame(place.number)
        if index is None:
            self.tell_hidden(f"packet {place.number}")
            return
        if place.span is not None:
            self._wanted = place.span
        elif place.branch:
            self._wanted = place.branch
        self._move_to(index)

    def go_to_number(self, text: str) -> str:
        try:
            found = nearest(self.view, self.rows.rows, text)
        except NoPacketError as error:
            return str(error)
        if found.said:
            self.notify(found.said, severity="warning", markup=False)
        self.post_message(Visit(Place(Page.PACKETS, self.rows.frame(found.place))))
        return ""

    def show_flagged(self, rows: VirtualList, index: int) -> None:
        self._wanted = "findings"
        self._move_to(index)

    # Hits ---------------------------------------------------------------------------------------

    def target(self) -> Target | None:
        return PacketsTarget(self) if self.view.session is not None else None

    def show_hit(self, index: int, needle: Needle) -> None:
        """Go to a packet and light what was found in it."""
        self._wanted = needle
        self._move_to(index)

    def _light_hit(self, needle: Needle) -> None:
        """In the tree, or in the bytes if it stands in these."""
        if needle.kind is Kind.FILTER:
            return
        if needle.where is Where.DETAIL and needle.kind is not Kind.HEX:
            from analyzer.views.searching.details import node_with

            node = node_with(self.detail.nodes, needle)
            if node is not None:
                self.fields.reveal(node)
            return
        span = needle.span_in(self.detail.data)
        if span is not None and span[0] < span[1]:
            self._light(span, self.detail.message)

    def _move_to(self, index: int) -> None:
        if index == self.list.cursor:
            self._show(index)
        self.list.go_to(index)

    def action_ladder(self) -> None:
        """Of a capture without messages, the handshakes of what is protected in it."""
        session = self.view.session
        flows = session.carriers.secured if session is not None else []
        if session is None or len(session.messages) or not flows:
            super().action_ladder()
        elif len(flows) == 1:
            self.post_message(Visit(handshake_place(flows[0].number, self.page)))
        else:
            self.post_message(Visit(PROTECTED_FLOWS))

    def action_peer(self) -> None:
        row = self._row()
        frame = int(self.view.opened.messages["peer"][row]) if row is not None else 0
        if frame:
            self.post_message(Visit(Place(Page.PACKETS, frame)))
        else:
            self.notify("No counterpart is known for this packet")

    def action_sibling(self, step: int) -> None:
        row = self._row()
        if row is None:
            return
        messages = self.view.opened.messages
        rows = [int(r) for r in self.view.rows_of_exchange(int(messages["exchange"][row]))]
        place = rows.index(row) + step if row in rows else -1
        if 0 <= place < len(rows):
            self.post_message(Visit(Place(Page.PACKETS, int(messages["frame"][rows[place]]))))
        else:
            self.notify("No further message in this exchange")

    def _row(self) -> int | None:
        return int(self.rows.rows[self.list.cursor]) if self.list.count else None

    @property
    def exchange(self) -> int:
        row = self._row()
        return int(self.view.opened.messages["exchange"][row]) if row is not None else 0

    @property
    def ue(self) -> int:
        row = self._row()
        own = int(self.view.opened.messages["ue"][row]) if row is not None else 0
        return super().ue or own

    @property
    def finding(self) -> Finding | None:
        selected = self.fields.selected
        place = selected.place if selected is not None else None
        if place is None or place.page != Page.FINDINGS:
            return None
        return self.view.opened.findings[place.number - 1]

    def annotations_changed(self) -> None:
        super().annotations_changed()
        if self._loaded and self.list.count:
            self._show(self.list.cursor)

    @property
    def condition(self) -> str:
        """Of the field where that is, else of the packet's exchange or endpoints."""
        from analyzer.filters.taking import taken
        from dissectors.fields import Table

        row, node = self._row(), self.fields.selected
        if row is None:
            return ""
        if self.list.has_focus or not (self.fields.has_focus or self.hex.has_focus):
            return super().condition or self.view.pair_condition(row)
        if node is None or not node.field:
            return ""
        return taken(self.view.opened, Table.MESSAGES, row, node.field, node.nth)

    def action_mark(self) -> None:
        row = self._row()
        if row is not None:
            frame, written = self.rows.frame(self.list.cursor), self.view.annotations
            written.mark({frame}, frame not in written.marks)
            self.post_message(Noted())

    def action_apply_as_column(self) -> None:
        node = self.fields.selected
        self.apply_as_column(node.field if node is not None else "")

    def action_unmask(self) -> None:
        self.view.unmasked = not self.view.unmasked
        self.refresh_page()
        if self.list.count:
            self._show(self.list.cursor)


def smallest(nodes: Iterable[Node], span: Span, source: int = 0) -> Node | None:
    """The node with the fewest bytes that holds all of a range of a source, the deepest of
    equals."""
    best: Node | None = None
    stack = list(nodes)
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.source != source or node.span is None:
            continue
        if not (node.span[0] <= span[0] and span[1] <= node.span[1]):
            continue
        if best is None or best.span is None or _size(node.span) <= _size(best.span):
            best = node
    return best


def _size(span: Span) -> int:
    return span[1] - span[0]
