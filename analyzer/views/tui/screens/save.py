# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that saves a recording as a file."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from analyzer.recording.saving import Part, save
from analyzer.views.escape import escape
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.screens.path import PathScreen


class SaveScreen(PathScreen[bool], inherit_bindings=False):
    """Writes what was recorded by now; True once it is written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Close", id="save.close", tooltip="Save nothing"),
    ]

    def __init__(self, view: CaptureView) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = "Save the recording"
            pane.border_subtitle = "Enter writes, Esc closes"
            yield Input("capture.pcapng", placeholder="file.pcapng", compact=True)
            words = "All packets are written, of other protocols, too."
            if self.view.recording_goes_on:
                words += " The recording goes on."
            yield Static(words, id="said")

    def write(self, path: str) -> None:
        self._write(path)

    @work(thread=True, exclusive=True)
    def _write(self, path: str) -> None:
        from analyzer.capture.writing import WritingError

        kept, parts = recorded(self.view)
        try:
            save(parts, path)
            self.view.opened.keeper.move(path)
        except WritingError as error:
            self.app.call_from_thread(self.say, escape(str(error), 300))
        else:
            self.app.call_from_thread(self._written, kept, path)

    def _written(self, kept: int, path: str) -> None:
        self.view.saved = kept
        packets = "1 packet" if kept == 1 else f"{kept:,} packets"
        self.app.notify(f"{packets} saved as {escape(path, 200)}", markup=False)
        self.dismiss(True)


def recorded(view: CaptureView) -> tuple[int, list[Part]]:
    """How many packets can be saved, and where they are: of a file still written, what was read,
    for that are whole blocks."""
    recording = view.recording
    if recording is None:
        return 0, []
    if recording.ended:
        return view.statistics.kept, [Part(path) for path in recording.files]
    if view.session is None or not view.session.files:
        return 0, []
    # The number is taken first: what is read meanwhile is written, too.
    count, paths = view.session.counts.records, list(view.session.paths)
    return count, [*map(Part, paths[:-1]), Part(paths[-1], view.session.files[-1].position)]
