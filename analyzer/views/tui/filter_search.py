# SPDX-License-Identifier: GPL-2.0-only
"""Keeps what the display filter lets through up with the capture, in a thread at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from textual.app import SystemCommand
from textual.screen import Screen
from textual.worker import get_current_worker

from analyzer.remembered import keep_first
from analyzer.views.escape import escape
from analyzer.views.tui.filter_keys import FILTER_KEYS
from analyzer.views.tui.filter_text import joined
from analyzer.views.tui.filtering import Filtering
from analyzer.views.tui.places import FilterBy

if TYPE_CHECKING:
    from analyzer.views.tui.app import MsgsharkApp
    from analyzer.views.tui.capture_view import CaptureView

HISTORY: Final = "filters"
"""What filters are remembered as."""

MOST_REMEMBERED: Final = 100


class FilterSearch:
    """The filter of the app's view: set here, and looked at rows by."""

    def __init__(self, app: MsgsharkApp) -> None:
        self._app = app
        self._searched: object = None  # the token of the filter that a thread is busy with

    @property
    def _filtering(self) -> Filtering:
        return self._app.view.filtering

    def apply(self, text: str) -> None:
        """Filter by another text from now on. Raises FilterError."""
        self._filtering.use(text)
        if self._filtering.text:
            keep_first(HISTORY, self._filtering.text, MOST_REMEMBERED)
        if not self._filtering.on:  # there is nothing to wait for
            self._app.show_passing()
        self.follow()

    def filter_by(self, asked: FilterBy) -> str | None:
        """Do what a FilterBy asks for; a text that the user is to go on with, None for none."""
        from analyzer.filters.model import FilterError

        text = joined(self._filtering.text, asked.text, asked.join)
        if not asked.apply:
            return text
        try:
            self.apply(text)
        except FilterError as error:
            self._app.notify(escape(str(error), 300), severity="warning", markup=False)
            return text
        return None

    def commands(self, screen: Screen[Any]) -> Iterator[SystemCommand]:
        """What the command palette has of the filter on a page."""
        for binding in FILTER_KEYS:
            if screen.check_action(binding.action.partition("(")[0], ()):
                run = partial(self._app.run_action, binding.action, screen)
                yield SystemCommand(binding.description, binding.tooltip, run)
        if self._filtering.on:
            clear = partial(self.apply, "")
            yield SystemCommand("Clear the filter", "List everything again", clear)

    def follow(self) -> None:
        """Look at what came since, or what another page lists, unless a thread does so already."""
        view, token = self._app.view, self._filtering.token
        if view.session is None or token is None or token is self._searched:
            return
        if view.filtering.behind(view.session, self._app.page, view.reading):
            self._searched = token
            self._app.run_worker(partial(self._look, view, token), thread=True, group="filtering")

    def _look(self, view: CaptureView, token: object) -> None:
        """In the thread: until there is nothing more to look at, or another filter."""
        worker, app, filtering = get_current_worker(), self._app, view.filtering
        assert view.session is not None
        while not worker.is_cancelled and view is app.view and filtering.token is token:
            try:
                passing = filtering.behind(view.session, app.page, view.reading)
                if passing is None:
                    break
                first = not passing.whole
                passing.look(view.reading)
            except Exception as error:
                filtering.failed = f"{type(error).__name__}: {escape(str(error), 200)}"
                filtering.stop()
                first = True
            if not worker.is_cancelled:
                app.call_from_thread(self._found, view, token, first)
        if not worker.is_cancelled:
            app.call_from_thread(self._ended, token)

    def _found(self, view: CaptureView, token: object, first: bool) -> None:
        if view is self._app.view and view.filtering.token is token:
            view.filtering.edition += first
            self._app.show_passing()

    def _ended(self, token: object) -> None:
        if self._searched is token:
            self._searched = None
            self.follow()
