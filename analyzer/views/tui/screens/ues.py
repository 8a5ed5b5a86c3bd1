# SPDX-License-Identifier: GPL-2.0-only
"""The UEs page: how each UE stands, and the story of the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual import on, work
from textual.widget import Widget

from analyzer.views.escape import escape
from analyzer.views.places import Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.places import Visit
from analyzer.views.tui.rows.stories import StoryRows
from analyzer.views.tui.rows.ues import Look, UeRows
from analyzer.views.tui.screens.page import PageScreen, position, titled
from analyzer.views.tui.widgets.sorted_list import SortedList
from analyzer.views.tui.widgets.split import Split
from analyzer.views.tui.widgets.virtual_list import VirtualList

_LATER: Final = 1.0
"""Seconds until rows that lack something are looked at again, should nothing more come."""


class UesScreen(PageScreen):
    """The list above, the timeline below."""

    page = Page.UES
    numbered = "UE Service ID, or a part of it"
    follows = False

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self.rows = UeRows(view)
        self.list = SortedList(self.rows, view.columns_of("ues", self.rows), id="ues")
        self.moments = StoryRows(view)
        self.story = VirtualList(self.moments, id="story", empty="Nothing happened")
        self._busy = False  # a thread does
        self._wanted: Place | None = None  # to go to once that has ended

    def panes(self) -> Iterable[Widget]:
        self.list.add_class("main")
        self.story.add_class("beneath")
        yield Split(self.list, self.story, self.view.panes, id="ues-page", classes="panes")

    def on_mount(self) -> None:
        super().on_mount()
        self.list.focus()

    def refresh_page(self) -> None:
        super().refresh_page()
        read = self.view.session is not None and not self.view.error and not self.hides_all
        if read and len(self.view.opened.messages):
            more = " yet" if self.view.reading else "\n\nA UE is told by its UE Service ID."
            self.list.empty = f"No UE names itself in this capture{more}"
            if self.rows.stale:
                self.list.empty = "Looking at all messages …"
        if self.ue != self.moments.ue:  # another one came to stand where the cursor is
            told = self.rows.find(self.moments.ue) if self.story.has_focus else None
            if told is not None:
                self.list.go_to(told)
            self._tell()
        self.name_panes()
        if self.rows.due and not self._busy:
            self._busy = True
            self._look()
        elif self.rows.stale and not self._busy:
            self.set_timer(_LATER, self._look_again)

    def _look_again(self) -> None:
        if self.rows.stale and not self._busy:
            self.rows.hasten()
            self.tick()

    @work(thread=True, group="ues")
    def _look(self) -> None:
        """At many messages."""
        self.app.call_from_thread(self._looked, self.rows.look())

    def _looked(self, found: Look) -> None:
        self._busy = False
        if self.is_mounted:
            self.rows.found = found
            self.tick()
            wanted, self._wanted = self._wanted, None
            if wanted is not None:
                self.go_to(wanted)

    def name_panes(self) -> None:
        titled(self.list, "UEs", position(self.list, self.rows.sorting_words))
        name = escape(self.rows[self.list.cursor].ue, 60) if self.list.count else "Story"
        titled(self.story, name, position(self.story))

    @on(VirtualList.Highlighted, "#ues")
    def _highlighted(self) -> None:
        self.show_soon(self.list, self._tell)

    @on(VirtualList.Highlighted, "#story")
    def _moment_highlighted(self) -> None:
        self.name_panes()

    def _tell(self) -> None:
        """Of the UE under the cursor, from the beginning."""
        if self.ue != self.moments.ue:
            self.moments.show(self.ue)
            self.story.unpin()
            self.story.take_in()
            self.story.go_to(0)
        self.name_panes()

    @on(VirtualList.Chosen, "#ues")
    def _chosen(self) -> None:
        self._tell()
        self.story.focus()

    @on(VirtualList.Chosen, "#story")
    def _moment_chosen(self, event: VirtualList.Chosen) -> None:
        self.post_message(Visit(self.moments.place(event.index)))

    @property
    def here(self) -> Place | None:
        return Place(Page.UES, self.ue) if self.list.count else None

    @property
    def ue(self) -> int:
        return self.rows.identity(self.list.cursor) if self.list.count else 0

    @property
    def exchange(self) -> int:
        on_story = self.story.has_focus and self.story.count
        return self.moments[self.story.cursor].exchange if on_story else 0

    def go_to_number(self, text: str) -> str:
        index = self.rows.named(text)
        if index is None:
            return "No UE Service ID has that in it"
        self.list.go_to(index)
        return ""

    def go_to(self, place: Place) -> None:
        self.catch_up()
        if self.rows.find(place.number) is None:
            self.rows.hasten()
            self.refresh_page()
        index = self.rows.find(place.number)
        if index is not None:
            self.list.go_to(index)
            self._tell()
        elif self._busy:
            self._wanted = place
        else:
            self.tell_hidden("this UE")

    @property
    def condition(self) -> str:
        if self.story.has_focus and self.exchange:
            return super().condition
        if not self.list.count:
            return ""
        from analyzer.filters.taking import equal
        from dissectors.fields import fields

        standing = self.rows[self.list.cursor]
        table = "exchange" if standing.exchanges else "finding" if standing.id < 0 else "msgin5g"
        return equal(fields()[f"{table}.ue_service_id"], standing.ue)
