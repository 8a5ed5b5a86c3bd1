# SPDX-License-Identifier: GPL-2.0-only
"""Batches woven: behind each record the rows of what was taken out of it."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from analyzer.capture import ROW, RecordBatch
from analyzer.capture.records import IS_CARRIED, IS_NOTICE, MARK
from analyzer.carriers.carrier import Notice, Taken
from analyzer.carriers.store import Store, packed_pieces

if TYPE_CHECKING:
    from analyzer.carriers.stage import Selected


class Weaver:
    """Puts what was taken out into batches, and into the store."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self.notices: deque[Notice] = deque()

    @property
    def store(self) -> Store:
        """Where messages are kept, made when the first one is. Raises OSError."""
        if self._store is None:
            self._store = Store()
        return self._store

    def close(self) -> None:
        """Give the space of the store back."""
        if self._store is not None:
            self._store.close()

    def weave(self, selected: Selected, taken: Sequence[Taken | Notice]) -> RecordBatch:
        """The batch with rows for what was taken out, each behind its record. Raises OSError."""
        batch, records = selected.batch, selected.records
        if not taken:
            return replace(batch, rows=memoryview(records).toreadonly())
        woven = _Woven(selected)
        base = self.store.size
        content = bytearray()
        for one in taken:
            woven.up_to(one.record + 1 if one.record >= 0 else batch.count)
            if isinstance(one, Notice):
                self.notices.append(one)
                woven.add(len(content), base + len(content), 0, one, 0, IS_NOTICE)
                continue
            content += packed_pieces(one.pieces)
            start, size = len(content), len(one.header) + len(one.message)
            content += one.header + one.message
            woven.add(start, base + start, size, one, one.pieces[-1].interface, IS_CARRIED)
        woven.up_to(batch.count)
        self.store.append(content)
        return replace(
            batch,
            data=memoryview(b"".join((woven.data, content))),
            base=batch.base + woven.first,
            rows=memoryview(woven.rows).toreadonly(),
            count=len(woven.frames),
            offsets=memoryview(woven.places),
            frames=memoryview(woven.frames).toreadonly(),
            carried_at=len(woven.data),
            kept_at=base,
        )


class _Woven:
    """Rows in the making: those of records as far as `up_to` came, and what was added. `data` are
    the bytes of the records, from byte `first` of the batch on."""

    def __init__(self, selected: Selected) -> None:
        batch = selected.batch
        self._records = records = selected.records
        self._batch = batch
        self.first = 0
        last = 0
        if batch.count:
            starts = records[0::ROW]
            self.first = min(starts)
            last = max(map(sum, zip(starts, records[1::ROW], strict=True)))
        self.data = batch.data[self.first : last]
        self.rows, self.places, self.frames = array("q"), array("q"), array("q")
        self._at = 0

    def up_to(self, record: int) -> None:
        """The records before this one that are not there yet."""
        if record <= self._at:
            return
        batch, base = self._batch, len(self.rows)
        self.rows += self._records[self._at * ROW : record * ROW]
        for at in range(base, len(self.rows), ROW):
            self.rows[at] -= self.first
        numbers = range(batch.first_frame + self._at, batch.first_frame + record)
        self.frames.extend(numbers)
        if batch.offsets is not None:
            self.places.extend(batch.offsets[self._at : record])
        else:
            shift = batch.base + self.first
            self.places.extend(self.rows[at] + shift for at in range(base, len(self.rows), ROW))
        self._at = record

    def add(
        self, start: int, place: int, size: int, one: Taken | Notice, interface: int, kind: int
    ) -> None:
        """One row; `start` counts behind the bytes of the records."""
        at = len(self.data) + start
        wire = size if isinstance(one, Notice) else one.pieces[-1].wire
        self.rows.extend((at, size, wire, one.time, interface + kind * MARK))
        self.places.append(place)
        self.frames.append(one.frame)
