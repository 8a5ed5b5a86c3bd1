# SPDX-License-Identifier: GPL-2.0-only
"""Keys that work everywhere."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from analyzer.views.places import Page
from analyzer.views.tui.live_keys import LIVE_KEYS

APP_KEYS: Final = [
    *(
        Binding(
            str(number),
            f"page('{page}')",
            page.heading,
            show=False,
            id=f"app.{page}",
            tooltip=f"The {page.value.replace('ues', 'UEs')} page",
        )
        for number, page in enumerate(Page, 1)
    ),
    Binding(
        "ctrl+o",
        "back",
        "Back",
        show=False,
        id="app.back",
        tooltip="Back to where you were before the last jump",
    ),
    Binding(
        "O",
        "open",
        "Open",
        show=False,
        id="app.open",
        tooltip="Open another file: one of those opened last, or any",
    ),
    Binding(
        "ctrl+s",
        "export",
        "Export",
        show=False,
        id="app.export",
        tooltip="Write packets to a file: those shown, marked, or of this exchange",
    ),
    Binding(
        "S,alt+s",
        "response_times",
        "Response times",
        show=False,
        id="app.response-times",
        tooltip="The response times on the statistics page: by server, URI, UE or method",
    ),
    Binding(
        "escape",
        "stop_search",
        "Stop",
        show=False,
        priority=True,
        id="app.stop-search",
        tooltip="Stop a search that takes long",
    ),
    *LIVE_KEYS,
    Binding("question_mark,f1", "help", "Help", key_display="?", id="app.help", tooltip="All keys"),
    Binding(
        "ctrl+p",
        "command_palette",
        "Menu",
        show=False,
        priority=True,
        id="app.commands",
        tooltip="Find a command: themes, screenshots, ...",
    ),
    Binding(  # where one writes, it is a letter
        "colon",
        "command_palette",
        "Menu",
        show=False,
        id="app.commands-colon",
        tooltip="Find a command, where nothing is written",
    ),
    Binding("q", "quit", "Quit", id="app.quit", tooltip="Quit"),
    Binding(
        "ctrl+q,ctrl+c",
        "quit",
        "Quit",
        show=False,
        priority=True,
        id="app.quit-always",
        tooltip="Quit from anywhere",
    ),
]
