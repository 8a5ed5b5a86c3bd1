# SPDX-License-Identifier: GPL-2.0-only
"""Which rows the exchange list has: one for each exchange, operation or observation, and below
those that are open, what belongs to them. Of what a filter hides, one stands for all that belongs
to it: it is listed as soon as a part passes, with all its parts.

Only what is open is laid out; of all else a row is its place in one array of ids.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from analyzer.exchanges.model import OBSERVES
from analyzer.observations import Ending, Notification, Observation, observation
from analyzer.rules.catalogue import Severity
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.arranged import Arranged
from dissectors.fields import Table

if TYPE_CHECKING:
    import numpy as np

    _Ids = np.ndarray[Any, Any]

_MOST: Final = 10_000
"""Rows shown below one that is open."""

_BELOW: Final = 32
"""An identity holds the row's root above so many bits; 0 for an exchange."""


class Row(NamedTuple):
    """A row of the list: an exchange, or below its `root` a notification, what ended an
    observation, or how many more there are."""

    exchange: int
    root: int = 0
    notification: Notification | None = None
    ended: Observation | None = None
    more: int = 0
    last: bool = False

    @property
    def identity(self) -> int:
        if self.notification is not None:
            return self.root << _BELOW | self.notification.row + 2
        if self.ended is not None or self.more:
            return self.root << _BELOW | (1 if self.more else 0)
        return self.exchange

    @property
    def is_exchange(self) -> bool:
        return self.notification is None and self.ended is None and not self.more


@dataclass(slots=True)
class _Open:
    """A root that is open: where it stands, and the rows below it."""

    start: int = 0
    below: list[Row] = field(default_factory=list)
    told: Observation | None = None


class ExchangeTree:
    """The rows by their index; what is open stays open while the capture grows."""

    def __init__(self, view: CaptureView) -> None:
        self._view = view
        self._version = -1
        self.roots: Sequence[int] = ()
        """Ids of exchanges that stand below no other, ascending."""
        self._arranged = Arranged()
        self._listed: Sequence[int] | None = None
        self._open: dict[int, _Open] = {}
        self._laid_out: list[_Open] = []
        self._starts: list[int] = []
        self._passed: list[int] = [0]
        self._places: dict[int, int] = {}
        self._count = 0
        self._passing: _Ids | None = None
        self.total = 0
        """Roots, whatever the filter."""
        self.digits = 0
        """Of the largest number below a root, 0 when no exchange has anything below it."""

    def __len__(self) -> int:
        return self._count

    def refresh(self) -> None:
        """Take in what was read since."""
        session = self._view.session
        passing = self._view.filtering.rows(Table.EXCHANGES)
        if session is None or (session.version == self._version and passing is self._passing):
            return
        self._version, self._passing = session.version, passing
        self._take_roots()
        self._listed = None

    def list_roots(self, arranged: Arranged) -> None:
        """List roots in this order."""
        if arranged.listed is not self._listed:
            self._arranged, self._listed = arranged, arranged.listed
            self._lay_out()

    def _take_roots(self) -> None:
        import numpy as np

        stored = self._view.opened.exchanges.stored
        count = len(stored)
        ids = np.arange(1, count + 1, dtype=np.uint32)
        operation = stored["operation"][:count].copy()
        own = (operation == 0) | (operation == ids)
        later = ~own
        later[later] = own[operation[later] - 1]
        roots = ids[~later]
        members = ids[later]
        self._members: _Ids = members[np.argsort(operation[members - 1], kind="stable")]
        self._of: _Ids = operation[self._members - 1]
        self.digits = self._digits(stored["flags"][:count] & OBSERVES > 0)
        self.total = len(roots)
        passing = self._passing
        self.roots = roots if passing is None else self._passed_roots(roots, passing, count)

    def _passed_roots(self, roots: _Ids, passing: _Ids, count: int) -> Sequence[int]:
        """Roots that pass, or have a member that does."""
        import numpy as np

        passed = np.zeros(count + 1, bool)
        passed[passing[passing < count] + 1] = True
        passed[self._of[passed[self._members]]] = True
        return cast("Sequence[int]", roots[passed[roots]])

    def _digits(self, observers: np.ndarray[Any, Any]) -> int:
        """Digits of the largest number below a root, by what asks for notifications."""
        import numpy as np

        notified = np.where(observers, self._responses(len(observers)), 0)
        roots, place = np.unique(self._of, return_inverse=True)
        exchanges = np.bincount(place).max(initial=-1) + 1
        with_later = np.bincount(place, notified[self._members - 1]) + notified[roots - 1]
        most = max(exchanges, notified.max(initial=0), with_later.max(initial=0))
        return len(str(int(most))) if most else 0

    def _responses(self, count: int) -> np.ndarray[Any, Any]:
        return self._view.opened.exchanges.stored["responses"][:count]

    # What is below a root -----------------------------------------------------------------------

    def members(self, root: int) -> list[int]:
        """Later exchanges of the operation or observation."""
        first, after = self._of.searchsorted([root, root + 1])
        found: list[int] = self._members[first:after].tolist()
        return found

    def observes(self, root: int) -> bool:
        """Whether it asks for notifications and was answered."""
        stored = self._view.opened.exchanges.stored
        return bool(
            stored.cell("flags", root - 1) & OBSERVES and stored.cell("responses", root - 1)
        )

    def size(self, root: int) -> int:
        """Notifications of an observation, else exchanges of an operation; 0 for a plain one."""
        members = self.members(root)
        if not self.observes(root):
            return len(members) + 1 if members else 0
        stored = self._view.opened.exchanges.stored
        asks = [id for id in members if stored.cell("flags", id - 1) & OBSERVES]
        return sum(stored.cell("responses", id - 1) for id in (root, *asks))

    def is_open(self, root: int) -> bool:
        return root in self._open

    def set_open(self, root: int, wanted: bool) -> None:
        """Open or close a root."""
        if wanted:
            self._open.setdefault(root, _Open())
        else:
            self._open.pop(root, None)
        self._lay_out()

    def _lay_out(self) -> None:
        self._laid_out, self._starts, self._passed, self._places = [], [], [0], {}
        self._opened_at: list[int] = []
        for place, root in self._opened_places():
            opened = self._open[root]
            self._fill(root, opened)
            opened.start = place + self._passed[-1]
            self._laid_out.append(opened)
            self._opened_at.append(place)
            self._starts.append(opened.start)
            self._passed.append(self._passed[-1] + len(opened.below))
            for number, row in enumerate(opened.below, opened.start + 1):
                self._places[row.identity] = number
        self._count = len(self._arranged.listed) + self._passed[-1]

    def _opened_places(self) -> list[tuple[int, int]]:
        """Where open roots are listed, and which they are."""
        if self._passing is None:
            for root in [root for root in self._open if not self._is_root(root)]:
                del self._open[root]  # it turned out to continue another one
        found = ((self._arranged.find(root), root) for root in self._open)
        return sorted((place, root) for place, root in found if place is not None)

    def _is_root(self, exchange: int) -> bool:
        at = bisect_left(self.roots, exchange)
        return at < len(self.roots) and int(self.roots[at]) == exchange

    def _fill(self, root: int, opened: _Open) -> None:
        """The first rows below, in file order, then what ended the observation."""
        session, members = self._view.opened, self.members(root)
        if self.observes(root):
            opened.told = observation(session, root, members, opened.told, _MOST)
        rows = sorted(self._rows(root, members, opened.told), key=lambda row: row[0])
        below = [row for _, row in islice(rows, _MOST)]
        if len(rows) > _MOST or (opened.told is not None and opened.told.unread):
            unread = opened.told.unread if opened.told else 0
            below.append(Row(root, root, more=len(rows) - len(below) + unread))
        if opened.told is not None and opened.told.ending is not Ending.NOT_SEEN:
            below.append(Row(root, root, ended=opened.told))
        if below:
            below[-1] = below[-1]._replace(last=True)
        opened.below = below

    def _rows(
        self, root: int, members: Sequence[int], told: Observation | None
    ) -> Iterator[tuple[int, Row]]:
        """Rows below a root, each with its place in the file."""
        session = self._view.opened
        for id in members:
            yield session.exchanges.stored.cell("request_row", id - 1), Row(id, root)
        for sent in told.notifications if told else ():
            yield sent.row, Row(session.messages.cell("exchange", sent.row), root, sent)

    # Places -------------------------------------------------------------------------------------

    def __getitem__(self, index: int) -> Row:
        above = bisect_left(self._starts, index)
        if above:
            opened = self._laid_out[above - 1]
            number = index - opened.start - 1
            if number < len(opened.below):
                return opened.below[number]
        return Row(int(self._arranged.listed[index - self._passed[above]]))

    def flagged(self, index: int, step: int) -> Iterator[int]:
        """Rows from one on, in either direction, that may have an error or a warning: roots of
        which a part has one, and all rows below those that are open."""
        listed = self._arranged.listed
        flagged = self._flagged_roots(listed)
        while 0 <= index < self._count:
            row = self[index]
            place = self._arranged.find(row.root or row.exchange) or 0
            if flagged[place]:
                yield index
                index += step
                continue
            rest = flagged[place:] if step > 0 else flagged[place::-1]
            ahead = int(rest.argmax())
            if not rest[ahead]:
                return
            root = int(listed[place + step * ahead])
            index = self.find(root) or 0
            if step < 0 and root in self._open:
                index += len(self._open[root].below)

    def _flagged_roots(self, listed: Sequence[int]) -> np.ndarray[Any, Any]:
        """Of each root in a list, whether a part of it has an error or a warning."""
        import numpy as np

        flagged = self._view.opened.exchanges.stored["severity"] >= Severity.WARNING
        roots = np.append(False, flagged)  # by their ids
        roots[self._of[flagged[self._members - 1]]] = True
        found: np.ndarray[Any, Any] = roots[np.asarray(listed)]
        return found

    def find(self, identity: int) -> int | None:
        """Where a row stands; where its root does if that is closed."""
        place = self._places.get(identity)
        if place is not None:
            return place
        root = identity >> _BELOW or self.root_of(identity)
        at = self._arranged.find(root)
        return None if at is None else at + self._passed[bisect_left(self._opened_at, at)]

    def beside(self, identity: int) -> int:
        """The row of the root at or after that of a row which is hidden, or the last one."""
        root = identity >> _BELOW or self.root_of(identity)
        at = min(bisect_left(self.roots, root), len(self.roots) - 1)
        return self.find(int(self.roots[at])) or 0

    def root_of(self, exchange: int) -> int:
        """The exchange in whose place another one stands: itself if no other."""
        stored = self._view.opened.exchanges.stored
        if not 0 < exchange <= len(stored):
            return 0
        root = stored.cell("operation", exchange - 1) or exchange
        return exchange if self._is_root(exchange) else root
