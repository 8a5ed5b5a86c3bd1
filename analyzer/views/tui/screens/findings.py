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
from analyzer.views.tui.screens.page import PageScreen, position, titled
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
            tooltip="Sort findings: the worst first, by frame, or as they were found",
        ),
    ]

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self.rows = FindingRows(view)
        self.list = VirtualList(self.rows, id="findings")
        self.rule = RulePane(id="rule")
        self._shown: Finding | None = None

    def panes(self) -> Iterable[Widget]:
        self.list.add_class("main")
        yield Container(self.list, self.rule, id="sides")

    def on_mount(self) -> None:
        if self.view.live:
            self.rows.order = Order.FOUND
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
        self._name_panes()

    def _name_panes(self) -> None:
        titled(self.list, "Findings", position(self.list, str(self.rows.order)))
        titled(self.rule, self._shown.rule.id if self._shown else "Rule")

    @on(VirtualList.Highlighted, "#findings")
    def _highlighted(self) -> None:
        self.show_soon(self.list, self._explain)

    def _explain(self) -> None:
        index = self.list.cursor
        self._shown = self.rows[index] if 0 <= index < len(self.rows) else None
        self.rule.show(self._explained(self._shown) if self._shown else ())
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
    def _finding(self) -> Finding | None:
        return self.rows[self.list.cursor] if self.list.count else None

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

    def action_order(self) -> None:
        orders = list(Order)
        self.rows.order = orders[(orders.index(self.rows.order) + 1) % len(orders)]
        if self.rows.order is Order.FOUND and self.view.live:
            self.list.pin()
        else:
            self.list.unpin()
        self.refresh_page()
