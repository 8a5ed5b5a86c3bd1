# SPDX-License-Identifier: GPL-2.0-only
"""What every page has: the tab line, panes, the status line, the footer; and keys for panes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from analyzer.views.places import Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.status import emptiness, status
from analyzer.views.tui.widgets.status_bar import StatusBar
from analyzer.views.tui.widgets.tab_line import TabLine
from analyzer.views.tui.widgets.virtual_list import VirtualList

_WIDTHS = [(0, "-narrow"), (100, "-wide"), (140, "-huge"), (170, "-vast")]
"""Style classes of a page by the columns of the terminal."""


class PageScreen(Screen[None], inherit_bindings=False):
    """One page of the app. Subclasses give `page`, `panes()` and `go_to()`."""

    page: ClassVar[Page]
    ALLOW_IN_MAXIMIZED_VIEW = "TabLine, StatusBar, Footer"
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "pane(1)", "Pane", id="page.next-pane", tooltip="Go to the next pane"),
        Binding(
            "shift+tab",
            "pane(-1)",
            "Pane back",
            show=False,
            id="page.previous-pane",
            tooltip="Go to the pane before",
        ),
        Binding(
            "backslash",
            "maximise",
            "Maximise",
            show=False,
            id="page.maximise",
            tooltip="Let the pane fill the screen, or not any more",
        ),
        Binding(
            "t",
            "time_format",
            "Time",
            id="page.time-format",
            tooltip=("Time since the first packet, time of day, or time since the row before"),
        ),
    ]

    def __init__(self, view: CaptureView) -> None:
        super().__init__()
        self.view = view

    def panes(self) -> Iterable[Widget]:
        """The widgets of the page, in the order of the Tab key."""
        raise NotImplementedError

    def go_to(self, place: Place) -> None:
        """Put the cursor on a place of this page."""
        raise NotImplementedError

    @property
    def here(self) -> Place | None:
        """Where the cursor stands."""
        raise NotImplementedError

    @property
    def exchange(self) -> int:
        """The exchange the cursor stands on, 0 for none."""
        return 0

    def compose(self) -> ComposeResult:
        yield TabLine("msgshark", list(Page), self.page, self.view.title)
        yield from self.panes()
        yield StatusBar()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self.refresh_page()

    def refresh_page(self) -> None:
        """Show what was read since."""
        for rows in self.query(VirtualList):
            if rows.has_class("main"):
                rows.empty = emptiness(self.view)
            rows.take_in()
        share = self.view.progress if self.view.reading and not self.view.live else None
        self.query_one(StatusBar).show(status(self.view), share)

    def action_time_format(self) -> None:
        self.view.time_format = self.view.time_format.next
        self.refresh_page()

    def action_pane(self, step: int) -> None:
        """The next pane takes the focus, and the screen if the one before had it."""
        maximised = self.maximized is not None
        if maximised:
            self.minimize()
        widget = self.focus_next() if step > 0 else self.focus_previous()
        if maximised and widget is not None:
            self.maximize(widget)

    def action_maximise(self) -> None:
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)


def titled(widget: Widget, title: str, count: str = "") -> None:
    """Name a pane in its border; the texts are no markup."""
    plain = Content(f" {count}").stylize("not bold") if count else Content("")
    whole = Content(title) + plain
    if widget._border_title != whole:
        widget.border_title = whole
