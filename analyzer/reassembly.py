# SPDX-License-Identifier: GPL-2.0-only
"""Fragments of IPv4, IPv6 and 6LoWPAN -> datagrams.

    reassembler = Reassembler()
    for every record, in file order:
        for lost in reassembler.expired(record.time): ...    # Incomplete
        link.walk(record.data, start, end, link_type, row)
        if row[link.FRAGMENT]:
            whole = reassembler.add(fragment(row, record.data, start, frame, time, offset))
            if whole is not None:
                link.walk(memoryview(whole.packet), 0, len(whole.packet), 101, row)
    for lost in reassembler.close(): ...

The walk of `whole.packet` may find a fragment again (a tunnel in fragments, with fragments in it):
then that is added too. An Incomplete that has a beginning is walked the same way; what it says is
a message that is cut. Only capture time counts; memory is bounded, and the oldest datagram is
given up for a new one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from analyzer.fragments import Fragment, Incomplete, Key, Reason, Run, Whole, packet
from analyzer.profiles.transmission import SECOND
from dissectors import link

TIMEOUTS: Final = {
    link.IN_IPV4: 30 * SECOND,  # RFC 1122 clause 3.3.2 wants 60 to 120; Linux takes 30
    link.IN_IPV6: 60 * SECOND,  # RFC 8200 clause 4.5
    link.IN_LOWPAN: 60 * SECOND,  # RFC 4944 clause 5.3
}
"""From the first fragment seen to giving up, in ns."""

MOST_DATAGRAMS: Final = 1024
MOST_BYTES: Final = 8 << 20
_PIECE_COST: Final = 300  # bytes of objects a piece takes
_COPY_WINDOW: Final = SECOND
_MOST_COPIES: Final = 64
_LARGEST: Final = {link.IN_IPV4: 65515, link.IN_IPV6: 65535, link.IN_LOWPAN: 2047}


@dataclass(slots=True)
class _Pieces:
    """The fragments of one datagram so far; runs do not overlap, and are in order."""

    key: Key
    time: int
    latest: int = 0
    starts: list[int] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    bounds: set[tuple[int, int]] = field(default_factory=set)
    frames: list[int] = field(default_factory=list)
    header: bytes = b""
    size: int = -1
    captured: int = 0
    cost: int = 0
    overlapped: bool = False
    differs: bool = False
    duplicates: int = 0

    def add(self, fragment: Fragment) -> int:
        """Take a fragment; by how much the cost grew."""
        self.latest = fragment.time
        if fragment.at == 0:
            self.header = self.header or fragment.header
        self._end(fragment)
        before = self.captured
        overlapped, equal = self._insert(fragment)
        bounds = (fragment.at, fragment.at + fragment.length)
        copy = equal and bounds in self.bounds  # perhaps captured further than the first
        if copy and self.captured == before:
            self.duplicates += 1
            return 0
        self.overlapped = self.overlapped or (overlapped > 0 and not copy)
        self.differs = self.differs or not equal
        self.bounds.add(bounds)
        self.frames.append(fragment.frame)
        grown = self.captured - before + _PIECE_COST
        self.cost += grown
        return grown

    def _end(self, fragment: Fragment) -> None:
        """The size of the whole, as the last fragment or 6LoWPAN tells."""
        size = fragment.key.size or (-1 if fragment.more else fragment.at + fragment.length)
        if size < 0:
            size = self.size
        elif self.size < 0:
            self.size = size
            if self.starts and self.runs[-1].stop > size:
                self.overlapped = self.differs = True
        if size != self.size or (0 <= self.size < fragment.at + fragment.length):
            self.overlapped = self.differs = True

    def _insert(self, fragment: Fragment) -> tuple[int, bool]:
        """Add the bytes not there yet: how many were there already, and whether they are equal."""
        data, begin = fragment.data, fragment.at
        place, stop = begin, begin + len(fragment.data)
        if self.size >= 0:
            stop = min(stop, self.size)
        index = max(bisect_right(self.starts, begin) - 1, 0)
        overlapped, equal = 0, True
        while place < stop:
            after = self.runs[index] if index < len(self.runs) else None
            if after is not None and after.stop <= place:
                index += 1
            elif after is not None and after.start <= place:
                last = min(after.stop, stop)
                known = self.parts[index][place - after.start : last - after.start]
                equal = equal and known == data[place - begin : last - begin]
                overlapped += last - place
                place = last
            else:
                last = stop if after is None else min(stop, after.start)
                for first, until in _split(place, last, begin + fragment.built):
                    self._put(index, fragment, first, until)
                    index += 1
                place = last
        return overlapped, equal

    def _put(self, index: int, fragment: Fragment, first: int, last: int) -> None:
        built = fragment.at + fragment.built
        offset = fragment.offset + first - built if first >= built else -1
        self.starts.insert(index, first)
        self.runs.insert(index, Run(first, last, fragment.frame, offset))
        self.parts.insert(index, fragment.data[first - fragment.at : last - fragment.at])
        self.captured += last - first

    @property
    def complete(self) -> bool:
        return self.captured == self.size and self.runs[-1].stop == self.size

    def whole(self) -> Whole:
        return Whole(**self._gathered(b"".join(self.parts), self.size))

    def incomplete(self, reason: Reason) -> Incomplete:
        holes = tuple(self._holes())
        begin = b""
        if self.runs and self.runs[0].start == 0:
            until = holes[0][0] if holes else self.captured
            begin = b"".join(self.parts)[:until]
        known = self._gathered(begin, self.size if self.size >= 0 else _told(begin, self.key))
        return Incomplete(**known, reason=reason, holes=holes, size=self.size)

    def _holes(self) -> list[tuple[int, int]]:
        holes, place = [], 0
        for run in self.runs:
            if run.start > place:
                holes.append((place, run.start))
            place = run.stop
        if self.size < 0:
            holes.append((place, -1))
        elif place < self.size:
            holes.append((place, self.size))
        return holes

    def _gathered(self, payload: bytes, size: int) -> dict[str, Any]:
        return {
            "key": self.key,
            "first_time": self.time,
            "time": self.latest,
            "frames": tuple(self.frames),
            "runs": tuple(self.runs),
            "packet": packet(self.header, payload, size) if payload else b"",
            "payload_at": len(self.header),
            "overlapped": self.overlapped,
            "differs": self.differs,
            "duplicates": self.duplicates,
        }


def _split(first: int, last: int, built_until: int) -> list[tuple[int, int]]:
    """Bytes that were built and bytes of the file make two runs."""
    if first < built_until < last:
        return [(first, built_until), (built_until, last)]
    return [(first, last)]


def _told(begin: bytes, key: Key) -> int:
    """Size of a UDP datagram by its own header, where no fragment told."""
    if key.inside != link.IN_LOWPAN and len(begin) >= 8:
        return max(int.from_bytes(begin[4:6], "big"), len(begin))
    return len(begin)


class Reassembler:
    """Puts datagrams together; see the module for its use."""

    def __init__(self, datagrams: int = MOST_DATAGRAMS, memory: int = MOST_BYTES) -> None:
        self._most, self._memory = datagrams, memory
        self._open: dict[int, OrderedDict[Key, _Pieces]] = {i: OrderedDict() for i in TIMEOUTS}
        self._lost: list[Incomplete] = []
        self._copies: OrderedDict[Key, tuple[int, bytes]] = OrderedDict()
        self._cost = 0
        self.dropped = 0
        self.late_copies = 0
        self.refused = 0

    def __len__(self) -> int:
        """Datagrams that wait for fragments."""
        return sum(map(len, self._open.values()))

    def add(self, fragment: Fragment) -> Whole | None:
        """Take one fragment; the datagram it completes.

        A second record of a fragment, within a second of its datagram's completion, is counted
        and nothing more (a mirror port shows each fragment twice). A fragment that reaches past
        the largest datagram is refused and counted.
        """
        key = fragment.key
        if fragment.at + fragment.length > _LARGEST[key.inside] or not fragment.length:
            self.refused += 1
            return None
        if self._is_late_copy(fragment):
            self.late_copies += 1
            return None
        waiting = self._open[key.inside]
        pieces = waiting.get(key)
        if pieces is None:
            pieces = waiting[key] = _Pieces(key, fragment.time, cost=_PIECE_COST)
            self._cost += _PIECE_COST
        self._cost += pieces.add(fragment)
        if pieces.complete:
            return self._finish(pieces)
        self._bound()
        return None

    def expired(self, now: int) -> list[Incomplete]:
        """Datagrams given up since the last call, for their age at capture time `now` or memory."""
        for inside, waiting in self._open.items():
            while waiting:
                oldest = next(iter(waiting.values()))
                if now - oldest.time <= TIMEOUTS[inside]:
                    break
                self._give_up(oldest, Reason.EXPIRED)
        lost, self._lost = self._lost, []
        return lost

    def close(self) -> list[Incomplete]:
        """All datagrams still open: the capture ended, or its clock went far back."""
        for waiting in self._open.values():
            for pieces in list(waiting.values()):
                self._give_up(pieces, Reason.ENDED)
        self._copies.clear()
        lost, self._lost = self._lost, []
        return lost

    def _finish(self, pieces: _Pieces) -> Whole:
        del self._open[pieces.key.inside][pieces.key]
        self._cost -= pieces.cost
        whole = pieces.whole()
        self._copies[pieces.key] = (whole.time, whole.packet[whole.payload_at :])
        self._copies.move_to_end(pieces.key)
        if len(self._copies) > _MOST_COPIES:
            self._copies.popitem(last=False)
        return whole

    def _is_late_copy(self, fragment: Fragment) -> bool:
        done = self._copies.get(fragment.key)
        if done is None or not 0 <= fragment.time - done[0] <= _COPY_WINDOW:
            return False
        known = done[1][fragment.at : fragment.at + len(fragment.data)]
        return known == fragment.data and fragment.key not in self._open[fragment.key.inside]

    def _bound(self) -> None:
        while len(self) > self._most or self._cost > self._memory:
            oldest = min(
                (next(iter(waiting.values())) for waiting in self._open.values() if waiting),
                key=lambda pieces: pieces.time,
            )
            self.dropped += 1
            self._give_up(oldest, Reason.DROPPED)

    def _give_up(self, pieces: _Pieces, reason: Reason) -> None:
        del self._open[pieces.key.inside][pieces.key]
        self._cost -= pieces.cost
        self._lost.append(pieces.incomplete(reason))
