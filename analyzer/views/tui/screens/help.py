# SPDX-License-Identifier: GPL-2.0-only
"""The keys, written from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.keys import format_key
from textual.screen import ModalScreen

from analyzer.views.inks import line
from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.screens.searching import Searching
from analyzer.views.tui.search_targets import SheetTarget, Target
from analyzer.views.tui.widgets.find_bar import FindBar
from analyzer.views.tui.widgets.sheet import Entry, Sheet

_ALIASES = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "space": "Space",
    "escape": "Esc",
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
}


_KEYS = 20


class HelpScreen(Guarded, Searching, ModalScreen[None], inherit_bindings=False):
    """All keys by where they work."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,q,question_mark,f1",
            "dismiss",
            "Close",
            id="help.close",
            tooltip="Close this help",
        ),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="help.up", tooltip="Scroll up"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="help.down", tooltip="Scroll down"),
        Binding(
            "pageup,ctrl+u",
            "scroll(-10)",
            "Page up",
            show=False,
            id="help.page-up",
            tooltip="Scroll further up",
        ),
        Binding(
            "pagedown,ctrl+d,space",
            "scroll(10)",
            "Page down",
            show=False,
            id="help.page-down",
            tooltip="Scroll further down",
        ),
        Binding("ctrl+f", "find", "Find", id="help.find", tooltip="Find text in this help"),
        Binding(
            "n", "hit(1)", "Next hit", show=False, id="help.next-hit", tooltip="Go to the next hit"
        ),
        Binding(
            "N",
            "hit(-1)",
            "Previous hit",
            show=False,
            id="help.previous-hit",
            tooltip="Go to the hit before",
        ),
    ]

    def __init__(self, groups: Iterable[tuple[str, Iterable[Binding]]]) -> None:
        super().__init__()
        self._groups = [*groups, ("This help", own_keys(self.BINDINGS))]

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as pane:
            pane.border_title = "Keys"
            pane.border_subtitle = "Ctrl+F finds, Esc closes"
            yield Sheet(_KEYS, list(self.entries()))
        yield FindBar()

    def target(self) -> Target:
        return SheetTarget(self.query_one(Sheet))

    def entries(self) -> Iterator[Entry]:
        """Every binding with its keys and what it does."""
        for number, (title, bindings) in enumerate(self._groups):
            if number:
                yield Entry(text=line(" "))
            yield Entry(text=line(title, "heading"))
            for keys, words in self._rows(bindings):
                yield Entry(line(f"  {keys}", "bold"), line(words))

    def _rows(self, bindings: Iterable[Binding]) -> Iterator[tuple[str, str]]:
        for binding in bindings:
            # A key the user has remapped is shown as it is now.
            keys = self.app._keymap.get(binding.id or "", binding.key)
            yield " ".join(map(key_name, keys.split(","))), binding.tooltip or binding.description

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def own_keys(bindings: Iterable[BindingType]) -> list[Binding]:
    """What a screen declares itself."""
    return [binding for binding in bindings if isinstance(binding, Binding)]


def key_name(key: str) -> str:
    """A key as printed on it."""
    return _ALIASES.get(key) or (key.title() if "+" in key else format_key(key))
