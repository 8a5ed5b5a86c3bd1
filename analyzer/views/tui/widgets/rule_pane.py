# SPDX-License-Identifier: GPL-2.0-only
"""A pane that explains: a sheet that scrolls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.widgets.sheet import Entry, Sheet

_NAMES = 9


class RulePane(Guarded, VerticalScroll, can_focus=True, inherit_bindings=False):
    """Entries about the finding selected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False, id="rule.up", tooltip="Scroll up"),
        Binding("down,j", "scroll_down", "Down", show=False, id="rule.down", tooltip="Scroll down"),
        Binding(
            "pageup,ctrl+b,ctrl+u",
            "page_up",
            "Page up",
            show=False,
            id="rule.page-up",
            tooltip="Scroll one page up",
        ),
        Binding(
            "pagedown,ctrl+d",
            "page_down",
            "Page down",
            show=False,
            id="rule.page-down",
            tooltip="Scroll one page down",
        ),
        Binding("home,g", "scroll_home", "Top", show=False, id="rule.top", tooltip="To the top"),
        Binding("end,G", "scroll_end", "End", show=False, id="rule.end", tooltip="To the end"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.sheet = Sheet(_NAMES)

    def compose(self) -> ComposeResult:
        yield self.sheet

    def show(self, entries: Sequence[Entry]) -> None:
        """Explain something else."""
        self.sheet.show(entries)
        self.scroll_to(y=0, animate=False)
