# SPDX-License-Identifier: GPL-2.0-only
"""What users arrange: columns, sorting and panes; and pages that meet at the cursor."""

from __future__ import annotations

from textual.pilot import Pilot

from analyzer import remembered
from analyzer.views.inks import plain
from analyzer.views.places import Page, Place
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.panes import Layout
from analyzer.views.tui.rows import sortable
from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.screens.exchanges import ExchangesScreen
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.ues import UesScreen
from tui.conftest import FIELD_DAY, opened, text_of, until


def packets_of(pilot: Pilot[None]) -> PacketsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, PacketsScreen)
    return screen


def header(pilot: Pilot[None]) -> str:
    return text_of(pilot).splitlines()[2]


async def test_s_and_clicks_on_a_header_sort() -> None:
    async with opened(FIELD_DAY, size=(150, 40)) as pilot:
        screen = packets_of(pilot)
        await pilot.press("j", "j")
        frame = screen.frame
        await pilot.press("s", *"sssssss", "enter")
        await pilot.pause()
        assert screen.rows.sorting == Sorting("length")
        assert "Length↑" in header(pilot)
        assert screen.frame == frame
        x = header(pilot).index("Length")
        await pilot.click("#packets", offset=(x, 1))
        assert screen.rows.sorting == Sorting("length", True)
        assert "Length↓" in header(pilot)
        sizes = [int(plain(screen.rows.cells(index)[6])) for index in range(len(screen.rows))]
        assert sizes == sorted(sizes, reverse=True)
        await pilot.click("#packets", offset=(x, 1))
        assert screen.rows.sorting == Sorting()
        assert screen.list.cursor == frame - 1


async def test_many_rows_are_sorted_in_a_thread() -> None:
    before, sortable.AT_ONCE = sortable.AT_ONCE, 10
    try:
        async with opened(FIELD_DAY) as pilot:
            screen = packets_of(pilot)
            screen.list.sort_by(Sorting("length"))
            await until(pilot, lambda: screen.list.sorting_done is None)
            sizes = [screen.view.opened.messages.cell("wire", int(row)) for row in screen.rows.rows]
            assert sizes == sorted(sizes)
    finally:
        sortable.AT_ONCE = before


async def test_a_field_becomes_a_column_that_the_next_run_has() -> None:
    async with opened(FIELD_DAY, size=(150, 40)) as pilot:
        screen = packets_of(pilot)
        node = next(
            child
            for node in screen.detail.nodes
            for child in node.children
            if child.field == "coap.mid"
        )
        screen.fields.reveal(node)
        await pilot.pause()
        await pilot.press("A")
        await pilot.pause()
        assert "coap.mid" in header(pilot)
        await pilot.press("C", "space", "escape")  # no column for severities
        await pilot.pause()
    async with opened(FIELD_DAY, size=(150, 40)) as pilot:
        assert "coap.mid" in header(pilot)
        assert "44722" in text_of(pilot).splitlines()[3].split()
        assert "▲  13" not in text_of(pilot)
        await pilot.press("C", "R", "escape")
        await pilot.pause()
        assert "coap.mid" not in header(pilot)
        assert remembered.recall("columns") == {}


async def test_panes_keep_their_shares_and_layout() -> None:
    async with opened(FIELD_DAY, size=(150, 40)) as pilot:
        screen = packets_of(pilot)
        tall = screen.list.size.height
        await pilot.press(*["greater_than_sign"] * 3)
        await pilot.pause()
        taller = screen.list.size.height
        assert taller > tall
        await pilot.press("backslash")
        await pilot.pause()
        assert screen.list.size.height > 30
        await pilot.press("backslash", "vertical_line", "vertical_line")
        await pilot.pause()
        assert screen.fields.region.x > screen.list.region.x
        assert screen.hex.region.y > screen.fields.region.y
    async with opened(FIELD_DAY, size=(150, 40)) as pilot:
        screen = packets_of(pilot)
        assert screen.view.panes.layout(Page.PACKETS) is Layout.BESIDE
        assert screen.fields.region.x > screen.list.region.x
        await pilot.press("vertical_line")
        await pilot.pause()
        assert not screen.fields.region
        await pilot.press("vertical_line")
        await pilot.pause()
        assert screen.list.size.height == taller


async def test_the_mouse_moves_the_border_between_panes() -> None:
    async with opened(FIELD_DAY, size=(150, 40)) as pilot:
        screen = packets_of(pilot)
        border, width = screen.hex.region.x, screen.hex.size.width
        await pilot.mouse_down(screen, offset=(border, 25))
        await pilot.hover(screen, offset=(border - 20, 25))
        await pilot.mouse_up(screen, offset=(border - 20, 25))
        await pilot.pause()
        assert width + 18 <= screen.hex.size.width <= width + 22


async def test_pages_meet_at_the_packet_under_the_cursor() -> None:
    async with opened(FIELD_DAY, size=(150, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        view = app.view
        row = next(row for row in range(100, 300) if view.findings_of_row(row))
        frame = view.opened.messages.cell("frame", row)
        exchange = view.opened.messages.cell("exchange", row)
        await app._go_to(Place(Page.PACKETS, frame))
        await pilot.pause()
        for key, kind in (("2", ExchangesScreen), ("3", FindingsScreen), ("4", UesScreen)):
            await pilot.press(key)
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, kind)
            if isinstance(screen, FindingsScreen):
                assert screen.rows[screen.list.cursor].row == row
                assert screen.hex.data == view.opened.packet(row)
            elif isinstance(screen, ExchangesScreen):
                assert screen.exchange == exchange
            else:
                assert screen.ue == view.opened.messages.cell("ue", row)
            await pilot.press("ctrl+o")
            await pilot.pause()
            assert packets_of(pilot).frame == frame
        await pilot.press("2", "1")
        await pilot.pause()
        assert packets_of(pilot).frame == frame
