# SPDX-License-Identifier: GPL-2.0-only
"""What was found out about rows: whether values of them pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from analyzer.filters.conditions import Condition
    from analyzer.filters.readings import Array, Reading


class Judged(NamedTuple):
    """Of each row: `some` value passes, some `other` does not. Neither: it has none."""

    some: Array
    other: Array


def scattered(size: int, rows: Array, some: Array, other: Array) -> Judged:
    """What is known of values, by the rows they belong to."""
    found = Judged(np.zeros(size, bool), np.zeros(size, bool))
    found.some[rows[some]] = True
    found.other[rows[other]] = True
    return found


def spread(size: int, reading: Reading, passed: Array) -> Judged:
    """What is known of the keys, by row."""
    if reading.owners is None:
        return Judged(passed, ~passed)
    return scattered(size, reading.owners, passed, ~passed)


def judged(condition: Condition, values: Sequence[Any]) -> Judged:
    """Values as `analyzer.columns` gives them, one a row: None, one, or a list of several."""
    rows: list[int] = []
    several: list[Any] = []
    for row, value in enumerate(values):
        if isinstance(value, list):
            rows += [row] * len(value)
            several += value
        elif value is not None:
            rows.append(row)
            several.append(value)
    passed = np.array(condition.passes(several), bool)
    return scattered(len(values), np.array(rows, np.int64), passed, ~passed)
