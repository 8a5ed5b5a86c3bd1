# SPDX-License-Identifier: GPL-2.0-only
"""Keys for what a user writes about a capture; they work on every page."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

ANNOTATION_KEYS: Final = [
    Binding(
        "semicolon",
        "app.comment",
        "Comment",
        show=False,
        key_display=";",
        id="page.comment",
        tooltip="Comment on the packet, or change the comment",
    ),
    Binding(
        "apostrophe",
        "app.marked(1)",
        "Next marked",
        show=False,
        key_display="'",
        id="page.next-marked",
        tooltip="Go to the next marked packet",
    ),
    Binding(
        "quotation_mark",
        "app.marked(-1)",
        "Previous marked",
        show=False,
        key_display='"',
        id="page.previous-marked",
        tooltip="Go to the marked packet before",
    ),
    Binding(
        "T",
        "app.time_reference",
        "Time reference",
        show=False,
        id="page.time-reference",
        tooltip="Let times count from this packet, or not any more",
    ),
    Binding(
        "a",
        "app.names",
        "Names",
        show=False,
        id="page.names",
        tooltip="Show names for addresses and UEs, or these themselves",
    ),
    Binding(
        "x",
        "app.ignore",
        "Ignore",
        show=False,
        id="page.ignore",
        tooltip="Ignore the finding with a reason; heed one again that is ignored",
    ),
]
