# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that asks what becomes of a recording before it is left."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.widgets.options import Options


class Fate(StrEnum):
    """What becomes of a recording."""

    SAVE = "save"
    KEEP = "keep"
    DISCARD = "discard"


FATES: Final = {
    Fate.SAVE: "Save as …",
    Fate.KEEP: "Keep where it is, and print its path on leaving",
    Fate.DISCARD: "Discard",
}


class LeaveScreen(Guarded, ModalScreen[Fate | None], inherit_bindings=False):
    """The first letter of a choice chooses it; Esc goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "fate('save')", "Save", id="leave.save", tooltip="Save the recording as …"),
        Binding(
            "k,ctrl+c,ctrl+q",
            "fate('keep')",
            "Keep",
            id="leave.keep",
            tooltip="Keep the recording where it is; its path is printed on leaving",
        ),
        Binding("d", "fate('discard')", "Discard", id="leave.discard", tooltip="Discard it"),
        Binding("escape", "dismiss(None)", "Back", id="leave.back", tooltip="Go back"),
    ]

    def __init__(self, words: str, fates: Mapping[Fate, str] = FATES) -> None:
        super().__init__()
        self._words = words
        self._fates = fates

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = "Recording"
            pane.border_subtitle = "Esc goes back"
            yield Static(Content(self._words))
            yield Options(
                *(
                    Option(Content.assemble((f" {fate[0]} ", "bold"), f" {words}"), id=fate)
                    for fate, words in self._fates.items()
                ),
                compact=True,
            )

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.action_fate(event.option_id or Fate.KEEP)

    def action_fate(self, fate: str) -> None:
        if fate in self._fates:
            self.dismiss(Fate(fate))
