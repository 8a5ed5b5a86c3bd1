# SPDX-License-Identifier: GPL-2.0-only
"""Batches woven: behind each record the rows of what was taken out of it."""

from __future__ import annotations

import struct
import sys
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.capture import ROW, RecordBatch
from analyzer.capture.records import IS_CARRIED, IS_NOTICE, MARK
from analyzer.carriers.carrier import Notice, Taken
from analyzer.carriers.store import Store, packed_pieces

if TYPE_CHECKING:
    import numpy as np

    from analyzer.carriers.stage import Selected

_ROW: Final = struct.Struct(f"={ROW}q")
MANY: Final = 1 << 18
"""Records in woven batches from which on NumPy is worth its loading."""


class Weaver:
    """Puts what was taken out into batches, and into the store; `folder` and `most` are the
    store's."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self.folder: Path | None = None
        self.most = 0
        self.notices: deque[Notice] = deque()
        self._woven = 0

    @property
    def store(self) -> Store:
        """Where messages are kept."""
        if self._store is None:
            self._store = Store(self.folder, self.most)
        return self._store

    def close(self) -> None:
        """Give the space of the store back."""
        if self._store is not None:
            self._store.close()

    def weave(self, selected: Selected, taken: Sequence[Taken | Notice]) -> RecordBatch:
        """The batch with rows for what was taken out, each behind its record. Raises
        CaptureError."""
        batch, records = selected.batch, selected.records
        if not taken:
            return replace(batch, rows=memoryview(records).toreadonly())
        self._woven += batch.count
        many = "numpy" in sys.modules or self._woven >= MANY
        made = _by_columns(selected, taken) if many else _by_rows(selected, taken)
        base, content, cells = self.store.size, bytearray(), made.rows.cast("B")
        for one, index in zip(taken, made.added, strict=True):
            at = len(content)
            if isinstance(one, Notice):
                self.notices.append(one)
                size, wire, mark = 0, 0, IS_NOTICE * MARK
            else:
                content += packed_pieces(one.pieces)
                at = len(content)
                content += one.header
                content += one.message
                size, wire = len(content) - at, one.pieces[-1].wire
                mark = one.pieces[-1].interface + IS_CARRIED * MARK
            _ROW.pack_into(cells, index * _ROW.size, made.size + at, size, wire, one.time, mark)
            made.places[index], made.frames[index] = base + at, one.frame
        self.store.append(content)
        data = batch.data[made.first : made.first + made.size]
        return replace(
            batch,
            data=memoryview(b"".join((data, content))),
            base=batch.base + made.first,
            rows=made.rows.toreadonly(),
            count=len(made.frames),
            offsets=made.places,
            frames=made.frames.toreadonly(),
            carried_at=made.size,
        )


class _Made(NamedTuple):
    """The records of a batch, with room for what is added."""

    first: int
    """Where in the batch their bytes begin,"""
    size: int
    """and how many there are."""
    rows: memoryview
    places: memoryview
    frames: memoryview
    added: list[int]
    """Indices of the rows that have room."""


def _added(taken: Sequence[Taken | Notice], count: int) -> list[int]:
    """Indices of the rows of what is added."""
    found, last = [], 0
    for number, one in enumerate(taken):
        last = max(last, one.record + 1) if one.record >= 0 else count
        found.append(last + number)
    return found


def _by_rows(selected: Selected, taken: Sequence[Taken | Notice]) -> _Made:
    """Row by row, as few are."""
    batch, records = selected.batch, selected.records
    starts = records[0::ROW]
    ends = map(sum, zip(starts, records[1::ROW], strict=True))
    first, end = min(starts, default=0), max(ends, default=0)
    if batch.offsets is not None:
        places = array("q", batch.offsets[: batch.count])
    else:
        places = array("q", [start + batch.base for start in starts])
    records[0::ROW] = array("q", [start - first for start in starts])
    rows, all_places, frames = array("q"), array("q"), array("q")
    room, added, before = array("q", bytes(8 * ROW)), _added(taken, batch.count), 0
    for number, index in enumerate(added):
        upto = index - number
        rows += records[before * ROW : upto * ROW] + room
        all_places += places[before:upto] + room[:1]
        frames.extend((*range(batch.first_frame + before, batch.first_frame + upto), 0))
        before = upto
    rows += records[before * ROW :]
    all_places += places[before:]
    frames.extend(range(batch.first_frame + before, batch.first_frame + batch.count))
    views = memoryview(rows), memoryview(all_places), memoryview(frames)
    return _Made(first, end - first, *views, added)


def _by_columns(selected: Selected, taken: Sequence[Taken | Notice]) -> _Made:
    """By NumPy, as many are."""
    import numpy as np

    batch = selected.batch
    added = _added(taken, batch.count)
    records = np.frombuffer(selected.records, np.int64).reshape(-1, ROW)
    starts = records[:, 0]
    first, end = 0, 0
    if batch.count:
        first, end = int(starts.min()), int((starts + records[:, 1]).max())
    kept = np.ones(batch.count + len(added), bool)
    kept[added] = False
    rows = np.zeros((len(kept), ROW), np.int64)
    rows[kept] = records
    rows[kept, 0] -= first
    places, frames = np.zeros(len(kept), np.int64), np.zeros(len(kept), np.int64)
    known = starts + batch.base
    if batch.offsets is not None:
        known = np.frombuffer(batch.offsets, np.int64)[: batch.count]
    places[kept] = known
    frames[kept] = np.arange(batch.first_frame, batch.first_frame + batch.count)
    return _Made(first, end - first, _cells(rows), _cells(places), _cells(frames), added)


def _cells(values: np.ndarray[Any, Any]) -> memoryview:
    """The buffer of an array."""
    return values.data.cast("B").cast("q")
