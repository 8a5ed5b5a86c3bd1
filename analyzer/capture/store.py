# SPDX-License-Identifier: GPL-2.0-only
"""Where the bytes of a capture lie: a file that is complete, or one that may still grow."""

from __future__ import annotations

import errno
import os
import stat
import time
import weakref
from collections.abc import Sequence
from typing import Final, Protocol

from analyzer.capture.model import CaptureError
from analyzer.capture.rotation import successor

SHORTEST_PAUSE: Final = 0.001  # seconds between two looks at a file that grows; doubled
LONGEST_PAUSE: Final = 0.1


class Stop:
    """Ends reading early, from any thread or a signal handler: what was read stays.

    A plain flag: a lock could be held by the very code that a signal interrupts.
    """

    def __init__(self) -> None:
        self.requested = False

    def request(self) -> None:
        self.requested = True


class Store:
    """Bytes by offset, complete as they are. Owns `fd`."""

    live = False  # whether nobody knows when it will be complete

    def __init__(self, fd: int, name: str) -> None:
        self.fd = fd
        self.name = name  # printable, for messages
        self._closing = weakref.finalize(self, os.close, fd)

    @property
    def size(self) -> int:
        """Bytes there are now; none once closed."""
        return os.fstat(self.fd).st_size if self.fd >= 0 else 0

    @property
    def cut_short(self) -> bool:
        """Whether the end is none of the writer's: it was said already, or asked for."""
        return False

    def wait(self, size: int) -> bool:
        """Wait until there are `size` bytes; False when there will never be."""
        return self.size >= size

    def progress(self, position: int) -> tuple[int, int]:
        """Bytes done and in all, of what the user sees as the file, at an offset read to."""
        return position, max(position, self.size)

    def close(self) -> None:
        """Give the bytes up."""
        self._closing()
        self.fd = -1


class Growing(Store):
    """Bytes that may become more."""

    def __init__(self, fd: int, name: str, stop: Stop) -> None:
        super().__init__(fd, name)
        self._stop = stop

    @property
    def cut_short(self) -> bool:
        return self._stop.requested

    def complete(self) -> bool:
        """Whether nothing will be added to what is there when this is asked."""
        raise NotImplementedError

    def wait(self, size: int) -> bool:
        pause = SHORTEST_PAUSE
        while not self._stop.requested:
            complete = self.complete()  # before the size: what is written in between counts
            if self.size >= size:
                return True
            if complete:
                return False
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return False


class Followed(Growing):
    """A file another program writes: complete once another has taken its name, comes after it by
    its name (`rotation`), or it shrank."""

    live = True

    def __init__(self, fd: int, name: str, stop: Stop, path: str | os.PathLike[str]) -> None:
        super().__init__(fd, name, stop)
        self._path = os.fspath(path)
        self._largest = 0
        self._overwritten = False
        self.next_path: str | None = None
        """Where what comes after it is, once it is complete."""

    @property
    def size(self) -> int:
        # Bytes at the old offsets are not the old bytes any more.
        return 0 if self._overwritten else super().size

    @property
    def cut_short(self) -> bool:
        return super().cut_short or self._overwritten

    def complete(self) -> bool:
        mine = os.fstat(self.fd)
        self._overwritten = self._overwritten or mine.st_size < self._largest
        self._largest = max(self._largest, mine.st_size)
        try:
            named = os.stat(self._path)
        except OSError:  # removed, and not made anew yet
            named = mine
        other = (named.st_dev, named.st_ino) != (mine.st_dev, mine.st_ino)
        replaced = self._overwritten or other
        self.next_path = self._path if replaced else successor(self._path)
        return self.next_path is not None


class Recorder(Protocol):
    """Who writes the files that are read as they grow."""

    @property
    def files(self) -> Sequence[str]:
        """Paths of the files so far, in order: all but the last are complete."""

    @property
    def ended(self) -> bool:
        """Whether the last is, too, and no other will come."""


class Recorded(Growing):
    """A file that a recorder writes, by its path."""

    live = True

    def __init__(
        self, fd: int, name: str, stop: Stop, recorder: Recorder, path: str | os.PathLike[str]
    ) -> None:
        super().__init__(fd, name, stop)
        self._recorder = recorder
        self._path = os.fspath(path)

    def complete(self) -> bool:
        return self._recorder.ended or self._recorder.files[-1] != self._path


def open_file(path: str | os.PathLike[str], stop: Stop, await_it: bool = False) -> int:
    """Open a regular file or a pipe for reading; CaptureError when that fails.

    `await_it` waits for a file that does not exist yet, until `stop`.
    """
    name = printable(os.fspath(path))
    while True:
        try:
            # Without O_NONBLOCK, opening a named pipe nobody writes to would wait for ever.
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            break
        except FileNotFoundError as failure:
            if not await_it or stop.requested:
                raise CaptureError(f"{name} {open_failure(failure)}.") from failure
            time.sleep(LONGEST_PAUSE)
        except (OSError, ValueError) as failure:
            raise CaptureError(f"{name} {open_failure(failure)}.") from failure
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
        return fd
    os.close(fd)
    if stat.S_ISDIR(mode):
        raise CaptureError(f"{name} is a directory; name a capture file in it.")
    raise CaptureError(f"{name} is a device, not a file; record it to a file first.")


def printable(name: str | bytes) -> str:
    """A file name fit for one line of text."""
    shown = os.fsdecode(name)
    return shown if shown.isprintable() else repr(shown)


def open_failure(failure: OSError | ValueError) -> str:
    """Why a file does not open, and what to do about it."""
    if isinstance(failure, ValueError):
        return "is no file name; check the path"
    advice = {
        errno.ENOENT: "does not exist; check the path",
        errno.ENOTDIR: "does not exist; check the path",
        errno.EACCES: "may not be read by you; change its permissions or ask its owner",
        errno.EPERM: "may not be read by you; change its permissions or ask its owner",
    }
    reason = failure.strerror or "unknown error"
    return advice.get(failure.errno or 0, f"cannot be opened ({reason}); check the path")
