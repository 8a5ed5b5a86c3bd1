# SPDX-License-Identifier: GPL-2.0-only
"""Observations and block-wise operations: one row each, and what is below it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rules.conversation import Conversation
from textual.pilot import Pilot
from transfers import cut, upload

from analyzer.capture import Intake
from analyzer.session import Session
from analyzer.views.places import Page, Place
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.exchanges import ExchangeRows
from analyzer.views.tui.screens.exchanges import ExchangesScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from tui.conftest import opened, text_of

ASK: dict[str, Any] = {"token": b"obs", "path": "/t"}


def observed() -> Conversation:
    """Frames 1 to 9: another exchange, an observation, one more exchange."""
    talk = Conversation().con("GET", path="/before", token=b"a").ack("2.05")
    talk.con("GET", observe=0, **ASK).ack("2.05", observe=10)
    talk.wait(1).non("2.05", token=b"obs", observe=12).wait(1).non("2.05", token=b"obs", observe=11)
    talk.wait(70).con("2.05", token=b"obs", observe=13).rst()
    return talk.con("GET", path="/after", token=b"b").ack("2.05")


@asynccontextmanager
async def exchanges(
    talk: Conversation, folder: Path, size: tuple[int, int] = (160, 40)
) -> AsyncIterator[tuple[Pilot[None], ExchangesScreen]]:
    path = folder / "talk.pcap"
    path.write_bytes(talk.pcap())
    async with opened(path, size=size) as pilot:
        await pilot.press("2")
        screen = pilot.app.screen
        assert isinstance(screen, ExchangesScreen)
        yield pilot, screen


def row(screen: ExchangesScreen, index: int) -> str:
    """A row as the list paints it, blanks run together."""
    return " ".join("".join(segment.text for segment in screen.list._row(index, 156)).split())


async def test_an_observation_is_one_row_until_it_is_opened(tmp_path: Path) -> None:
    async with exchanges(observed(), tmp_path) as (pilot, screen):
        assert screen.list.count == 3
        assert row(screen, 1).startswith("✖ ▸ 4 2 ")
        await pilot.press("j", "right")
        assert screen.list.count == 8
        below = [row(screen, index) for index in range(2, 7)]
        for words, shown in zip(
            (
                ("├", "ACK", "Observe 10", "frame 4", "first"),
                ("├", "NON", "Observe 12 +1.010 s", "frame 5", "newer", "in time"),
                ("├", "NON", "Observe 11 +1.010 s", "frame 6", "older"),
                ("├", "CON", "Observe 13 +71.020 s", "frame 7", "stale before"),
                ("└", "reset by the client", "frame 8", "ended"),
            ),
            below,
            strict=True,
        ):
            assert all(word in shown for word in words), shown
        assert "/after" in row(screen, 7)
        await pilot.press("left")
        assert screen.list.count == 3


async def test_every_key_of_a_tree_opens_and_closes(tmp_path: Path) -> None:
    async with exchanges(observed(), tmp_path) as (pilot, screen):
        await pilot.press("j")
        for key, count in (("right", 8), ("left", 3), ("space", 8), ("space", 3), ("right", 8)):
            await pilot.press(key)
            assert screen.list.count == count
        await pilot.press("j", "j", "left")
        assert (screen.list.cursor, screen.list.count) == (1, 8)
        await pilot.press("j", "space")
        assert (screen.list.cursor, screen.list.count) == (1, 3)
        await pilot.press("k", "right")
        assert screen.list.shift > 0


async def test_a_notification_shows_and_leads_to_its_packet(tmp_path: Path) -> None:
    async with exchanges(observed(), tmp_path) as (pilot, screen):
        await pilot.press("j", "right", "j", "j")
        await pilot.pause()
        assert screen.exchange == 2
        assert screen.rows.frame(screen.packets.cursor) == 5
        await pilot.press("enter")  # to its arrow
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        packets = pilot.app.screen
        assert isinstance(packets, PacketsScreen)
        assert packets.rows.frame(packets.list.cursor) == 5


async def test_an_operation_is_one_row_and_a_jump_opens_it(tmp_path: Path) -> None:
    talk = upload(Conversation(), cut(bytes(range(256)) * 2, 4))
    async with exchanges(talk, tmp_path) as (pilot, screen):
        exchanges_read = len(screen.view.opened.exchanges)
        assert (screen.list.count, exchanges_read) == (1, 2)
        assert row(screen, 0).startswith("· ▸ 2 1 ")
        screen.go_to(Place(Page.EXCHANGES, 2))
        await pilot.pause()
        assert (screen.list.count, screen.list.cursor, screen.exchange) == (2, 1, 2)
        assert "└" in text_of(pilot)


def test_what_is_open_stays_open_while_the_capture_grows(tmp_path: Path) -> None:
    talk = observed()
    path = tmp_path / "talk.pcap"
    path.write_bytes(talk.pcap())
    session = Session()
    session.open([path])
    view = CaptureView(Intake(()))
    view.session = session
    rows = ExchangeRows(view)
    seen: list[int] = []
    for _ in session.read(1):
        rows.refresh()
        if len(session.exchanges) >= 2:
            rows.tree.set_open(2, True)
            seen.append(len(rows))
            for index in range(len(rows)):
                assert rows.find(rows.identity(index)) == index
                assert len(rows.cells(index)) == len(rows.columns)
    assert seen == sorted(seen)
    assert len(rows) == 8
    assert len(set(map(rows.identity, range(8)))) == 8


def test_what_is_closed_is_found_in_the_place_of_its_root() -> None:
    view = CaptureView(Intake(()))
    view.session = observed().session()
    rows = ExchangeRows(view)
    rows.refresh()
    rows.tree.set_open(2, True)
    inside = rows.identity(3)
    rows.tree.set_open(2, False)
    assert rows.find(inside) == 1
    assert [rows.find(id) for id in (1, 2, 3, 4, 0)] == [0, 1, 2, None, None]
