# SPDX-License-Identifier: GPL-2.0-only
"""The memory that kernels work on: one buffer of integers (`state.py`) and the bytes of names.

It grows between batches, never while a kernel runs: before each batch there is room for all that
its records can add.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from analyzer import duplicates, flows, happenings, registrations, state, verdicts
from analyzer import facts as fact
from analyzer.buffers import zeroed
from analyzer.exchanges import asking, blockwise, message_layer, observing, waiting
from analyzer.profiles.transmission import Transmission
from dissectors.kernel import Rows, rows
from dissectors.msgin5g.akma import AKMA_PATH

_LINE: Final = 8  # items of a line of the processor's cache
NAMES_OF_RECORD: Final = 6
"""Names that one record can add: two addresses, path, URI, UE, token."""
FIRST_RECORDS: Final = 100
"""Records that there is room for at first."""
VERDICTS_OF_RECORD: Final = 5
"""Signatures that one message can add: its form, its link, a notification, a block, a body."""


class Region(NamedTuple):
    """A region of the state: `slots` of a row; rows at first and at most; what one record adds.

    A hash table (`keys`) keeps half of its rows free; `chained` are the buckets of exchanges. These
    and a `ring` have a power of two of rows.
    """

    at: int
    slots: int
    first: int
    most: int = 0
    adds: int = 0
    keys: bool = False
    ring: tuple[int, int] | None = None
    chained: bool = False


def _keys(at: int, adds: int, most: int = 0) -> Region:
    return Region(at, state.ENTRY, 1 << 8, most, adds, keys=True)


REGIONS: Final = (
    Region(state.IDENTIFICATIONS, 1, 1 << 16),
    Region(state.INTERFACES, 1, 1 << 4),
    Region(state.MID_BUCKETS, 1, 1 << 19),
    Region(state.RECENT_BUCKETS, 1, 1 << 15),
    Region(state.GROUP_BUCKETS, 1, 1 << 10),
    Region(state.SOURCE_BUCKETS, 1, 1 << 14),
    Region(state.EVENT_ROWS, happenings.EVENT_SLOTS, happenings.MOST_EVENTS),
    Region(state.REPEAT_ROWS, happenings.REPEAT_SLOTS, happenings.MOST_REPEATS),
    Region(state.PENDING, fact.SLOTS, 1 << 4, flows.MOST_WAITING, 1),
    Region(
        *(state.EARLY, fact.SLOTS, 1 << 4, waiting.MOST_EARLY, 1),
        ring=(state.FIRST_EARLY, state.NEXT_EARLY),
    ),
    _keys(state.PATH_KEYS, 3),
    _keys(state.VERDICT_KEYS, VERDICTS_OF_RECORD, verdicts.MOST_VERDICTS),
    _keys(state.NAME_KEYS, NAMES_OF_RECORD),
    _keys(state.ENDPOINT_KEYS, 4),
    _keys(state.FLOW_KEYS, 1),
    _keys(state.UE_KEYS, 2),
    _keys(state.BODY_KEYS, 4),
    _keys(state.REFUSED_KEYS, 1, asking.MOST_REFUSED),
    _keys(state.OBSERVED_KEYS, 2, 2 * observing.MOST_OBSERVATIONS),
    Region(
        *(state.OBSERVATIONS, observing.SLOTS, 1 << 4, observing.MOST_OBSERVATIONS),
        1 + flows.MOST_PENDING,
    ),
    Region(state.BODIES, blockwise.BODY_SLOTS, 1 << 4, blockwise.MOST_BODIES, 2),
    Region(state.NAMES, state.NAME_SLOTS, 1 << 8, state.MOST_NAMES, NAMES_OF_RECORD),
    Region(state.ENDPOINTS, flows.ENDPOINT_SLOTS, 1 << 6, 0, 2),
    Region(state.SENDERS, duplicates.SENDER_SLOTS, 1 << 6, 0, 2),
    Region(state.FLOWS, flows.FLOW_SLOTS, 1 << 6, flows.MOST_FLOWS, 1),
    Region(state.UES, registrations.UE_SLOTS, 1 << 6, registrations.MOST_UES, 2),
    Region(
        *(state.RECENT, duplicates.RECENT_SLOTS, 1 << 8, duplicates.MOST_RECENT, 1),
        ring=(state.FIRST_RECENT, state.NEXT_RECENT),
    ),
    Region(state.TOKEN_BUCKETS, 1, 1 << 10, adds=1, chained=True),
    Region(state.CLIENT_BUCKETS, 1, 1 << 10, adds=1, chained=True),
    Region(
        *(state.WHEN, 1, 1 << 8, message_layer.MOST_LIVE, 1),
        ring=(state.FIRST_SENT, state.NEXT_SENT),
    ),
    Region(
        *(state.SENT, message_layer.SENT_SLOTS, 1 << 8, message_layer.MOST_LIVE, 1),
        ring=(state.FIRST_SENT, state.NEXT_SENT),
    ),
)
Relink = Callable[[Rows, Rows, int], None]
"""request_layer.relink: the state, the heads of the buckets as they were, the region."""


class Memory:
    """The state of one session; `s` and `arena` change when it grows."""

    def __init__(self, timers: Transmission) -> None:
        self.s: Rows = rows(state.HEAD)
        self.arena = memoryview(bytearray(1 << 12))
        self._lay_out({region.at: self._first(region) for region in REGIONS}, state.refill)
        s = self.s
        s[state.SEED] = secrets.randbits(60)
        for item in (state.NEXT_SENT, state.FIRST_SENT, state.WAITED, state.NEXT_RECENT):
            s[item] = 1
        for item in (state.FIRST_RECENT, state.NEXT_EARLY, state.FIRST_EARLY):
            s[item] = 1
        s[state.DUP_WINDOW] = timers.dup_window
        s[state.DUP_WINDOW_UNNUMBERED] = timers.dup_window_unnumbered
        s[state.NAT_WINDOW] = timers.nat_window
        s[state.REORDER_WINDOW] = timers.reorder_window
        s[state.MAX_TRANSMIT_WAIT] = timers.max_transmit_wait
        s[state.EXCHANGE_LIFETIME] = timers.exchange_lifetime
        s[state.NON_LIFETIME] = timers.non_lifetime
        s[state.ACK_TIMEOUT] = timers.ack_timeout
        s[state.NSTART] = timers.nstart
        s[state.MAX_TRANSMIT_SPAN] = timers.max_transmit_span
        self.name(b"(too many)")
        s[state.AKMA_PATH] = self.name(AKMA_PATH.encode())

    def make_room(
        self,
        records: int,
        size: int,
        interfaces: int = 0,
        refill: Callable[..., None] = state.refill,
        relink: Relink | None = None,
    ) -> None:
        """See to it that `records` records of together `size` bytes can add what they may.

        `refill` is state.refill, compiled or not.
        """
        s = self.s
        wanted: dict[int, int] = {}
        near: dict[int, int] = {}
        for region in REGIONS:
            has, need = s[region.at + state.ROWS], self._need(region, records, interfaces)
            if region.chained and relink is None:  # no exchanges are to come
                continue
            if need > has and region.chained and relink is not None:
                times = 8  # a young capture: how many are open at a time is still to be seen
                if s[state.CLOCK] - s[state.FIRST_TIME] > 2 * s[state.EXCHANGE_LIFETIME]:
                    self._unlink(region, relink)
                    need, times = self._need(region, records, interfaces), 2
                need = times * need if 2 * need > has else has
            if need > has:
                wanted[region.at] = self._rows(region, need, has)
            elif region.adds and not region.keys and not region.chained and need * 2 > has:
                near[region.at] = self._rows(region, min(2 * need, has + 1), has)
        if wanted:
            self._lay_out(near | wanted, refill, relink)
            s = self.s
        room = s[state.ARENA_USED] + min(size, state.MOST_ARENA - s[state.ARENA_USED])
        if room > len(self.arena):
            arena = memoryview(bytearray(max(room, len(self.arena) * 5 // 4)))
            arena[: len(self.arena)] = self.arena
            self.arena = arena

    def _first(self, region: Region) -> int:
        """Rows at first: a small capture never copies, and what stays zero takes no memory."""
        need = self._need(region, FIRST_RECORDS, 0)
        return self._rows(region, need, region.first) if need > region.first else region.first

    def _need(self, region: Region, records: int, interfaces: int) -> int:
        """Rows that a region needs for so many records more."""
        s, more = self.s, region.adds * records
        if region.at == state.INTERFACES:
            return interfaces + 1
        if region.ring:
            first, after = region.ring
            return min(s[after] - s[first] + more + 1, region.most)
        if not more:
            return s[region.at + state.ROWS]
        need = s[region.at + state.COUNT] + more + 1
        if region.most:
            need = min(need, region.most + 1)
        return 2 * need if region.keys else need

    @staticmethod
    def _rows(region: Region, need: int, has: int) -> int:
        """Rows to give a region that needs more than it has."""
        if region.ring or region.keys or region.chained:
            rows = has
            while rows < need:
                rows *= 4 if region.ring else 2  # the rows of a ring are many and large to copy
            return min(rows, region.most) if region.most and not region.keys else rows
        rows = max(need, has + (has >> 2))
        return min(rows, region.most + 1) if region.most else rows

    def _lay_out(
        self, wanted: dict[int, int], refill: Callable[..., None], relink: Relink | None = None
    ) -> None:
        """Give the regions in `wanted` so many rows."""
        old, had = self.s, {region.at: self._entries(region) for region in REGIONS}
        places, total = {}, state.HEAD
        for region in REGIONS:
            total += -total % _LINE
            places[region.at] = total
            total += wanted.get(region.at, old[region.at + state.ROWS]) * region.slots
        s = memoryview(zeroed(8 * total)).cast("q")
        s[: state.HEAD] = old[: state.HEAD]
        for region in REGIONS:
            s[region.at + state.BASE] = places[region.at]
            s[region.at + state.ROWS] = wanted.get(region.at, old[region.at + state.ROWS])
        for region in REGIONS:
            kept = old[had[region.at]]
            if region.keys and region.at in wanted:
                refill(kept, s, region.at)
            elif region.chained and region.at in wanted and relink is not None:
                relink(s, kept, region.at)
            elif region.ring and region.at in wanted:
                self._spread(s, region, kept, old[region.at + state.ROWS])
            else:
                place = places[region.at]
                s[place : place + len(kept)] = kept
        self.s = s  # others may read the names that stand in the old one meanwhile

    def _entries(self, region: Region) -> slice:
        """Where the items of a region stand."""
        start = self.s[region.at + state.BASE]
        return slice(start, start + self.s[region.at + state.ROWS] * region.slots)

    def _unlink(self, region: Region, relink: Relink) -> None:
        """Drop the exchanges that get no response any more from their buckets."""
        entries = self._entries(region)
        heads = rows(entries.stop - entries.start)
        heads[:] = self.s[entries]
        self.s[entries] = rows(len(heads))
        relink(self.s, heads, region.at)

    @staticmethod
    def _spread(s: Rows, region: Region, kept: Rows, before: int) -> None:
        """The rows of a ring of `before` rows over the larger one in `s`."""
        assert region.ring is not None
        slots = region.slots
        number, after = (s[item] for item in region.ring)
        base, has = s[region.at + state.BASE], s[region.at + state.ROWS]
        while before and number < after:
            # As many rows at a time as lie in one piece in both.
            was, at = number & (before - 1), number & (has - 1)
            turn = min(before - was, has - at, after - number)
            there = kept[was * slots : (was + turn) * slots]
            s[base + at * slots : base + (at + turn) * slots] = there
            number += turn

    # Names --------------------------------------------------------------------------------------

    def name(self, text: bytes) -> int:
        """The id of a name, kept if it is new."""
        self.make_room(1, len(text))
        return state.name(self.s, self.arena, text, 0, len(text))

    def bytes_of(self, id: int) -> bytes:
        """The bytes of a name; of 0 none."""
        if id == 0:
            return b""
        row = self.s[state.NAMES + state.BASE] + id * state.NAME_SLOTS
        at = self.s[row + state.NAME_AT]
        return bytes(self.arena[at : at + self.s[row + state.NAME_LENGTH]])

    def __getitem__(self, item: int) -> int:
        return self.s[item]

    def sizes(self) -> dict[str, Any]:
        """Bytes in use, for the status line and the benchmark."""
        return {"state": 8 * len(self.s), "names": len(self.arena)}
