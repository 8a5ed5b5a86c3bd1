# SPDX-License-Identifier: GPL-2.0-only
"""Keys that find, go to and copy what a capture holds: the same on every page."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

MOVING_KEYS: Final = [
    Binding(
        "ctrl+f",
        "find",
        "Find",
        id="page.find",
        tooltip="Find text, bytes, a regular expression or what a filter passes",
    ),
    Binding(
        "n", "hit(1)", "Next hit", show=False, id="page.next-hit", tooltip="Go to the next hit"
    ),
    Binding(
        "N",
        "hit(-1)",
        "Previous hit",
        show=False,
        id="page.previous-hit",
        tooltip="Go to the hit before",
    ),
    Binding(
        "f",
        "flagged(1)",
        "Finding",
        id="page.next-flagged",
        tooltip="Go to the next row with an error or a warning",
    ),
    Binding(
        "F",
        "flagged(-1)",
        "Previous finding",
        show=False,
        id="page.previous-flagged",
        tooltip="Go to the row before with an error or a warning",
    ),
    Binding(
        "ctrl+g",
        "ask_number",
        "Go to",
        show=False,
        id="page.go-to",
        tooltip="Go to a packet or an exchange by its number, or to a UE by its UE Service ID",
    ),
    Binding(
        "f8,ctrl+down",
        "row(1)",
        "Next row",
        show=False,
        id="page.next-row",
        tooltip="The next packet or row, whichever pane has the focus",
    ),
    Binding(
        "f7,ctrl+up",
        "row(-1)",
        "Previous row",
        show=False,
        id="page.previous-row",
        tooltip="The packet or row before, whichever pane has the focus",
    ),
    Binding(
        "y",
        "copy_as",
        "Copy",
        show=False,
        id="page.copy",
        tooltip="Copy as text, JSON, hex, C, filter, Scapy, a command, an issue or a diagram",
    ),
]

FIND_KEYS: Final = [
    Binding(
        "f2",
        "kind",
        "Kind",
        show=False,
        id="find.kind",
        tooltip="Look for text, bytes in hexadecimal, a regular expression, a display filter",
    ),
    Binding(
        "f3",
        "where",
        "Where",
        show=False,
        id="find.where",
        tooltip="Look in the list, in the packet detail, in the bytes",
    ),
    Binding(
        "f4",
        "case",
        "Case",
        show=False,
        id="find.case",
        tooltip="Upper and lower case differ, or not",
    ),
    Binding(
        "up",
        "older(1)",
        "Older",
        show=False,
        id="find.older",
        tooltip="What was looked for before",
    ),
    Binding(
        "down",
        "older(-1)",
        "Newer",
        show=False,
        id="find.newer",
        tooltip="What was looked for after it",
    ),
    Binding("escape", "close", "Close", id="find.close", tooltip="Close the find bar"),
]
