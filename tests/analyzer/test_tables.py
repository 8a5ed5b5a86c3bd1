# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest

from analyzer.tables import Interned, Table


def test_rows_keep_their_id_while_the_table_grows() -> None:
    table = Table({"a": "u4", "b": "i8"})
    ids = [table.append(a=n, b=-n) for n in range(1000)]
    assert ids == list(range(1000))
    assert table.row(999) == {"a": 999, "b": -999}
    assert table["a"].tolist() == ids
    assert [row["b"] for row in table.rows()][:3] == [0, -1, -2]


def test_columns_not_named_hold_0_and_may_change_later() -> None:
    table = Table({"a": "u4", "b": "i8"})
    row = table.append(a=7)
    version = table.version
    table.update(row, b=9)
    assert table.row(row) == {"a": 7, "b": 9}
    assert table.version > version


def test_rows_grown_into_are_empty() -> None:
    table = Table({"a": "u1"})
    for _ in range(257):
        table.append(a=255)
    table.append()
    assert table.row(257) == {"a": 0}


@pytest.mark.parametrize("row", [-1, 0, 5])
def test_a_row_that_is_not_there(row: int) -> None:
    with pytest.raises(IndexError):
        Table({"a": "u1"}).row(row)


def test_a_frame_is_a_copy_with_the_row_ids() -> None:
    table = Table({"a": "u1"})
    table.append(a=1)
    frame = table.frame()
    table.append(a=2)
    assert frame.to_dict(as_series=False) == {"row": [0], "a": [1]}
    assert table.row_bytes == 1


def test_equal_values_have_one_id() -> None:
    names: Interned[str] = Interned("", "(too many)")
    assert [names.id(value) for value in ("", "a", "b", "a", "")] == [0, 1, 2, 1, 0]
    assert names.values() == ["", "a", "b"]


def test_past_the_cap_all_values_are_one() -> None:
    names: Interned[str] = Interned("", "(too many)", cap=3)
    ids = [names.id(value) for value in ("a", "b", "c", "d", "a", "(too many)")]
    assert ids == [1, 2, 3, 3, 1, 3]
    assert names[3] == "(too many)"
    assert len(names) == 4
