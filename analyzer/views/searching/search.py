# SPDX-License-Identifier: GPL-2.0-only
"""A search through listed messages, block by block: the next hit, and what was found out on the
way there, so that going on does not begin anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from analyzer.filters.filter import Filter, compiled
from analyzer.filters.matching import Matcher
from analyzer.filters.model import FilterError
from analyzer.views.searching.needle import Kind, Needle, SearchError, Where
from analyzer.views.searching.order import Progress, array_of, stretches

if TYPE_CHECKING:
    from analyzer.session import Session

    Array = np.ndarray[Any, Any]

_FIRST: Final = 64
"""Rows of the first block; each further one is twice as large, up to what its judge takes."""

_UNKNOWN, _MISS, _HIT = 0, 1, 2


class Judge(Protocol):
    """Tells which rows are hits, at `most` so many at once; `settled`: for ever."""

    @property
    def most(self) -> int: ...

    @property
    def settled(self) -> bool: ...

    def hits(self, rows: Array) -> Array: ...


class Search:
    """Looks for one needle in the messages of a session, which may still be read."""

    def __init__(self, session: Session, needle: Needle, unmasked: bool = False) -> None:
        """Raises SearchError where the needle cannot be looked for."""
        needle.check()
        self.needle = needle
        self._session = session
        self.unmasked = unmasked
        # What the user typed is judged at once; libraries are loaded in `next`.
        self._filter = _filter(needle.text) if needle.kind is Kind.FILTER else None
        self._judge: Judge | None = None
        self._known = np.zeros(0, np.uint8)
        self._version = -1

    def next(self, listed: Sequence[int], index: int, step: int) -> Iterator[Progress]:
        """The hit nearest to a place of a list, after it or before it, that place itself last;
        yields now and then."""
        judge = self._ready()
        rows = array_of(listed)
        count = len(rows)
        if not isinstance(listed, range) and (np.diff(rows) < 0).any():
            yield from self._fill(judge, np.sort(rows))  # packets lie in the order of the file
        done, size = 0, min(_FIRST, judge.most)
        for first, after, wrapped in stretches(count, index, step):
            at = first
            while at != after:
                end = min(at + size, after) if step > 0 else max(at - size, after)
                places = np.arange(at, end, step)
                found = self._judged(judge, rows[places]).nonzero()[0]
                done += len(places)
                if len(found):
                    yield Progress(done / count, int(places[found[0]]), wrapped)
                    return
                yield Progress(done / count)
                at, size = end, min(2 * size, judge.most)
        yield Progress(1.0)

    def _fill(self, judge: Judge, rows: Array) -> Iterator[Progress]:
        for at in range(0, len(rows), judge.most):
            self._judged(judge, rows[at : at + judge.most])
            yield Progress(at / len(rows))

    def _ready(self) -> Judge:
        """The judge, with as much known as still holds."""
        if self._judge is None:
            self._judge = self._made()
        version, count = self._session.version, len(self._session.messages)
        if version != self._version and not self._judge.settled:
            self._known = np.zeros(count, np.uint8)
        elif count > len(self._known):
            more = np.zeros(count - len(self._known), np.uint8)
            self._known = np.concatenate([self._known, more])
        self._version = version
        return self._judge

    def _made(self) -> Judge:
        session, needle = self._session, self.needle
        if self._filter is not None:
            return _Filtered(session, self._filter)
        if needle.kind is Kind.HEX or needle.where is Where.BYTES:
            from analyzer.views.searching.octets import Octets

            return Octets(session, needle)
        if needle.where is Where.DETAIL:
            from analyzer.views.searching.details import Details

            return Details(session, needle, self.unmasked)
        from analyzer.views.searching.lines import Lines

        return Lines(session, needle)

    def _judged(self, judge: Judge, rows: Array) -> Array:
        unknown = rows[self._known[rows] == _UNKNOWN]
        if len(unknown):
            unknown = np.sort(unknown)
            self._known[unknown] = np.where(judge.hits(unknown), _HIT, _MISS)
        hits: Array = self._known[rows] == _HIT
        return hits


def _filter(text: str) -> Filter:
    try:
        return compiled(text)
    except FilterError as error:
        raise SearchError(str(error)) from None


class _Filtered:
    """Judges rows by a display filter."""

    def __init__(self, session: Session, asked: Filter) -> None:
        self._matcher = Matcher(session, asked)
        self.settled = asked.settled
        self.most = 256 if asked.reads_packets else 1 << 15

    def hits(self, rows: Array) -> Array:
        """Which of these rows pass; they ascend."""
        first, last = int(rows[0]), int(rows[-1]) + 1
        among = np.zeros(last - first, bool)
        among[rows - first] = True
        passed: Array = self._matcher.matches(first, last, among)[rows - first]
        return passed
