# SPDX-License-Identifier: GPL-2.0-only
"""The UEs page: how they stand, the story of one, and ways to it and from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules.conversation import Conversation
from rules.registrations import GOOD, registered
from textual.pilot import Pilot

from analyzer.ue_standings import Order
from analyzer.ue_stories import Kind
from analyzer.views.places import Page, Place
from analyzer.views.tui.rows import ues
from analyzer.views.tui.rows.ues import UeRows
from analyzer.views.tui.screens.exchanges import ExchangesScreen
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.ues import UesScreen

from .conftest import CAPTURES, FIELD_DAY, opened, text_of, until
from .live_capture import FakeRecording, app_of, listed, recorded


def ues_of(pilot: Pilot[None]) -> UesScreen:
    screen = pilot.app.screen
    assert isinstance(screen, UesScreen)
    return screen


def written(talk: Conversation, folder: Path) -> Path:
    path = folder / "talk.pcap"
    path.write_bytes(talk.pcap())
    return path


def names(screen: UesScreen) -> list[str]:
    return [screen.rows[index].ue for index in range(len(screen.rows))]


async def stand_on(pilot: Pilot[None], ue: str) -> UesScreen:
    """The page, with the cursor on a UE."""
    await pilot.press("4")
    screen = ues_of(pilot)
    screen.list.go_to(names(screen).index(ue))
    await pilot.pause()
    return screen


async def test_the_worst_ue_comes_first_with_its_story() -> None:
    async with opened(FIELD_DAY, size=(200, 50)) as pilot:
        await pilot.press("4")
        await pilot.pause()
        screen = ues_of(pilot)
        assert screen.rows[0].ue == "meter-0013@iot.example"
        shown = text_of(pilot)
        assert "✖ no answer" in shown
        assert "1 of 58, worst first" in shown
        for text in ("Registration, retransmission 4", "not answered", "within 93.00 s"):
            assert text in shown


async def test_s_changes_the_order_and_the_cursor_stays_on_its_ue() -> None:
    async with opened(FIELD_DAY) as pilot:
        screen = await stand_on(pilot, "meter-0018@iot.example")
        for order in (*list(Order)[1:], Order.WORST):
            keys = ["home"] if order is Order.WORST else ["s"]
            await pilot.press("s", *keys, "enter")
            await pilot.pause()
            assert str(order) in text_of(pilot)
            assert screen.rows[screen.list.cursor].ue == "meter-0018@iot.example"
            assert screen.moments.ue == screen.ue
            if order is Order.NAME:
                assert names(screen) == sorted(names(screen))


async def test_enter_goes_to_the_story_and_from_a_line_of_it_on() -> None:
    async with opened(FIELD_DAY, size=(200, 50)) as pilot:
        screen = await stand_on(pilot, "meter-0068@iot.example")
        await pilot.press("enter")
        assert screen.story.has_focus
        kinds = [screen.moments[index].kind for index in range(screen.story.count)]
        for kind, page in (
            (Kind.REGISTRATION, ExchangesScreen),
            (Kind.ADDRESS, PacketsScreen),
            (Kind.FINDING, FindingsScreen),
        ):
            at = kinds.index(kind)
            moment, place = screen.moments[at], screen.moments.place(at)
            screen.story.go_to(at)
            await pilot.press("enter")
            await pilot.pause()
            there = pilot.app.screen
            assert isinstance(there, page)
            assert there.here is not None
            assert there.here.number == place.number
            assert moment.exchange == there.exchange or page is FindingsScreen
            await pilot.press("ctrl+o")
            await pilot.pause()
            assert ues_of(pilot) is screen
            assert screen.rows[screen.list.cursor].ue == "meter-0068@iot.example"
            assert screen.story.cursor == at
            assert screen.story.has_focus


@pytest.mark.parametrize("page", [Page.PACKETS, Page.EXCHANGES, Page.FINDINGS])
async def test_u_visits_the_ue_and_ctrl_o_comes_back(page: Page) -> None:
    async with opened(FIELD_DAY) as pilot:
        app = app_of(pilot)
        session = app.view.opened
        number = {
            Page.PACKETS: 162,
            Page.EXCHANGES: 77,
            Page.FINDINGS: next(
                finding.id for finding in session.findings if "0068" in session.ue_of(finding)
            ),
        }[page]
        await app._go_to(Place(page, number))
        await pilot.press("u")
        await pilot.pause()
        screen = ues_of(pilot)
        assert screen.rows[screen.list.cursor].ue == "meter-0068@iot.example"
        await pilot.press("u", "ctrl+o")
        await pilot.pause()
        assert app._page_screen() is not screen
        here = app.screen.here  # type: ignore[attr-defined]
        assert (here.page, here.number) == (page, number)


async def test_u_where_nothing_names_a_ue() -> None:
    async with opened(CAPTURES / "coap-tour.pcapng") as pilot:
        for key in "123":
            await pilot.press(key, "u")
            await pilot.pause()
            assert not isinstance(pilot.app.screen, UesScreen)
        assert "Nothing here names a UE" in {note.message for note in pilot.app._notifications}


async def test_a_capture_without_a_ue_says_so(tmp_path: Path) -> None:
    talk = Conversation().con("GET", path="/a").ack("2.05", payload=b"1")
    async with opened(written(talk, tmp_path)) as pilot:
        await pilot.press("4", "enter", "tab", "enter", "s", "enter", "u")
        await pilot.pause()
        assert "No UE names itself in this capture" in text_of(pilot)
    async with opened(written(Conversation(), tmp_path)) as pilot:
        await pilot.press("4")
        assert "This capture holds no packets" in text_of(pilot)


async def test_hostile_names_are_escaped_and_cut(tmp_path: Path) -> None:
    hostile = "\x1b[2J[bold red]\u202e" + "x" * 500
    talk = registered(GOOD | {"UE Service ID": hostile}, path="/\x1b[31m[b]")
    async with opened(written(talk, tmp_path), size=(200, 50)) as pilot:
        await pilot.press("4", "enter")
        await pilot.pause()
        shown = text_of(pilot)
        assert r"\x1b[2J[bold red]\u202e" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "x" * 90 not in shown


async def test_every_row_and_line_fills_its_columns() -> None:
    async with opened(FIELD_DAY) as pilot:
        await pilot.press("4")
        screen = ues_of(pilot)
        for index in range(screen.list.count):
            assert len(screen.rows.cells(index)) == len(screen.rows.columns)
            screen.list.go_to(index)
            await pilot.pause()
            assert screen.moments.ue == screen.rows[index].id
            assert screen.story.count
            for at in range(screen.story.count):
                assert len(screen.moments.cells(at)) == len(screen.moments.columns)


@pytest.mark.parametrize("format", ["relative", "absolute", "delta"])
async def test_times_in_every_format(format: str) -> None:
    async with opened(FIELD_DAY, size=(200, 50)) as pilot:
        await pilot.press("4")
        while app_of(pilot).view.time_format != format:
            await pilot.press("t")
        screen = ues_of(pilot)
        since = screen.rows.cells(0)[2][0][0]
        assert ("0.801525" in since) == (format != "absolute")


# Live ---------------------------------------------------------------------------------------------


@pytest.fixture
def recording(tmp_path: Path) -> FakeRecording:
    return FakeRecording(tmp_path / "spool.pcapng")


async def test_rows_and_story_grow_with_a_live_capture(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        await pilot.press("4")
        screen = ues_of(pilot)
        recording.come(1)
        await until(pilot, lambda: screen.list.count == 1)
        assert screen.rows[0].registration.label == "waiting"
        recording.come(11)
        await until(pilot, lambda: screen.list.count == 2)
        await until(pilot, lambda: screen.rows[0].registration.label == "registered")
        assert screen.rows[0].ue == "meter-0011@iot.example"
        await pilot.press("enter")
        before = screen.story.count
        recording.come(12)
        await until(pilot, lambda: screen.story.count > before)
        assert screen.list.cursor > 0, "a worse one came, and the story goes on"
        assert screen.rows[screen.list.cursor].ue == "meter-0011@iot.example"
        recording.come(100)
        await until(pilot, lambda: app_of(pilot).view.opened.counts.records == 124)
        recording.stop()
        await until(pilot, lambda: not app_of(pilot).view.reading)
        await until(pilot, lambda: not screen.rows.stale)
        assert screen.rows[screen.list.cursor].ue == "meter-0011@iot.example"


async def test_rows_that_were_not_taken_in_at_once_come_later(
    recording: FakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.views.tui.screens.ues._LATER", 0.2)
    async with recorded(recording) as pilot:
        await pilot.press("4")
        screen = ues_of(pilot)
        recording.come(1)
        await until(pilot, lambda: screen.list.count == 1)
        screen.rows._next = float("inf")
        recording.come(11)
        await until(pilot, lambda: screen.list.count == 2)
        recording.stop()


async def test_a_paused_page_keeps_its_rows(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        await pilot.press("4")
        recording.come(12)
        await listed(pilot, 2)
        await pilot.press("p")
        recording.come(100)
        await until(pilot, lambda: app_of(pilot).view.opened.counts.records == 112)
        await pilot.pause(0.3)
        assert ues_of(pilot).list.count == 2
        await pilot.press("p")
        await until(pilot, lambda: ues_of(pilot).list.count > 2)
        recording.stop()


async def test_many_messages_are_looked_at_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ues, "AT_ONCE", 0)
    async with opened(FIELD_DAY) as pilot:
        await pilot.press("G", "u")  # from the last packet to its UE
        screen = pilot.app.screen
        assert isinstance(screen, UesScreen)
        await until(pilot, lambda: screen.list.count == 58 and not screen.rows.stale)
        await until(pilot, lambda: screen.list.cursor > 0)
        name = screen.rows[screen.list.cursor].ue
        monkeypatch.undo()
        with_thread = [screen.rows[index] for index in range(58)]
        rows = UeRows(app_of(pilot).view)
        rows.refresh()
        assert with_thread == [rows[index] for index in range(58)]
        assert name in text_of(pilot)
