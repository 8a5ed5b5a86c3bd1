# SPDX-License-Identifier: GPL-2.0-only
"""Bytes of packets searched where they lie: in large windows of the capture file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyzer.views.searching.needle import Kind, Needle, letters

if TYPE_CHECKING:
    from analyzer.session import Session

    Array = np.ndarray[Any, Any]

_GAP: Final = 1 << 14
"""Octets between two packets that are read along rather than asked for twice."""

_WINDOW: Final = 1 << 21


class Octets:
    """Judges rows by the bytes of their packets; what is read once never changes."""

    most = 1 << 14
    settled = True

    def __init__(self, session: Session, needle: Needle) -> None:
        self._session = session
        self._needle = needle
        self._wanted = b"" if needle.kind is Kind.REGEX else needle.octets

    def hits(self, rows: Array) -> Array:
        """Which of these rows have it."""
        session, found = self._session, np.zeros(len(rows), bool)
        in_parts = {row for row in session.parts if rows[0] <= row}
        alone = [place for place, row in enumerate(rows.tolist()) if row in in_parts]
        for place in alone:
            found[place] = self._needle.span_in(session.packet(int(rows[place]))) is not None
        whole = np.ones(len(rows), bool)
        whole[alone] = False
        places = whole.nonzero()[0]
        for some, starts, ends, data in self._windows(rows, places):
            judge = self._literal if self._wanted else self._pattern
            for index in judge(data, starts, ends):
                found[some[index]] = True
        return found

    def _windows(
        self, rows: Array, places: Array
    ) -> Iterator[tuple[Array, list[int], list[int], bytes]]:
        """Stretches of a file that hold packets: places of their rows, where each begins and ends
        in the stretch, and its bytes."""
        messages, source = self._session.messages, self._session.opened
        interfaces = messages["interface"][rows[places]]
        files = np.array([met.file for met in source.interfaces])[interfaces]
        starts = messages["offset"][rows[places]]
        order = np.lexsort((starts, files))
        places, interfaces, files, starts = (
            column[order] for column in (places, interfaces, files, starts)
        )
        ends = starts + messages["captured"][rows[places]]
        apart = (np.diff(files) != 0) | (starts[1:] - ends[:-1] > _GAP)
        apart |= np.diff((starts - starts[:1]) // _WINDOW) != 0
        breaks = [0, *(np.flatnonzero(apart) + 1).tolist(), len(places)]
        for first, after in pairwise(breaks):
            if first == after:
                continue
            base = int(starts[first])
            length = int(ends[first:after].max()) - base
            data = source.read(int(interfaces[first]), base, length)
            inside = slice(first, after)
            yield (
                places[inside],
                (starts[inside] - base).tolist(),
                (ends[inside] - base).tolist(),
                data,
            )

    def _literal(self, data: bytes, starts: list[int], ends: list[int]) -> Iterator[int]:
        """Packets in which the bytes stand; between packets there are headers of the file."""
        if self._needle.folds:
            data = data.lower()
        wanted, after = self._wanted, len(self._wanted)
        at = data.find(wanted)
        while at >= 0:
            index = bisect_right(starts, at) - 1
            if index >= 0 and at + after <= ends[index]:
                yield index
            index += 1
            if index >= len(starts):
                return
            at = data.find(wanted, starts[index])

    def _pattern(self, data: bytes, starts: list[int], ends: list[int]) -> Iterator[int]:
        packets = [letters(data[a:b]) for a, b in zip(starts, ends, strict=True)]
        return (at for at, found in enumerate(self._needle.in_texts(packets)) if found)
