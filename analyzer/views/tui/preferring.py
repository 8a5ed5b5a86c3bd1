# SPDX-License-Identifier: GPL-2.0-only
"""What the user prefers, applied to the app: theme, keys, time format, colour rules.

A theme chosen in the palette is remembered, unless the preferences name one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from textual.theme import Theme

from analyzer import remembered
from analyzer.profiles.toml import nearest
from analyzer.views.escape import escape
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.colouring import Rules, rules_of
from analyzer.views.tui.keymap import Places, keymap
from analyzer.views.tui.screens.help import HelpScreen, own_keys
from analyzer.views.tui.themes import DARK, THEMES

if TYPE_CHECKING:
    from analyzer.views.preferences import Preferences
    from analyzer.views.tui.app import MsgsharkApp

_THEME: Final = "theme"
_MOST_TOLD: Final = 6
_LONG: Final = 30  # seconds


class Preferring:
    """The preferences of an app, `None` for those of a user who has none."""

    def __init__(self, app: MsgsharkApp, preferences: Preferences | None) -> None:
        self._app = app
        self._preferences = preferences
        self._rules = Rules()
        self._problems: list[str] = []

    def begin(self) -> None:
        """Once the app runs."""
        app, preferences = self._app, self._preferences
        for theme in THEMES:
            app.register_theme(theme)
        app.theme = self._theme()
        app.theme_changed_signal.subscribe(app, self._theme_chosen)
        if preferences is None:
            return
        self._problems = list(preferences.problems) + self._problems
        if preferences.keys:
            keys = keymap(preferences.keys, places(app))
            app.set_keymap(dict(keys.keys))
            self._problems += keys.problems
        app.run_worker(self._prepare, thread=True, group="preferences", exit_on_error=False)

    def show(self, view: CaptureView) -> None:
        """Let a capture be seen so."""
        view.rules = self._rules
        if self._preferences is not None:
            view.time_format = self._preferences.time_format

    # Theme --------------------------------------------------------------------------------------

    def _theme(self) -> str:
        themes = self._app.available_themes
        wanted = self._preferences.theme if self._preferences is not None else ""
        if wanted in themes:
            return wanted
        if wanted:
            near = nearest(wanted, themes)
            hint = f"did you mean {near}?" if near else "the command palette shows them"
            self._problems.append(f"theme: no {wanted[:60]}; {hint}")
        last = remembered.recall(_THEME)
        return last if isinstance(last, str) and last in themes else DARK.name

    def _theme_chosen(self, theme: Theme) -> None:
        if self._preferences is None or not self._preferences.theme:
            remembered.keep(_THEME, theme.name)

    # Rules --------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """In a thread: filters take their time to compile."""
        assert self._preferences is not None
        rules, problems = rules_of(self._preferences)
        self._app.call_from_thread(self._prepared, rules, problems)

    def _judge(self) -> None:
        """Have rows judged that are shown."""
        app = self._app
        work = partial(self._rules.judge, lambda: app.call_from_thread(app.repaint_lists))
        app.run_worker(work, thread=True, group="colours", exit_on_error=False)

    def _prepared(self, rules: Rules, problems: list[str]) -> None:
        self._rules = self._app.view.rules = rules
        rules.begin = self._judge
        told = self._problems + problems
        if told:
            more = [f"and {len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
            text = "\n".join([escape(one, 200) for one in told[:_MOST_TOLD]] + more)
            assert self._preferences is not None
            title = f"Preferences: {escape(self._preferences.path, 200)}"
            self._app.notify(text, title=title, severity="warning", markup=False, timeout=_LONG)
        if rules:
            self._app.repaint_lists()


def places(app: MsgsharkApp) -> Places:
    """Every key by where it works, those of the help, too."""
    return [*app.help_groups(), ("This help", own_keys(HelpScreen.BINDINGS))]
