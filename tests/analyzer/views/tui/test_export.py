# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.capture import CaptureFile
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.screens.export import ExportScreen

from .conftest import REGISTRATION, opened, text_of, until


def packets(path: Path) -> int:
    with CaptureFile(path) as file:
        return sum(batch.count for batch in file.batches())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def test_m_marks_and_unmarks() -> None:
    async with opened(REGISTRATION) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        assert "◆" not in text_of(pilot)
        await pilot.press("m", "j", "j", "m")
        await pilot.pause()
        assert app.view.marks == {0, 2}
        assert text_of(pilot).count("◆") == 2
        await pilot.press("m")
        await pilot.pause()
        assert app.view.marks == {0}
        assert text_of(pilot).count("◆") == 1


@pytest.mark.parametrize(
    ("keys", "expected"), [((), 38), (("tab", "down", "space"), 2), (("tab", "up", "space"), 2)]
)
async def test_export_writes_what_was_chosen(
    tmp_path: Path, keys: tuple[str, ...], expected: int
) -> None:
    async with opened(REGISTRATION) as pilot:
        await pilot.press("m", "j", "j", "m", "ctrl+s")
        await pilot.pause()
        await pilot.press(*keys, *(("shift+tab",) if keys else ()))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ExportScreen))
    assert packets(tmp_path / "export.pcapng") == expected


async def test_export_asks_before_it_replaces_and_says_what_fails(tmp_path: Path) -> None:
    (tmp_path / "export.pcapng").write_bytes(b"mine")
    async with opened(REGISTRATION) as pilot:
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert "Marked (0)" in text_of(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert "Enter again replaces it" in text_of(pilot)
        assert (tmp_path / "export.pcapng").read_bytes() == b"mine"
        await pilot.press("home", "/", "x", "/", "enter")
        await until(pilot, lambda: "cannot be written" in text_of(pilot))
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, ExportScreen)
