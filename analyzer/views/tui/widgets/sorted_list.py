# SPDX-License-Identifier: GPL-2.0-only
"""A list that is sorted by any of its columns, which the user chooses.

Few rows are sorted at once, many in a thread, while the list stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any, Final, Protocol

from textual.message import Message
from textual.worker import get_current_worker

from analyzer.views.info import Line
from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.widgets.chosen_columns import ChosenColumns
from analyzer.views.tui.widgets.columns import Column
from analyzer.views.tui.widgets.row_source import RowSource
from analyzer.views.tui.widgets.virtual_list import VirtualList

GLYPHS: Final = {False: "↑", True: "↓"}
"""Of a column that rows are sorted by, by whether they descend."""
_TOLD_EVERY: Final = 0.25
"""Seconds between two words about how far sorting is."""


class SortedSource(RowSource, Protocol):
    """Rows that can be sorted (rows.sortable)."""

    @property
    def orders(self) -> Mapping[str, str]:
        """Orders that are no column, by their keys; the first is the usual one."""

    @property
    def sorting(self) -> Sorting: ...

    @property
    def outdated(self) -> bool:
        """Whether there is something to sort."""

    def sort_by(self, sorting: Sorting) -> None:
        """Sort otherwise from now on."""

    def resort(self) -> None:
        """Sort what is listed at once if that is quick."""

    def sort(self, going: Callable[[float], bool]) -> Any:
        """Sort, in any thread; None when `going` said that nobody wants it any more."""

    def take_order(self, order: Any) -> None:
        """List rows as they were sorted."""

    def field_cells(self, index: int, names: Sequence[str]) -> Sequence[Line]:
        """What a row has under names of fields."""


@dataclass
class _Job:
    """Sorting in a thread: how far it is, and whether it is wanted."""

    sorting: Sorting
    done: float = 0.0
    wanted: bool = True


class SortedList(VirtualList):
    """`choice` says which columns there are; without `sortable` rows keep their order."""

    class Told(Message):
        """Sorting began, goes on or is done."""

    def __init__(
        self,
        source: SortedSource,
        choice: ChosenColumns,
        *,
        id: str | None = None,
        empty: str = "",
        sortable: bool = True,
    ) -> None:
        super().__init__(source, id=id, empty=empty)
        self.rows = source
        self.choice = choice
        self.sortable = sortable
        self._job: _Job | None = None

    # Columns ------------------------------------------------------------------------------------

    @property
    def columns(self) -> Sequence[Column]:
        """Those chosen; the one that rows are sorted by says so."""
        key, descending = self.rows.sorting
        return [
            replace(column, title=column.title + GLYPHS[descending])
            if column.key == key
            else column
            for column in self.choice.columns
        ]

    def cells(self, index: int) -> Sequence[Line]:
        own, names = self.source.cells(index), self.choice.names
        whole = [*own, *self.rows.field_cells(index, names)] if names else own
        return [whole[place] for place in self.choice.places]

    def width_of(self, key: str) -> int:
        """Cells that a column takes now, 0 when it is not on screen."""
        return next((placed.width for placed in self._placed if placed.column.key == key), 0)

    # Sorting ------------------------------------------------------------------------------------

    @property
    def sorting_done(self) -> float | None:
        """How much of sorting is done, from 0 to 1; None when nothing is to be done."""
        return None if self._job is None else self._job.done

    def sort_by(self, sorting: Sorting) -> None:
        """Sort otherwise; the cursor stays on its row."""
        self.unpin()
        self._stop()

        def sort() -> None:
            self.rows.sort_by(sorting)
            self.rows.resort()

        self.staying(sort)
        self._sort_if_needed()
        self.post_message(self.Told())

    def turn(self, key: str) -> None:
        """Sort by a column, the other way round at the second time, not at all at the third."""
        falls = any(column.falls for column in self.columns if column.key == key)
        now = self.rows.sorting
        if now == Sorting(key, falls):
            self.sort_by(Sorting(key, not falls))
        elif now.key == key:
            self.sort_by(Sorting(next(iter(self.rows.orders))))
        else:
            self.sort_by(Sorting(key, falls))

    def header_clicked(self, column: Column) -> None:
        if self.sortable:
            self.turn(column.key)

    def take_in(self) -> None:
        super().take_in()
        self._sort_if_needed()

    def _sort_if_needed(self) -> None:
        if self._job is None and self.rows.outdated:
            self._job = job = _Job(self.rows.sorting)
            self.run_worker(partial(self._sort, job), thread=True, group="sorting")

    def _stop(self) -> None:
        if self._job is not None:
            self._job.wanted = False
            self._job = None

    def _sort(self, job: _Job) -> None:
        """Runs in a thread."""
        worker, told = get_current_worker(), monotonic()

        def going(done: float) -> bool:
            nonlocal told
            job.done = done
            if monotonic() - told >= _TOLD_EVERY:
                told = monotonic()
                self.post_message(self.Told())
            return job.wanted and not worker.is_cancelled

        order = None
        try:
            order = self.rows.sort(going)
        finally:
            if job.wanted and not worker.is_cancelled:
                with suppress(RuntimeError):  # the app ends
                    self.app.call_from_thread(self._take, job, order)

    def _take(self, job: _Job, order: Any) -> None:
        if job is not self._job:
            return
        self._job = None
        if order is not None:
            self.staying(lambda: self.rows.take_order(order))
        self.post_message(self.Told())
