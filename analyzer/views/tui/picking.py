# SPDX-License-Identifier: GPL-2.0-only
"""The app when nothing was named to open: the user picks what to record first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final

from analyzer.capture import Intake
from analyzer.recording.wish import Wish
from analyzer.views.tui.annotated import NO_NAMES
from analyzer.views.tui.app import MsgsharkApp, finished
from analyzer.views.tui.live import Start, start
from analyzer.views.tui.rows.interfaces import Traffic
from analyzer.views.tui.screens.picker import Choices, DefaultFilter, PickerScreen

if TYPE_CHECKING:
    from analyzer.settings import Settings
    from analyzer.views.preferences import Preferences

_PICKER: Final = "picker"
_OF_CAPTURES: Final = frozenset(
    {
        *("page", "back", "export", "response_times", "capture_statistics"),
        *("stop_or_start", "restart", "save"),
    }
)
"""Actions that need a capture."""


class PickerApp(MsgsharkApp):
    """Begins with the picker; what is picked is recorded as `wish` says otherwise."""

    DEFAULT_MODE = _PICKER

    def __init__(
        self,
        choices: Choices,
        traffic: Traffic,
        default_filter: DefaultFilter,
        wish: Wish,
        settings: Settings | None = None,
        *,
        start: Start = start,
        names: Mapping[str, str] = NO_NAMES,
        preferences: Preferences | None = None,
        filter: str = "",
    ) -> None:
        super().__init__(
            Intake(()), settings, start=start, names=names, preferences=preferences, filter=filter
        )
        self._wish = wish
        self.view.reading = False
        picker = PickerScreen(choices, traffic, default_filter, self._record)
        self.add_mode(_PICKER, lambda: picker)

    def _begin(self) -> None:
        if self.current_mode == _PICKER:  # the engine takes a second to load: it may do so now
            self.run_worker(partial(import_module, "analyzer.session"), thread=True)
        else:
            super()._begin()

    def _record(
        self, interfaces: tuple[str, ...], filter: str, failed: Callable[[str], None]
    ) -> None:
        wish = replace(self._wish, interfaces=interfaces, filter=filter)
        self.control.begin(wish, failed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.current_mode == _PICKER and action in _OF_CAPTURES:
            return False
        return super().check_action(action, parameters)


def run_picker(
    choices: Choices,
    traffic: Traffic,
    default_filter: DefaultFilter,
    wish: Wish,
    settings: Settings | None = None,
    *,
    start: Start = start,
    names: Mapping[str, str] = NO_NAMES,
    preferences: Preferences | None = None,
    filter: str = "",
) -> int:
    """Let the user pick interfaces, record from them and show that; the exit code.

    `choices` lists interfaces and may take its time; `traffic` tells packets and bytes that one has
    seen so far; `default_filter` gives the capture filter for some of them by their names; `wish`
    says all else, and `filter` is the display filter to begin with.
    """
    app = PickerApp(
        choices,
        traffic,
        default_filter,
        wish,
        settings,
        start=start,
        names=names,
        preferences=preferences,
        filter=filter,
    )
    return finished(app)
