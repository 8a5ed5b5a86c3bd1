# SPDX-License-Identifier: GPL-2.0-only
"""The message that asks for a place in a capture."""

from __future__ import annotations

from textual.message import Message

from analyzer.views.places import Place


class Visit(Message):
    """Asks the app to go to a place; where one was is kept for the way back."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
