# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces to choose from, when nothing was named to open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from analyzer.recording.wish import RightsError, Wish
from analyzer.views.tui.picking import PickerApp
from analyzer.views.tui.rows.interfaces import InterfaceRows, sparkline
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.picker import PickerScreen

from .conftest import text_of, until
from .live_capture import Starter, app_of, listed


class Interface(NamedTuple):
    name: str
    addresses: tuple[str, ...] = ()
    link_type_name: str = "Ethernet"
    up: bool = True
    running: bool = True
    loopback: bool = False
    description: str = ""


INTERFACES = [
    Interface("lo", ("127.0.0.1", "::1"), loopback=True),
    Interface("eth0", ("10.0.0.5",)),
    Interface("e\x1b[1m", (), "", up=False, running=False),
]


def default_filter(names: Sequence[str]) -> str:
    return f"udp port 5683 on {' '.join(names)}"


@asynccontextmanager
async def picking(
    start: Starter, interfaces: Sequence[Interface] = INTERFACES
) -> AsyncIterator[Pilot[None]]:
    packets = 0

    def traffic(name: str) -> tuple[int, int]:
        nonlocal packets
        packets += 100 if name == "eth0" else 0
        return packets if name == "eth0" else 7, 0

    app = PickerApp(
        lambda: interfaces, traffic, default_filter, Wish((), snap_length=200), start=start
    )
    async with app.run_test(size=(100, 30)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.list.empty != "Looking for interfaces …")
        await pilot.pause()
        yield pilot


def screen_of(pilot: Pilot[None]) -> PickerScreen:
    assert isinstance(pilot.app.screen, PickerScreen)
    return pilot.app.screen


@pytest.fixture
def start(tmp_path: Path) -> Starter:
    return Starter(tmp_path)


async def test_enter_records_on_the_interface_under_the_cursor(start: Starter) -> None:
    async with picking(start) as pilot:
        shown = text_of(pilot)
        for text in ("127.0.0.1, ::1", "10.0.0.5", "Ethernet", r"e\x1b[1m", "down"):
            assert text in shown
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PacketsScreen))
        [recording] = start.started
        wished = Wish(("eth0",), "udp port 5683 on eth0", snap_length=200)
        assert recording.wish == wished
        recording.come(20)
        await listed(pilot, 20)
        await pilot.press("2", "1", "ctrl+e")
        await until(pilot, lambda: not app_of(pilot).view.reading)


async def test_space_marks_several(start: Starter) -> None:
    async with picking(start) as pilot:
        await pilot.press("space", "g", "space")
        await until(pilot, lambda: text_of(pilot).count("◆") == 2)
        filter = pilot.app.screen.query_one(Input)
        await until(pilot, lambda: filter.value == "udp port 5683 on lo eth0")
        await pilot.press("enter")
        await until(pilot, lambda: bool(start.started))
        assert start.started[0].wish.interfaces == ("lo", "eth0")
        start.started[0].stop()


async def test_a_filter_that_was_written_stays(start: Starter) -> None:
    async with picking(start) as pilot:
        filter = pilot.app.screen.query_one(Input)
        assert filter.value == "udp port 5683 on eth0"
        await pilot.press("k")
        await until(pilot, lambda: filter.value == "udp port 5683 on lo")
        await pilot.press("tab")
        assert filter.has_focus
        filter.value = "host 10.0.0.1"
        await pilot.press("escape", "j")
        await pilot.pause()
        assert filter.value == "host 10.0.0.1"
        await pilot.press("f", "enter")
        await until(pilot, lambda: bool(start.started))
        assert start.started[0].wish.filter == "host 10.0.0.1"
        start.started[0].stop()


async def test_why_it_does_not_begin_is_said_in_full(start: Starter) -> None:
    command = "sudo setcap cap_net_raw,cap_net_admin=eip /usr/bin/dumpcap"
    reason = "you may not capture: " + "the capability CAP_NET_RAW is missing, " * 5 + command
    start.failure = RightsError(reason)
    async with picking(start) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "y copies this" in text_of(pilot))
        words = " ".join(text_of(pilot).split())
        assert reason in words
        await pilot.press("y")
        assert pilot.app.clipboard == reason
        start.failure = None
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PacketsScreen))
        start.started[0].stop()


async def test_without_a_capture_there_is_nothing_to_do_to_one(start: Starter) -> None:
    async with picking(start) as pilot:
        await pilot.press("2", "ctrl+e", "ctrl+r", "ctrl+w", "ctrl+s", "I", "S", "ctrl+o")
        screen_of(pilot)
        await pilot.press("question_mark", "escape", "q")
        await until(pilot, lambda: not pilot.app.is_running)
    assert not start.started
    assert not app_of(pilot).control.parting


async def test_no_interface_at_all(start: Starter) -> None:
    async with picking(start, ()) as pilot:
        await until(pilot, lambda: "There is no interface" in text_of(pilot))
        await pilot.press("space", "enter", "tab", "enter")
        assert not start.started


async def test_every_key_of_the_picker_is_in_the_help(start: Starter) -> None:
    async with picking(start) as pilot:
        helped = {b.id for _, group in app_of(pilot).help_groups() for b in group}
        for active in pilot.app.screen.active_bindings.values():
            assert active.binding.id in helped or active.binding.system


def test_rates_are_the_steps_of_the_counters() -> None:
    rows = InterfaceRows()
    rows.show(INTERFACES[:1])
    for packets in (5, 10, 10, 40, 3):  # the last: the counters began anew
        rows.count(lambda name, packets=packets: (packets, 0))
    assert rows.rates("lo") == [5, 0, 30, 0]
    assert sparkline(rows.rates("lo")) == "▃▁█▁"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"
