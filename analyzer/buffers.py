# SPDX-License-Identifier: GPL-2.0-only
"""Large buffers, zeroed. They cost no memory until they are written to.

What grows for as long as somebody captures may lie on disk: what was not used lately is then the
system's to take out of memory.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final

from dissectors.kernel import Rows

_LARGE: Final = 1 << 23
_PAGED: Final = 1 << 18  # from here on pages of their own cost less than writing zeros

WARM: Final = 1 << 24
"""Bytes at the end of a buffer on disk that stay in memory, and twice as many at most."""


class OnDisk(mmap.mmap):
    """A buffer in a file without a name, of which all is there: no write finds the disk full."""

    fd: int
    _cooled: int

    @classmethod
    def zeroed(cls, size: int, folder: Path) -> OnDisk:
        """A buffer of `size` bytes. Raises OSError."""
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, size)
            buffer = cls(file.fileno(), size)
            buffer.fd = os.dup(file.fileno())
        buffer._cooled = 0
        weakref.finalize(buffer, os.close, buffer.fd)
        return buffer

    def resize(self, size: int) -> None:
        """Let it grow where it is. Raises OSError, and BufferError while a view of it is alive."""
        os.posix_fallocate(self.fd, len(self), size - len(self))
        super().resize(size)

    def cool(self, used: int) -> None:
        """Take what stands well before byte `used` out of memory; it comes back when it is read."""
        cold = (used - WARM) // mmap.PAGESIZE * mmap.PAGESIZE
        if cold - self._cooled >= WARM:
            self._cooled = cold
            self.madvise(mmap.MADV_DONTNEED, 0, cold)


def zeroed(size: int, folder: Path | None = None) -> bytearray | mmap.mmap:
    """A zeroed buffer of `size` bytes, at least one; a large one in large pages, as kernels jump
    about in it, or on disk in `folder` where that is possible."""
    if size < _PAGED:
        return bytearray(size)
    large = size >= _LARGE
    if large and folder is not None:
        with suppress(AttributeError, OSError):
            return OnDisk.zeroed(size, folder)
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size)
    # Shared ones, Python's own choice, cannot grow and get no large pages.
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(AttributeError, OSError):  # not every system has them
        pages.madvise(mmap.MADV_HUGEPAGE if large else mmap.MADV_NOHUGEPAGE)
    return pages


def zeroed_rows(items: int) -> Rows:
    """A zeroed buffer of `items` 64-bit integers, of which a kernel may use few."""
    return memoryview(zeroed(8 * items)).cast("q")


def resized(buffer: bytearray | mmap.mmap, size: int) -> bool:
    """Let a large buffer grow where it is; False for one that cannot, or is to be made anew: large
    ones may lie on disk."""
    if not isinstance(buffer, mmap.mmap) or len(buffer) < _LARGE:
        return False
    try:
        buffer.resize(size)
    except (BufferError, SystemError, OSError):  # a view is alive; not every system can; disk full
        return False
    return True
