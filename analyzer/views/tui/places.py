# SPDX-License-Identifier: GPL-2.0-only
"""Messages that ask the app for a place in a capture, or for what to list."""

from __future__ import annotations

from enum import StrEnum

from textual.message import Message

from analyzer.views.places import Place


class Visit(Message):
    """Asks the app to go to a place; where one was is kept for the way back."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class Noted(Message):
    """Tells the app that something was written about the capture: it is shown and kept."""


class Join(StrEnum):
    """How a condition goes with the display filter there is."""

    REPLACE = ""
    AND = "and"
    OR = "or"
    AND_NOT = "and not"
    NOT = "not"


class FilterBy(Message):
    """Asks the app to list only what passes a display filter, or with `apply=False` to put it into
    the filter bar, where the user goes on."""

    def __init__(self, text: str, join: Join = Join.REPLACE, *, apply: bool = True) -> None:
        super().__init__()
        self.text, self.join, self.apply = text, join, apply
