# SPDX-License-Identifier: GPL-2.0-only
"""Ids in the order in which they are listed, while they come and go."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class Arranged:
    """Ids as they were last sorted, else ascending.

    An id that is not among the `base` any more is not listed; one that came since the last sort is
    not listed before the next.
    """

    def __init__(self) -> None:
        self.base: Sequence[int] = ()
        self.listed: Sequence[int] = ()
        self._order: Array | None = None
        self._arranged: Sequence[int] | None = None  # the base that is in `listed`

    def take(self, base: Sequence[int]) -> None:
        """These ids are there now, ascending."""
        self.base = base
        self._list()

    def put_in(self, order: Array | None) -> None:
        """List them in this order; None: ascending."""
        self._order, self._arranged = order, None
        self._list()

    def _list(self) -> None:
        if self._order is None:
            self.listed = self.base
        elif self._arranged is None or not _same(self._arranged, self.base):
            self.listed = cast("Sequence[int]", _those_in(self.base, self._order))
            self._arranged = self.base

    def find(self, id: int) -> int | None:
        """Where an id is listed."""
        if self._order is None:
            index = bisect_left(self.listed, id)
            return index if index < len(self.listed) and self.listed[index] == id else None
        found = (cast("Array", self.listed) == id).nonzero()[0]
        return int(found[0]) if len(found) else None


def _same(one: Sequence[int], other: Sequence[int]) -> bool:
    return one is other or (isinstance(one, range) and isinstance(other, range) and one == other)


def _those_in(base: Sequence[int], order: Array) -> Array:
    """What of `order` is among ascending ids."""
    import numpy as np

    if isinstance(base, range):
        inside = (order >= base.start) & (order < base.stop)
        return order if inside.all() else order[inside]
    if not len(base) or not len(order):
        return order[:0]
    among = np.zeros(max(int(base[-1]), int(order.max())) + 1, np.bool_)
    among[np.asarray(base)] = True
    inside = among[order]
    return order if inside.all() else order[inside]
