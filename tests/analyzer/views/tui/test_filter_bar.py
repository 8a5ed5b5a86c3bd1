# SPDX-License-Identifier: GPL-2.0-only
"""The filter bar as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from analyzer.remembered import texts
from analyzer.views.places import Page, Place
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.places import FilterBy, Join, Visit
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.page import PageScreen
from dissectors.coap.numbers import Type

from .conftest import FIELD_DAY, opened, text_of, until
from .live_capture import FakeRecording, listed, recorded

RESET = "coap.type == RST"  # packet 203 alone


def page(pilot: Pilot[None]) -> PageScreen:
    screen = pilot.app.screen
    assert isinstance(screen, PageScreen)
    return screen


def said(pilot: Pilot[None]) -> str:
    return " ".join(notification.message for notification in pilot.app._notifications)


async def found(pilot: Pilot[None]) -> None:
    """The filter has looked at every row."""
    app = pilot.app
    assert isinstance(app, MsgsharkApp)
    await pilot.pause()
    await until(pilot, lambda: app.view.filtering.progress(app.page) is None)
    await until(pilot, lambda: app.filter_search._searched is None)
    await pilot.pause()


async def write(pilot: Pilot[None], text: str) -> None:
    await pilot.press("slash")
    await until(pilot, lambda: page(pilot).bar._loaded)
    page(pilot).bar.input.value = text
    await pilot.pause()


async def test_a_filter_is_written_applied_and_taken_away() -> None:
    async with opened(FIELD_DAY, size=(80, 24)) as pilot:
        screen = page(pilot)
        assert not screen.bar.display
        rows = screen.query_one("#packets").source  # type: ignore[attr-defined]
        all_rows = len(rows)
        await pilot.press("j", "j")
        await write(pilot, "coap.cod == RST")
        assert "✖ coap.cod == RST" in text_of(pilot)
        assert "  ^ no field coap.cod; did you mean coap.code?" in text_of(pilot)
        await pilot.press("enter")  # a bad one is not applied
        assert screen.bar.input.has_focus
        await write(pilot, RESET)
        assert "✔ coap.type == RST" in text_of(pilot)
        await pilot.press("enter")
        await found(pilot)
        assert screen.focused is screen.query_one("#packets")
        assert [rows.frame(index) for index in range(len(rows))] == [203]
        assert screen.frame == 203
        assert f"1 of {all_rows}" in text_of(pilot)
        assert "shown 1 (0.3 %)" in text_of(pilot)
        assert list(screen.view.visible_rows()) == [202]
        assert texts("filters") == [RESET]
        await pilot.press("slash", "backspace", "enter")
        await found(pilot)
        assert not screen.bar.display
        assert len(rows) == all_rows
        assert screen.frame == 3  # where one stood before the filter hid it


async def test_what_is_offered_is_taken_by_tab_or_chosen() -> None:
    async with opened(FIELD_DAY, size=(80, 24)) as pilot:
        bar = page(pilot).bar
        await write(pilot, "")
        await pilot.press(*"coap.ty")
        assert bar.offers.display
        await pilot.press("tab")
        assert bar.input.value == "coap.type "
        await pilot.press("down", "enter")
        assert bar.input.value == "coap.type == "
        await pilot.press(*"RS", "escape")
        assert not bar.offers.display
        assert bar.input.has_focus
        await pilot.press("tab", "enter")  # a word alone is taken at once, and then applied
        await found(pilot)
        assert bar.view.filtering.text == RESET
        await pilot.press("slash", *"xyz", "escape")
        assert not bar.input.has_focus
        assert bar.input.value == RESET
        await pilot.press("slash", "backspace", "tab")
        assert bar.offers.highlighted == 0
        await pilot.press("escape", "up")
        assert bar.input.value == RESET
        await pilot.press("down")
        assert bar.input.value == ""


async def test_letters_are_letters_and_pasted_text_is_harmless() -> None:
    async with opened(FIELD_DAY) as pilot:
        bar = page(pilot).bar
        await write(pilot, "")
        await pilot.press("colon", "q", "1", "question_mark", "slash", "equals_sign")
        assert bar.input.value == ":q1?/="
        bar.input.post_message(Paste("\x1b[31mcoap\nand\r\nip"))
        await pilot.pause()
        assert bar.input.value == r":q1?/=\x1b[31mcoap and  ip"
        assert "\x1b" not in text_of(pilot)


async def test_every_page_lists_what_passes_and_the_filter_stays() -> None:
    async with opened(FIELD_DAY, size=(100, 30)) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        app.post_message(FilterBy("exchange.id == 97"))
        counts = []
        for key in "1234":
            await pilot.press(key)
            await found(pilot)
            shown = page(pilot).shown
            assert shown is not None
            assert shown.of > shown.rows
            assert "exchange.id == 97" in text_of(pilot)
            counts.append(shown.rows)
        assert counts[:2] == [len(app.view.rows_of_exchange(97)), 1]
        app.post_message(FilterBy("coap.mid == 0", Join.AND))
        await found(pilot)
        assert "Nothing passes the filter" in text_of(pilot)
        app.post_message(FilterBy("coap.mid ==", Join.AND, apply=False))
        await pilot.pause()
        bar = page(pilot).bar
        assert bar.input.value == "exchange.id == 97 and coap.mid == 0 and coap.mid =="
        assert bar.input.has_focus
        assert app.view.filtering.text == "exchange.id == 97 and coap.mid == 0"
        commands = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Filter", "Filter by this", "Clear the filter"} <= commands
        await pilot.click("#filter-clear")
        await found(pilot)
        assert not app.view.filtering.on
        assert not bar.display


async def test_a_jump_to_a_hidden_row_says_why_it_goes_nowhere() -> None:
    async with opened(FIELD_DAY) as pilot:
        pilot.app.post_message(FilterBy(RESET))
        await found(pilot)
        for place, what in (
            (Place(Page.PACKETS, 1), "packet 1"),
            (Place(Page.EXCHANGES, 1), "exchange 1"),
            (Place(Page.FINDINGS, 1), "finding 1"),
        ):
            pilot.app.screen.post_message(Visit(place))
            await pilot.pause()
            await found(pilot)
            assert f"The filter hides {what}: / Backspace Enter" in said(pilot)


async def test_the_field_or_row_under_the_cursor_becomes_the_filter() -> None:
    async with opened(FIELD_DAY, size=(100, 40)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, PacketsScreen)
        filtering = screen.view.filtering
        await pilot.press("equals_sign")
        await found(pilot)
        assert filtering.text == "exchange.id == 1"
        assert screen.frame == 1
        coap = next(node for node in screen.detail.nodes if node.key == "coap")
        screen.fields.focus()
        screen.fields.reveal(next(node for node in coap.children if node.key == "type"))
        await pilot.press("plus")
        await found(pilot)
        assert filtering.text == "exchange.id == 1 and coap.type == CON"
        await pilot.press("minus")
        await found(pilot)
        assert filtering.text.endswith("and !(coap.type == CON)")
        pilot.app.post_message(FilterBy("coap.code == POST"))
        await pilot.press("3")
        await found(pilot)
        await pilot.press("equals_sign")
        await found(pilot)
        here = page(pilot).here
        assert here is not None
        rule = screen.view.opened.findings[here.number - 1].rule.id
        assert filtering.text == f'finding.rule == "{rule}"'
        await pilot.press("4", "equals_sign")
        await found(pilot)
        assert filtering.text.startswith("exchange.ue_service_id == ")


async def test_reading_packets_is_stopped_by_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.views.tui.filtering._MOMENT", 0.0)
    monkeypatch.setattr("analyzer.filters.matching._AT_ONCE", 1)
    async with opened(FIELD_DAY) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        filtering = app.view.filtering
        app.post_message(FilterBy("coap.opt.uri_path == message"))
        await until(pilot, lambda: len(app.view.visible_rows()) > 2)
        await pilot.press("escape")
        assert filtering.stopped
        await until(pilot, lambda: app.filter_search._searched is None)
        await pilot.pause()
        so_far = len(app.view.visible_rows())
        assert f"{so_far} found" in text_of(pilot)
        assert "stopped at" in text_of(pilot)
        app.post_message(FilterBy("coap.opt.uri_path == message"))
        await found(pilot)
        assert len(app.view.visible_rows()) > so_far


async def test_a_filtered_list_grows_with_a_live_capture(tmp_path: Path) -> None:
    recording = FakeRecording(tmp_path / "live.pcapng")
    async with recorded(recording) as pilot:
        pilot.app.post_message(FilterBy("coap.type == ACK"))
        recording.come(6)
        await listed(pilot, 3)
        recording.come(6)
        screen = await listed(pilot, 6)
        frames = screen.view.opened.messages["frame"]
        assert [int(frames[row]) for row in screen.view.visible_rows()] == [2, 4, 6, 8, 10, 12]
        await pilot.press("p")
        recording.come(20)
        await until(pilot, lambda: len(screen.view.visible_rows()) > 6)
        await listed(pilot, 6)  # frozen, but not for another filter
        pilot.app.post_message(FilterBy("coap.type == CON"))
        await listed(pilot, int((screen.view.opened.messages["type"] == Type.CON).sum()))


async def test_the_screen_begins_with_a_filter() -> None:
    app = MsgsharkApp([FIELD_DAY], filter=RESET)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: not app.view.reading)
        await found(pilot)
        assert list(app.view.visible_rows()) == [202]
        assert "✔ coap.type == RST" in text_of(pilot)
