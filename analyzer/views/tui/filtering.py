# SPDX-License-Identifier: GPL-2.0-only
"""The display filter of a view of a capture: which rows of its tables pass, as far as is known.

Rows are looked at in a thread, a moment at a time, while the screen lists those found so far. New
rows are looked at as they come; what later packets may change is looked at again, but for no more
than a small part of the time as long as the capture grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from analyzer.views.places import Page
from analyzer.views.tui.filter_text import cleaned

if TYPE_CHECKING:
    import numpy as np

    from analyzer.filters.filter import Filter
    from analyzer.filters.matching import Progress
    from analyzer.session import Session
    from dissectors.fields import Table

    Rows: TypeAlias = "np.ndarray[Any, Any]"

_MOMENT: Final = 0.1
"""Seconds of a step."""

_MANY: Final = 10_000
"""Rows that take a while to be looked at."""

_SHARE: Final = 8
"""Looking at rows again takes at most one part in so many of the time."""


class Passing:
    """The rows of a table that pass: `rows`, ascending; an array is never changed once it is there.

    `whole`: every row was looked at once, but for those that came since.
    """

    def __init__(self, session: Session, asked: Filter) -> None:
        import numpy as np

        from analyzer.filters.matching import Matcher
        from dissectors.fields import Table

        self.rows: Rows = np.empty(0, np.int64)
        self.whole = False
        self._session = session
        self._table = asked.table
        self._matcher = Matcher(session, asked)
        # An exchange passes by any of its messages, and more may come.
        self._settled = asked.settled and asked.table != Table.EXCHANGES
        self._search: Iterator[Progress] | None = None
        self._first = self._after = 0  # rows of the search that goes on
        self._looked = 0
        self._done = 0.0  # share of the search that goes on
        self._before = self.rows
        self._version = -1  # of the session, when all rows were looked at last
        self._next = 0.0
        self._spent = 0.0

    def behind(self, reading: bool) -> bool:
        """Whether there is something to look at."""
        if self._search is not None or self._size > self._looked:
            return True
        return self._is_due(reading)

    def _is_due(self, reading: bool) -> bool:
        """Whether it is time to look at all rows again."""
        differs = not self._settled and self._session.version != self._version
        return differs and (not reading or monotonic() >= self._next)

    @property
    def share(self) -> float:
        """Of the rows there are, those that were looked at."""
        looked = self._looked
        if self._search is not None and self._first == looked:  # not again
            looked += int(self._done * (self._after - self._first))
        return min(1.0, looked / (self._size or 1)) if looked or not self.whole else 1.0

    @property
    def waited_for(self) -> bool:
        """Whether many rows were not looked at yet; a few always just came."""
        return not self.whole or self._size - self._looked > _MANY

    @property
    def _size(self) -> int:
        from analyzer.filters.relations import size

        return size(self._session, self._table)

    def look(self, reading: bool) -> None:
        """Look on for a moment."""
        began = monotonic()
        if self._search is None:
            self._begin(self._is_due(reading))
        assert self._search is not None
        for progress in self._search:
            if progress.share >= 1.0:
                self._end(progress)
                break
            if monotonic() - began >= _MOMENT:
                self._take(progress)
                break
        self._spent += monotonic() - began
        if self._search is None and self._first == 0:
            self._next = monotonic() + _SHARE * self._spent

    def _begin(self, again: bool) -> None:
        self._first = 0 if again else self._looked
        if self._first == 0:
            self._version = self._session.version
        self._after, self._spent, self._done = self._size, 0.0, 0.0
        self._before = self.rows[:0] if self._first == 0 else self.rows
        self._search = self._matcher.search(self._first, self._after)

    def _end(self, progress: Progress) -> None:
        self._search = None
        self._looked = self._after
        self._put(progress)
        self.whole = True

    def _take(self, progress: Progress) -> None:
        """Rows found so far; not those of a second look, which would come in the place of more."""
        if not self.whole or self._first > 0:
            self._put(progress)
        self._done = progress.share

    def _put(self, progress: Progress) -> None:
        import numpy as np

        found = np.flatnonzero(progress.passed) + self._first
        self.rows = np.concatenate([self._before, found]) if self._first else found


class Filtering:
    """The filter of a view; `edition` changes with what it lets through of rows known before."""

    def __init__(self) -> None:
        self.text = ""
        self.edition = 0
        self.stopped = False
        self.failed = ""
        self._asked: Filter | None = None
        self._passing: dict[Table, Passing] = {}

    def use(self, text: str) -> None:
        """Filter by a text from now on, an empty one lets everything through. Raises
        FilterError."""
        text = cleaned(text).strip()
        if text:
            from analyzer.filters.filter import compiled

            asked = compiled(text)
        self._asked = asked if text else None
        self.text = text
        self._passing = {}
        self.stopped, self.failed = False, ""
        self.edition += 1

    @property
    def on(self) -> bool:
        """Whether there is a filter."""
        return self._asked is not None

    @property
    def token(self) -> object:
        """The same as long as the filter is."""
        return self._asked

    def passing(self, table: Table) -> Passing | None:
        """What is known of a table; None where nothing is."""
        return self._passing.get(table)

    def rows(self, table: Table) -> Rows | None:
        """Rows of a table that pass, as far as is known; None when all do."""
        if self._asked is None:
            return None
        import numpy as np

        found = self._passing.get(table)
        return np.empty(0, np.int64) if found is None else found.rows

    def behind(self, session: Session, page: Page, reading: bool) -> Passing | None:
        """The first of the tables of a page that there is something to look at in."""
        if self._asked is None or self.stopped:
            return None
        for table in tables(page):
            found = self._passing.get(table)
            if found is None:
                found = Passing(session, self._asked._replace(table=table))
                self._passing[table] = found
            if found.behind(reading):
                return found
        return None

    def progress(self, page: Page) -> float | None:
        """How far looking at the tables that a page lists is; None when the user need not wait."""
        if self._asked is None:
            return None
        found = [self._passing.get(table) for table in _listed(page)]
        shares = [passing.share if passing else 0.0 for passing in found if _lacks(passing)]
        return min(shares, default=None)

    def stop(self) -> None:
        """Leave it at what was found."""
        self.stopped = True


def _lacks(passing: Passing | None) -> bool:
    return passing is None or passing.waited_for


def _listed(page: Page) -> tuple[Table, ...]:
    """The tables whose rows a page shows."""
    return tables(page) if page is Page.UES else tables(page)[:1]


def tables(page: Page) -> tuple[Table, ...]:
    """What a page lists, then what else it needs: a UE is listed with anything of it that passes,
    and packets are counted and exported from every page."""
    from dissectors.fields import Table

    if page is Page.EXCHANGES:
        return Table.EXCHANGES, Table.MESSAGES
    if page is Page.FINDINGS:
        return Table.FINDINGS, Table.MESSAGES
    if page is Page.UES:
        return Table.EXCHANGES, Table.FINDINGS, Table.MESSAGES
    return (Table.MESSAGES,)
