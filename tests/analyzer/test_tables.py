# SPDX-License-Identifier: GPL-2.0-only
"""Tables of cells: columns of any width, rows that stay while the table grows."""

from __future__ import annotations

import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.exchanges.model import STORED
from analyzer.messages import MESSAGES
from analyzer.tables import Layout, Table, set_wide, wide
from dissectors.kernel import rows

NARROW = Layout({"a": "i8", "b": "u4", "c": "u2", "d": "u2", "e": "u1"})
LIMITS = {"i8": (-(1 << 63), (1 << 63) - 1), "u4": (0, (1 << 32) - 1), "u2": (0, (1 << 16) - 1)}


def cells(count: int) -> memoryview:
    return memoryview(np.zeros(count, np.uint32))


def filled(count: int, layout: Layout = NARROW) -> Table:
    """A table of rows that hold their own number in every column."""
    table = Table(layout)
    for row in range(count):
        table.make_room(1)
        table.extend_to(row + 1)
        table.update(row, **dict.fromkeys(layout.columns, row % 256))
    return table


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, 3))
def test_a_wide_number_takes_two_cells(value: int, at: int) -> None:
    buffer = cells(6)
    set_wide(buffer, at, value)
    assert wide(buffer, at) == value
    assert [buffer[n] for n in range(6) if n not in (at, at + 1)] == [0] * 4


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_wide_column_holds_what_a_kernel_writes(value: int) -> None:
    table = filled(3)
    set_wide(table.cells, NARROW.cells + NARROW.cell("a"), value)
    assert table["a"].tolist() == [0, value, 2]
    table.update(1, a=value ^ 1)
    assert wide(table.cells, NARROW.cells) == value ^ 1


@pytest.mark.parametrize("layout", [NARROW, MESSAGES, STORED])
def test_no_column_crosses_a_cell_that_it_does_not_fill(layout: Layout) -> None:
    taken: set[int] = set()
    for name, dtype in layout.columns.items():
        size, place = np.dtype(dtype).itemsize, layout.places[name]
        assert place % min(size, 4) == 0
        assert layout.cell(name) == place // 4
        assert not taken & set(range(place, place + size))
        taken |= set(range(place, place + size))
    assert layout.row_bytes == 4 * layout.cells >= len(taken)


@given(st.data())
def test_columns_do_not_disturb_each_other(data: st.DataObject) -> None:
    table = filled(2)
    before = table.row(0)
    values = {
        name: data.draw(st.integers(*LIMITS.get(dtype, (0, 255))), label=name)
        for name, dtype in NARROW.columns.items()
    }
    for name, value in values.items():
        table.update(1, **{name: value})
    assert table.row(1) == values
    assert table.row(0) == before


def test_rows_keep_their_id_while_the_table_grows() -> None:
    table = filled(2000)
    assert table["b"].tolist() == [row % 256 for row in range(2000)]
    assert table.row(999) == dict.fromkeys(NARROW.columns, 999 % 256)
    assert [row["e"] for row in table.rows()][:3] == [0, 1, 2]
    assert table.cell("c", 300) == 44


def test_a_view_keeps_its_memory_while_the_table_grows() -> None:
    table = filled(3)
    seen = table["a"]
    table.make_room(100_000)
    table.update(0, a=7)
    assert seen.tolist() == [0, 1, 2]
    assert table["a"].tolist() == [7, 1, 2]


def test_a_column_of_bytes_needs_no_numpy() -> None:
    table = filled(300)
    assert list(table.octets("e")) == table["e"].tolist()
    assert Table(NARROW).octets("e") == b""


def test_a_large_table_grows_where_it_is() -> None:
    table = filled(3)
    for more in (1_000_000, 3_000_000):
        table.make_room(more)
        assert table["a"].tolist() == [0, 1, 2]
        table.extend_to(more)
        assert table.cell("c", more - 1) == 0
        table.extend_to(3)


def test_room_is_empty() -> None:
    table = filled(255)
    table.make_room(2000)
    table.extend_to(2000)
    assert set(table["b"][255:].tolist()) == {0}


@pytest.mark.parametrize("row", [-1, 0, 5])
def test_a_row_that_is_not_there(row: int) -> None:
    with pytest.raises(IndexError):
        Table(NARROW).row(row)


def test_a_frame_is_a_copy_with_the_row_ids() -> None:
    table = Table(Layout({"a": "u4"}))
    table.extend_to(1)
    frame = table.frame()
    table.update(0, a=2)
    assert frame.to_dict(as_series=False) == {"row": [0], "a": [0]}


def test_rows_of_integers_are_zero_at_first() -> None:
    assert rows(5).tolist() == [0] * 5


def test_a_buffer_does_not_grow_in_place_under_a_column() -> None:
    table = Table(MESSAGES)
    table.make_room(200_000)
    table.extend_to(200_000)
    table.update(199_999, frame=7)
    column = table["frame"]
    part = column[199_998:]
    del column
    before = table._buffer
    assert isinstance(before, mmap.mmap)
    table.make_room(800_000)
    assert table._buffer is not before
    assert part.tolist() == [0, 7]
    del part
    before = table._buffer
    table.make_room(4_000_000)
    assert table._buffer is before
    assert table["frame"][199_999] == 7
