# SPDX-License-Identifier: GPL-2.0-only
"""Lines of inked pieces, as `views.info` has them: made here, coloured by who shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from analyzer.rules.catalogue import Severity
from analyzer.views.escape import escape
from analyzer.views.info import Line, Piece

_MOST: Final = 4096

GLYPHS: Final = {0: " "} | {int(severity): severity.glyph for severity in Severity}
"""By the severity in a row, 0 for none."""

SEVERITY_INKS: Final = {
    0: "",
    Severity.NOTE: "note",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
}


def line(text: str, ink: str = "") -> Line:
    """A line of one piece."""
    return ((text, ink),)


def plain(pieces: Iterable[Piece]) -> str:
    """The text of a line without its inks."""
    return "".join(text for text, _ in pieces)


def safe(text: str) -> str:
    """The last gate before the terminal, should a view have forgotten to escape."""
    return text if text.isprintable() else escape(text, _MOST)
