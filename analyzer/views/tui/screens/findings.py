# SPDX-License-Identifier: GPL-2.0-only
"""The findings page: what is wrong, and of the finding under the cursor the rule explained."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.widget import Widget

from analyzer.findings import Finding
from analyzer.views.detail.packet import Detail, packet_bytes
from analyzer.views.places import Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.explanation import explanation
from analyzer.views.tui.nearest import NoPacketError, number_of
from analyzer.views.tui.places import Visit
from analyzer.views.tui.rows.findings import FindingRows
from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.screens.handshake import handshake_place
from analyzer.views.tui.screens.page import PageScreen, position, titled
from analyzer.views.tui.widgets.hex_pane import HexPane, extent
from analyzer.views.tui.widgets.rule_pane import RulePane
from analyzer.views.tui.widgets.sheet import Entry
from analyzer.views.tui.widgets.sorted_list import SortedList
from analyzer.views.tui.widgets.split import Split
from analyzer.views.tui.widgets.virtual_list import VirtualList


class FindingsScreen(PageScreen):
    """The list and the explanation, side by side where there is room."""

    page = Page.FINDINGS

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self.rows = FindingRows(view)
        self.list = SortedList(self.rows, view.columns_of("findings", self.rows), id="findings")
        self.rule = RulePane(id="rule")
        self.hex = HexPane(id="evidence")
        self._shown: Finding | None = None

    def panes(self) -> Iterable[Widget]:
        self.list.add_class("main")
        panes = self.view.panes
        explained = Split(self.rule, self.hex, panes, id="explained", classes="beneath")
        yield Split(self.list, explained, panes, id="findings-page", classes="panes")

    def on_mount(self) -> None:
        if self.view.live:
            self.rows.sort_by(Sorting())
        super().on_mount()
        self.list.focus()

    def refresh_page(self) -> None:
        super().refresh_page()
        if (
            self.view.session is not None
            and not self.view.reading
            and not self.view.error
            and (not self.hides_all)
        ):
            self.list.empty = "No findings\n\nNothing in this capture breaks a rule."
        self.name_panes()

    def name_panes(self) -> None:
        words = self.rows.sorting_words, *self._ignored()
        titled(self.list, "Findings", position(self.list, *words))
        titled(self.rule, self._shown.rule.id if self._shown else "Rule")
        lit = extent(self.hex.lit) or (f"{len(self.hex.data)} bytes" if self.hex.data else "none")
        titled(self.hex, self.hex.title, lit)

    @on(HexPane.Turned)
    def _turned(self) -> None:
        self.name_panes()

    def _ignored(self) -> Iterable[str]:
        """How many are ignored, and whether they are listed."""
        count = len(self.view.hidden_ids)
        if count:
            yield f"{count:,} ignored{'' if self.view.shows_hidden else ', not listed'}"

    @on(VirtualList.Highlighted, "#findings")
    def _highlighted(self) -> None:
        self.show_soon(self.list, self._explain)

    def _explain(self) -> None:
        index = self.list.cursor
        self._shown = self.rows[index] if 0 <= index < len(self.rows) else None
        self.rule.show(self._explained(self._shown) if self._shown else ())
        self._show_bytes()
        self.name_panes()

    def _show_bytes(self) -> None:
        """Of the packet that a finding points at, with those lit that it is about."""
        row = self._shown.row if self._shown is not None else -1
        detail = packet_bytes(self.view, row) if row >= 0 else Detail()
        self.hex.show(detail.sources, detail.message)
        span = self._shown.span if self._shown is not None and detail.data else None
        place = (detail.coap_at + span[0], detail.coap_at + span[1]) if span else None
        self.hex.light(place, detail.message)

    def _explained(self, finding: Finding) -> list[Entry]:
        candidate = self.view.candidates.of_finding(finding)
        nearest = candidate.sentence if candidate else ""
        hidden = finding.id in self.view.hidden_ids
        waivers = self.view.waivers_of(finding) if hidden else ()
        reasons = [waiver.of.reason for waiver in waivers]
        return explanation(finding, self.rows.ue(finding), nearest, reasons)

    @on(VirtualList.Chosen, "#findings")
    def _chosen(self, event: VirtualList.Chosen) -> None:
        finding = self.rows[event.index]
        frame = finding.frame
        if finding.row >= 0:
            frame = int(self.view.opened.messages["frame"][finding.row])
        if frame:
            self.post_message(Visit(Place(Page.PACKETS, frame, finding.span, "findings")))
        else:
            self.notify("This finding is about the capture, not about a packet")

    def action_ladder(self) -> None:
        """Of a finding about a protected flow, its handshakes."""
        finding = self._finding
        if finding is not None and finding.flow:
            place = handshake_place(finding.flow, self.page, finding.frame)
            self.post_message(Visit(place))
        else:
            super().action_ladder()

    @property
    def here(self) -> Place | None:
        if not self.list.count:
            return None
        return Place(Page.FINDINGS, self.rows.identity(self.list.cursor))

    @property
    def exchange(self) -> int:
        finding = self._finding
        if finding is None:
            return 0
        row = finding.row
        return finding.exchange or (
            self.view.opened.messages.cell("exchange", row) if row >= 0 else 0
        )

    @property
    def frame(self) -> int:
        return self._finding.frame if self._finding is not None else 0

    @property
    def ue(self) -> int:
        return self.view.standings.of_finding(self._finding.id - 1) if self._finding else 0

    @property
    def finding(self) -> Finding | None:
        return self._finding

    @property
    def _finding(self) -> Finding | None:
        return self.rows[self.list.cursor] if self.list.count else None

    def annotations_changed(self) -> None:
        super().annotations_changed()
        self._explain()

    def go_to_number(self, text: str) -> str:
        try:
            number = number_of(text, self.view.opened.counts.records, "packet")
            index = self.rows.nearest(number)
        except NoPacketError as error:
            return str(error)
        if self.rows[index].frame != number:
            self.notify(f"Nothing was found in packet {number:,}: this is the nearest finding")
        self.list.go_to(index)
        return ""

    def none_flagged(self, step: int) -> str:
        return f"No {'further' if step > 0 else 'earlier'} finding as severe as this one"

    def go_to(self, place: Place) -> None:
        self.catch_up()
        index = self.rows.find(place.number)
        if index is not None:
            self.list.go_to(index)
        else:
            self.tell_hidden(f"finding {place.number}")

    @property
    def condition(self) -> str:
        finding = self._finding
        return f'finding.rule == "{finding.rule.id}"' if finding is not None else ""
