# SPDX-License-Identifier: GPL-2.0-only
"""Inked text: what is shown, as pieces of plain text each with the name of an ink.

Rows and nodes are written in ink names, never in colours or markup; a widget mixes in `Inked`
to turn them into styled segments under the theme of the day (`inks.tcss`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from analyzer.rules.catalogue import Severity
from analyzer.views.escape import escape

Piece: TypeAlias = tuple[str, str]
"""Text and the name of its ink, `""` for the plain one."""

Line: TypeAlias = tuple[Piece, ...]

INKS: Final = (
    "dim",
    "bold",
    "request",
    "success",
    "client-error",
    "server-error",
    "error",
    "warning",
    "note",
    "path",
    "msgin5g",
    "link",
    "secret",
)

GLYPHS: Final = {0: " ", Severity.NOTE: "·", Severity.WARNING: "▲", Severity.ERROR: "✖"}
"""A severity is never told by its colour alone."""

SEVERITY_INKS: Final = {
    0: "",
    Severity.NOTE: "note",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
}

_MOST: Final = 4096


def line(text: str, ink: str = "") -> Line:
    """A line of one piece."""
    return ((text, ink),)


def plain(pieces: Iterable[Piece]) -> str:
    """The text of a line without its inks."""
    return "".join(text for text, _ in pieces)


def safe(text: str) -> str:
    """The last gate before the terminal: views escape what packets say, this holds if one forgot."""
    return text if text.isprintable() else escape(text, _MOST)


class Inked(Widget):
    """A widget that shows inked text."""

    COMPONENT_CLASSES = {f"ink--{name}" for name in INKS}

    def ink(self, name: str) -> Style:
        """The Rich style of an ink on this widget's background; no background of its own."""
        if not name:
            return Style.null()
        styles = self.get_component_styles(f"ink--{name}")
        color = self.background_colors[1] + styles.color
        return Style(color=color.rich_color) + styles.text_style

    def segments(self, pieces: Line, base: Style) -> list[Segment]:
        """The pieces as segments over a base style."""
        return [Segment(safe(text), base + self.ink(ink)) for text, ink in pieces if text]

    def text(self, pieces: Line, base: Style) -> Text:
        """The pieces as one Rich text over a base style."""
        text = Text(no_wrap=True, end="", style=base)
        for piece, ink in pieces:
            text.append(safe(piece), self.ink(ink))
        return text
