# SPDX-License-Identifier: GPL-2.0-only
"""The findings page: what is wrong, and of the finding under the cursor the rule explained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from analyzer.findings import Finding
from analyzer.views.places import Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.explanation import explanation
from analyzer.views.tui.places import Visit
from analyzer.views.tui.rows.findings import FindingRows, Order
from analyzer.views.tui.screens.page import PageScreen, titled
from analyzer.views.tui.widgets.rule_pane import RulePane
from analyzer.views.tui.widgets.sheet import Entry
from analyzer.views.tui.widgets.virtual_list import VirtualList


class FindingsScreen(PageScreen):
    """The list and the explanation, side by side where there is room."""

    page = Page.FINDINGS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "s",
            "order",
            "Sort",
            id="findings.sort",
            tooltip="Sort findings: the worst first, or by frame",
        ),
    ]

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self.rows = FindingRows(view)
        self.list = VirtualList(self.rows, id="findings")
        self.rule = RulePane(id="rule")

    def panes(self) -> Iterable[Widget]:
        self.list.add_class("main")
        yield Container(self.list, self.rule, id="sides")

    def on_mount(self) -> None:
        super().on_mount()
        self.list.focus()

    def refresh_page(self) -> None:
        super().refresh_page()
        if self.view.session is not None and not self.view.reading and not self.view.error:
            self.list.empty = "No findings\n\nNothing in this capture breaks a rule."
        self._name_panes()

    def _name_panes(self) -> None:
        count = self.list.count
        position = f"{self.list.cursor + 1:,} of {count:,}, {self.rows.order}"
        titled(self.list, "Findings", position if count else "")
        titled(self.rule, self.rows[self.list.cursor].rule.id if count else "Rule")

    @on(VirtualList.Highlighted, "#findings")
    def _highlighted(self, event: VirtualList.Highlighted) -> None:
        finding = self.rows[event.index] if 0 <= event.index < len(self.rows) else None
        self.rule.show(self._explained(finding) if finding else ())
        self._name_panes()

    def _explained(self, finding: Finding) -> list[Entry]:
        candidate = self.view.candidates.of_finding(finding)
        nearest = candidate.sentence if candidate else ""
        return explanation(finding, self.rows.ue(finding), nearest)

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

    @property
    def here(self) -> Place | None:
        if not self.list.count:
            return None
        return Place(Page.FINDINGS, self.rows.identity(self.list.cursor))

    def go_to(self, place: Place) -> None:
        index = self.rows.find(place.number)
        if index is not None:
            self.list.go_to(index)

    def action_order(self) -> None:
        worst_first = self.rows.order == Order.SEVERITY
        self.rows.order = Order.FRAME if worst_first else Order.SEVERITY
        self.refresh_page()
