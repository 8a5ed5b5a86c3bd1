# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rules.conversation import Conversation
from textual.app import App, ComposeResult

from analyzer.capture import Intake
from analyzer.messages import Role
from analyzer.tables import Table
from analyzer.views.tui import app
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.packets import PacketRows
from analyzer.views.tui.widgets.columns import Column, place
from analyzer.views.tui.widgets.virtual_list import VirtualList

ROWS = 1_000_000


def fabricated(rows: int) -> CaptureView:
    """A session of many messages that nobody had to read."""
    read = Conversation("127.0.1.1:5683").con(
        "POST", path="/msgin5g/registration", token=b"\1\2\3\4"
    )
    session = read.session()
    table = session.messages
    table.make_room(rows)
    table.extend_to(rows)
    for name, value in table.row(0).items():
        table[name][:] = value
    table["frame"][:] = np.arange(1, rows + 1)
    table["time"][:] = (session.first_time or 0) + np.arange(rows) * 1_000_000
    table["message_id"][:] = np.arange(rows) % 65536
    table["ue"][:] = session.memory.name(b"meter-0001@iot.example")
    table["role"][5] = Role.UNCONFIRMED
    view = CaptureView(Intake(()))
    view.session = session
    return view


def append(table: Table, **cells: int) -> None:
    """One more message."""
    table.make_room(1)
    table.extend_to(len(table) + 1)
    table.update(len(table) - 1, **cells)


class ListApp(App[None]):
    CSS_PATH = [Path(app.__file__).parent / style for style in app._STYLES]  # noqa: RUF012

    def __init__(self, view: CaptureView) -> None:
        super().__init__()
        self.list = VirtualList(PacketRows(view, view.visible_rows))

    def compose(self) -> ComposeResult:
        yield self.list

    def on_mount(self) -> None:
        self.list.take_in()


async def test_a_million_rows_cost_what_is_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = ListApp(fabricated(ROWS))
    async with shown.run_test(size=(200, 50)) as pilot:
        rows = shown.list
        assert rows.count == ROWS - 1
        asked: list[int] = []
        cells = rows.source.cells

        def counted(index: int) -> object:
            asked.append(index)
            return cells(index)

        monkeypatch.setattr(rows.source, "cells", counted)
        for start in range(0, ROWS, ROWS // 20):
            rows.scroll_to(y=start, animate=False)
            rows._strips.clear()
            asked.clear()
            for y in range(50):
                rows.render_line(y)
            assert 0 < len(asked) <= 50
        asked.clear()
        rows.take_in()
        assert len(asked) <= 50
        await pilot.press("G")
        assert rows.cursor == ROWS - 2
        assert cells(rows.cursor)[1] == (("1000000", ""),)


async def test_rows_of_unconfirmed_flows_are_hidden() -> None:
    shown = ListApp(fabricated(10))
    async with shown.run_test():
        frames = [shown.list.source.cells(index)[1][0][0] for index in range(shown.list.count)]
        assert frames == ["1", "2", "3", "4", "5", "7", "8", "9", "10"]


async def test_the_cursor_stays_on_its_row_and_at_the_end() -> None:
    view = fabricated(300)
    table = view.opened.messages
    shown = ListApp(view)
    async with shown.run_test() as pilot:
        rows = shown.list
        await pilot.press(*"jjjjjj")
        table.update(5, role=Role.REQUEST)
        rows.take_in()
        assert rows.cursor == 7
        await pilot.press("G")
        append(table, role=Role.REQUEST, frame=301)
        rows.take_in()
        assert rows.cursor == rows.count - 1
        await pilot.press("k")
        append(table, role=Role.REQUEST, frame=302)
        rows.take_in()
        assert rows.cursor == rows.count - 3


async def test_rows_that_come_do_not_lay_the_page_out_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = fabricated(300)
    shown = ListApp(view)
    async with shown.run_test() as pilot:
        rows = shown.list
        rows.pin()
        await pilot.pause(0.1)
        layouts: list[object] = []
        lay_out = type(shown.screen)._refresh_layout

        def counted(screen: object, *args: object, **named: object) -> None:
            layouts.append(screen)
            lay_out(screen, *args, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(type(shown.screen), "_refresh_layout", counted)
        for frame in range(301, 311):
            append(view.opened.messages, role=Role.REQUEST, frame=frame)
            rows.take_in()
            await pilot.pause(0.02)
        assert not layouts
        assert rows.vertical_scrollbar.window_virtual_size == rows.count + 1
        assert round(rows.scroll_y) == rows.max_scroll_y == rows.count - rows._page
        assert rows.render_line(rows._page).text.split()[:1] == ["310"]


async def test_long_lines_shift() -> None:
    shown = ListApp(fabricated(10))
    async with shown.run_test(size=(80, 10)) as pilot:
        before = shown.list.render_line(1).text
        assert before.rstrip().endswith("…")
        await pilot.press("right")
        after = shown.list.render_line(1).text
        assert after != before
        assert after[:35] == before[:35]
        await pilot.press("left", "left")
        assert shown.list.render_line(1).text == before


def test_columns_give_way_in_their_order() -> None:
    columns = (
        Column("a", "A", 10),
        Column("b", "B", 10, give_up=2),
        Column("c", "C", 10, wide=14, give_up=1),
        Column("d", "D", flexible=True, least=20),
        Column("nothing", "Needs nothing"),
    )

    def widths(room: int) -> dict[str, int]:
        return {p.column.key: p.width for p in place(columns, lambda key: 0, room)}

    assert widths(60) == {"a": 10, "b": 10, "c": 14, "d": 23}
    assert widths(54) == {"a": 10, "b": 10, "c": 10, "d": 21}
    assert widths(50) == {"a": 10, "b": 10, "d": 28}
    assert widths(40) == {"a": 10, "d": 29}
    assert widths(5) == {"a": 10, "d": 1}
