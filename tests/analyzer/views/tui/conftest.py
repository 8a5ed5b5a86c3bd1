# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from analyzer.annotations import keeping
from analyzer.settings import Settings
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.failures import Failures
from analyzer.views.tui.screens.packets import PacketsScreen

CAPTURES = Path(__file__).parents[4] / "captures"
FIELD_DAY = CAPTURES / "field-day.pcapng"
REGISTRATION = CAPTURES / "registration.pcapng"


@asynccontextmanager
async def opened(
    *paths: Path | str,
    size: tuple[int, int] = (100, 32),
    wait: bool = True,
    settings: Settings | None = None,
) -> AsyncIterator[Pilot[None]]:
    """The app with the captures read and the first packet dissected."""
    app = MsgsharkApp(paths, settings)
    async with app.run_test(size=size) as pilot:
        if wait:
            await until(pilot, lambda: not app.view.reading)
            await pilot.pause()
            screen = app.screen
            if isinstance(screen, PacketsScreen) and screen.list.count:
                await until(pilot, lambda: bool(screen.detail.data))
            await pilot.pause()
        yield pilot


async def until(pilot: Pilot[None], done: Callable[[], bool], seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.02)):
        if done():
            return
        await pilot.pause(0.02)
    raise AssertionError("it did not happen")


def text_of(pilot: Pilot[None]) -> str:
    """What is on the screen, line by line."""
    screen = pilot.app.screen
    return "\n".join(strip.text for strip in screen._compositor.render_strips())


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(Failures, "fatal", True)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


@pytest.fixture(autouse=True)
def untouched_captures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test writes about a shipped capture goes to the state folder."""
    real = keeping.beside

    def beside(paths: Sequence[str]) -> Path | None:
        found = real(paths)
        return None if found is not None and found.parent == CAPTURES else found

    monkeypatch.setattr(keeping, "beside", beside)
