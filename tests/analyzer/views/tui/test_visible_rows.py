# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.messages import MESSAGES, Role
from analyzer.tables import Table
from analyzer.views.tui.rows.visible import VisibleRows

STEPS = st.lists(
    st.tuples(st.lists(st.booleans(), max_size=8), st.sets(st.integers(0, 40), max_size=5)),
    max_size=8,
)
"""Messages that come, hidden or not, and rows that are shown from then on."""


@given(STEPS)
def test_they_are_all_that_are_not_hidden(steps: list[tuple[list[bool], set[int]]]) -> None:
    table, visible = Table(MESSAGES), VisibleRows()
    handed_out: list[tuple[object, list[int]]] = []
    for hidden, confirmed in steps:
        for hide in hidden:
            table.make_room(1)
            table.extend_to(len(table) + 1)
            table.update(len(table) - 1, role=Role.UNCONFIRMED if hide else Role.REQUEST)
        for row in confirmed:
            if row < len(table):
                table.update(row, role=Role.RESPONSE)
        rows = visible.of(table)
        roles = table["role"]
        expected = [row for row in range(len(table)) if roles[row] != Role.UNCONFIRMED]
        assert list(rows) == expected
        handed_out.append((rows, expected))
        assert all(list(rows) == then for rows, then in handed_out)  # type: ignore[call-overload]
