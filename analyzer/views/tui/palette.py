# SPDX-License-Identifier: GPL-2.0-only
"""What the command palette offers beside commands: a number typed there is a packet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from textual.app import SystemCommand
from textual.command import CommandPalette, Hit, Hits, Provider
from textual.screen import Screen

from analyzer.views.places import Page
from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.screens.page import PageScreen


class Palette(Guarded, CommandPalette):
    """Textual's own, which fails where a page of commands is turned before these are laid out."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):
            super()._action_command_list(action)


class GoToPacket(Provider):
    """`:123`, Enter."""

    async def search(self, query: str) -> Hits:
        digits = query.strip().removeprefix("#")
        if digits.isascii() and digits.isdigit():
            name = f"Go to packet {digits}"
            go = partial(self.app.run_action, f"go_to_packet('{digits}')")
            yield Hit(1.0, name, go, help="The packet of this number, or the nearest in the list")


def page_commands(screen: Screen[object]) -> Iterator[SystemCommand]:
    """What a page can do where its cursor stands."""
    if not isinstance(screen, PageScreen):
        return
    if screen.exchange:
        ladder = partial(screen.run_action, "ladder")
        yield SystemCommand("Follow exchange", "Show its messages as a ladder", ladder)
    yield SystemCommand("Find", "Text, bytes, regular expression, filter", screen.action_find)
    if screen.page is not Page.STATISTICS:
        yield SystemCommand("Go to", f"By {screen.numbered}", screen.action_ask_number)
        yield SystemCommand("Copy as", "JSON, hex, command, issue", screen.action_copy_as)
