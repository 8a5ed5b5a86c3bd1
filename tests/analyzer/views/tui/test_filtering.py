# SPDX-License-Identifier: GPL-2.0-only
"""What passes the filter of a view while its capture is read, and on all its pages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.capture import Intake
from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.filters.model import FilterError
from analyzer.session import Session
from analyzer.views.places import Page
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.filtering import Passing, tables
from analyzer.views.tui.rows.exchanges import ExchangeRows
from analyzer.views.tui.rows.findings import FindingRows
from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.rows.ues import UeRows
from dissectors.fields import Table

from .conftest import CAPTURES, FIELD_DAY

FILTERS = (
    "coap.code == POST",  # settled, in the tables
    "exchange.state == unanswered",  # may change
    "coap.opt.uri_path == registration",  # in the packets
    'exchange.state == answered and coap.opt.uri_path == "registration"',
    "finding.severity >= warning",
)


def read_on(view: CaptureView, page: Page) -> None:
    """Look at all there is to look at."""
    while passing := view.filtering.behind(view.opened, page, reading=False):
        passing.look(reading=False)


def read_view(path: Path = FIELD_DAY, text: str = "") -> CaptureView:
    view = CaptureView(Intake((str(path),)))
    view.session = Session()
    view.session.open([path])
    view.session.read_all()
    view.reading = False
    view.filtering.use(text)
    for page in Page:
        read_on(view, page)
    return view


@pytest.mark.parametrize("table", Table)
@pytest.mark.parametrize("text", FILTERS)
def test_rows_found_while_reading_are_those_of_the_whole(table: Table, text: str) -> None:
    session, asked = Session(), compiled(text, table)
    session.open([FIELD_DAY])
    passing = Passing(session, asked)
    for _ in session.read(40):
        if passing.behind(reading=True):
            passing.look(reading=True)
    session.close()
    while passing.behind(reading=False):
        passing.look(reading=False)
    assert passing.whole
    expected = np.flatnonzero(Matcher(session, asked).matches())
    assert passing.rows.tolist() == expected.tolist()
    if table is Table.MESSAGES or "uri_path" not in text:
        assert len(expected)


def test_nothing_is_looked_at_again_that_no_packet_can_change() -> None:
    session = Session()
    session.open([FIELD_DAY])
    passing = Passing(session, compiled("coap.code == POST"))
    session.read_all()
    passing.look(reading=False)
    session.version += 1
    assert not passing.behind(reading=False)
    changing = Passing(session, compiled("exchange.state == open"))
    changing.look(reading=False)
    session.version += 1
    assert changing.behind(reading=False)


def test_a_bad_filter_leaves_the_one_there_is() -> None:
    view = read_view(text="coap.code == POST")
    with pytest.raises(FilterError):
        view.filtering.use("coap.cod")
    assert view.filtering.text == "coap.code == POST"
    assert 0 < len(view.visible_rows()) < view.visible_count
    view.filtering.use("  ")
    assert not view.filtering.on
    assert len(view.visible_rows()) == view.visible_count


def test_an_operation_is_listed_with_any_part_that_passes() -> None:
    every = ExchangeRows(read_view(CAPTURES / "coap-tour.pcapng"))
    every.refresh()
    everything = every.tree
    root = next(row.exchange for row in map(everything.__getitem__, range(len(everything)))
                if everything.members(row.exchange))  # fmt: skip
    part = everything.members(root)[-1]
    view = read_view(CAPTURES / "coap-tour.pcapng", f"exchange.id == {part}")
    rows = ExchangeRows(view)
    rows.refresh()
    tree = rows.tree
    assert [tree[index].exchange for index in range(len(tree))] == [root]
    assert tree.members(root) == everything.members(root)
    assert tree.total == len(everything)
    rows.set_opened(rows.find(root) or 0, True)
    assert tree.find(part) is not None
    view.filtering.use("exchange.id == 1")
    read_on(view, Page.EXCHANGES)
    rows.refresh()
    assert len(tree) == 1
    assert tree.find(part) is None
    assert tree.beside(part) == 0
    view.filtering.use("")
    rows.refresh()
    assert tree.find(part) is not None  # what was open still is
    assert tree[tree.find(part) or 0].exchange == part


@pytest.mark.parametrize("order", FindingRows.orders)
def test_findings_keep_their_order(order: str) -> None:
    view = read_view(text="finding.severity >= warning")
    every, rows = FindingRows(read_view()), FindingRows(view)
    for listed in (every, rows):
        listed.sort_by(Sorting(order))
        listed.refresh()
    found = [rows.identity(index) for index in range(len(rows))]
    passing = {f.id for f in view.opened.findings if f.severity.label in ("error", "warning")}
    in_order = [every.identity(index) for index in range(len(every))]
    assert found == [id for id in in_order if id in passing]
    assert rows.total == len(every) > len(found)
    hidden = next(f for f in view.opened.findings if f.severity.label == "note")
    assert rows.find(hidden.id) is None
    later = [id for id in passing if id > hidden.id]
    assert rows.identity(rows.beside(hidden.id)) == min(later or [max(passing)])


def test_another_filter_sorts_anew() -> None:
    """Also where it lets through as many."""
    view = read_view(text="finding.id in {1, 2, 3}")
    rows = FindingRows(view)
    for text in ("finding.id in {1, 2, 3}", "finding.id in {4, 5, 6}"):
        view.filtering.use(text)
        read_on(view, Page.FINDINGS)
        rows.refresh()
        assert {rows.identity(index) for index in range(len(rows))} == {
            finding.id for finding in view.opened.findings if f"{finding.id}" in text
        }


def test_ues_are_listed_with_anything_of_them_that_passes() -> None:
    name = "meter-0016@iot.example"
    view = read_view(text=f'exchange.ue_service_id == "{name}" && finding.id')
    rows = UeRows(view)
    rows.refresh()
    assert [rows[index].ue for index in range(len(rows))] == [name]
    assert rows.find(rows.identity(0)) == 0
    assert rows.total > 1
    view.filtering.use("")
    rows.refresh()
    assert len(rows) == rows.total


def test_every_page_has_the_packets() -> None:
    assert all(Table.MESSAGES in tables(page) for page in Page)


def test_findings_are_sorted_by_who_sent_what_they_point_at() -> None:
    view = read_view()
    rows = FindingRows(view)
    rows.sort_by(Sorting("from"))
    rows.refresh()
    at = [column.key for column in rows.columns].index("from")
    senders = ["".join(text for text, _ in rows.cells(index)[at]) for index in range(len(rows))]
    told = [text for text in senders if text]
    assert told == sorted(told)
    assert len(set(told)) > 50
    assert senders[: len(told)] == told  # what is about the capture comes last
