# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that names addresses and UEs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from analyzer.views.escape import escape

if TYPE_CHECKING:
    from analyzer.views.tui.capture_view import CaptureView


class NameScreen(ModalScreen[dict[str, str] | None], inherit_bindings=False):
    """A line for each; Enter keeps all of them, an empty name takes one away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="name.close", tooltip="Name nothing"),
        Binding("tab,down", "app.focus_next", "Next", id="name.next", tooltip="To the next name"),
        Binding(
            "shift+tab,up",
            "app.focus_previous",
            "Back",
            id="name.previous",
            tooltip="To the name before",
        ),
    ]

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = "Names"
            pane.border_subtitle = "Enter keeps, Tab next, Esc closes"
            for what, name in self._names.items():
                yield Static(Content(escape(what, 56)))
                yield Input(name, placeholder="no name", compact=True)

    def on_mount(self) -> None:
        self.query(Input).first().focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        values = (field.value for field in self.query(Input))
        self.dismiss(dict(zip(self._names, values, strict=True)))


def nameable(view: CaptureView, frame: int, ue: int) -> list[str]:
    """The addresses of a packet, 0 for none, and the UE of this id."""
    row = view.row_of_frame(frame) if frame else None
    found = []
    if row is not None:
        cells = view.opened.messages.row(row)
        found = [view.opened.endpoints[cells[end]].address for end in ("source", "destination")]
    if ue and view.session is not None:
        found.append(view.opened.names[ue])
    return [what for what in dict.fromkeys(found) if what]
