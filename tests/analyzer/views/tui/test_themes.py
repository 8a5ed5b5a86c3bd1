# SPDX-License-Identifier: GPL-2.0-only
"""Every ink can be read on every background of a list, in each theme of ours."""

from __future__ import annotations

import re

import pytest
from rich.color import Color

from analyzer import remembered
from analyzer.views.preferences import Preferences
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.inks import INKS
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.themes import THEMES
from analyzer.views.tui.widgets.virtual_list import VirtualList
from tui.conftest import REGISTRATION, text_of, until


def luminance(colour: Color) -> float:
    """WCAG 2.1, relative luminance."""
    channels = [value / 255 for value in colour.get_truecolor()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    """WCAG 2.1, contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def contrasts(rows: VirtualList) -> dict[tuple[str, str], float]:
    plain, cursor = rows.base, rows.look("virtual-list--cursor")
    found = {}
    for name in INKS:
        style = plain + rows.ink(name)
        assert style.color is not None
        assert style.bgcolor is not None
        found[name, "list"] = contrast(style.color, style.bgcolor)
        if rows.ink(name).bgcolor is None:
            on_cursor = plain + cursor
            assert on_cursor.bgcolor is not None
            found[name, "cursor"] = contrast(style.color, on_cursor.bgcolor)
    return found


LEAST = {"msgshark": (4.5, 3.0), "msgshark-light": (4.5, 3.0), "msgshark-high-contrast": (7.0, 4.5)}
"""On the list, and on the row under the cursor, whose text is bold (WCAG 2.1, 1.4.3 and 1.4.6)."""


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_every_ink_can_be_read(theme: str) -> None:
    app = MsgsharkApp([REGISTRATION], preferences=Preferences(theme=theme))
    async with app.run_test() as pilot:
        await until(pilot, lambda: not app.view.reading)
        assert app.theme == theme
        screen = app.screen
        assert isinstance(screen, PacketsScreen)
        least = dict(zip(("list", "cursor"), LEAST[theme], strict=True))
        found = contrasts(screen.list)
        low = {key: round(ratio, 2) for key, ratio in found.items() if ratio < least[key[1]]}
        assert not low


async def test_a_theme_that_was_chosen_is_remembered_unless_preferences_name_one() -> None:
    for preferences, kept in ((Preferences(theme="nord"), None), (None, "msgshark-light")):
        app = MsgsharkApp([REGISTRATION], preferences=preferences)
        async with app.run_test() as pilot:
            app.theme = "msgshark-light"
            await pilot.pause()
            assert remembered.recall("theme") == kept
    app = MsgsharkApp([REGISTRATION])
    async with app.run_test():
        assert app.theme == "msgshark-light"


async def test_a_conversation_is_coloured_and_numbered() -> None:
    app = MsgsharkApp([REGISTRATION])
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: not app.view.reading)
        await pilot.press("c")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, PacketsScreen)
        assert {screen.rows.row_ink(index) for index in range(2)} == {"conversation-1"}
        assert next(told.message for told in app._notifications).startswith("Colour 1: ")
        assert re.search(r"·1 +1 ", text_of(pilot))
        await pilot.press("c")
        await pilot.pause()
        assert {screen.rows.row_ink(index) for index in range(2)} == {""}
