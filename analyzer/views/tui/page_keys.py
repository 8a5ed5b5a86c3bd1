# SPDX-License-Identifier: GPL-2.0-only
"""Keys that work on every page."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

PAGE_KEYS: Final = [
    Binding("tab", "pane(1)", "Pane", id="page.next-pane", tooltip="Go to the next pane"),
    Binding(
        "shift+tab",
        "pane(-1)",
        "Pane back",
        show=False,
        id="page.previous-pane",
        tooltip="Go to the pane before",
    ),
    Binding(
        "backslash",
        "maximise",
        "Maximise",
        show=False,
        id="page.maximise",
        tooltip="Let the pane fill the screen, or not any more",
    ),
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
        "stop_search",
        "Stop filtering",
        id="page.stop-search",
        tooltip="While packets are read for a filter: leave it at those found so far",
    ),
    Binding(
        "l",
        "ladder",
        "Ladder",
        id="page.ladder",
        tooltip="Show the exchange of the row as a ladder: who sent what to whom",
    ),
    Binding(
        "t",
        "time_format",
        "Time",
        id="page.time-format",
        tooltip=("Time since the first packet, time of day, or time since the row before"),
    ),
    Binding(
        "u",
        "visit_ue",
        "UE",
        show=False,
        id="page.ue",
        tooltip="Go to the UE that the packet, exchange or finding is about",
    ),
    Binding(
        "p",
        "pause",
        "Pause",
        id="page.pause",
        tooltip="Freeze the lists while a live capture goes on, or let them grow again",
    ),
]
