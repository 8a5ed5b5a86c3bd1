# SPDX-License-Identifier: GPL-2.0-only
"""What every page has: the tab line, panes, the status line, the footer; and keys for panes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Footer

from analyzer.findings import Finding
from analyzer.views.places import LadderAt, Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.moving_keys import MOVING_KEYS
from analyzer.views.tui.page_keys import PAGE_KEYS
from analyzer.views.tui.places import FilterBy, Join, Visit
from analyzer.views.tui.screens.arranging import Arranging
from analyzer.views.tui.screens.moving import MovingScreen
from analyzer.views.tui.status import Shown, emptiness, hidden, searched, status
from analyzer.views.tui.widgets.filter_bar import FilterBar
from analyzer.views.tui.widgets.find_bar import FindBar
from analyzer.views.tui.widgets.row_source import FilteredSource
from analyzer.views.tui.widgets.sorted_list import SortedList
from analyzer.views.tui.widgets.status_bar import StatusBar
from analyzer.views.tui.widgets.tab_line import TabLine
from analyzer.views.tui.widgets.virtual_list import VirtualList

_WIDTHS = [(0, "-narrow"), (100, "-wide"), (140, "-huge"), (170, "-vast")]
"""Style classes of a page by the columns of the terminal."""

_READABLE: Final = 0.4
"""Seconds for which details of a row stay, if more rows come in all the time."""

_SETTLE: Final = 0.04
"""Seconds in which a list is surely painted."""


class PageScreen(Guarded, Arranging, MovingScreen, inherit_bindings=False):
    """One page of the app. Subclasses give `page`, `panes()` and `go_to()`."""

    page: ClassVar[Page]
    follows: ClassVar[bool] = True
    """Whether the lists of a live capture begin at their end and stay there."""
    ALLOW_IN_MAXIMIZED_VIEW = "TabLine, FilterBar, FindBar, StatusBar, Footer"
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    BINDINGS: ClassVar[list[BindingType]] = [*PAGE_KEYS, *MOVING_KEYS]

    def __init__(self, view: CaptureView) -> None:
        super().__init__()
        self.view = view
        self.bar = FilterBar(view)
        self._frozen = False
        self._edition = view.filtering.edition
        self._was_live = view.live
        self._was_looking = False
        self._shown_at = 0.0
        self._later: Timer | None = None

    def panes(self) -> Iterable[Widget]:
        """The widgets of the page, in the order of the Tab key."""
        raise NotImplementedError

    def go_to(self, place: Place) -> None:
        """Put the cursor on a place of this page."""
        raise NotImplementedError

    def name_panes(self) -> None:
        """Say in the borders of panes what they show."""

    @on(SortedList.Told)
    def _sorting_told(self) -> None:
        self.name_panes()

    @property
    def here(self) -> Place | None:
        """Where the cursor stands."""
        raise NotImplementedError

    @property
    def exchange(self) -> int:
        """The exchange the cursor stands on, 0 for none."""
        return 0

    @property
    def frame(self) -> int:
        """The packet the cursor stands on, 0 for none."""
        return 0

    @property
    def ue(self) -> int:
        """The UE the cursor stands on (ue_standings), 0 for none."""
        exchange = self.exchange
        if not exchange:
            return 0
        return self.view.opened.exchanges.stored.cell("ue", exchange - 1)

    @property
    def finding(self) -> Finding | None:
        """The finding the cursor stands on."""
        return None

    def annotations_changed(self) -> None:
        """Show what the user has written since."""
        self.refresh_page()

    @property
    def condition(self) -> str:
        """A filter that the row or field under the cursor passes, "" where there is none."""
        return f"exchange.id == {self.exchange}" if self.exchange else ""

    def compose(self) -> ComposeResult:
        yield TabLine("msgshark", list(Page), self.page, self.view.title)
        yield self.bar
        yield from self.panes()
        yield FindBar()
        yield StatusBar()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        if self.view.live and self.follows:
            for rows in self.lists():
                rows.pin()
        self.refresh_page()
        self.begin_arranging()

    def lists(self) -> Iterable[VirtualList]:
        """What lists the capture, and grows with it."""
        return self.query("VirtualList.main").results(VirtualList)

    def refresh_page(self) -> None:
        """Show what was read since; paused lists show their rows as they are now."""
        filtered = self._filtered_anew
        frozen = self.view.paused and self._frozen and not filtered
        self._edition = self.view.filtering.edition
        for rows in self.query(VirtualList):
            main = rows.has_class("main")
            if main:
                rows.empty = emptiness(self.view)
            if frozen:
                rows.repaint()
            elif main and filtered:
                rows.take_in_filtered()
            else:
                rows.take_in()
            if main and self.hides_all:
                rows.empty = hidden(self.view, self.page)
        self._frozen = self.view.paused
        self._show_lines()

    @property
    def _filtered_anew(self) -> bool:
        """Whether the filter lets through other rows than those that are listed."""
        return self._edition != self.view.filtering.edition

    @property
    def hides_all(self) -> bool:
        """Whether there would be rows without the filter."""
        return self.shown is not None and not self.shown.rows and self.shown.of > 0

    @property
    def shown(self) -> Shown | None:
        """How many rows of the list the filter lets through; None without a filter."""
        source = next((rows.source for rows in self.lists()), None)
        if not self.view.filtering.on or not isinstance(source, FilteredSource):
            return None
        return Shown(len(source), source.total)

    def tick(self) -> None:
        """Show what was read since, but in lists that are paused nothing at all."""
        if self.view.paused and self._frozen and not self._filtered_anew:
            self._show_lines()
        else:
            self.refresh_page()

    def catch_up(self) -> None:
        """Take in what paused lists lack: the user goes to a row of it."""
        if self.view.paused:
            self._frozen = False
            self.refresh_page()

    def _show_lines(self) -> None:
        if self._was_live != self.view.live:
            self._was_live = self.view.live
            self.refresh_bindings()
        share = self.view.progress if self.view.reading and not self.view.live else None
        for bar in self.query(StatusBar):  # none any more while the page goes away
            bar.show(status(self.view, self.shown), share)
        for tabs in self.query(TabLine):
            tabs.show_title(self.view.title)
        if self.bar.is_mounted:
            self.bar.show(searched(self.view, self.page, self.shown))
        looking = self._looking
        if looking != self._was_looking:
            self._was_looking = looking
            self.refresh_bindings()

    def show_soon(self, rows: VirtualList, show: Callable[[], None]) -> None:
        """Show what belongs to the row under the cursor: while a capture is read once the row is
        painted, so that a key that is held need not wait for what nobody can read; and where the
        cursor follows the end not more often than one can read."""
        wait = _SETTLE if self.view.reading else 0.0
        if rows.pinned and self.view.live:
            wait = max(wait, self._shown_at + _READABLE - monotonic())
        if not wait:
            self._show_now(show)
        elif self._later is None:
            self._later = self.set_timer(wait, lambda: self._show_now(show))

    def _show_now(self, show: Callable[[], None]) -> None:
        if self._later is not None:
            self._later.stop()
            self._later = None
        self._shown_at = monotonic()
        show()

    def action_visit_ue(self) -> None:
        if self.ue:
            self.post_message(Visit(Place(Page.UES, self.ue)))
        else:
            self.notify("Nothing here names a UE")

    @property
    def conversation(self) -> tuple[int, int] | None:
        """The endpoints of what the cursor stands on."""
        row = self.view.row_of_frame(self.frame) if self.frame else None
        if row is None and self.exchange:
            row = self.view.opened.exchanges.stored.cell("request_row", self.exchange - 1)
        if row is None:
            return None
        messages = self.view.opened.messages
        return messages.cell("source", row), messages.cell("destination", row)

    def action_colour_conversation(self) -> None:
        if self.conversation is None:
            self.notify("This belongs to no conversation")
            return
        colour = self.view.conversations.toggle(*self.conversation)
        one, other = (self.view.opened.endpoints[end] for end in self.conversation)
        told = f"Colour {colour}" if colour else "No colour any more"
        self.notify(f"{told}: {one} and {other}", markup=False)
        self.refresh_page()

    # The filter ---------------------------------------------------------------------------------

    @property
    def _looking(self) -> bool:
        filtering = self.view.filtering
        if self.view.session is None or filtering.stopped:
            return False
        return filtering.progress(self.page) is not None

    def action_filter(self) -> None:
        self.bar.open()

    def action_filter_by(self, join: str) -> None:
        if self.condition:
            self.post_message(FilterBy(self.condition, Join(join)))
        else:
            self.notify("No field of a filter stands here")

    def action_stop_filtering(self) -> None:
        self.view.filtering.stop()
        self.refresh_page()

    @on(FilterBar.Left)
    def _bar_left(self, event: FilterBar.Left) -> None:
        event.stop()
        lists = list(self.lists())
        before = event.before
        if before is None or not before.is_mounted or not before.focusable:
            before = lists[0] if lists else None
        if before is not None:
            self.set_focus(before)

    def tell_hidden(self, what: str) -> None:
        """Say why the cursor did not go to a row: `packet 12`."""
        if self.view.filtering.on:
            text = f"The filter hides {what}: / Backspace Enter takes the filter away"
        else:
            text = f"{what[0].upper()}{what[1:]} is not in the list"
        self.notify(text, severity="warning")

    def action_pause(self) -> None:
        self.view.pause(not self.view.paused)
        self.refresh_page()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "pause":
            return self.view.live or self.view.paused
        if action == "stop_filtering":
            return self._looking
        if action == "visit_ue":
            return self.page is not Page.UES
        return super().check_action(action, parameters)

    def action_ladder(self) -> None:
        if self.exchange:
            ladder = LadderAt(self.frame, opened_from=self.page)
            self.post_message(Visit(Place(Page.EXCHANGES, self.exchange, ladder=ladder)))
        else:
            self.notify("This belongs to no exchange")

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


def position(rows: VirtualList, *more: str) -> str:
    """`12 of 345`, and how many came in below since the cursor left the end."""
    if not rows.count:
        return ""
    new = (f"▼ {rows.new:,} new",) if rows.new else ()
    done = rows.sorting_done if isinstance(rows, SortedList) else None
    sorting = (f"sorting, {done:.0%}",) if done is not None else ()
    place = f"{rows.cursor + 1:,} of {rows.count:,}"
    return ", ".join((place, *filter(None, more), *sorting, *new))


def titled(widget: Widget, title: str, count: str = "") -> None:
    """Name a pane in its border; the texts are no markup."""
    plain = Content(f" {count}").stylize("not bold") if count else Content("")
    whole = Content(title) + plain
    if widget._border_title != whole:
        widget.border_title = whole
