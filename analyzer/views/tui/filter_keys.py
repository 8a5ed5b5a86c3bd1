# SPDX-License-Identifier: GPL-2.0-only
"""Keys of the display filter: they work on every page, and stand in the command palette, too."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

FILTER_KEYS: Final = [
    Binding(
        "slash",
        "filter",
        "Filter",
        key_display="/",
        id="page.filter",
        tooltip="Write a display filter: the pages list what passes; of UEs, those with an "
        "exchange, packet or finding that does",
    ),
    Binding(
        "equals_sign",
        "filter_by('')",
        "Filter by this",
        show=False,
        key_display="=",
        id="page.filter-by",
        tooltip="List what has the value of the field under the cursor; on a list, what belongs "
        "to the row: a packet's exchange, a finding's rule, a UE",
    ),
    Binding(
        "plus",
        "filter_by('and')",
        "And this",
        show=False,
        key_display="+",
        id="page.filter-and",
        tooltip="Of what is listed, only what has this value, too",
    ),
    Binding(
        "minus",
        "filter_by('and not')",
        "And not this",
        show=False,
        key_display="-",
        id="page.filter-not",
        tooltip="Of what is listed, only what does not have this value",
    ),
    Binding(
        "escape",
        "stop_filtering",
        "Stop filtering",
        id="page.stop-filtering",
        tooltip="While packets are read for a filter: leave it at those found so far",
    ),
]
