# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that writes packets to a file: which ones, and where to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, RadioButton, RadioSet, Static

from analyzer.capture import CaptureError
from analyzer.views.escape import escape
from analyzer.views.tui.capture_view import CaptureView


@dataclass(frozen=True, slots=True)
class Choice:
    """Packets that can be exported: rows of the messages table."""

    name: str
    rows: Sequence[int]


class ExportScreen(ModalScreen[None], inherit_bindings=False):
    """Asks which packets and where to, and writes them; Enter in the path writes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="export.close", tooltip="Write nothing"),
        Binding(
            "tab",
            "app.focus_next",
            "Next",
            id="export.next",
            tooltip="From the path to the packets",
        ),
        Binding(
            "shift+tab",
            "app.focus_previous",
            "Back",
            id="export.previous",
            tooltip="From the packets to the path",
        ),
    ]

    def __init__(self, view: CaptureView, choices: Sequence[Choice]) -> None:
        super().__init__()
        self.view = view
        self.choices = choices
        self._replacing = ""

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = "Export packets"
            pane.border_subtitle = "Enter writes, Tab chooses, Esc closes"
            yield Input("export.pcapng", placeholder="file.pcapng", compact=True)
            with RadioSet(compact=True):
                first = next((c for c in self.choices if len(c.rows)), None)
                for choice in self.choices:
                    yield RadioButton(
                        f"{choice.name} ({len(choice.rows):,})",
                        choice is first,
                        disabled=not len(choice.rows),
                    )
            yield Static("Findings are written as packet comments.", id="said")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        chosen = self.query_one(RadioSet).pressed_index
        path = os.path.expanduser(event.value.strip())
        if not path or chosen < 0:
            self._say("Name a file" if chosen >= 0 else "There is nothing to export")
        elif os.path.exists(path) and path != self._replacing:
            self._replacing = path
            self._say("That file exists; Enter again replaces it")
        else:
            self._write(self.choices[chosen].rows, path)

    @work(thread=True, exclusive=True)
    def _write(self, rows: Sequence[int], path: str) -> None:
        from analyzer.capture.writing import WritingError
        from analyzer.views.pcapng import export

        try:
            count = export(self.view.opened, rows, path)
        except (CaptureError, WritingError) as error:
            self.app.call_from_thread(self._say, escape(str(error), 300))
            return
        self.app.call_from_thread(self._written, count, path)

    def _written(self, count: int, path: str) -> None:
        packets = "1 packet" if count == 1 else f"{count:,} packets"
        self.app.notify(f"{packets} written to {escape(path, 200)}", markup=False)
        self.dismiss()

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(Content(text))
