# SPDX-License-Identifier: GPL-2.0-only
"""Keys that work in every list."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

LIST_KEYS: Final = [
    Binding("up,k", "move(-1)", "Up", show=False, id="list.up", tooltip="One row up"),
    Binding("down,j", "move(1)", "Down", show=False, id="list.down", tooltip="One row down"),
    Binding(
        "pageup,ctrl+b",
        "page(-1)",
        "Page up",
        show=False,
        id="list.page-up",
        tooltip="One page up",
    ),
    Binding(
        "pagedown",
        "page(1)",
        "Page down",
        show=False,
        id="list.page-down",
        tooltip="One page down",
    ),
    Binding(
        "ctrl+u",
        "page(-0.5)",
        "Half page up",
        show=False,
        id="list.half-page-up",
        tooltip="Half a page up",
    ),
    Binding(
        "ctrl+d",
        "page(0.5)",
        "Half page down",
        show=False,
        id="list.half-page-down",
        tooltip="Half a page down",
    ),
    Binding("home,g", "first", "First", show=False, id="list.first", tooltip="First row"),
    Binding(
        "end,G",
        "last",
        "Last",
        show=False,
        id="list.last",
        tooltip="Last row; stays at the end while more are read",
    ),
    Binding(
        "left",
        "shift(-1)",
        "Shift left",
        show=False,
        id="list.left",
        tooltip="Show the beginning of long lines",
    ),
    Binding(
        "right",
        "shift(1)",
        "Shift right",
        show=False,
        id="list.right",
        tooltip="Show more of long lines",
    ),
    Binding("enter", "choose", "Open", id="list.open", tooltip="Open what the row stands for"),
]
