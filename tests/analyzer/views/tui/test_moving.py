# SPDX-License-Identifier: GPL-2.0-only
"""Finding, going to numbers, from finding to finding, and copying, on the screen."""

from __future__ import annotations

import base64
import random
from pathlib import Path
from time import sleep

import pytest
from generated import read
from rules.conversation import Conversation
from textual.pilot import Pilot

from analyzer import remembered
from analyzer.capture import Intake
from analyzer.rules.catalogue import Severity
from analyzer.scopes import Scope
from analyzer.session import Session
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.nearest import NoPacketError, nearest, number_of
from analyzer.views.tui.rows.exchanges import ExchangeRows
from analyzer.views.tui.rows.ladder import MOST, LadderRows
from analyzer.views.tui.rows.packets import PacketRows
from analyzer.views.tui.screens.copy_as import CopyScreen
from analyzer.views.tui.screens.exchanges import ExchangesScreen
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.help import HelpScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.page import PageScreen
from analyzer.views.tui.screens.ues import UesScreen
from analyzer.views.tui.widgets.find_bar import FindBar
from analyzer.views.tui.widgets.sheet import Sheet

from .conftest import CAPTURES, FIELD_DAY, REGISTRATION, opened, text_of, until


def view_of(session: Session) -> CaptureView:
    view = CaptureView(Intake(()))
    view.session = session
    return view


def page_of(pilot: Pilot[None]) -> PageScreen:
    assert isinstance(pilot.app.screen, PageScreen)
    return pilot.app.screen


def packets_of(pilot: Pilot[None]) -> PacketsScreen:
    assert isinstance(pilot.app.screen, PacketsScreen)
    return pilot.app.screen


def told(pilot: Pilot[None]) -> list[str]:
    """What notifications say."""
    return [notification.message for notification in pilot.app._notifications]


async def find(pilot: Pilot[None], text: str, *before: str) -> None:
    """Type in the find bar and wait for what comes of it."""
    await pilot.press("ctrl+f", *before)
    bar = pilot.app.screen.query_one(FindBar)
    assert bar.display
    bar._input.value = text
    await pilot.press("enter")
    await searched(pilot)


async def searched(pilot: Pilot[None]) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, PageScreen | HelpScreen)
    await pilot.pause()
    await until(pilot, lambda: not screen.searches)
    await pilot.pause()


# Below the screen -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["field-day", "coap-tour"])
def test_from_finding_to_finding_in_any_order(name: str) -> None:
    view = view_of(read(CAPTURES / f"{name}.pcapng"))
    listed = list(view.visible_rows())
    random.Random(name).shuffle(listed)
    rows = PacketRows(view, lambda: listed)
    rows.refresh()
    severity = view.opened.messages["severity"].tolist()
    flagged = [at for at, row in enumerate(listed) if severity[row] >= Severity.WARNING]
    forwards, at = [], -1
    while (found := rows.next_flagged(at, 1)) is not None:
        forwards.append(at := found)
    assert forwards == flagged
    backwards, at = [], len(rows)
    while (found := rows.next_flagged(at, -1)) is not None:
        backwards.append(at := found)
    assert backwards == flagged[::-1]


@pytest.mark.parametrize("opened_roots", [0, 3, 100])
def test_from_finding_to_finding_in_the_tree_of_exchanges(opened_roots: int) -> None:
    rows = ExchangeRows(view_of(read(CAPTURES / "coap-tour.pcapng")))
    rows.refresh()
    roots = [rows.identity(at) for at in range(len(rows)) if rows.opened(at) is False]
    for root in roots[:opened_roots]:
        rows.tree.set_open(root, True)
    flagged = [at for at in range(len(rows)) if rows._severity_at(at) >= Severity.WARNING]
    for step in (1, -1):
        found, at = [], -1 if step > 0 else len(rows)
        while (next_one := rows.next_flagged(at, step)) is not None:
            found.append(at := next_one)
        assert found == flagged[::step] != []


def test_from_finding_to_finding_in_a_ladder_that_is_drawn_in_part() -> None:
    talk = Conversation()
    for number in range(MOST):
        talk.con("GET", token=number.to_bytes(2, "big"))
        talk.ack("2.05", **({"token": b"else"} if number in (2, MOST - 1) else {}))
    view = view_of(talk.session())
    rows = LadderRows(view, 1, Scope.PAIR)
    rows.refresh()
    severity = view.opened.messages["severity"]
    flagged = (severity >= Severity.WARNING).nonzero()[0].tolist()
    assert flagged[-1] > MOST > flagged[0]
    at = rows.arrow(0, forwards=True)
    reached = []
    while at is not None and (at := rows.next_flagged(at, 1)) is not None:
        reached.append(rows.identity(at))
    assert reached == flagged
    back = rows.next_flagged(len(rows) - 1, -1)
    assert back is not None
    assert rows.identity(back) in flagged


def test_the_nearest_packet() -> None:
    talk = Conversation().con("GET", path="/a").icmp().ack("2.05").con("GET", path="/b")
    view = view_of(talk.session())
    rows = range(len(view.opened.messages))
    assert nearest(view, rows, "3") == (1, "")
    assert nearest(view, rows, "#1")[0] == 0
    place, said = nearest(view, rows, "2")
    assert place in (0, 1)
    assert "Packet 2 holds no CoAP" in said
    assert "Packet 4 is not in the list" in nearest(view, [0], "4")[1]
    for text in ("0", "99", "-1", "x", "", "²", "9" * 5000):
        with pytest.raises(NoPacketError, match="packet"):
            nearest(view, rows, text)
    with pytest.raises(NoPacketError, match="an exchange"):
        number_of("x", 1, "exchange")


# On the screen ----------------------------------------------------------------------------------


async def test_a_hit_is_gone_to_and_lit() -> None:
    async with opened(FIELD_DAY) as pilot:
        screen = packets_of(pilot)
        await find(pilot, "METER-0020")
        first = screen.list.cursor
        data = screen.detail.data
        assert b"meter-0020" in data
        assert screen.hex.lit is not None
        assert data[slice(*screen.hex.lit)] == b"meter-0020"
        assert screen.list.has_focus
        assert not screen.query_one(FindBar).display
        await pilot.press("n")
        await searched(pilot)
        second = screen.list.cursor
        assert second > first
        await pilot.press("N")
        await searched(pilot)
        assert screen.list.cursor == first
        await pilot.press("N")
        await searched(pilot)
        assert screen.list.cursor == second  # round the end
        assert any("went round" in text for text in told(pilot))
        await find(pilot, "ff 7b", "f2")
        assert screen.hex.lit is not None
        assert screen.detail.data[slice(*screen.hex.lit)] == b"\xff{"
        assert remembered.texts("finds") == ["ff 7b", "METER-0020"]


async def test_the_detail_is_searched_from_its_pane_and_a_filter_hides_nothing() -> None:
    async with opened(FIELD_DAY) as pilot:
        screen = packets_of(pilot)
        screen.fields.focus()
        await find(pilot, "identity: 0x")
        await find(pilot, "Code: 2.04")
        assert screen.fields.has_focus
        assert screen.fields.selected is not None
        assert screen.fields.selected.text.startswith("Code: 2.04")
        count = screen.list.count
        await find(pilot, "coap.code == 2.01", "f2", "f2", "f2")
        assert screen.list.count == count
        assert "2.01 Created" in screen.rows.cells(screen.list.cursor)[-1][4][0]


async def test_what_is_not_there_or_no_expression_is_said_in_the_bar() -> None:
    async with opened(REGISTRATION) as pilot:
        await find(pilot, "no such thing")
        assert "Not found" in text_of(pilot)
        await find(pilot, "(", "f2", "f2")
        assert "No regular expression" in text_of(pilot)
        await pilot.press("up")
        assert pilot.app.screen.query_one(FindBar)._input.value == "("
        await pilot.press("up")
        assert pilot.app.screen.query_one(FindBar)._input.value == "no such thing"
        await pilot.press("escape")
        assert packets_of(pilot).list.has_focus


async def test_escape_stops_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.views.searching import details

    asked = []

    def never(*arguments: object) -> None:
        asked.append(arguments)
        sleep(0.01)

    monkeypatch.setattr(details, "node_with", never)
    async with opened(FIELD_DAY) as pilot:
        screen = packets_of(pilot)
        screen.fields.focus()
        await pilot.press("ctrl+f")
        screen.query_one(FindBar)._input.value = "x"
        await pilot.press("enter", "escape")
        await until(pilot, lambda: not screen.searches)
        assert len(asked) < 315
        assert screen.query_one(FindBar).display
        assert "Stopped" in text_of(pilot)


async def test_every_page_finds_text_in_its_rows() -> None:
    async with opened(FIELD_DAY, size=(160, 40)) as pilot:
        for key, text, page in (
            ("2", "meter-0020", ExchangesScreen),
            ("3", "sent with put", FindingsScreen),
            ("4", "meter-0020", UesScreen),
        ):
            await pilot.press(key)
            screen = page_of(pilot)
            assert isinstance(screen, page)
            await find(pilot, text)
            cells = screen.main_list.source.cells(screen.main_list.cursor)
            assert text in " ".join(piece for cell in cells for piece, _ in cell).lower()
        await pilot.press("3")
        findings = page_of(pilot)
        assert isinstance(findings, FindingsScreen)
        findings.rule.focus()
        await find(pilot, "fix")
        assert findings.rule.sheet.lit >= 0
        assert findings.rule.has_focus
        await pilot.press("question_mark")
        await find(pilot, "half a page down")
        sheet = pilot.app.screen.query_one(Sheet)
        assert "Half a page down" in sheet.texts()[sheet.lit]
        assert "Half a page down" in text_of(pilot)


async def test_going_to_a_number() -> None:
    async with opened(FIELD_DAY) as pilot:
        screen = packets_of(pilot)
        await pilot.press("ctrl+g", *"40", "enter")
        await pilot.pause()
        assert screen.rows.frame(screen.list.cursor) == 40
        await pilot.press("ctrl+g", *"9999", "enter")
        assert "There are packets 1 to 315" in text_of(pilot)
        await pilot.press("escape", "ctrl+o")
        await pilot.pause()
        assert screen.list.cursor == 0
        await pilot.press("2", "ctrl+g", *"20", "enter")
        await pilot.pause()
        assert page_of(pilot).exchange == 20
        await pilot.press("colon", *"17")
        await until(pilot, lambda: "Go to packet 17" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PacketsScreen))
        await until(pilot, lambda: packets_of(pilot).frame == 17)


async def test_rows_and_findings_from_any_pane_and_page() -> None:
    async with opened(FIELD_DAY) as pilot:
        screen = packets_of(pilot)
        screen.hex.focus()
        await pilot.press("f8", "f8", "f7", "ctrl+down", "ctrl+up")
        assert screen.list.cursor == 1
        assert screen.hex.has_focus
        await pilot.press("3")
        findings = page_of(pilot)
        assert isinstance(findings, FindingsScreen)
        await pilot.press("f")
        assert findings.list.cursor == 1
        assert findings.rows[1].severity is Severity.ERROR
        await pilot.press("G", "F")
        assert findings.list.cursor == findings.list.count - 2
        for key in "24":
            await pilot.press(key, "g", "f")
            rows = page_of(pilot).main_list
            assert any(sign in text_of(pilot).split("\n")[rows.cursor + 3] for sign in "✖▲")


async def test_what_is_copied_goes_to_the_clipboard_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(REGISTRATION) as pilot:
        app, written = pilot.app, []
        assert isinstance(app, MsgsharkApp)
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        await pilot.press("y")
        menu = app.screen
        assert isinstance(menu, CopyScreen)
        await until(pilot, lambda: len(menu._offers) == 12)
        assert "credentials masked" in text_of(pilot)
        await pilot.press("h")
        await pilot.pause()
        sequence = next(text for text in written if text.startswith("\x1b]52;c;"))
        copied = base64.b64decode(sequence[7:-1]).decode()
        session = app.view.opened
        assert bytes.fromhex(copied)[:60] == session.packet(0)[:60]
        assert b"*****" in bytes.fromhex(copied)
        assert any(text.startswith("Hex stream of packet 1 copied") for text in told(pilot))
        await pilot.press("X", "y")
        assert isinstance(app.screen, CopyScreen)
        await pilot.press("h")
        await until(pilot, lambda: not isinstance(app.screen, CopyScreen))
        assert app.clipboard == session.packet(0).hex()
        for key, form, words in (
            ("2", "j", '"request_frame": 1'),
            ("3", "i", "### Fix"),
            ("4", "f", "exchange.ue_service_id == "),
        ):
            await pilot.press(key, "y", form)
            await until(pilot, lambda: not isinstance(app.screen, CopyScreen))
            assert words in app.clipboard
