# SPDX-License-Identifier: GPL-2.0-only
"""The app as far as it outlives failures of its own code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.app import App
from textual.message import Message

from analyzer.views.tui.failures import Failures, told

if TYPE_CHECKING:
    from analyzer.views.tui.control import Control

_FAILED: Final = "A part of msgshark failed"


class SurvivingApp(App[None], inherit_bindings=False):
    """Subclasses have a `control`."""

    control: Control

    def __init__(self) -> None:
        self.failures = Failures()
        super().__init__()

    def failed(self, error: Exception) -> None:
        """Tell a failure of the program and go on, unless everything fails."""
        failure = self.failures.take(error)
        if self.failures.fatal or not self.screen_stack:
            super()._handle_exception(error)
        elif self.failures.hopeless:
            self.control.give_up(f"too much of the screen failed. {told()}")
        elif failure is not None:
            self.control.alarm(f"{failure.sentence}; the rest goes on. {told()}", _FAILED)

    def _handle_exception(self, error: Exception) -> None:
        self.failed(error)

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # else no key would be taken any more
            self.failed(error)
