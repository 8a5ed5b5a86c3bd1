# SPDX-License-Identifier: GPL-2.0-only
"""A dialogue that asks for a file to write, and never replaces one unasked."""

from __future__ import annotations

import os
from typing import TypeVar

from textual import on
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from analyzer.views.tui.guarded import Guarded

Outcome = TypeVar("Outcome")


class PathScreen(Guarded, ModalScreen[Outcome], inherit_bindings=False):
    """Has an Input for the path and a Static `#said`. Subclasses write in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self._replacing = ""

    def write(self, path: str) -> None:
        """Write to this file; in a browser, give it to the user by this name."""
        raise NotImplementedError

    def refusal(self) -> str:
        """Why nothing can be written, whatever the path; "" when it can."""
        return ""

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        path = event.value.strip()
        web = self.app.is_web
        path = os.path.basename(path) if web else os.path.expanduser(path)
        refusal = self.refusal() or ("" if path else "Name a file")
        if refusal:
            self.say(refusal)
        elif not web and os.path.exists(path) and path != self._replacing:
            self._replacing = path
            self.say("That file exists; Enter again replaces it")
        else:
            self.write(path)

    def say(self, text: str) -> None:
        """One line below the path; no markup."""
        self.query_one("#said", Static).update(Content(text))
