# SPDX-License-Identifier: GPL-2.0-only
"""Finding on a screen: the bar, the search behind it, and going from hit to hit.

What looks at the session alone is searched in a thread, rows as they are shown in slices between
two paints: keys never wait, and Escape ends either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from textual import work
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker

from analyzer.capture import CaptureError
from analyzer.views.escape import escape
from analyzer.views.searching.needle import Kind, Needle, SearchError
from analyzer.views.searching.order import Progress
from analyzer.views.tui.search_targets import Target
from analyzer.views.tui.widgets.find_bar import FindBar

_SLICE: Final = 0.015
"""Seconds for which a search may keep keys waiting."""

_SOON: Final = 0.15
"""Seconds after which one is told how far it is."""

if TYPE_CHECKING:
    _Screen = Screen[Any]
else:
    # Textual wants one screen among the bases: the page or dialogue this is mixed into.
    _Screen = object

_turn: Final = Lock()
"""One search at a time: one that was cancelled may still be on its last block."""


class Searching(_Screen):
    """Mixed into a screen that has a FindBar and says what is searched."""

    needle: Needle | None = None
    _stands_in: Widget | None = None
    _search_worker: Worker[None] | None = None

    def target(self) -> Target | None:
        """What is searched, by where the focus is."""
        raise NotImplementedError

    @property
    def searches(self) -> bool:
        """Whether a search goes on."""
        return self._search_worker is not None and not self._search_worker.is_finished

    @property
    def _find_bar(self) -> FindBar:
        return self.query_one(FindBar)

    @property
    def attended(self) -> Widget | None:
        """The pane that has the focus, or had it before the bar."""
        return self._stands_in if self._find_bar.has_focus_within else self.focused

    def action_find(self) -> None:
        target = self.target()
        if target is None:
            return
        if not self._find_bar.has_focus_within:
            self._stands_in = self.focused
        self._find_bar.open(target.kinds, target.wheres, target.where)

    def on_find_bar_closed(self) -> None:
        self._close_find_bar()

    def _close_find_bar(self) -> None:
        if self._find_bar.has_focus_within:
            before = self._stands_in
            self.set_focus(before if before and before.is_mounted else None, scroll_visible=False)
        self._find_bar.close()

    def on_find_bar_asked(self, event: FindBar.Asked) -> None:
        self.needle = event.needle
        self._start_search(1)

    def action_hit(self, step: int) -> None:
        if self.needle is None:
            self.notify("Nothing was looked for yet: Ctrl+F finds")
        else:
            self._start_search(step)

    def action_stop_search(self) -> None:
        if self._search_worker is not None:
            self._search_worker.cancel()
            self._tell_search("Stopped")

    def _start_search(self, step: int) -> None:
        target, needle = self.target(), self.needle
        if target is None or needle is None:
            return
        try:
            steps = target.steps(needle, step)
        except SearchError as error:
            self._tell_search(str(error))
            return
        self._search_worker = self._run_search(target, needle, steps)

    @work(exclusive=True, group="find")
    async def _run_search(self, target: Target, needle: Needle, steps: Iterator[Progress]) -> None:
        began = painted = monotonic()
        progress: Progress | None = Progress(0.0)
        while progress is not None and progress.place is None:
            try:
                if target.in_thread:
                    progress = await asyncio.to_thread(_advanced, steps)
                else:
                    progress = next(steps, None)
            except SearchError as error:
                self._tell_search(str(error))
                return
            except (CaptureError, IndexError) as error:
                self._tell_search(f"The search ended: {error}")
                return
            now = monotonic()
            if progress is not None and now - began > _SOON and now - painted > _SLICE:
                self._show_search(f"{progress.share:.0%}, Esc stops")
            if now - painted > _SLICE:
                await asyncio.sleep(0)
                painted = monotonic()
        self._search_ended(target, needle, progress)

    def _search_ended(self, target: Target, needle: Needle, found: Progress | None) -> None:
        self._show_search("")
        if found is None or found.place is None:
            looked_in = target.wheres and needle.kind in (Kind.TEXT, Kind.REGEX)
            self._tell_search(f"Not found in the {needle.where}" if looked_in else "Not found")
            return
        if self._find_bar.display:
            self._close_find_bar()
        if found.wrapped:
            self.notify("The search went round the end of the list", timeout=3)
        target.show(found.place, needle)

    def _show_search(self, text: str) -> None:
        """In the bar, which comes for it if the search takes long."""
        if text:
            self._find_bar.display = True
            self._find_bar.say(text)
        elif not self._find_bar.has_focus_within:
            self._find_bar.close()

    def _tell_search(self, text: str) -> None:
        """In the bar, where that is open and has room for it, else in the corner."""
        shown = escape(text, 200)
        if not self._find_bar.has_focus_within:
            self._find_bar.close()
        elif len(shown) <= self._find_bar.room:
            self._find_bar.say(shown)
            return
        else:
            self._find_bar.say("")
        self.notify(shown, markup=False)


def _advanced(steps: Iterator[Progress]) -> Progress | None:
    with _turn:
        return next(steps, None)
