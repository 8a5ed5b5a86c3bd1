# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.profiles.spec import Ignore
from analyzer.settings import Settings
from analyzer.views.places import Page
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.screens.exchanges import ExchangesScreen
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.help import HelpScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.statistics import StatisticsScreen
from analyzer.views.tui.screens.ues import UesScreen
from tui.conftest import FIELD_DAY, REGISTRATION, opened, text_of, until


async def test_the_pages_are_on_keys_1_to_5() -> None:
    async with opened(FIELD_DAY) as pilot:
        for key, screen in (
            ("2", ExchangesScreen),
            ("3", FindingsScreen),
            ("4", UesScreen),
            ("5", StatisticsScreen),
            ("1", PacketsScreen),
        ):
            await pilot.press(key)
            assert type(pilot.app.screen) is screen
            assert "field-day.pcapng" in text_of(pilot)


async def test_the_tabs_can_be_clicked() -> None:
    async with opened(REGISTRATION) as pilot:
        await pilot.click(offset=(26, 0))
        assert isinstance(pilot.app.screen, ExchangesScreen)


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (20, 5)])
async def test_every_page_fits_any_terminal(size: tuple[int, int]) -> None:
    async with opened(REGISTRATION, size=size) as pilot:
        for key in "12345":
            await pilot.press(key, "j", "G")
            rows = text_of(pilot).split("\n")
            assert len(rows) == size[1]


async def test_narrow_pages_stack_their_panes() -> None:
    async with opened(REGISTRATION, size=(80, 24)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, PacketsScreen)
        assert screen.fields.region.bottom <= screen.hex.region.y
        await pilot.resize_terminal(200, 50)
        await pilot.pause()
        assert screen.fields.region.right <= screen.hex.region.x


async def test_the_status_line_counts() -> None:
    async with opened(REGISTRATION) as pilot:
        status = text_of(pilot).split("\n")[-2]
        assert "38 packets │ 38 CoAP messages │ 19 exchanges" in status
        assert "━" not in status


async def test_the_status_line_counts_what_is_ignored() -> None:
    ignoring = Settings(ignores=(Ignore(rule="COAP-CAP-*"), Ignore(rule="MSG-33501-*")))
    async with opened(FIELD_DAY, settings=ignoring) as pilot:
        ignored = pilot.app.view.opened.findings.ignored
        assert text_of(pilot).split("\n")[-2].rstrip().endswith(f" │ {ignored} ignored")
    async with opened(REGISTRATION) as pilot:
        assert "ignored" not in text_of(pilot)


async def test_help_lists_every_binding() -> None:
    async with opened(REGISTRATION) as pilot:
        await pilot.press("question_mark")
        screen = pilot.app.screen
        assert isinstance(screen, HelpScreen)
        shown = " ".join(text for entry in screen.entries() for text, _ in entry.text)
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        bindings = [b for _, group in app.help_groups() for b in group]
        assert len(bindings) > 40
        ids = [b.id for b in bindings]
        assert all(ids)
        assert len(set(ids)) == len(ids)
        for binding in bindings:
            assert binding.tooltip
            assert binding.tooltip in shown
        await pilot.press("escape")
        assert isinstance(app.screen, PacketsScreen)


async def test_every_binding_that_works_is_in_the_help() -> None:
    async with opened(REGISTRATION) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        helped = {b.id for _, group in app.help_groups() for b in group}
        for page in Page:
            await app.action_page(page)
            for _ in range(4):
                for active in app.screen.active_bindings.values():
                    assert active.binding.id in helped or active.binding.system
                await pilot.press("tab")


async def test_q_quits() -> None:
    async with opened(REGISTRATION) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: not pilot.app.is_running)
    assert pilot.app.return_code == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"hello, world\n", "no capture"), (b"\x1f\x8b\x08", "gunzip|gzip")],
)
async def test_a_file_that_is_no_capture_says_why(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "broken.pcapng"
    path.write_bytes(data)
    async with opened(path) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        shown = text_of(pilot)
        assert "This cannot be read" in shown
        assert any(word in app.view.error for word in words.split("|"))
        await pilot.press("2", "3", "1", "enter", "n", "r", "right_square_bracket", "G", "X", "t")


async def test_a_capture_without_packets_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.pcap"
    path.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    async with opened(path) as pilot:
        assert "This capture holds no packets" in text_of(pilot)


async def test_a_hostile_file_name_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "\x1b[31m[bold]x.pcapng"
    path.write_bytes(REGISTRATION.read_bytes())
    async with opened(path) as pilot:
        assert r"\x1b[31m[bold]x.pcapng" in text_of(pilot)


async def test_themes_and_colourless_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(REGISTRATION) as pilot:
        for theme in ("msgshark-light", "dracula", "msgshark"):
            pilot.app.theme = theme
            await pilot.press("3", "1")
            assert "Packets" in text_of(pilot)


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    code = (
        "import sys, analyzer.views.tui.app; "
        "print(sorted({'polars', 'numpy', 'scapy', 'numba', 'jsonschema'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "[]\n"


async def test_quitting_does_not_wait_for_a_long_capture(tmp_path: Path) -> None:
    path = tmp_path / "long.pcapng"
    path.write_bytes(FIELD_DAY.read_bytes() * 40)
    async with opened(path, wait=False) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        await until(pilot, lambda: app.view.session is not None and app.view.progress > 0)
        assert app.view.reading
        await pilot.pause(0.2)
        assert "%" in text_of(pilot).split("\n")[-2]
        await pilot.press("q")
    assert app.view.progress < 1
