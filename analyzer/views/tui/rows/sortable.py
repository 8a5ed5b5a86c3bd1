# SPDX-License-Identifier: GPL-2.0-only
"""Rows that can be sorted by any of their columns, and show fields the user chose."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeAlias

from analyzer.views.info import Line
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.arranged import Arranged
from analyzer.views.tui.rows.field_values import FieldValues
from analyzer.views.tui.rows.sorting import Gathered, Keys, Sorting, in_order
from dissectors.fields import Table, fields_of

if TYPE_CHECKING:
    import numpy as np

    from analyzer.views.tui.rows.keys import Keyed

    Array = np.ndarray[Any, Any]

Going: TypeAlias = Callable[[float], bool]
"""Told how much is done, from 0 to 1; False: nobody wants the rest."""

AT_ONCE: Final = 20_000
"""Rows that are sorted without a thread, by what the tables hold: a few milliseconds."""

_READ_AT_ONCE: Final = 256
_RUN: Final = 2048
_SHORTEST: Final = 1.0
"""Seconds between two sorts, at least."""

_SHARE: Final = 8
"""Sorting takes at most one part in so many of the time while rows come."""

_NUMBERS: Final = frozenset(("uint", "frame", "time", "boolean"))

State: TypeAlias = tuple[Sorting, int, int, int]
"""What was sorted: how, the version of the session, the edition of the filter, how many rows."""


class Order(NamedTuple):
    """Ids as they were sorted from a state, and the seconds that took."""

    ids: Array
    state: State
    lasted: float


class SortableRows:
    """Rows of a table by their ids. Subclasses give `table`, `keyed` and `orders`, and call
    `_take` at each refresh."""

    table: ClassVar[Table]
    first_id: ClassVar[int] = 1
    """The id of the first row of the table."""
    orders: ClassVar[Mapping[str, str]] = {"": "file order"}
    """Orders that are no column, by their keys; the first one is that of the beginning."""

    def __init__(self, view: CaptureView) -> None:
        self.view = view
        self.arranged = Arranged()
        self.sorting = Sorting(next(iter(self.orders)))
        self.values = FieldValues(view, self.table)
        self._sorted: State | None = None
        self._next = 0.0
        self._read: tuple[str, list[int], Keys] | None = None

    @property
    def keyed(self) -> Mapping[str, Keyed]:
        """How columns are sorted that the tables hold."""
        raise NotImplementedError

    def texts(self, key: str, ids: Sequence[int]) -> Sequence[Any]:
        """What a column shows that is neither held by a table nor a field."""
        raise KeyError(key)

    @property
    def sorting_words(self) -> str:
        """`by frame`; `""` for the order of the capture and for a column: its header says it."""
        name = self.orders.get(self.sorting.key, "")
        return name if self.sorting.key else ""

    def sort_by(self, sorting: Sorting) -> None:
        """Sort otherwise from the next refresh on."""
        self.sorting, self._next = sorting, 0.0
        if not sorting.key:
            self.arranged.put_in(None)
            self._sorted = None

    def resort(self) -> None:
        """Sort what is listed, if that is quick; take in nothing."""
        self._take(self.arranged.base)

    def _take(self, ids: Sequence[int]) -> None:
        """These are there now; few are sorted at once."""
        self.arranged.take(ids)
        if self.outdated and self._is_quick:
            order = self.sort(lambda done: True)
            if order is not None:
                self.take_order(order)

    @property
    def outdated(self) -> bool:
        """Whether rows came or changed since they were sorted, and it is time to sort again."""
        if not self.sorting.key or self.view.session is None:
            return False
        wanted = self._state
        if self._sorted == wanted:
            return False
        other = self._sorted is None or self._sorted[0] != self.sorting
        return other or not self.view.reading or monotonic() >= self._next

    @property
    def _state(self) -> State:
        """What there is to sort now."""
        edition = self.view.filtering.edition
        return self.sorting, self.view.opened.version, edition, len(self.arranged.base)

    @property
    def _is_quick(self) -> bool:
        most = AT_ONCE if self.sorting.key in self.keyed else _READ_AT_ONCE
        return len(self.arranged.base) <= most

    def find(self, identity: int) -> int | None:
        """Where an id is listed."""
        return self.arranged.find(identity)

    def beside(self, identity: int) -> int:
        """Where the row that comes after a hidden one in the capture is listed, else the last."""
        base = self.arranged.base
        return self.find(int(base[min(bisect_left(base, identity), len(base) - 1)])) or 0

    # In any thread ------------------------------------------------------------------------------

    def sort(self, going: Going) -> Order | None:
        """Sort what is there; None when nobody wanted it any more. For `take_order`."""
        begun, ids = monotonic(), self.arranged.base
        state = self._state
        keys = self._keys(state, ids, going)
        if keys is None:
            return None
        order = in_order(ids, keys, state[0].descending)
        return Order(order, state, monotonic() - begun)

    def _keys(self, state: State, ids: Sequence[int], going: Going) -> Keys | None:
        import numpy as np

        (key, _), *version = state
        if key in self.keyed:
            rows = np.asarray(ids, np.int64) - self.first_id
            return self.keyed[key](self.view.opened, rows)
        if self._read is not None and self._read[:2] == (key, version):
            return self._read[2]
        field = fields_of(self.table).get(key)
        gathered = Gathered(field is not None and field.type in _NUMBERS)
        values = FieldValues(self.view, self.table)
        for first in range(0, len(ids), _RUN):
            if not going(first / len(ids)):
                return None
            some = ids[first : first + _RUN]
            places = [int(id) - self.first_id for id in some]
            gathered.add(self.texts(key, some) if field is None else values.of(field, places))
        keys = gathered.keys()
        self._read = key, version, keys
        return keys

    # In the thread of the screen ----------------------------------------------------------------

    def take_order(self, order: Order) -> None:
        """List rows as they were sorted, unless another order is wanted by now."""
        if order.state[0] != self.sorting:
            return
        self.arranged.put_in(order.ids)
        self._sorted = order.state
        self._next = monotonic() + max(_SHORTEST, _SHARE * order.lasted)

    def field_cells(self, index: int, names: Sequence[str]) -> Sequence[Line]:
        """What a row has under names of fields."""
        raise NotImplementedError

    def _field_cells(self, id: int, names: Sequence[str]) -> Sequence[Line]:
        return self.values.cells(id - self.first_id, names)
