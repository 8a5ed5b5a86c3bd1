# SPDX-License-Identifier: GPL-2.0-only
"""A part of the screen that fails shows that it did, and leaves all others alone.

Textual ends the app at the first error in a message handler, a timer or a line that is painted.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Protocol, cast

from rich.segment import Segment
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from analyzer.views.tui.failures import described

if TYPE_CHECKING:
    _Widget = Widget
else:
    _Widget = object  # Textual takes styles from the first widget among the bases alone


class Failing(Protocol):
    """An app that outlives the failures of its parts."""

    def failed(self, error: Exception) -> None:
        """Tell a failure."""


class Guarded(_Widget):
    """A widget or screen of ours; it stands first among the bases."""

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            cast("Failing", self.app).failed(error)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines; where they cannot be painted, why."""
        try:
            return super().render_lines(crop)
        except Exception as error:
            cast("Failing", self.app).failed(error)
            return _panel(described(error).sentence, crop)


def _panel(reason: str, crop: Region) -> list[Strip]:
    """A failure in place of what should be there."""
    text = f"✖ This part of the screen failed: {reason}"
    lines = wrap(text, max(1, crop.width - 1))[: crop.height]
    lines += [""] * (crop.height - len(lines))
    return [Strip([Segment(line)]).adjust_cell_length(crop.width) for line in lines]
