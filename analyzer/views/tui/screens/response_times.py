# SPDX-License-Identifier: GPL-2.0-only
"""The sheet of response times: percentiles by server, URI, UE or method."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from analyzer.response_times import By, Spread, spreads
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.rows.spreads import SpreadRows
from analyzer.views.tui.screens.page import titled
from analyzer.views.tui.widgets.virtual_list import VirtualList

_PERIOD: Final = 1.0
"""Seconds between two looks at a capture that grows."""

_COUNTED: Final = "Of certain pairings whose request was sent once before its answer (Karn)."


class ResponseTimesScreen(Guarded, ModalScreen[None], inherit_bindings=False):
    """Computed in a thread, and again while the capture grows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "b,tab",
            "by",
            "By",
            id="response-times.by",
            tooltip="By server, URI, UE or method",
        ),
        Binding(
            "escape,q,S,alt+s",
            "dismiss",
            "Close",
            id="response-times.close",
            tooltip="Close the response times",
        ),
    ]

    def __init__(self, view: CaptureView) -> None:
        super().__init__()
        self.view = view
        self.rows = SpreadRows()
        self.list = VirtualList(self.rows, id="spreads", empty="Computing …")
        self._by = By.SERVER
        self._shown: tuple[By, int] | None = None

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_subtitle = "b groups otherwise, Esc closes"
            yield self.list
            yield Static(_COUNTED)

    def on_mount(self) -> None:
        self.list.focus()
        self._look()
        self.set_interval(_PERIOD, self._look)

    def _look(self) -> None:
        """Compute what is not shown yet."""
        titled(self.query_one(Vertical), "Response times", f"by {_noun(self._by)}")
        wanted = self._by, self.view.opened.version
        if wanted != self._shown:
            self._shown = wanted
            self._compute(self._by)

    @work(thread=True, exclusive=True)
    def _compute(self, by: By) -> None:
        groups, total = spreads(self.view.opened, by)
        self.app.call_from_thread(self._computed, by, groups, total)

    def _computed(self, by: By, groups: list[Spread], total: Spread) -> None:
        if by == self._by and self.is_mounted:
            self.rows.show(by, groups, total)
            self.list.empty = "No requests"
            self.list.take_in()

    def action_by(self) -> None:
        ways = list(By)
        self._by = ways[(ways.index(self._by) + 1) % len(ways)]
        self._look()


def _noun(by: By) -> str:
    """`server`, `URI`."""
    return by.heading if by.heading.isupper() else by.heading.lower()
