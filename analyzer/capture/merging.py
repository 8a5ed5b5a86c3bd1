# SPDX-License-Identifier: GPL-2.0-only
"""Several captures as one, in the order of time.

The order is that of `heapq.merge` over the files, each in its own order: a record stands no
earlier than the one before it in its file, and at the same time the earlier file goes first. With
times replaced by their running maximum that is a stable sort, done a window of each file at a
time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.model import KeyLogText, RecordBatch
from analyzer.capture.reading import BATCH, CaptureFile
from analyzer.capture.records import ROW

START: Final = 0  # columns of a row
CAPTURED: Final = 1
TIME: Final = 3
INTERFACE: Final = 4

SMALLEST_BATCH: Final = 4096  # records; the memory of many files, and the speed of few

_UNKNOWN: Final = -2

Int64s = NDArray[np.int64]


class Part(NamedTuple):
    """Consecutive records of one file that go into the next batch."""

    lane: Lane
    batch: RecordBatch
    first: int  # in the batch
    rows: Int64s  # count x ROW
    times: Int64s


class Lane:
    """What was read of one file and waits for its turn."""

    def __init__(self, index: int, file: CaptureFile, limit: int) -> None:
        self.index = index
        self.file = file
        self.ended = False
        self.ids: Int64s = np.array([-1])  # global interface ids; the last is for no interface
        self._batches = file.batches(limit)
        self._batch: RecordBatch | None = None
        self._rows: Int64s = np.empty((0, ROW), np.int64)
        self._times: Int64s = np.empty(0, np.int64)
        self._at = 0
        self._latest = -(1 << 63)
        self._comments = 0

    @property
    def latest(self) -> int:
        """The time before which no record is still to be read."""
        return self._latest

    @property
    def first_interface(self) -> int:
        """The interface of the first record that was read and waits, -1 for none."""
        return int(self._rows[self._at, INTERFACE]) if self._at < len(self._rows) else -1

    def make_room(self, interface: int) -> None:
        """Let `ids` have a place for an interface."""
        missing = interface + 2 - len(self.ids)
        if missing > 0:
            known, none = self.ids[:-1], self.ids[-1:]
            self.ids = np.concatenate([known, np.full(missing, _UNKNOWN), none])

    def fill(self) -> None:
        """Read on when all that was read has had its turn."""
        if self.ended or self._at < len(self._times):
            return
        batch = next(self._batches, None)
        if batch is None:
            self.ended = True
            self._batch = None
            return
        self._batch = batch
        self._rows = np.frombuffer(batch.rows, np.int64).reshape(-1, ROW)
        # The earliest of times stands for none: such a record follows the one before it.
        self._times = np.maximum.accumulate(np.maximum(self._rows[:, TIME], self._latest))
        self._latest = int(self._times[-1])
        self._at = 0

    def take(self, until: int, inclusive: bool) -> Part | None:
        """The records up to a time, if there are any."""
        side: Any = "right" if inclusive else "left"
        first, self._at = self._at, int(np.searchsorted(self._times, until, side))
        self._at = max(first, self._at)
        if self._batch is None or first == self._at:
            return None
        rows, times = self._rows[first : self._at], self._times[first : self._at]
        return Part(self, self._batch, first, rows, times)

    def secrets(self, below: int) -> Iterator[KeyLogText]:
        """Key logs that stand before a packet as far as `below`, each once."""
        while self.file.secrets and self.file.secrets[0].frame < below:
            yield self.file.secrets.pop(0)

    def comments(self, below: int) -> Iterator[tuple[int, list[str]]]:
        """Comments by the file's own frame numbers, each once, as far as `below`."""
        for frame, texts in islice(self.file.comments.items(), self._comments, None):
            if frame >= below:
                return
            self._comments += 1
            yield frame, texts


class Merge:
    """Merges files into batches. `interfaces` grows by (file, its interface): that of each file's
    first packet in the order of files, the others in order of use; its indexes are the interface
    ids in the rows. `comments` are by frame number, `secrets` in the order of theirs."""

    def __init__(self, files: Sequence[CaptureFile]) -> None:
        self.interfaces: list[tuple[int, int]] = []
        self.comments: dict[int, list[str]] = {}
        self.secrets: list[KeyLogText] = []
        limit = max(SMALLEST_BATCH, BATCH // (2 * len(files) or 1))
        self._lanes = [Lane(index, file, limit) for index, file in enumerate(files)]
        self._frames = 0

    def batches(self, limit: int) -> Iterator[RecordBatch]:
        """Yield all records, at most `limit` a batch."""
        for lane in self._lanes:
            lane.fill()
            first = lane.first_interface
            if first >= 0:
                self._name(lane, first)
            elif lane.ended:  # a file of keys alone
                self.secrets += [KeyLogText(1, text) for _, text in lane.file.secrets]
                lane.file.secrets.clear()
        while parts := self._parts():
            yield from self._merged(parts, limit)

    def _parts(self) -> list[Part]:
        """What goes next: all that nothing still to be read can come before."""
        for lane in self._lanes:
            lane.fill()
        waiting = [lane for lane in self._lanes if not lane.ended]
        if not waiting:
            return []
        until, last = min((lane.latest, lane.index) for lane in waiting)
        parts = (lane.take(until, lane.index <= last) for lane in waiting)
        return [part for part in parts if part is not None]

    def _merged(self, parts: list[Part], limit: int) -> Iterator[RecordBatch]:
        data, rows, offsets = self._together(parts)
        if len(parts) > 1:
            order = np.argsort(np.concatenate([part.times for part in parts]), kind="stable")
            rows, offsets = rows[order], offsets[order]
        else:
            order = np.arange(len(rows))
        self._take_remarks(parts, order)
        for first in range(0, len(rows), limit):
            some = np.ascontiguousarray(rows[first : first + limit])
            yield RecordBatch(
                data,
                base=0,
                first_frame=self._frames + 1,
                rows=_readonly(some.reshape(-1)),
                count=len(some),
                offsets=_readonly(offsets[first : first + limit]),
            )
            self._frames += len(some)

    def _together(self, parts: list[Part]) -> tuple[memoryview, Int64s, Int64s]:
        """The bytes of all parts in one buffer, one after the other, rows that fit it, and
        offsets in the files. Whole stretches are copied, not packet by packet: far faster."""
        self._name_interfaces(parts)
        stretches, all_rows, all_offsets = [], [], []
        at = 0
        for lane, batch, _, taken, _ in parts:
            begin = int(taken[0, START])
            end = int(taken[-1, START] + taken[-1, CAPTURED])
            rows = taken.copy()
            rows[:, START] += at - begin
            rows[:, INTERFACE] = lane.ids[taken[:, INTERFACE]]
            stretches.append(batch.data[begin:end])
            all_rows.append(rows)
            all_offsets.append(taken[:, START] + batch.base)
            at += end - begin
        data = stretches[0] if len(parts) == 1 else memoryview(b"".join(stretches))
        return data, np.concatenate(all_rows), np.concatenate(all_offsets)

    def _name_interfaces(self, parts: list[Part]) -> None:
        """Number interfaces not seen before by where in the merge they are first used."""
        new = []
        for lane, _, _, rows, times in parts:
            used = rows[:, INTERFACE]
            lane.make_room(int(used.max()))
            unknown = np.flatnonzero(lane.ids[used] == _UNKNOWN)
            for id in np.unique(used[unknown]):
                first = unknown[used[unknown] == id][0]
                new.append((int(times[first]), lane.index, int(first), int(id)))
        for _, index, _, id in sorted(new):
            self._name(self._lanes[index], id)

    def _name(self, lane: Lane, interface: int) -> None:
        lane.make_room(interface)
        lane.ids[interface] = len(self.interfaces)
        self.interfaces.append((lane.index, interface))

    def _take_remarks(self, parts: list[Part], order: Int64s) -> None:
        """Number what goes with packets, or before them, as the packets are numbered here."""
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(self._frames + 1, self._frames + 1 + len(order))
        secrets = []
        at = 0
        for lane, batch, first, rows, _ in parts:
            begin = batch.first_frame + first
            for frame, texts in lane.comments(begin + len(rows)):
                self.comments[int(places[at + frame - begin])] = texts
            for frame, text in lane.secrets(begin + len(rows)):
                secrets.append(KeyLogText(int(places[at + frame - begin]), text))
            at += len(rows)
        self.secrets += sorted(secrets)


def _readonly(values: Int64s) -> memoryview:
    return values.data.toreadonly().cast("B").cast("q")
