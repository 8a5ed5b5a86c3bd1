# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that writes packets to a file: which ones, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, RadioButton, RadioSet, Static

from analyzer.capture import CaptureError
from analyzer.views.escape import escape
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.delivering import written
from analyzer.views.tui.screens.path import PathScreen

if TYPE_CHECKING:
    from analyzer.views.pcapng import Exported


@dataclass(frozen=True, slots=True)
class Choice:
    """Packets that can be exported: rows of the messages table."""

    name: str
    rows: Sequence[int]


class ExportScreen(PathScreen[None], inherit_bindings=False):
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
            yield Static("Findings and your comments are written as packet comments.", id="said")

    def refusal(self) -> str:
        return "There is nothing to export" if self._chosen < 0 else ""

    @property
    def _chosen(self) -> int:
        return self.query_one(RadioSet).pressed_index

    def write(self, path: str) -> None:
        self._write(self.choices[self._chosen].rows, path)

    @work(thread=True, exclusive=True)
    def _write(self, rows: Sequence[int], path: str) -> None:
        from analyzer.capture.writing import WritingError
        from analyzer.views.pcapng import export

        try:
            with written(self.app, path) as place:
                done = export(self.view.opened, rows, place)
        except (CaptureError, WritingError) as error:
            self.app.call_from_thread(self.say, escape(str(error), 300))
            return
        self.app.call_from_thread(self._written, done, path)

    def _written(self, done: Exported, path: str) -> None:
        count = done.packets
        packets = "1 packet" if count == 1 else f"{count:,} packets"
        where = "download" if self.app.is_web else "written to"
        self.app.notify(f"{packets} {where} {escape(path, 200)}", markup=False)
        for sentence in done.told(with_secrets=False):
            self.app.notify(sentence, severity="warning", markup=False)
        self.dismiss()
