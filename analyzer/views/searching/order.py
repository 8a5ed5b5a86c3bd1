# SPDX-License-Identifier: GPL-2.0-only
"""In which order a list is searched: from where one stands to its end, then round from its other
end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Progress(NamedTuple):
    """`share` of the rows was looked at (0 to 1); the last one has the place of the hit in the
    list, None where nothing has it. `wrapped`: beyond the end, or the beginning, of the list."""

    share: float
    place: int | None = None
    wrapped: bool = False


def array_of(rows: Sequence[int]) -> np.ndarray[Any, Any]:
    """Rows as an array; NumPy takes a range item by item, and lets nobody else run meanwhile."""
    import numpy as np

    if isinstance(rows, range):
        return np.arange(rows.start, rows.stop, rows.step)
    return np.asarray(rows)


def stretches(count: int, index: int, step: int) -> Iterator[tuple[int, int, bool]]:
    """Places from one to another, not included, and whether they are beyond an end; -1 as index is
    before the first."""
    if step > 0:
        first = min(max(index, -1) + 1, count)
        yield first, count, False
        yield 0, first, True
    else:
        first = min(max(index, 0), count) - 1
        yield first, -1, False
        yield count - 1, first, True
