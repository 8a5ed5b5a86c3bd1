# SPDX-License-Identifier: GPL-2.0-only
"""The statistics as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TextIO

from analyzer.views.escape import escape

_SHARES: Final = ("share", "rate")
_LONGEST: Final = 60


def write_table(title: str, entries: Sequence[dict[str, Any]], out: TextIO) -> None:
    """A table with a line an entry: text to the left, numbers to the right; times in seconds."""
    out.write(f"{title}\n")
    if not entries:
        out.write("  none\n")
        return
    heads = [name.replace("_", " ") for name in entries[0]]
    lines = [[_cell(name, value) for name, value in entry.items()] for entry in entries]
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    left = [any(isinstance(entry[name], str) for entry in entries) for name in entries[0]]
    for cells in (heads, *lines):
        placed = zip(cells, widths, left, strict=True)
        shown = (
            cell.ljust(width) if to_left else cell.rjust(width) for cell, width, to_left in placed
        )
        out.write(f"  {'  '.join(shown).rstrip()}\n")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return escape(value, _LONGEST)
    if name in _SHARES:
        return f"{value:.1%}"
    return f"{value:.6f}" if isinstance(value, float) else f"{value}"
