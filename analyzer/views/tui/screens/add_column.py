# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that finds a field for a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from analyzer.views.tui.widgets.options import Options
from dissectors.fields import Field


class AddColumnScreen(ModalScreen[str | None], inherit_bindings=False):
    """Words find fields by their names and by what they tell; the name of the one chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="field.close", tooltip="Add nothing"),
        Binding("up", "step(-1)", "Up", show=False, id="field.up", tooltip="Field before"),
        Binding("down", "step(1)", "Down", show=False, id="field.down", tooltip="Next field"),
    ]

    def __init__(self, fields: Mapping[str, Field]) -> None:
        super().__init__()
        self._fields = fields

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = "Add a column"
            pane.border_subtitle = "Words find fields, Enter adds, Esc closes"
            yield Input(placeholder="coap.mid, token, response time, ...", compact=True)
            options = Options(compact=True)
            options.can_focus = False
            yield options

    def on_mount(self) -> None:
        self._find("")
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._find(event.value)

    def _find(self, words: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        for field in found(self._fields, words):
            text = Content(field.name.ljust(30)) + Content.styled(f" {field.help}", "dim")
            options.add_option(Option(text, id=field.name))
        options.highlighted = 0 if options.option_count else None

    def action_step(self, step: int) -> None:
        options = self.query_one(OptionList)
        if options.option_count:
            options.highlighted = ((options.highlighted or 0) + step) % options.option_count

    @on(Input.Submitted)
    def _submitted(self) -> None:
        option = self.query_one(OptionList).highlighted_option
        if option is not None:
            self.dismiss(option.id)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


def found(fields: Mapping[str, Field], words: str) -> list[Field]:
    """Fields that have all words, those that have them in their names first."""
    wanted = words.lower().split()

    def has(text: str) -> bool:
        return all(word in text.lower() for word in wanted)

    named = [field for field in fields.values() if has(field.name)]
    others = [field for field in fields.values() if has(f"{field.name} {field.help}")]
    return [*named, *(field for field in others if not has(field.name))]
