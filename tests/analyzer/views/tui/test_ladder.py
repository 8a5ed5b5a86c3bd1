# SPDX-License-Identifier: GPL-2.0-only
"""The ladder of an exchange on the screen, how far it looks, and what is done with its messages."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import pytest
from generated import conversations, read
from hypothesis import HealthCheck, given, settings
from rules.conversation import Conversation
from textual.pilot import Pilot

from analyzer.capture import CaptureError, Intake
from analyzer.ladders import window
from analyzer.scopes import Scope, rows_in, scopes_of
from analyzer.session import Session
from analyzer.views.inks import plain
from analyzer.views.places import Page
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.copying import MOST_COPIED, copy
from analyzer.views.tui.rows.ladder import MOST, LadderRows
from analyzer.views.tui.screens.difference import DifferenceScreen
from analyzer.views.tui.screens.exchanges import ExchangesScreen
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.ladder import LadderScreen
from analyzer.views.tui.screens.packets import PacketsScreen

from .conftest import CAPTURES, FIELD_DAY, opened, text_of, until
from .live_capture import FakeRecording, listed, recorded

# What a ladder shows ----------------------------------------------------------------------------


def rows_of(session: Session, exchange: int = 1, scope: Scope = Scope.EXCHANGE) -> LadderRows:
    view = CaptureView(Intake(()))
    view.session = session
    rows = LadderRows(view, exchange, scope)
    rows.refresh()
    return rows


def told(rows: LadderRows) -> list[str]:
    return [plain(rows.cells(index)[1]).rstrip() for index in range(len(rows))]


def frames(session: Session, exchange: int, scope: Scope) -> list[int]:
    return [session.messages.cell("frame", row) for row in rows_in(session, exchange, scope)]


def test_how_far_a_ladder_looks() -> None:
    talk = Conversation().con("GET", path="/a", token=b"a").ack("2.05")
    talk.con("GET", path="/b", token=b"b").ack("2.05")
    session = talk.session()
    assert scopes_of(session, 1) == (Scope.EXCHANGE, Scope.PAIR)
    assert frames(session, 1, Scope.EXCHANGE) == [1, 2]
    assert frames(session, 2, Scope.EXCHANGE) == [3, 4]
    assert frames(session, 1, Scope.PAIR) == [1, 2, 3, 4]


def test_a_ue_of_several_addresses_is_one_ladder() -> None:
    session = read(FIELD_DAY)
    ue = "meter-0068@iot.example"
    ids = [
        id for id, name in enumerate(session.exchanges["ue"].tolist(), 1)
        if session.names[name] == ue
    ]  # fmt: skip
    assert len(ids) > 1
    assert Scope.UE in scopes_of(session, ids[0])
    owners = {session.messages.cell("exchange", row) for row in rows_in(session, ids[0], Scope.UE)}
    assert owners == set(ids)


def test_an_observation_is_an_operation() -> None:
    session = read(CAPTURES / "coap-tour.pcapng")
    operations = session.exchanges["operation"].tolist()
    exchange = next(i for i, o in enumerate(operations, 1) if o and operations.count(o) > 1)
    assert Scope.OPERATION in scopes_of(session, exchange)
    alone = next(i for i, o in enumerate(operations, 1) if o and operations.count(o) == 1)
    assert Scope.OPERATION not in scopes_of(session, alone)
    assert len(rows_in(session, exchange, Scope.OPERATION)) > len(
        rows_in(session, exchange, Scope.EXCHANGE)
    )


def test_what_never_came_stands_below_the_last_message_of_its_exchange() -> None:
    talk = Conversation().con("GET", path="/lost", token=b"a").wait(300)
    session = talk.con("GET", path="/b", token=b"b").ack("2.05").session()
    lines = told(rows_of(session, scope=Scope.PAIR))
    lost = next(at for at, text in enumerate(lines) if "/lost" in text)
    unanswered = next(at for at, text in enumerate(lines) if "no ACK, no response" in text)
    later = next(at for at, text in enumerate(lines) if "/b" in text)
    assert lost < unanswered < later
    assert "⋮" in lines[later - 1]
    assert "300." in lines[later - 1]


def test_findings_have_their_glyph_and_their_severity_in_words() -> None:
    talk = Conversation().con("GET", path="/a").wait(2.5).again().ack("2.05")
    lines = told(rows_of(talk.session()))
    assert any("· note COAP-7252-4.2-RETRANSMISSION" in text for text in lines)
    assert any("[Retransmission]" in text for text in lines)


def test_the_cursor_stands_on_arrows_and_takes_what_belongs_to_them_along() -> None:
    rows = rows_of(Conversation().con("GET", path="/a").wait(2.5).again().ack("2.05").session())
    arrows = [at for at in range(len(rows)) if rows.step(at) is not None]
    assert len(arrows) == 3
    assert [rows.find(rows.identity(at)) for at in arrows] == arrows
    assert rows.arrow(arrows[1] + 1) == arrows[1]
    assert rows.arrow(arrows[1] + 1, forwards=True) == arrows[2]
    assert rows.arrow(0) is None
    assert rows.block(arrows[0])[0] == 0
    assert rows.block(arrows[2])[1] == len(rows) - 1


def test_of_a_long_ladder_a_window_is_drawn_that_moves() -> None:
    talk = Conversation()
    for number in range(MOST):
        token = number.to_bytes(2, "big")
        talk.con("GET", path="/a", token=token).ack("2.05", token=token)
    session = talk.session()
    rows = rows_of(session, scope=Scope.PAIR)
    assert (rows.messages, len(rows.ladder.steps)) == (2 * MOST, MOST)
    assert f"↓ {MOST} messages after" in told(rows)[-1]
    assert rows.turn(1)
    rows.refresh()
    assert rows.ladder.steps[0].row == MOST // 2
    every = window(session, rows_in(session, 1, Scope.PAIR), 0, 2 * MOST)
    assert [(s.time, s.gap) for s in rows.ladder.steps] == [
        (s.time, s.gap) for s in every.steps[MOST // 2 : MOST // 2 + MOST]
    ]
    rows.reveal(2 * MOST - 1)
    rows.refresh()
    assert rows.ladder.steps[-1].row == 2 * MOST - 1
    assert rows.ladder.left_out == 0
    assert not any("no ACK" in text for text in told(rows))


@given(data=conversations())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_conversation_is_drawn(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.pcap"
    path.write_bytes(data)
    session = read(path)
    for exchange in range(1, len(session.exchanges) + 1):
        for scope in scopes_of(session, exchange):
            rows = rows_of(session, exchange, scope)
            arrows = [s.row for at in range(len(rows)) if (s := rows.step(at)) is not None]
            assert arrows == rows_in(session, exchange, scope).tolist()
            assert all(text.isprintable() for text in told(rows))


def test_hostile_names_are_escaped() -> None:
    talk = (
        Conversation().con("GET", path="/\x1b[2J\u202e[bold]x/\U0001f988", token=b"a").ack("2.05")
    )
    lines = told(rows_of(talk.session(), scope=Scope.PAIR))
    assert any(r"\x1b[2J\u202e[bold]x" in text for text in lines)
    assert all(text.isprintable() for text in lines)


def test_a_ladder_of_whatever_was_once_hostile(tmp_path: Path) -> None:
    path, drawn = tmp_path / "hostile.pcap", 0
    for found in sorted((Path(__file__).parents[3] / "fuzz/corpus/session").iterdir()):
        path.write_bytes(found.read_bytes())
        try:
            session = read(path)
        except CaptureError:
            continue
        for exchange in range(1, min(len(session.exchanges), 3) + 1):
            for scope in scopes_of(session, exchange):
                assert all(text.isprintable() for text in told(rows_of(session, exchange, scope)))
                drawn += 1
    assert drawn > 10


# On the screen ----------------------------------------------------------------------------------


def ladder_of(pilot: Pilot[None]) -> LadderScreen:
    screen = pilot.app.screen
    assert isinstance(screen, LadderScreen)
    return screen


async def pressed(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def test_it_opens_from_every_page_and_closes_to_it() -> None:
    async with opened(FIELD_DAY) as pilot:
        for key, page in (("1", PacketsScreen), ("2", ExchangesScreen), ("3", FindingsScreen)):
            await pressed(pilot, key, "j", "j")
            below = pilot.app.screen
            assert isinstance(below, PacketsScreen | ExchangesScreen | FindingsScreen)
            exchange, frame = below.exchange, below.frame
            assert exchange
            await pressed(pilot, "l")
            screen = ladder_of(pilot)
            await until(pilot, lambda screen=screen: screen.list.count > 0)  # type: ignore[misc]
            assert (screen.rows.exchange, screen.frame) == (exchange, frame)
            await pressed(pilot, "escape")
            assert type(pilot.app.screen) is page


async def test_it_widens_jumps_to_the_packet_and_back() -> None:
    async with opened(FIELD_DAY, size=(80, 24)) as pilot:
        await pressed(pilot, "2", *"jjjjjjjjj", "enter")
        screen = ladder_of(pilot)
        assert "Exchange 10, POST, /msgin5g/registration" in text_of(pilot)
        assert screen.rows.messages == 3
        await pressed(pilot, "j")
        assert screen.frame == 31
        await pressed(pilot, "w")
        assert (screen.rows.scope, screen.rows.messages, screen.frame) == (Scope.PAIR, 5, 31)
        await pressed(pilot, "w", "G")
        assert (screen.rows.scope, screen.rows.messages) == (Scope.UE, 7)
        assert "its whole UE message 7 of 7" in text_of(pilot)
        frame = screen.frame
        await pressed(pilot, "enter")
        packets = pilot.app.screen
        assert isinstance(packets, PacketsScreen)
        assert packets.frame == frame
        await pressed(pilot, "ctrl+o")
        assert (ladder_of(pilot).frame, ladder_of(pilot).rows.scope) == (frame, Scope.UE)
        await pressed(pilot, "W", "W", "home")
        assert (screen.rows.scope, screen.frame) == (Scope.EXCHANGE, 18)
        await pressed(pilot, "ctrl+o")
        assert isinstance(pilot.app.screen, ExchangesScreen)


async def test_a_wider_ladder_shows_the_message_one_stands_on() -> None:
    """Though the narrower one fitted, and had nothing to scroll."""
    async with opened(FIELD_DAY, size=(140, 40)) as pilot:
        await pressed(pilot, "2", *"j" * 25, "l")
        screen = ladder_of(pilot)
        frame = screen.frame
        assert screen.list.max_scroll_y == 0
        await pressed(pilot, "w")
        assert screen.frame == frame
        shown = screen.list
        assert shown.scroll_y <= shown.cursor < shown.scroll_y + shown.size.height
        assert shown.cursor > shown.size.height


async def test_details_stand_where_there_is_room_or_where_asked_for() -> None:
    async with opened(FIELD_DAY, size=(80, 24)) as pilot:
        await pressed(pilot, "l")
        screen = ladder_of(pilot)
        assert not screen.inspected.display
        await pressed(pilot, "v")
        await until(pilot, lambda: "Message ID:" in text_of(pilot))
        await pressed(pilot, "v")
        assert not screen.inspected.display
        await pressed(pilot, "v")
        await pilot.resize_terminal(200, 50)
        await pilot.pause()
        assert screen.list.region.right <= screen.fields.region.x


async def test_two_marked_messages_are_compared() -> None:
    async with opened(FIELD_DAY) as pilot:
        await pressed(pilot, "l")
        screen = ladder_of(pilot)
        await until(pilot, lambda: screen._loaded)
        await pressed(pilot, "d")
        assert screen is pilot.app.screen
        await pressed(pilot, "space", "j", "space")
        assert text_of(pilot).count("●") == 2
        await pressed(pilot, "d")
        compared = pilot.app.screen
        assert isinstance(compared, DifferenceScreen)
        await until(pilot, lambda: compared.list.count > 0)
        shown = text_of(pilot)
        assert "Packet 1 " in shown
        assert "Packet 2 " in shown
        assert "≠   Type: Acknowledgement (ACK, 2)" in shown
        assert "Version: 1" not in shown
        few = compared.list.count
        await pressed(pilot, "a", "n")
        assert compared.list.count > few
        await pressed(pilot, "escape")
        assert screen is pilot.app.screen


async def test_it_is_copied_as_mermaid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(FIELD_DAY) as pilot:
        await pressed(pilot, "l", "y", "enter")
        await until(pilot, lambda: bool(pilot.app.clipboard))
        assert pilot.app.clipboard.startswith("sequenceDiagram\n    title Exchange 1")
        assert not list(tmp_path.glob("*.mmd"))
        app, view = pilot.app, ladder_of(pilot).view
        text = "x" * (MOST_COPIED + 1)
        for name in ("field-day-one.mmd", "field-day-one-1.mmd"):
            assert name in copy(app, view, text, "It", "one.mmd")
            assert (tmp_path / name).read_text() == text
        downloaded: dict[str, str] = {}

        def deliver(file: TextIO, *, save_filename: str) -> None:
            downloaded[save_filename] = file.read()

        monkeypatch.setattr(MsgsharkApp, "is_web", True)
        monkeypatch.setattr(app, "deliver_text", deliver)
        assert "downloaded as field-day-two.mmd" in copy(app, view, text, "It", "two.mmd")
        assert downloaded == {"field-day-two.mmd": text}
        assert not list(tmp_path.glob("*two*"))


async def test_what_comes_later_appears(tmp_path: Path) -> None:
    recording = FakeRecording(tmp_path / "spool.pcapng")
    async with recorded(recording) as pilot:
        recording.come(20)
        await listed(pilot, 20)
        await pressed(pilot, "home", *"j" * 17, "l")
        screen = ladder_of(pilot)
        await until(pilot, lambda: screen.rows.messages == 1)
        assert (screen.frame, screen.rows.exchange) == (18, 10)
        recording.come(20)
        await until(pilot, lambda: screen.rows.messages == 3)
        assert screen.frame == 18
        assert "answered 2.01 Created" in text_of(pilot)
        recording.stop()


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (300, 100)])
async def test_it_fits_any_terminal(size: tuple[int, int]) -> None:
    async with opened(CAPTURES / "coap-tour.pcapng", size=size) as pilot:
        await pressed(pilot, "l", "w", "G", "pageup", "home", "pagedown", "v", "tab", "v")
        assert pilot.app.screen.page is Page.EXCHANGES  # type: ignore[attr-defined]
        assert len(text_of(pilot).split("\n")) == size[1]
        assert "\x1b" not in text_of(pilot)
