# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that edits the comment on a packet."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea


class _Editor(TextArea):
    """Keys are taken here, in the order they come: what is pasted or typed fast stays so."""

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":
            await self.run_action("screen.keep")
        elif event.key in ("ctrl+j", "alt+enter"):
            self.insert("\n")
        else:
            return
        event.stop()
        event.prevent_default()


class CommentScreen(ModalScreen[str | None], inherit_bindings=False):
    """The text as it shall be, None for no change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "keep",
            "Keep",
            id="comment.keep",
            tooltip="Keep the comment; an empty one is taken away",
        ),
        Binding(
            "ctrl+j,alt+enter",
            "break_line",
            "New line",
            id="comment.line",
            tooltip="Begin a new line",
        ),
        Binding(
            "escape",
            "dismiss(None)",
            "Close",
            id="comment.close",
            tooltip="Leave it as it was",
        ),
    ]

    def __init__(self, frame: int, text: str) -> None:
        super().__init__()
        self._frame = frame
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = f"Comment on packet {self._frame}"
            pane.border_subtitle = "Enter keeps, Ctrl+J new line, Esc closes"
            yield _Editor(self._text, soft_wrap=True, compact=True)
            yield Static("Empty takes the comment away. Exports hold it, the capture does not.")

    def on_mount(self) -> None:
        editor = self.query_one(_Editor)
        editor.focus()
        editor.move_cursor(editor.document.end)

    def action_break_line(self) -> None:
        self.query_one(TextArea).insert("\n")

    def action_keep(self) -> None:
        self.dismiss(self.query_one(TextArea).text)
