# SPDX-License-Identifier: GPL-2.0-only
"""Keys that work on every page."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from analyzer.views.tui.annotation_keys import ANNOTATION_KEYS
from analyzer.views.tui.filter_keys import FILTER_KEYS

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
    *FILTER_KEYS,
    Binding(
        "l",
        "ladder",
        "Ladder",
        id="page.ladder",
        tooltip="Show the exchange of the row as a ladder: who sent what to whom; of a protected "
        "flow, and of a finding about one, the handshake",
    ),
    Binding(
        "t",
        "time_format",
        "Time",
        show=False,
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
        "s",
        "sort",
        "Sort",
        show=False,
        id="page.sort",
        tooltip="Sort the list: by any column, up or down, findings and UEs also the worst first; "
        "a click on a header does so, too",
    ),
    Binding(
        "C",
        "columns",
        "Columns",
        show=False,
        id="page.columns",
        tooltip="Choose the columns of the list: which, in which order, how wide, any field",
    ),
    Binding(
        "less_than_sign",
        "resize(-5)",
        "Smaller",
        show=False,
        key_display="<",
        id="page.smaller",
        tooltip="Make the pane smaller; the mouse moves the border between panes, too",
    ),
    Binding(
        "greater_than_sign",
        "resize(5)",
        "Larger",
        show=False,
        key_display=">",
        id="page.larger",
        tooltip="Make the pane larger",
    ),
    Binding(
        "vertical_line",
        "layout",
        "Layout",
        show=False,
        key_display="|",
        id="page.layout",
        tooltip="Let panes stand otherwise: stacked, side by side, the list alone, or by the width",
    ),
    Binding(
        "c",
        "colour_conversation",
        "Colour",
        show=False,
        id="page.colour-conversation",
        tooltip="Colour all between the two endpoints of the row, or not any more",
    ),
    Binding(
        "p",
        "pause",
        "Pause",
        id="page.pause",
        tooltip="Freeze the lists while a live capture goes on, or let them grow again",
    ),
    *ANNOTATION_KEYS,
]
