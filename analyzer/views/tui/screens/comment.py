# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that edits the comment on a packet."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea


class CommentScreen(ModalScreen[str | None], inherit_bindings=False):
    """The text as it shall be, None for no change; Enter keeps, so it is no key of the text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "keep",
            "Keep",
            priority=True,
            id="comment.keep",
            tooltip="Keep the comment; an empty one is taken away",
        ),
        Binding(
            "ctrl+j,alt+enter",
            "break_line",
            "New line",
            priority=True,
            id="comment.line",
            tooltip="Begin a new line",
        ),
        Binding(
            "escape",
            "dismiss(None)",
            "Close",
            priority=True,
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
            yield TextArea(self._text, soft_wrap=True, compact=True)
            yield Static("Empty takes the comment away. Exports hold it, the capture does not.")

    def on_mount(self) -> None:
        editor = self.query_one(TextArea)
        editor.focus()
        editor.move_cursor(editor.document.end)

    def action_break_line(self) -> None:
        self.query_one(TextArea).insert("\n")

    def action_keep(self) -> None:
        self.dismiss(self.query_one(TextArea).text)
