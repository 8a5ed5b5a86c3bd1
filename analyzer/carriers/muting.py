# SPDX-License-Identifier: GPL-2.0-only
"""Muted flows: what nobody can open is counted by the kernel alone (`selecting.select`).

The kernel looks at a batch before the carriers do. So for a flow that is muted within a batch, or
may be muted no more after one of its packets, the same is done here, packet by packet: what comes
out does not depend on where batches end.
"""

from __future__ import annotations

from typing import Protocol

from analyzer.carriers import selecting
from dissectors.kernel import Rows, rows


class Counted(Protocol):
    """Whose packets are counted."""

    def mute(self, muted: Rows, at: int) -> None:
        """They are counted in the entry of `muted` at index `at`."""
        ...


class Muted:
    """The flows that are muted; `table` is the kernel's."""

    def __init__(self) -> None:
        self.table = rows(selecting.MUTED_SLOTS)  # most captures mute nothing
        self._taken = 0
        self._entries: dict[int, int] = {}
        self._watched: set[int] = set()

    def __contains__(self, flow: int) -> bool:
        return flow in self._entries

    def add(self, flow: int, counted: Counted) -> None:
        """Count the packets of a flow from now on; where the table is full they are still told."""
        if not self._taken:
            self.table = rows(selecting.MUTED_ROWS * selecting.MUTED_SLOTS)
        table = self.table
        at = selecting.muted_at(table, flow)
        if table[at] == 0 and self._taken < selecting.MOST_MUTED:
            table[at] = flow
            self._taken += 1
        if table[at]:
            table[at + selecting.PACKETS] = 0
            table[at + selecting.ON] = selecting.MUTED
            self._entries[flow] = at
            counted.mute(table, at)

    def remove(self, entries: list[int]) -> None:
        """These are muted no more."""
        for at in entries:
            self.table[at + selecting.ON] = 0
            self._entries.pop(self.table[at], None)

    def takes(self, data: memoryview, cells: list[int]) -> bool:
        """Whether a selected packet is of a muted flow, and tells nothing of it: it is counted."""
        at = self._entries.get(cells[selecting.FLOW]) if self._entries else None
        if at is None:
            return False
        self._watched.add(at)
        sort, payload = cells[selecting.SORT], cells[selecting.AT]
        if selecting.is_counted(data, sort, payload, cells[selecting.END]):
            self.table[at + selecting.PACKETS] += 1
        return not selecting.is_passing(data, sort, payload, cells[selecting.TCP_AT])

    def settle(self) -> None:
        """A batch is over: the kernel counts again what stayed muted."""
        for at in self._watched:
            if self.table[at + selecting.ON]:
                self.table[at + selecting.ON] = selecting.MUTED
        self._watched.clear()
