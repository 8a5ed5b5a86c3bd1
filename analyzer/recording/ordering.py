# SPDX-License-Identifier: GPL-2.0-only
"""Packets of several interfaces in the order of their time.

Each interface has a ring of its own, which the kernel hands over a block at a time: what answers on
one would be written before what was asked on the other, and could not be paired. So packets wait
until none of an earlier time can come. One interface, or `any`, needs none of this.
"""

from __future__ import annotations

import heapq
import struct
from typing import Final

_HEAD: Final = struct.Struct("<4xI4xII")  # length of the block, both halves of the time


class Waiting:
    """Enhanced packet blocks by interface, each interface in its own order."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, bytes]] = []
        self._count = 0
        self._latest: dict[int, int] = {}
        self.octets = 0
        """Bytes that wait."""

    def add(self, interface: int, data: memoryview) -> None:
        """Take the blocks in `data`; one that is earlier than the one before it stays behind it."""
        latest = self._latest.get(interface, 0)
        at = 0
        while at < len(data):
            length, high, low = _HEAD.unpack_from(data, at)
            latest = max(latest, high << 32 | low)
            self._count += 1  # what has one time stays as it came
            heapq.heappush(self._heap, (latest, self._count, bytes(data[at : at + length])))
            at += length
        self._latest[interface] = latest
        self.octets += len(data)

    def take(self, until: int, most: int) -> tuple[bytes, int]:
        """Blocks of up to this time in ns, `most` at most, and their number."""
        taken: list[bytes] = []
        while self._heap and len(taken) < most and self._heap[0][0] <= until:
            taken.append(heapq.heappop(self._heap)[2])
        data = b"".join(taken)
        self.octets -= len(data)
        return data, len(taken)
