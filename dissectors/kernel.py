# SPDX-License-Identifier: GPL-2.0-only
"""Types that the kernels share.

A kernel is a plain Python function in numba's subset: integers in, integers written to
preallocated rows, no exception, no allocation, no registry reached as a global. It runs
uncompiled on small captures and can be compiled for large ones. Bytes arrive as a memoryview:
under NumPy 2 a `uint8` taken from an ndarray wraps on `<< 8` when uncompiled. A byte is divided,
not shifted: compiled, `byte >> 4` is unsigned, and a sum of it and an integer a float.
"""

from __future__ import annotations

from typing import TypeAlias

Bytes: TypeAlias = "memoryview | bytes"
"""Input bytes; indexing yields an int."""

Text: TypeAlias = "memoryview"
"""Bytes that a kernel writes."""

Rows: TypeAlias = "memoryview"
"""Output: int64 items, flattened rows (format 'q')."""


def rows(items: int) -> Rows:
    """A zeroed output buffer of `items` 64-bit integers."""
    return memoryview(bytearray(8 * items)).cast("q")
