# SPDX-License-Identifier: GPL-2.0-only
"""Large buffers, zeroed. They cost no memory until they are written to."""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Final

_LARGE: Final = 1 << 23


def zeroed(size: int) -> bytearray | mmap.mmap:
    """A zeroed buffer of `size` bytes, at least one; a large one in large pages, as kernels jump
    about in it."""
    if size < _LARGE:
        return bytearray(size)
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size)
    # Shared ones, Python's own choice, cannot grow and get no large pages.
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(AttributeError, OSError):  # not every system has them
        pages.madvise(mmap.MADV_HUGEPAGE)
    return pages


def resized(buffer: bytearray | mmap.mmap, size: int) -> bool:
    """Let a large buffer grow where it is; False for one that cannot."""
    if not isinstance(buffer, mmap.mmap):
        return False
    try:
        buffer.resize(size)
    except (BufferError, SystemError):  # a view of it is alive; not every system can
        return False
    return True
