# SPDX-License-Identifier: GPL-2.0-only
"""A capture that goes on: lists that follow its end or are frozen, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from analyzer.capture import CaptureFile
from analyzer.recording.wish import Statistics, Wish
from analyzer.views.tui.live import Pace, Rate
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.widgets.sheet import Sheet
from analyzer.views.tui.widgets.virtual_list import VirtualList

from .conftest import opened, text_of, until
from .live_capture import FakeRecording, app_of, listed, recorded


@pytest.fixture
def recording(tmp_path: Path) -> FakeRecording:
    return FakeRecording(tmp_path / "spool.pcapng")


def status_of(pilot: Pilot[None]) -> str:
    return text_of(pilot).split("\n")[-2]


def list_of(pilot: Pilot[None]) -> VirtualList:
    return pilot.app.screen.query_one("VirtualList.main", VirtualList)


async def test_a_live_list_follows_the_end_until_the_cursor_leaves_it(
    recording: FakeRecording,
) -> None:
    async with recorded(recording) as pilot:
        await until(pilot, lambda: "Waiting for packets on lo" in text_of(pilot))
        recording.come(100)
        await listed(pilot, 100)
        assert list_of(pilot).cursor == 99
        recording.come(20)
        await listed(pilot, 120)
        assert list_of(pilot).cursor == 119
        assert "new" not in text_of(pilot)
        await pilot.press("k")
        recording.come(7)
        await listed(pilot, 127)
        assert list_of(pilot).cursor == 118
        assert "119 of 127, ▼ 7 new" in text_of(pilot)
        await pilot.press("G")
        recording.come(5)
        await listed(pilot, 132)
        assert list_of(pilot).cursor == 131
        assert "new" not in text_of(pilot)
        recording.stop()


async def test_the_wheel_leaves_the_end_too(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        recording.come(200)
        await listed(pilot, 200)
        rows = list_of(pilot)
        rows.post_message(MouseScrollUp(rows, 5, 5, 0, -1, 0, False, False, False))
        await pilot.pause()
        recording.come(10)
        await listed(pilot, 210)
        assert rows.cursor == 199
        recording.stop()


@pytest.mark.parametrize("key", ["2", "3"])
async def test_every_page_follows_the_end(recording: FakeRecording, key: str) -> None:
    async with recorded(recording) as pilot:
        recording.come(60)
        await listed(pilot, 60)
        await pilot.press(key)
        rows = list_of(pilot)
        await until(pilot, lambda: rows.count > 0)
        before = rows.count
        recording.come(200)
        await until(pilot, lambda: rows.count > before)
        assert rows.pinned
        assert rows.cursor == rows.count - 1
        if isinstance(pilot.app.screen, FindingsScreen):
            ids = [pilot.app.screen.rows[index].id for index in range(rows.count)]
            assert ids == sorted(ids)
        recording.stop()


async def test_a_page_shows_the_details_of_the_row_it_came_to(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        for _ in range(10):
            recording.come(10)
            await pilot.pause(0.05)
        await listed(pilot, 100)
        screen = pilot.app.screen
        assert isinstance(screen, PacketsScreen)
        await until(pilot, lambda: bool(screen.detail.data) and screen._frame == 100)
        assert "Packet 100" in text_of(pilot)
        recording.stop()


async def test_details_at_the_end_change_no_faster_than_one_can_read(
    recording: FakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    show = PacketsScreen._show

    def counted(screen: PacketsScreen, index: int) -> None:
        shown.append(index)
        show(screen, index)

    async with recorded(recording) as pilot:
        recording.come(1)
        await listed(pilot, 1)
        monkeypatch.setattr(PacketsScreen, "_show", counted)
        began = monotonic()
        for count in range(2, 16):
            recording.come(1)
            await listed(pilot, count)
        await until(pilot, lambda: bool(shown) and shown[-1] == 14)
        assert len(shown) <= 2 + (monotonic() - began) / 0.4
        recording.stop()


async def test_p_freezes_the_lists_while_the_capture_goes_on(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        recording.come(100)
        await listed(pilot, 100)
        await pilot.press("p")
        recording.come(50)
        view = app_of(pilot).view
        await until(pilot, lambda: view.opened.counts.records == 150)
        await until(pilot, lambda: "paused, 50 wait" in status_of(pilot))
        assert list_of(pilot).count == 100
        await pilot.press("g", "G", "t")
        assert list_of(pilot).count == 100
        await pilot.press("p")
        await listed(pilot, 150)
        assert "paused" not in status_of(pilot)
        recording.stop()


async def test_p_is_for_live_captures(recording: FakeRecording, tmp_path: Path) -> None:
    recording.come(10)
    async with opened(recording.path) as pilot:
        await pilot.press("p")
        assert "paused" not in status_of(pilot)
        assert "Pause" not in text_of(pilot)


async def test_the_status_tells_how_the_recording_is(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        recording.come(100)
        await until(pilot, lambda: "● live │ 100 packets" in status_of(pilot))
        assert "dropped" not in status_of(pilot)
        assert "to read" not in status_of(pilot)
        assert "lo (live)" in text_of(pilot)
        recording.tell(kept=9_100, dropped=3, interface_dropped=1)
        await until(pilot, lambda: "9,000 to read" in status_of(pilot))
        assert "● live │ ! 4 dropped │ 9,100 packets" in status_of(pilot)
        await until(pilot, lambda: "/s" in status_of(pilot))
        recording.tell(kept=100)
        recording.stop()
        await until(pilot, lambda: "■ stopped" in status_of(pilot))
        assert "! 4 dropped │ 100 packets" in status_of(pilot)
        assert "lo (live)" not in text_of(pilot)


async def test_files_tell_what_was_dropped(recording: FakeRecording) -> None:
    from analyzer.capture import blocks

    recording.come(10)
    with recording.path.open("ab") as file:
        file.write(blocks.statistics(0, 1, 15, 5))
    with CaptureFile(recording.path) as read:
        list(read.batches())
        assert read.dropped == {0: 5}
    async with opened(recording.path) as pilot:
        assert "10 packets │ ! 5 dropped" in status_of(pilot)
        await pilot.press("I")
        await pilot.pause()
        assert "5 dropped while capturing" in text_of(pilot)


@pytest.mark.parametrize(
    "reason",
    [
        "the recording process was killed by signal 9; what it wrote is kept",
        "the disk is full; what was written before is kept",
        "no interface is left (\x1b[31mlo: gone)",
    ],
)
async def test_an_end_that_nobody_wanted_is_said_at_once(
    recording: FakeRecording, reason: str
) -> None:
    async with recorded(recording) as pilot:
        recording.come(30)
        await listed(pilot, 30)
        recording.end(reason)
        await until(pilot, lambda: bool(pilot.app._notifications))
        said = [toast.message for toast in pilot.app._notifications]
        assert [text.replace(r"\x1b", "\x1b") for text in said] == [reason]
        await until(pilot, lambda: f"■ {reason[:12]}" in status_of(pilot))
        await until(pilot, lambda: not app_of(pilot).view.reading)
        assert list_of(pilot).count == 30


async def test_an_interface_that_goes_away_is_said_while_others_go_on(
    recording: FakeRecording,
) -> None:
    async with recorded(recording) as pilot:
        recording.lost.append("eth7: the network is down")
        await until(pilot, lambda: len(pilot.app._notifications) == 1)
        assert "● live" in status_of(pilot)
        recording.come(5)
        await listed(pilot, 5)
        assert len(pilot.app._notifications) == 1
        recording.stop()


async def test_the_statistics_of_the_capture(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        recording.come(100)
        recording.tell(dropped=7)
        await listed(pilot, 100)
        await pilot.press("I")
        await until(pilot, lambda: "7 by the kernel" in text_of(pilot))
        part = pilot.app.screen.query_one(Sheet).region
        lines = text_of(pilot).split("\n")[part.y : part.bottom]
        shown = "".join("".join(line[part.x : part.right].split()) for line in lines)  # paths wrap
        for text in ("Packets100", "own", "udpport5683", "spool.pcapng", "100CoAPmessages"):
            assert text in shown
        recording.end("the disk is full")
        await until(pilot, lambda: "the disk is full" in text_of(pilot))
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, PacketsScreen)


async def test_several_interfaces_are_named_in_the_title(tmp_path: Path) -> None:
    recording = FakeRecording(tmp_path / "x.pcapng", Wish(("e\x1bth0", "eth1", "eth2")))
    async with recorded(recording) as pilot:
        assert r"e\x1bth0 and 2 more (live)" in text_of(pilot)
        recording.stop()


def test_a_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.per_second == 0
    for second in range(10):
        rate.take(second * 100, float(second))
    assert rate.per_second == 100
    for second in range(10, 20):
        rate.take(900, float(second))
    assert rate.per_second == 0


def test_painting_that_takes_long_is_done_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    now = used = 100.0
    monkeypatch.setattr("analyzer.views.tui.live.monotonic", lambda: now)
    monkeypatch.setattr("analyzer.views.tui.live.thread_time", lambda: used)
    pace = Pace()
    assert pace.due
    pace.painted()
    assert not pace.due
    now += 0.11
    assert pace.due
    used += 0.1
    pace.painted()
    now += 0.3
    assert not pace.due
    now += 0.11
    assert pace.due
    used += 10
    pace.painted()
    now += 1.01
    assert pace.due


def test_statistics_lose_nothing() -> None:
    assert Statistics(dropped=1, interface_dropped=2).lost == 3
