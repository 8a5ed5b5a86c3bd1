# SPDX-License-Identifier: GPL-2.0-only
"""Sorting below the widgets: orders, ids that come and go, keys of tables and of packets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture import Intake
from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from analyzer.views.inks import plain
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows import sortable
from analyzer.views.tui.rows.arranged import Arranged
from analyzer.views.tui.rows.exchanges import ExchangeRows
from analyzer.views.tui.rows.findings import FindingRows
from analyzer.views.tui.rows.packets import PacketRows
from analyzer.views.tui.rows.sorting import Gathered, Keys, Sorting, in_order, ranked
from analyzer.views.tui.rows.ues import UeRows
from tui.test_virtual_list import append, fabricated

CAPTURES = Path(__file__).parents[4] / "captures"

values = st.lists(st.none() | st.integers(-5, 5))


def read(path: Path) -> Session:
    session = Session()
    session.open([path])
    session.read_all()
    return session


def shown(session: Session) -> CaptureView:
    view = CaptureView(Intake(()))
    view.session, view.reading = session, False
    return view


@pytest.fixture(scope="module")
def session() -> Session:
    return read(CAPTURES / "field-day.pcapng")


@pytest.fixture
def view(session: Session) -> CaptureView:
    return shown(session)


@given(values, st.booleans())
@settings(deadline=None)  # the first one imports
def test_the_order_is_that_of_sorted_with_nothing_last(
    numbers: Sequence[int | None], descending: bool
) -> None:
    gathered = Gathered(numeric=True)
    gathered.add(numbers)
    ids = range(10, 10 + len(numbers))
    having = [id for id in ids if numbers[id - 10] is not None]
    wanted = sorted(having, key=lambda id: numbers[id - 10] or 0, reverse=descending)
    lacking = [id for id in ids if numbers[id - 10] is None]
    assert in_order(ids, gathered.keys(), descending).tolist() == [*wanted, *lacking]


@given(st.lists(st.sampled_from(["", "b", "a", "ä", "B"])))
@settings(deadline=None)
def test_texts_are_ranked_by_what_they_say(texts: Sequence[str]) -> None:
    names = ["", "b", "a", "ä", "B"]
    codes = np.array([names.index(text) for text in texts], np.uint32)
    gathered = Gathered(numeric=False)
    gathered.add([text or None for text in texts])
    wanted = [*sorted(filter(None, texts)), *(text for text in texts if not text)]
    for keys in (ranked(codes, names.__getitem__), gathered.keys()):
        order = in_order(range(len(texts)), keys)
        assert [texts[place] for place in order] == wanted


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40))
@settings(deadline=None)
def test_ids_that_come_and_go_leave_the_rest_in_order(
    cells: Sequence[tuple[int, bool]],
) -> None:
    numbers = np.array([number for number, _ in cells], np.int64)
    arranged = Arranged()
    arranged.take(range(len(cells)))
    arranged.put_in(in_order(range(len(cells)), Keys(numbers)))
    kept = [id for id, (_, stays) in enumerate(cells) if stays]
    arranged.take(np.array(kept, np.int64))  # type: ignore[arg-type]
    assert [int(id) for id in arranged.listed] == sorted(kept, key=lambda id: numbers[id])
    for index, id in enumerate(arranged.listed):
        assert arranged.find(int(id)) == index
    arranged.take(range(len(cells) + 3))
    assert sorted(int(id) for id in arranged.listed) == list(range(len(cells)))
    assert arranged.find(len(cells)) is None
    arranged.put_in(None)
    assert list(arranged.listed) == list(range(len(cells) + 3))


def packets(view: CaptureView, key: str, descending: bool = False) -> PacketRows:
    rows = PacketRows(view, view.visible_rows)
    rows.refresh()
    rows.sort_by(Sorting(key, descending))
    rows.resort()
    if rows.outdated:
        order = rows.sort(lambda done: True)
        assert order is not None
        rows.take_order(order)
    return rows


def test_packets_are_sorted_by_every_column(view: CaptureView) -> None:
    messages = view.opened.messages
    for place, column in enumerate(PacketRows.columns):
        rows = packets(view, column.key)
        assert sorted(map(int, rows.rows)) == list(range(len(messages)))
        texts = [plain(rows.cells(index)[place]) for index in range(len(rows))]
        if column.key in ("source", "destination", "protocol", "info"):
            assert texts == sorted(texts)
        elif column.key in ("number", "length"):
            assert list(map(int, texts)) == sorted(map(int, texts))
        elif column.key == "severity":
            severities = [messages.cell("severity", int(row)) for row in rows.rows]
            assert severities == sorted(severities)


def test_packets_are_sorted_by_fields_that_stand_in_them(view: CaptureView) -> None:
    rows = packets(view, "coap.opt.uri_path", descending=True)
    name = "coap.opt.uri_path"
    texts = [plain(rows.field_cells(index, [name])[0]) for index in range(len(rows))]
    having = [text for text in texts if text]
    assert having == sorted(having, reverse=True)
    assert any("," in text for text in having)
    assert not any(texts[len(having) :])


def test_places_are_found_in_a_sorted_list(view: CaptureView) -> None:
    rows = packets(view, "length", descending=True)
    frames = [rows.frame(index) for index in range(len(rows))]
    for frame in (1, 13, 162, 315):
        index = rows.index_of_frame(frame)
        assert index is not None
        assert frames[index] == frame
    severity = view.opened.messages["severity"]
    flagged = [index for index, row in enumerate(rows.rows) if severity[row] >= Severity.WARNING]
    assert rows.next_flagged(-1, 1) == flagged[0]
    for before, after in pairwise(flagged):
        assert rows.next_flagged(before, 1) == after
        assert rows.next_flagged(after, -1) == before
    assert rows.next_flagged(flagged[-1], 1) is None
    assert rows.next_flagged(flagged[0], -1) is None
    assert plain(rows.cells(0)[1]) == str(frames[0])
    assert rows.width("number") == 3


def test_many_rows_are_left_to_a_thread_which_can_be_stopped(
    view: CaptureView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sortable, "AT_ONCE", 10)
    monkeypatch.setattr(sortable, "_READ_AT_ONCE", 10)
    rows = PacketRows(view, view.visible_rows)
    rows.sort_by(Sorting("info"))
    rows.refresh()
    assert rows.outdated
    assert list(rows.rows) == list(range(len(rows)))
    assert rows.sort(lambda done: False) is None
    order = rows.sort(lambda done: True)
    assert order is not None
    rows.sort_by(Sorting("length"))
    rows.take_order(order)  # comes too late
    assert list(rows.rows) == list(range(len(rows)))
    assert rows.outdated


def test_exchanges_findings_and_ues_are_sorted_by_every_column(view: CaptureView) -> None:
    exchanges, findings, ues = ExchangeRows(view), FindingRows(view), UeRows(view)
    for rows in (exchanges, findings, ues):
        rows.refresh()
        usual = {rows.identity(index) for index in range(len(rows))}
        for column in rows.columns:
            both = []
            for descending in (False, True):
                rows.sort_by(Sorting(column.key, descending))
                rows.resort()
                both.append([rows.identity(index) for index in range(len(rows))])
                assert set(both[-1]) == usual
                assert all(rows.find(id) == index for index, id in enumerate(both[-1]))
            cells = {
                tuple(rows.cells(index)[rows.columns.index(column)]) for index in range(len(rows))
            }
            assert both[0] != both[1] or len(cells) == 1 or column.key == "tree"


def test_a_sorted_exchange_keeps_what_is_below_it() -> None:
    rows = ExchangeRows(shown(read(CAPTURES / "coap-tour.pcapng")))
    rows.refresh()
    roots = [rows.identity(index) for index in range(len(rows)) if rows.opened(index) is False]
    assert roots
    index = rows.find(roots[0])
    assert index is not None
    rows.set_opened(index, True)
    below = [rows.identity(index + 1)]
    rows.sort_by(Sorting("time", True))
    rows.resort()
    moved = rows.find(roots[0])
    assert moved is not None
    assert rows.opened(moved) is True
    assert rows.identity(moved + 1) == below[0]
    assert rows.parent(moved + 1) == moved


def test_rows_that_come_are_sorted_in_once_it_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(sortable, "monotonic", lambda: now)
    view = fabricated(50)
    view.reading = True
    table = view.opened.messages
    table["wire"][:] = np.arange(50) * 7 % 50
    rows = PacketRows(view, view.visible_rows)
    rows.sort_by(Sorting("length"))
    rows.refresh()
    assert len(rows) == 49  # one is hidden
    append(table, wire=25, frame=51, role=1)
    rows.refresh()
    assert len(rows) == 49
    now += 1.1
    rows.refresh()
    sizes = [table.cell("wire", int(row)) for row in rows.rows]
    assert (len(sizes), sizes) == (50, sorted(sizes))
    append(table, wire=3, frame=52, role=1)
    view.reading = False
    rows.refresh()
    sizes = [table.cell("wire", int(row)) for row in rows.rows]
    assert (len(sizes), sizes) == (51, sorted(sizes))
