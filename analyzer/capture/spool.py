# SPDX-License-Identifier: GPL-2.0-only
"""Streams and unpacked files are spooled: kept on disk, where any packet can be read again.

A spool has no name: its folder entry is gone before the first byte is written, so the system
takes the space back when the program ends, however it ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
import tempfile
import threading
from pathlib import Path
from typing import Final, NamedTuple

from analyzer.capture.model import CaptureError, NoticeKind, NoticeLog
from analyzer.capture.packing import Unpacker, UnpackingError, packing
from analyzer.capture.store import Growing, Stop

MOST_SPOOLED: Final = 4 << 30
FREE_SHARE: Final = 20  # leave a 20th of the disk free,
FREE_BYTES: Final = 512 << 20  # or this if it is less

_READ: Final = 1 << 20  # also asked for as the size of a pipe: fewer wake-ups, more patience
_PACKED_READ: Final = 64 << 10
_LOOK_AT_DISK: Final = 16 << 20
_POLL: Final = 100  # ms
_MAGIC: Final = 4


class SpoolLimits(NamedTuple):
    """Where spools lie, and the most bytes of one."""

    most: int = MOST_SPOOLED
    folder: Path | None = None  # None: the user's cache folder

    def place(self) -> Path:
        """The folder, made if need be. Raises OSError."""
        folder = self.folder
        if folder is None:
            from platformdirs import user_cache_path

            try:
                folder = user_cache_path("msgshark", appauthor=False) / "spool"
            except RuntimeError:
                raise OSError(errno.ENOENT, "no home folder is known", "~/.cache") from None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def folder_or_none(self) -> Path | None:
        """The folder; None where it cannot be made."""
        try:
            return self.place()
        except OSError:
            return None


DEFAULT_LIMITS: Final = SpoolLimits()


class _FullError(Exception):
    """No more may be kept; the message is one clause that says why and what to do."""


class Spooled(Growing):
    """A stream or compressed file while a thread copies it, unpacked, to a spool.

    Owns both descriptors. Raises CaptureError when there is no place for a spool.
    """

    def __init__(
        self, source: int, name: str, log: NoticeLog, stop: Stop, limits: SpoolLimits
    ) -> None:
        try:
            with tempfile.TemporaryFile(dir=limits.place(), buffering=0) as spool:
                fd = os.dup(spool.fileno())
        except OSError as failure:
            os.close(source)
            raise CaptureError(
                f"{name} cannot be kept for reading ({failure.strerror}: {failure.filename}); set "
                "XDG_CACHE_HOME to a folder you may write."
            ) from failure
        super().__init__(fd, name, stop)
        mode = os.fstat(source)
        self.live = not stat.S_ISREG(mode.st_mode)
        self._source = source
        self._source_size = mode.st_size
        self._log = log
        self._limits = limits
        self._written = 0
        self._taken = 0
        self._checked = -_LOOK_AT_DISK
        self._done = False
        self._closed = False
        self._said = False
        # A daemon: nothing is lost when the program ends, and nothing is to be waited for.
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        return self._written if self.fd >= 0 else 0

    @property
    def cut_short(self) -> bool:
        return self._said or self._stop.requested

    def complete(self) -> bool:
        return self._done

    def progress(self, position: int) -> tuple[int, int]:
        if self.live:
            return position, self._written
        return self._taken * position // max(1, self._written), self._source_size

    def close(self) -> None:
        self._closed = True
        self._thread.join()
        super().close()

    # In the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._copy()
        except (_FullError, UnpackingError) as reason:
            self._say(str(reason))
        except OSError as failure:
            self._say(f"cannot be read on ({failure.strerror})")
        finally:
            os.close(self._source)  # whoever writes to us learns that nobody listens
            self._done = True

    def _say(self, reason: str) -> None:
        kind = NoticeKind.STREAM_CUT
        self._said = True
        text = f"{self.name} is read up to byte {self._written} only: it {reason}."
        self._log.add(kind, self._written, text)

    def _copy(self) -> None:
        if self.live:
            _enlarge(self._source)
        head = b""
        while len(head) < _MAGIC and (data := self._read(_READ)):
            head += data
        packed = packing(head)
        if not packed:
            while head:
                self._write(head)
                head = self._read(_READ)
            return
        unpacker = Unpacker(packed)
        while head:
            for piece in unpacker.feed(head):
                self._write(piece)
                if self._ending:
                    return
            head = self._read(_PACKED_READ)
        if not unpacker.whole and not self._ending:
            raise UnpackingError(f"ends in the middle of {packed} data, cut off or still written")

    @property
    def _ending(self) -> bool:
        return self._closed or self._stop.requested

    def _read(self, most: int) -> bytes:
        """What comes next, `b""` at the end, or when nobody wants it any more."""
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        while not self._ending:
            if not poll.poll(_POLL):
                continue
            try:
                data = os.read(self._source, most)
            except BlockingIOError:
                continue
            self._taken += len(data)
            return data
        return b""

    def _write(self, data: bytes) -> None:
        self._look_at_disk(len(data))
        room = self._limits.most - self._written
        view = memoryview(data)[: max(0, room)]
        while view:
            try:
                count = os.write(self.fd, view)
            except OSError as failure:
                raise _FullError(
                    f"does not fit on the disk ({failure.strerror}); make room, or set "
                    "XDG_CACHE_HOME to a larger disk"
                ) from failure
            self._written += count
            view = view[count:]
        if len(data) > room:
            raise _FullError(f"is larger than {size_text(self._limits.most)}; raise --spool-size")

    def _look_at_disk(self, coming: int) -> None:
        if self._written + coming - self._checked < _LOOK_AT_DISK:
            return
        self._checked = self._written
        left = last_room(self.fd)
        if left is not None:
            raise _FullError(
                f"has filled the disk up to the last {size_text(left)}; make room, or set "
                "XDG_CACHE_HOME to a larger disk"
            )


def last_room(fd: int) -> int | None:
    """Bytes left on the disk of a file, where they are few and others need them; else None."""
    disk = os.fstatvfs(fd)
    free = disk.f_bavail * disk.f_frsize
    return free if free < min(disk.f_blocks * disk.f_frsize // FREE_SHARE, FREE_BYTES) else None


def _enlarge(pipe: int) -> None:
    """Let a writer run ahead while this thread waits for its turn; best effort."""
    resize = getattr(fcntl, "F_SETPIPE_SZ", None)
    if resize is not None:
        try:
            fcntl.fcntl(pipe, resize, _READ)
        except OSError:
            return


def size_text(size: int) -> str:
    """A number of bytes for people: `4 GiB`, `1.5 MiB`."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.4g} {unit}"
        value /= 1024
    return f"{value:.4g} GiB"
