# SPDX-License-Identifier: GPL-2.0-only
"""The statistics page: a part of the statistics as a plot and a list, computed in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import ClassVar, Final, NamedTuple

from textual import on, work
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widget import Widget

from analyzer.statistics.conditions import fits
from analyzer.statistics.model import Buckets, Part
from analyzer.statistics.parts import condition, range_condition
from analyzer.views.places import Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.places import FilterBy, Join, Visit
from analyzer.views.tui.plots import bars_of, caption_of, title_of
from analyzer.views.tui.rows.statistics import Listed, Order, StatisticsRows, heading
from analyzer.views.tui.screens.handshake import HandshakeScreen, handshake_place
from analyzer.views.tui.screens.page import PageScreen, titled
from analyzer.views.tui.status import emptiness
from analyzer.views.tui.widgets.bar_plot import GUTTER, BarPlot
from analyzer.views.tui.widgets.choice_line import ChoiceLine
from analyzer.views.tui.widgets.virtual_list import VirtualList

_OF_ONE: Final = frozenset(
    ("visit_ue", "flagged", "ask_number", "copy_as", "colour_conversation", "filter_by")
)
"""Actions on one packet or exchange: a row is about many."""

_SHARE: Final = 8
"""Computing takes at most one part in so many of the time while the capture grows."""

_FRAME: Final = 4
"""Columns that the border of the plot takes, at most."""

_SHORTEST: Final = 1.0
"""Seconds between two looks at a capture that grows, at least."""


class _Wanted(NamedTuple):
    """What is to be computed; `of` tells the messages apart that it is computed of."""

    part: Part
    by: str
    order: Order
    most: int
    of: tuple[int, ...]


class StatisticsScreen(PageScreen):
    """One part of the statistics at a time."""

    page = Page.STATISTICS
    follows = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "v",
            "part(1)",
            "View",
            id="statistics.next-part",
            tooltip="The next part: traffic, conversations, endpoints, codes, response times, "
            "retransmissions, protected flows",
        ),
        Binding(
            "V",
            "part(-1)",
            "View back",
            show=False,
            id="statistics.previous-part",
            tooltip="The part before",
        ),
        Binding(
            "b",
            "by",
            "By",
            id="statistics.by",
            tooltip="Group otherwise: response times by server, URI, UE or method, "
            "retransmissions by endpoint or UE",
        ),
    ]

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self.part = Part.TRAFFIC
        self.choice = ChoiceLine([part.heading for part in Part])
        self.plot = BarPlot(id="plot")
        self.rows = StatisticsRows(view)
        self.list = VirtualList(self.rows, id="statistics", empty="Computing …")
        self._by = {part: part.ways[0] for part in Part}
        self._orders = dict.fromkeys(Part, Order())
        self._computing = False
        self._shown: _Wanted | None = None
        self._next = 0.0
        self._later_look: Timer | None = None
        self._into: Buckets | None = None

    def panes(self) -> Iterable[Widget]:
        yield self.choice
        yield self.plot
        yield self.list

    def on_mount(self) -> None:
        super().on_mount()
        self.list.focus()

    @property
    def main_list(self) -> VirtualList:
        """The list below the plot."""
        return self.list

    # Computing ----------------------------------------------------------------------------------

    def refresh_page(self) -> None:
        super().refresh_page()
        self._look()

    def _look(self) -> None:
        """Compute what is not shown yet, one part at a time."""
        if self.view.session is None or self.view.error:
            self.list.empty = emptiness(self.view)
            return
        most = self.size.width - GUTTER - _FRAME
        if self._computing or most <= 0:
            return
        rows = self.view.visible_rows()
        of = (self.view.opened.version, *_told_apart(rows))
        wanted = _Wanted(self.part, self._by[self.part], self._orders[self.part], most, of)
        if wanted == self._shown:
            return
        if self._shown is not None and wanted._replace(of=self._shown.of) == self._shown:
            wait = self._next - monotonic()
            if self.view.paused or wait > 0:
                self._look_later(wait)
                return
        self._computing = True
        self._compute(wanted, rows)

    def _look_later(self, wait: float) -> None:
        if self._later_look is None and not self.view.paused:
            self._later_look = self.set_timer(wait, self._look_now)

    def _look_now(self) -> None:
        self._later_look = None
        self._look()

    @work(thread=True, group="statistics")
    def _compute(self, wanted: _Wanted, rows: Sequence[int]) -> None:
        from analyzer.views.tui.statistics_tables import listed

        began = monotonic()
        found = listed(self.view, rows, wanted.part, wanted.by, wanted.most, wanted.order)
        self.app.call_from_thread(self._computed, wanted, found, monotonic() - began)

    def _computed(self, wanted: _Wanted, found: Listed, took: float) -> None:
        self._computing = False
        if not self.is_mounted:
            return
        self._next = monotonic() + max(_SHORTEST, _SHARE * took)
        if (wanted.part, wanted.by) == (self.part, self._by[self.part]):
            self._show(wanted, found)
        self._look()

    def _show(self, wanted: _Wanted, found: Listed) -> None:
        before, self._shown = self._shown, wanted
        anew = before is None or (before.part, before.by) != (wanted.part, wanted.by)
        if anew:
            self.list.go_to(0)
            self.list.shift = 0
        self.rows.show(found)
        self.list.empty = "Nothing to count" if wanted.of[1] else emptiness(self.view)
        self.list.take_in()
        bars, into = bars_of(self.view, found.found), _buckets(found)
        self.plot.display = bars is not None
        if bars is not None:
            self.plot.show(bars, keep=not anew and into == self._into)
        elif self.plot.has_focus or self.focused is None:
            self.list.focus()
        self._into = into
        self._name_panes()

    def _name_panes(self) -> None:
        order, titles = self._orders[self.part], {c.key: c.title for c in self.rows.columns}
        by = self._by[self.part]
        words = [f"{self.list.cursor + 1:,} of {self.list.count:,}"] if self.list.count else []
        words += [f"by {heading(self.part, by)}"] if by else []
        if order.key in titles:
            words.append(f"sorted by {titles[order.key]} {'▼' if order.descending else '▲'}")
        titled(self.list, self.part.heading, ", ".join(words))
        if self.rows.listed is not None:
            titled(self.plot, *title_of(self.view, self.rows.listed.found))

    # Keys ---------------------------------------------------------------------------------------

    def show_part(self, part: Part) -> None:
        """Show another part."""
        self.part = part
        self.choice.choose(list(Part).index(part))
        self.refresh_bindings()
        self._look()

    def action_part(self, step: int) -> None:
        parts = list(Part)
        self.show_part(parts[(parts.index(self.part) + step) % len(parts)])

    @on(ChoiceLine.Clicked)
    def _part_clicked(self, event: ChoiceLine.Clicked) -> None:
        self.show_part(list(Part)[event.place])

    def action_by(self) -> None:
        ways = self.part.ways
        by = self._by[self.part]
        self._by[self.part] = ways[(ways.index(by) + 1) % len(ways)]
        self._look()

    def action_sort(self) -> None:
        """By the next column; after the last as it was computed."""
        keys = ["", *(c.key for c in self.rows.columns if c.title)]
        at = self._orders[self.part].key
        key = keys[(keys.index(at) + 1) % len(keys)] if at in keys else ""
        self._orders[self.part] = Order(key, key not in ("name", "start", "kind"))
        self._look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "by":
            return len(self.part.ways) > 1
        if action == "ladder":
            return self.part is Part.PROTECTED
        if action in _OF_ONE:
            return False
        return super().check_action(action, parameters)

    # Choosing -----------------------------------------------------------------------------------

    @on(VirtualList.Highlighted, "#statistics")
    def _highlighted(self) -> None:
        """A row of the traffic is a bar of the plot."""
        self._name_panes()
        if self.part is Part.TRAFFIC and self._into and self.list.has_focus and self.list.count:
            start = self.rows.identity(self.list.cursor)
            self.plot.point_at((start - self._into.start) // self._into.length)

    @on(BarPlot.Highlighted)
    def _range_highlighted(self) -> None:
        if self.rows.listed is None or not self.plot.display:
            return
        found, plot = self.rows.listed.found, self.plot
        plot.caption = caption_of(self.view, found, plot.first, plot.last)
        if self.part is Part.TRAFFIC and self._into and plot.has_focus:
            row = self.rows.find(self._into.edge(plot.cursor))
            if row is not None:
                self.list.go_to(row)

    @on(VirtualList.Chosen, "#statistics")
    def _row_chosen(self, event: VirtualList.Chosen) -> None:
        if self.rows.listed is not None:
            row = self.rows.row(event.index)
            self._filter(condition(self.view.opened, self.rows.listed.found, row))

    @on(BarPlot.Chosen)
    def _range_chosen(self) -> None:
        if self.rows.listed is not None:
            found, plot = self.rows.listed.found, self.plot
            self._filter(range_condition(self.view.opened, found, plot.first, plot.last))

    def action_ladder(self) -> None:
        """The handshakes of the flow under the cursor."""
        if self.part is not Part.PROTECTED or not self.list.count or not len(self.rows):
            self.notify("No flow stands here")
            return
        place = self.rows.row(self.list.cursor)["number"]
        flow = self.view.opened.carriers.secured[place]
        self.post_message(Visit(handshake_place(flow.number, self.page)))

    def _filter(self, text: str) -> None:
        """List what was counted: among the messages that are listed now."""
        if fits(text):
            self.post_message(FilterBy(text, Join.AND))
        else:
            self.notify("The name is too long for a display filter", severity="warning")

    @property
    def here(self) -> Place | None:
        return Place(Page.STATISTICS, list(Part).index(self.part))

    def go_to_number(self, text: str) -> str:
        return "Rows of statistics have no numbers"

    def go_to(self, place: Place) -> None:
        """A part by its place, and the handshakes of a flow."""
        self.show_part(list(Part)[place.number])
        if place.handshake is not None:
            self.app.push_screen(HandshakeScreen(self.view, place.handshake))


def _told_apart(rows: Sequence[int]) -> tuple[int, ...]:
    """What differs where the rows do."""
    if not len(rows) or isinstance(rows, range):
        return (len(rows),)
    import numpy as np

    return len(rows), int(rows[0]), int(rows[-1]), int(np.sum(rows))


def _buckets(listed: Listed) -> Buckets | None:
    over_time = listed.found.over_time
    return None if over_time is None else over_time.buckets
