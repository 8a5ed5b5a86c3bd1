# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that asks where to go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

if TYPE_CHECKING:
    from analyzer.views.tui.screens.moving import MovingScreen


class GoToScreen(ModalScreen[None], inherit_bindings=False):
    """Asks for what the page is numbered by."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="go-to.close", tooltip="Stay here"),
    ]

    def __init__(self, page: MovingScreen) -> None:
        super().__init__()
        self._moves = page

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = "Go to"
            pane.border_subtitle = "Enter goes, Esc closes"
            yield Input(placeholder=self._moves.numbered, compact=True)
            yield Static("", markup=False)

    def on_mount(self) -> None:
        self.query_one(Static).display = False

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        wrong = self._moves.go_to_number(event.value.strip())
        if not wrong:
            self.dismiss()
            return
        said = self.query_one(Static)
        said.display = True
        said.update(wrong)
