# SPDX-License-Identifier: GPL-2.0-only
"""Pictures of stable screens; everything else is asserted as text."""

from __future__ import annotations

from collections.abc import Callable

from textual.pilot import Pilot

from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.screens.packets import PacketsScreen
from tui.conftest import REGISTRATION, until


async def settle(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, MsgsharkApp)
    await until(pilot, lambda: not app.view.reading)
    screen = app.screen
    assert isinstance(screen, PacketsScreen)
    await until(pilot, lambda: bool(screen.detail.data))
    await still(pilot)


async def still(pilot: Pilot[None]) -> None:
    """Until nothing on the screen has changed for a while: scrolling and lighting come later."""
    before, same = None, 0
    while same < 4:
        await pilot.pause(0.05)
        now = [list(strip) for strip in pilot.app.screen._compositor.render_strips()]
        same = same + 1 if now == before else 0
        before = now


def test_packets_at_80_by_24(snap_compare: Callable[..., bool]) -> None:
    async def select(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for key in ("tab", "end", "home", *"jjjjjjjj"):  # each scrolls from where the last left off
            await pilot.press(key)
            await still(pilot)

    app = MsgsharkApp([REGISTRATION])
    assert snap_compare(app, terminal_size=(80, 24), run_before=select)


def test_exchanges_at_160_by_40(snap_compare: Callable[..., bool]) -> None:
    async def exchanges(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("2", *"jjj")
        await still(pilot)

    app = MsgsharkApp([REGISTRATION])
    assert snap_compare(app, terminal_size=(160, 40), run_before=exchanges)
