# SPDX-License-Identifier: GPL-2.0-only
"""One direction of a TCP connection: segments as captured -> bytes in order (RFC 9293).

    direction = Direction(forward)
    for every segment of the connection, in file order:
        chunks += direction.add(segment)                          # of this direction
        chunks += direction.acknowledged(number, time, frame)     # by a segment of the other
        faults += direction.faults; direction.faults.clear()
    chunks += direction.close(time, frame)

The first bytes of a place win, as most receivers have it. What is missing is waited for until the
peer acknowledges it, which says that the capture lost it and not the network; until too much waits
behind it; or until the end. So where a capture has an answer before what it answers, and a hole is
open, bytes that come later are not read. Where SYN was not seen, the first data defines the place.

Keep-alives (RFC 9293 clause 3.8.4) and second records of a segment are old bytes; a zero-window
probe carries the next byte, which comes again with those behind it: nothing of this needs a rule of
its own but that the byte of a keep-alive may be any.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Final, NamedTuple

from analyzer.streams.model import (
    FIN,
    RST,
    SYN,
    UNKNOWN,
    Chunk,
    Fault,
    FaultKind,
    Piece,
    Segment,
)

MOST_WAITING: Final = 256 << 10
"""Bytes behind a hole; with more, the hole is given up."""
MOST_SEGMENTS: Final = 256
"""Segments behind a hole; with more, the hole is given up."""
MOST_SENT: Final = 32 << 10
"""Bytes in order, not yet acknowledged, that later copies are compared with; the oldest go. They
are of MOST_SEGMENTS segments at most, too."""
FAR: Final = 16 << 20
"""A segment further away than this does not belong where the stream is. Two of them that belong
together are where it is now: a connection whose SYN is not in the capture, or a long pause."""

_MASK: Final = 0xFFFFFFFF
_HALF: Final = 1 << 31
_RUN_COST: Final = 200  # bytes of objects that a run takes
_SPECIAL: Final = SYN | RST | FIN


class _Run(NamedTuple):
    """Bytes at a place: `length` of them on the wire, fewer in the capture where it cut them."""

    start: int
    stop: int
    data: bytes
    piece: Piece


class Direction:
    """Puts one direction in order; see the module for its use.

    Places are sequence numbers that do not wrap around: the first is as on the wire.
    """

    __slots__ = (
        "_acknowledged",
        "_compared",
        "_cut",
        "_far",
        "_fin",
        "_forward",
        "_lost",
        "_next",
        "_sent",
        "_waiting",
        "_waiting_bytes",
        "faults",
        "finished",
        "opened",
        "reset",
        "start",
    )

    def __init__(self, forward: bool) -> None:
        self._forward = forward
        self.start = -1
        """Sequence number of the first byte; -1 as long as there is none."""
        self.opened = False
        """SYN was seen."""
        self.finished = False
        """All up to FIN was read, or given up."""
        self.reset = False
        self._next = -1  # place of the next byte; -1 as long as there is none
        self._acknowledged = -1
        self._lost = UNKNOWN
        self._fin = -1
        self._waiting: list[_Run] = []  # in order, no two overlap, all behind _next
        self._waiting_bytes = 0
        self._sent: deque[tuple[int, int, bytes, Piece]] = deque()  # as _Run
        self._compared = 0  # bytes of _sent
        self._far: Segment | None = None
        self._cut = False
        self.faults: list[Fault] = []
        """What was noticed, for the caller to take away."""

    @property
    def lost(self) -> bool:
        """Bytes are missing just before the place where it stands."""
        return self._lost != 0

    @property
    def held(self) -> int:
        """Bytes of memory that what is kept here takes."""
        runs = len(self._waiting) + len(self._sent)
        return self._waiting_bytes + self._compared + runs * _RUN_COST

    def add(self, segment: Segment) -> list[Chunk]:
        """Take a segment; the bytes that can be read by now."""
        piece, time, sequence, _, flags, data, length = segment
        start = self._next
        if (
            sequence == start & _MASK
            and length == len(data)
            and not flags & _SPECIAL
            and not self._waiting
            and start >= 0 > self._fin
        ):
            if not length:
                return []
            self._next = stop = start + length
            self._sent.append((start, stop, data, piece))
            self._compared += length
            if self._compared > MOST_SENT or len(self._sent) > MOST_SEGMENTS:
                self._forget()
            lost, self._lost = self._lost, 0
            return [Chunk(data, (piece,), lost, time, piece[0])]
        return self._add(segment)

    def _add(self, segment: Segment) -> list[Chunk]:
        flags, sequence = segment.flags, segment.sequence
        if flags & RST:
            self.reset = self.reset or self._next < 0 or -1 <= self._from_next(sequence) <= FAR
            return []
        if flags & SYN:
            sequence = sequence + 1 & _MASK
            self.open(sequence)
        if not segment.length and not flags & FIN:
            return []
        if self._next < 0:
            self._place(sequence)
        away = self._from_next(sequence)
        if not -FAR <= away <= FAR:
            return self._elsewhere(segment)
        self._far = None
        start = self._next + away
        stop = start + segment.length
        if flags & FIN and self._fin < 0 and stop >= self._next:
            self._fin = stop
        data = segment.data[: segment.length]
        self._insert(_Run(start, stop, data, segment.piece), segment)
        return self._read(segment.time, segment.piece.frame)

    def _from_next(self, number: int) -> int:
        """How far a sequence number lies ahead, from -2^31 on."""
        return (number - self._next + _HALF & _MASK) - _HALF

    def open(self, sequence: int) -> None:
        """The number of the first byte, as SYN tells, or the peer's answer to it."""
        if self._next < 0:
            self._place(sequence)
            self._lost = 0
        self.opened = self.opened or self.start == sequence

    def _place(self, sequence: int) -> None:
        self.start = sequence
        self._next = sequence

    def _elsewhere(self, segment: Segment) -> list[Chunk]:
        """A segment far away; where a second one is near it, the stream has moved there."""
        before, self._far = self._far, segment
        if before is None or not 0 <= (segment.sequence - before.sequence & _MASK) <= FAR:
            return []
        if segment.sequence == before.sequence:
            return []  # the same again proves nothing
        time, frame = segment.time, segment.piece.frame
        chunks = self._give_up_all(time, frame)
        self._fault(FaultKind.LOST, time, frame, (frame,), "the stream goes on somewhere else")
        self._far = None
        self._place(before.sequence)
        self._lost, self._fin, self._acknowledged = UNKNOWN, -1, -1
        self.finished = self.reset = False
        self._sent.clear()
        self._compared = 0
        return chunks + self._add(before) + self._add(segment)

    # Bytes that wait ----------------------------------------------------------------------------

    def _insert(self, run: _Run, segment: Segment) -> None:
        """Let those bytes wait that are not there yet; compare those that are."""
        if run.start < self._next:
            if run.stop - run.start > 1 or run.stop > self._next:
                self._compare_sent(run, segment)
            run = _part(run, self._next, run.stop)
        if self._fin >= 0 and run.stop > self._fin:
            run = _part(run, run.start, self._fin)  # there is nothing behind FIN
        if run.start >= run.stop:
            return
        index = bisect_right(self._waiting, run.start, key=_start)
        if index and self._waiting[index - 1].stop > run.start:
            index -= 1
        at = run.start
        while at < run.stop:
            known = self._waiting[index] if index < len(self._waiting) else None
            if known is not None and known.start <= at:
                self._compare(known, run, segment)
                at = known.stop
            else:
                stop = run.stop if known is None else min(run.stop, known.start)
                fresh = _part(run, at, stop)
                self._waiting.insert(index, fresh)
                self._waiting_bytes += len(fresh.data)
                at = stop
            index += 1

    def _compare_sent(self, run: _Run, segment: Segment) -> None:
        for known in self._sent:
            if known[0] < run.stop and run.start < known[1]:
                self._compare(_Run._make(known), run, segment)

    def _compare(self, known: _Run, run: _Run, segment: Segment) -> None:
        first = max(known.start, run.start)
        last = min(known.start + len(known.data), run.start + len(run.data))
        if first >= last:
            return
        ours = known.data[first - known.start : last - known.start]
        theirs = run.data[first - run.start : last - run.start]
        if ours != theirs:
            frame = segment.piece.frame
            words = f"{last - first} bytes sent again differ from the first; the first are read"
            self._fault(FaultKind.OVERLAP, segment.time, frame, (known.piece.frame, frame), words)

    def _forget(self) -> None:
        """Bytes that were read are remembered for copies of them; but not too many."""
        sent = self._sent
        while self._compared > MOST_SENT or len(sent) > MOST_SEGMENTS:
            self._compared -= len(sent.popleft()[2])

    # Reading on ---------------------------------------------------------------------------------

    def _read(self, time: int, frame: int) -> list[Chunk]:
        """What stands next by now, behind holes that are not waited for any more too."""
        chunks: list[Chunk] = []
        waiting = self._waiting
        taken = 0
        while taken < len(waiting):
            run = waiting[taken]
            if run.start > self._next:
                if taken:
                    del waiting[:taken]
                    taken = 0
                known = min(self._acknowledged, run.start)
                if self._waiting_bytes > MOST_WAITING or len(waiting) > MOST_SEGMENTS:
                    known = run.start
                if known <= self._next:
                    break
                self._lose(known, time, frame, run.piece.frame)
                continue
            taken += 1
            self._take(run, chunks, time, frame)
        if taken:
            del waiting[:taken]
        if self._next == self._fin:
            self.finished = True
        return chunks

    def _take(self, run: _Run, chunks: list[Chunk], time: int, frame: int) -> None:
        self._next = run.stop
        self._waiting_bytes -= len(run.data)
        if run.data:
            self._sent.append(run)
            self._compared += len(run.data)
            self._forget()
            chunks.append(Chunk(run.data, (run.piece,), self._lost, time, frame))
            self._lost = 0
        missing = run.stop - run.start - len(run.data)
        if missing:
            self._miss(missing)
            if not self._cut:
                self._cut = True
                words = f"the capture cut {missing} bytes off a segment (its snap length)"
                self._fault(FaultKind.LOST, time, frame, (run.piece.frame,), words)

    def _lose(self, until: int, time: int, frame: int, behind: int) -> None:
        """Give up what is missing before a place; `behind` is the frame that comes after it."""
        missing = until - self._next
        self._next = until
        self._miss(missing)
        words = f"{missing} bytes are not in the capture"
        self._fault(FaultKind.LOST, time, frame, (behind,), words)

    def _miss(self, missing: int) -> None:
        if self._lost != UNKNOWN:
            self._lost += missing

    def acknowledged(self, number: int, time: int, frame: int) -> list[Chunk]:
        """The peer has got all before `number`; what can be read as nothing more will come."""
        start = self._next
        if start < 0:
            return []
        ahead = (number - start + _HALF & _MASK) - _HALF
        place, sent = start + ahead, self._sent
        while sent and sent[0][1] <= place:
            self._compared -= len(sent.popleft()[2])
        if ahead <= 0 or ahead > FAR:
            return []
        self._acknowledged = max(self._acknowledged, place)
        return self._read(time, frame) if self._waiting else []

    def close(self, time: int, frame: int) -> list[Chunk]:
        """No segment comes any more: what waited, and nothing behind it."""
        chunks = self._give_up_all(time, frame)
        # One byte acknowledged beyond the end is FIN as likely as not.
        until = self._fin if self._fin >= 0 else self._acknowledged - 1
        if until > self._next >= 0:
            self._lose(until, time, frame, frame)
        self.finished = self.finished or self._fin >= 0
        return chunks

    def _give_up_all(self, time: int, frame: int) -> list[Chunk]:
        if not self._waiting:
            return []
        self._acknowledged = max(self._acknowledged, self._waiting[-1].stop)
        return self._read(time, frame)

    def _fault(
        self, kind: FaultKind, time: int, frame: int, frames: tuple[int, ...], detail: str
    ) -> None:
        self.faults.append(Fault(kind, self._forward, time, frame, frames, detail))


def _start(run: _Run) -> int:
    return run.start


def _part(run: _Run, start: int, stop: int) -> _Run:
    """Some bytes of a run; fewer than asked for where it has no more."""
    start = min(start, run.stop)
    data = run.data[start - run.start : stop - run.start]
    return _Run(start, stop, data, run.piece)
