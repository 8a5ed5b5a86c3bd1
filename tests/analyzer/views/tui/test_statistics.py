# SPDX-License-Identifier: GPL-2.0-only
"""The statistics page: its parts, ranges of a plot, and filters of what is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules.conversation import Conversation
from textual.pilot import Pilot

from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.response_times import By
from analyzer.statistics.model import Part
from analyzer.views.times import TimeFormat, edge_time, span
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.places import FilterBy, Join
from analyzer.views.tui.plots import short
from analyzer.views.tui.rows.statistics import bar
from analyzer.views.tui.screens.statistics import StatisticsScreen
from tui.conftest import FIELD_DAY, opened, text_of, until
from tui.live_capture import FakeRecording, recorded

SECOND = 1_000_000_000


async def page(pilot: Pilot[None], part: Part = Part.TRAFFIC) -> StatisticsScreen:
    await pilot.press("5")
    screen = pilot.app.screen
    assert isinstance(screen, StatisticsScreen)
    if part is not Part.TRAFFIC:
        screen.show_part(part)
    await shown(pilot, part)
    return screen


async def shown(pilot: Pilot[None], part: Part, by: str = "") -> None:
    screen = pilot.app.screen
    assert isinstance(screen, StatisticsScreen)

    def done() -> bool:
        listed = screen.rows.listed
        return listed is not None and listed.found.part is part and by in ("", listed.found.by)

    await until(pilot, done)
    await pilot.pause()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[FilterBy]:
    """Filters that a screen asks for, which nobody applies."""
    asked: list[FilterBy] = []
    post = StatisticsScreen.post_message

    def keep(screen: StatisticsScreen, message: object) -> bool:
        if isinstance(message, FilterBy):
            asked.append(message)
            return True
        return post(screen, message)  # type: ignore[arg-type]

    monkeypatch.setattr(StatisticsScreen, "post_message", keep)
    return asked


def selected(pilot: Pilot[None], text: str) -> int:
    app = pilot.app
    assert isinstance(app, MsgsharkApp)
    return int(Matcher(app.view.opened, compiled(text)).matches().sum())


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=str)
async def test_every_part_is_a_key_away(size: tuple[int, int]) -> None:
    async with opened(FIELD_DAY, size=size) as pilot:
        await page(pilot)
        for part, words in {
            Part.TRAFFIC: ("[Traffic]", "Messages per", "✖", "0 to "),
            Part.CONVERSATIONS: ("[Conversations]", "127.0.1.12:60012 → 127.0.0.1:5683", "19,809"),
            Part.ENDPOINTS: ("[Endpoints]", "71,389", "4.xx"),
            Part.CODES: ("[Codes]", "2.04 Changed", "█████▌    68.2%"),
            Part.TIMES: ("[Response times]", "▴p50", "144 measured, median"),
            Part.RETRANSMISSIONS: ("[Retransmissions]", "Share of messages", "80.0%"),
            Part.PROTECTED: ("[Protected flows]", "Nothing to count"),
        }.items():
            await shown(pilot, part)
            text = text_of(pilot)
            for word in words:
                assert word in text, part
            await pilot.press("v")
        await shown(pilot, Part.TRAFFIC)


async def test_a_range_of_the_plot_becomes_a_filter(asked: list[FilterBy]) -> None:
    async with opened(FIELD_DAY, size=(80, 24)) as pilot:
        screen = await page(pilot)
        screen.plot.focus()
        await pilot.press("right", "shift+right", "shift+right")
        assert "2 to 8: 17 messages, 3 resent" in text_of(pilot)
        assert screen.list.cursor == 3
        await pilot.press("enter")
        (message,) = asked
        assert message.text == "frame.time_relative >= 2 and frame.time_relative < 8"
        assert message.join is Join.AND
        assert selected(pilot, message.text) == 17


async def test_a_range_is_drawn_by_the_mouse(asked: list[FilterBy]) -> None:
    async with opened(FIELD_DAY, size=(80, 24)) as pilot:
        screen = await page(pilot)
        await pilot.mouse_down(screen.plot, offset=(8 + 5, 3))
        await pilot.hover(screen.plot, offset=(8 + 9, 3))
        await pilot.mouse_up(screen.plot, offset=(8 + 9, 3))
        assert (screen.plot.first, screen.plot.last) == (5, 9)
        await pilot.press("enter")
        assert asked[0].text == "frame.time_relative >= 10 and frame.time_relative < 20"


async def test_a_row_becomes_a_filter(asked: list[FilterBy]) -> None:
    async with opened(FIELD_DAY, size=(80, 24)) as pilot:
        await page(pilot, Part.CONVERSATIONS)
        await pilot.press("j", "enter")
        assert selected(pilot, asked[0].text) == 70


async def test_rows_are_sorted_by_any_column() -> None:
    async with opened(FIELD_DAY, size=(140, 24)) as pilot:
        screen = await page(pilot, Part.ENDPOINTS)
        for key in (column.key for column in screen.rows.columns):
            await pilot.press("s")
            await until(pilot, lambda key=key: screen._shown.order.key == key)  # type: ignore
            assert screen.rows.listed is not None
            if key != "name":
                values = screen.rows.listed.table[key].to_list()
                assert values == sorted(values, reverse=True)
            else:
                names = [screen.rows.name(screen.rows.row(row)) for row in range(len(screen.rows))]
                assert names == sorted(names)


async def test_response_times_by_whatever_is_asked_for() -> None:
    async with opened(FIELD_DAY, size=(140, 40)) as pilot:
        await pilot.press("S")
        for by, title, words in (
            (By.SERVER, "by server", "127.0.0.1:5683"),
            (By.URI, "by URI", "/msgin5g/registration"),
            (By.UE, "by UE", "meter-0011@iot.example"),
            (By.METHOD, "by method", "POST"),
        ):
            await shown(pilot, Part.TIMES, by)
            text = text_of(pilot)
            assert title in text
            assert words in text
            assert "\x1b" not in text
            await pilot.press("b")
        await pilot.press("ctrl+o")
        assert not isinstance(pilot.app.screen, StatisticsScreen)


def counted(screen: StatisticsScreen) -> int:
    """Messages of all rows."""
    return int(screen.rows.listed.table["messages"].sum()) if screen.rows.listed else 0


async def test_a_capture_that_grows(tmp_path: Path) -> None:
    recording = FakeRecording(tmp_path / "live.pcapng")
    async with recorded(recording) as pilot:
        recording.come(40)
        screen = await page(pilot)
        await until(pilot, lambda: sum(screen.plot.bars.heights) == 40)
        await pilot.press("v", "V", "v")
        recording.come(200)
        await until(pilot, lambda: counted(screen) == 240)
        recording.stop()


async def test_strangers_and_gaps(tmp_path: Path, asked: list[FilterBy]) -> None:
    talk = Conversation().con("GET", path="/\x1b[31m[red]\u202e" + "x" * 400, token=b"a")
    talk.ack("2.05").wait(60 * 365 * 86_400).con("GET", token=b"b").wait(-110 * 365 * 86_400)
    path = tmp_path / "hostile.pcap"
    talk.con("GET", token=b"c", destination="[2001:db8::1]:5683", source="[2001:db8::2]:5683")
    path.write_bytes(talk.pcap())
    async with opened(path, size=(80, 24)) as pilot:
        screen = await page(pilot)
        assert "Messages per" in text_of(pilot)
        await pilot.press("enter", "t", "t")
        assert len(asked) == 1
        for part in Part:
            screen.show_part(part)
            await shown(pilot, part)
        screen.show_part(Part.TIMES)
        await shown(pilot, Part.TIMES)
        await pilot.press("b")
        await shown(pilot, Part.TIMES, By.URI)
        assert "\\x1b[31m[red]\\u202e" in text_of(pilot)


async def test_a_capture_without_coap(tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(Conversation().pcap())
    async with opened(path, size=(80, 24)) as pilot:
        screen = await page(pilot)
        for part in Part:
            screen.show_part(part)
            await shown(pilot, part)
            assert "This capture holds no packets" in text_of(pilot)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.5, "0.5"), (9.6, "10"), (9999, "9,999"), (12_345, "12.3k"), (1e6, "1M")],
)
def test_values_are_short(number: float, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize(("share", "text"), [(0, ""), (1e-9, "▏"), (0.5, "████"), (1, "█" * 8)])
def test_shares_are_bars(share: float, text: str) -> None:
    assert bar(share).rstrip() == text


@pytest.mark.parametrize(
    ("time", "length", "form", "text"),
    [
        (12 * SECOND, SECOND, TimeFormat.RELATIVE, "12"),
        (12 * SECOND + SECOND // 2, SECOND // 2, TimeFormat.DELTA, "12.5"),
        (-2 * SECOND, 2 * SECOND, TimeFormat.RELATIVE, "-2"),
        (12 * SECOND, SECOND, TimeFormat.ABSOLUTE, "00:00:12"),
        (12 * SECOND + SECOND // 4, SECOND, TimeFormat.ABSOLUTE, "00:00:12.250"),
        (86_400 * SECOND, 86_400 * SECOND, TimeFormat.ABSOLUTE, "1970-01-02"),
        (1 << 62, 1800 * SECOND, TimeFormat.ABSOLUTE, "02-20 23:53"),
    ],
)
def test_edges_have_the_digits_they_need(
    time: int, length: int, form: TimeFormat, text: str
) -> None:
    assert edge_time(time, 0, length, form) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [(1000, "1 µs"), (SECOND // 2, "500 ms"), (120 * SECOND, "2 min"), (864_000 * SECOND, "10 d")],
)
def test_lengths_have_units(length: int, text: str) -> None:
    assert span(length) == text
