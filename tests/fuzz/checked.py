# SPDX-License-Identifier: GPL-2.0-only
"""Buffers that allow a kernel what it may touch, and nothing else.

Compiled kernels check no index, and Python takes a negative one from the end: an uncompiled run
over plain buffers hides what a compiled one would read before or behind them.
"""

from __future__ import annotations

from typing import overload


class Checked:
    """`inner[start:end]` by index, as an array of `inner`'s length; each access is counted."""

    def __init__(self, inner: memoryview, start: int = 0, end: int | None = None) -> None:
        self._inner = inner
        self._start = start
        self._end = len(inner) if end is None else end
        self.accesses = 0

    def __len__(self) -> int:
        return len(self._inner)

    def _check(self, at: int) -> None:
        self.accesses += 1
        within = self._start <= at < self._end
        assert within, f"index {at} is outside {self._start} to {self._end - 1}"

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> memoryview: ...
    def __getitem__(self, at: int | slice) -> int | memoryview:
        assert isinstance(at, int), "kernels take no slices"
        self._check(at)
        found: int = self._inner[at]
        return found

    def __setitem__(self, at: int, value: int) -> None:
        self._check(at)
        self._inner[at] = value


def checked_rows(items: int) -> Checked:
    """An output buffer of `items` 64-bit integers, filled with what no kernel writes."""
    inner = memoryview(bytearray(b"\x7e" * 8 * items)).cast("q")
    return Checked(inner)
