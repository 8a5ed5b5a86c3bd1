# SPDX-License-Identifier: GPL-2.0-only
"""Columns as users choose them, and what is remembered of columns and panes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer import remembered
from analyzer.remembered import Json
from analyzer.views.inks import plain
from analyzer.views.places import Page
from analyzer.views.tui.panes import LEAST, MOST, Layout, Panes
from analyzer.views.tui.rows.field_values import shown
from analyzer.views.tui.rows.packets import PacketRows
from analyzer.views.tui.screens.add_column import found
from analyzer.views.tui.widgets.chosen_columns import WIDEST, Chosen, ChosenColumns
from dissectors.fields import Table, fields_of

FIELDS = fields_of(Table.MESSAGES)


def columns() -> ChosenColumns:
    return ChosenColumns("packets", PacketRows.columns, FIELDS)


def keys(choice: ChosenColumns) -> list[str]:
    return [column.key for column in choice.columns]


def test_a_field_comes_before_the_long_column_and_its_cells_are_found() -> None:
    choice = columns()
    own = keys(choice)
    choice.add("coap.mid")
    choice.add("coap.token")
    choice.add("coap.mid")
    assert keys(choice) == [*own[:-1], "coap.mid", "coap.token", "info"]
    assert choice.names == ["coap.mid", "coap.token"]
    assert choice.places == [*range(len(own) - 1), len(own), len(own) + 1, len(own) - 1]
    assert choice.remove(keys(choice).index("coap.mid"))
    assert not choice.remove(0)
    assert choice.names == ["coap.token"]
    with pytest.raises(KeyError):
        choice.add("coap.nothing")


actions = st.lists(
    st.tuples(st.sampled_from(["show", "move", "widen", "fit", "add"]), st.integers(0, 200))
)


@given(actions)
def test_whatever_is_done_each_column_is_there_once_and_one_is_shown(
    done: list[tuple[str, int]],
) -> None:
    choice, names = columns(), list(FIELDS)
    for action, number in done:
        place = number % len(choice.chosen)
        if action == "move":
            key = choice.chosen[place].key
            assert choice.chosen[choice.move(place, number % 5 - 2)].key == key
        elif action == "widen":
            choice.widen(place, number - 100, 9)
        elif action == "add" and len(choice.chosen) < 64:
            choice.add(names[number % len(names)])
        elif action in ("show", "fit"):
            getattr(choice, action)(place)
    all_keys = [one.key for one in choice.chosen]
    assert len(set(all_keys)) == len(all_keys)
    assert set(all_keys) >= {column.key for column in PacketRows.columns}
    assert choice.columns
    assert len(choice.places) == len(set(choice.places)) == len(choice.columns)
    assert all(0 <= one.width <= WIDEST for one in choice.chosen)


def test_what_was_chosen_is_there_in_the_next_run() -> None:
    choice = columns()
    choice.add("coap.mid")
    choice.widen(0, 4, 1)
    choice.move(0, 3)
    choice.show(5)
    choice.keep()
    other = columns()
    other.recall()
    assert other.chosen == choice.chosen
    other.reset()
    other.keep()
    assert remembered.recall("columns") == {}


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        {"packets": 7},
        {"packets": [3, {"key": 1}, {"key": "gone"}, {"key": "\x1b[2J"}, {"key": []}]},
        {"packets": [{"key": "number", "shown": False}]},
    ],
)
def test_a_file_that_is_not_what_it_should_be_changes_nothing(kept: Json) -> None:
    remembered.keep("columns", kept)
    remembered.keep("panes", {"layouts": kept, "shares": kept})
    choice = columns()
    choice.recall()
    assert choice.chosen == [Chosen(column.key) for column in PacketRows.columns]
    assert Panes().layout(Page.PACKETS) is Layout.AUTOMATIC
    choice.keep()
    assert remembered.recall("columns") == {}


def test_columns_that_came_since_stand_where_they_are_declared() -> None:
    remembered.keep("columns", {"packets": [{"key": "info", "width": 9999}, {"key": "severity"}]})
    choice = columns()
    choice.recall()
    assert choice.chosen[0] == Chosen("info", True, WIDEST)
    assert {one.key for one in choice.chosen} == {column.key for column in PacketRows.columns}


def test_shares_of_panes_are_remembered_within_bounds() -> None:
    panes = Panes()
    assert panes.set_share("lower.beside", 300) == MOST
    assert panes.set_share("lower.stacked", -5) == LEAST
    panes.set_layout("packets", Layout.ALONE)
    again = Panes()
    assert (again.share("lower.beside"), again.share("lower.stacked")) == (MOST, LEAST)
    assert again.layout(Page.PACKETS) is Layout.ALONE
    assert again.share("other") is None


def test_fields_are_found_by_their_names_first() -> None:
    names = [field.name for field in found(FIELDS, "token")]
    assert names[:2] == ["coap.token_len", "coap.token"]
    assert "exchange.matched_by" in names
    assert not found(FIELDS, "no such words")


def test_values_are_shown_escaped_and_with_commas() -> None:
    assert shown(FIELDS["coap.opt.uri_path"], ["a", "\x1b[2J"]) == "a,\\x1b[2J"
    assert shown(FIELDS["coap.response_time"], 1_500_000) == "0.001500"
    assert shown(FIELDS["coap.mid"], None) == ""
    assert len(shown(FIELDS["coap.opt.uri_path"], "x" * 100_000)) <= 300
    assert plain(((shown(FIELDS["coap.opt.uri_path"], "[red]"), ""),)) == "[red]"
