# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that asks for another capture: those opened last, or a path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from analyzer.views.escape import escape
from analyzer.views.tui.recent import (
    LONGEST,
    Candidate,
    Recent,
    candidates,
    completed,
    meant,
    recent,
    trouble,
)
from analyzer.views.tui.widgets.options import Options

_SHOWN: Final = 200


class OpenScreen(ModalScreen[str | None], inherit_bindings=False):
    """The path of a file that can be opened, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="open.close", tooltip="Open nothing"),
        Binding(
            "tab",
            "complete",
            "Complete",
            id="open.complete",
            tooltip="Complete the path as far as there is one way",
        ),
        Binding(
            "down",
            "list",
            "List",
            id="open.list",
            priority=True,
            tooltip="From the path to what can be opened",
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = "Open a capture"
            pane.border_subtitle = "Enter opens, Tab completes, ↓ chooses, Esc closes"
            yield Input(placeholder="path of a file", compact=True)
            yield Options(compact=True)
            yield Static(id="said")

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._look("")

    # What can be opened -------------------------------------------------------------------------

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.say("")
        self._look(event.value)

    @work(thread=True, exclusive=True, group="looking")
    def _look(self, text: str) -> None:
        """Folders may be large, and far away."""
        if text.strip():
            found = candidates(text)
            self.app.call_from_thread(self._show_found, text, found)
        else:
            files = [(one, os.path.isfile(one.path)) for one in recent()]
            self.app.call_from_thread(self._show_recent, files)

    def _show_recent(self, files: Sequence[tuple[Recent, bool]]) -> None:
        if self._is_about(""):
            rows = [(one.path, one.told if there else "gone", there) for one, there in files]
            self._offer(rows)
            if not files:
                self.say("No file was opened yet: write the path of one")

    def _show_found(self, text: str, found: list[Candidate]) -> None:
        if self._is_about(text):
            self._offer([(one.path, "", True) for one in found])

    def _is_about(self, text: str) -> bool:
        return self.is_mounted and self.query_one(Input).value.strip() == text.strip()

    def _offer(self, rows: Sequence[tuple[str, str, bool]]) -> None:
        self._offered = [path for path, _, _ in rows]
        options = self.query_one(OptionList)
        options.clear_options()
        for path, told, there in rows:
            shown = Content(escape(path, _SHOWN)) + Content.styled(f"  {told}", "dim")
            options.add_option(Option(shown, disabled=not there))

    def action_list(self) -> None:
        options = self.query_one(OptionList)
        if self.focused is options:
            raise SkipAction
        if self._offered:
            options.focus()
            options.action_first()

    def action_complete(self) -> None:
        field = self.query_one(Input)
        if self.focused is not field:
            field.focus()
        else:
            self._complete(field.value)

    @work(thread=True, exclusive=True, group="completing")
    def _complete(self, text: str) -> None:
        whole = completed(text)
        self.app.call_from_thread(self._completed, text, whole)

    def _completed(self, text: str, whole: str) -> None:
        if self._is_about(text) and whole != text:
            self._write(whole)

    def _write(self, text: str) -> None:
        field = self.query_one(Input)
        field.value = text
        field.cursor_position = len(text)
        field.focus()

    # Opening ------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        path = self._offered[event.option_index]
        if path.endswith("/"):
            self._write(escape(path, LONGEST))
        else:
            self._open(path)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._open(meant(event.value))

    def _open(self, path: str) -> None:
        self.say("Opening …")
        self._try(path)

    @work(thread=True, exclusive=True, group="opening")
    def _try(self, path: str) -> None:
        self.app.call_from_thread(self._tried, path, trouble(path))

    def _tried(self, path: str, reason: str) -> None:
        if reason:
            self.say(escape(reason, 300))
        elif self.is_current:
            self.dismiss(path)

    def say(self, text: str) -> None:
        """A line below; no markup."""
        self.query_one("#said", Static).update(Content(text))
