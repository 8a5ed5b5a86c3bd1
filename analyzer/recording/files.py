# SPDX-License-Identifier: GPL-2.0-only
"""The files of a recording: pcapng, one or one after the other, each whole on its own.

What is written goes to the system at once: a killed recorder loses what it had not written yet,
never what was. Names and limits are dumpcap's.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from analyzer.capture import blocks
from analyzer.capture.model import Interface
from analyzer.capture.spool import SpoolLimits, last_room, size_text
from analyzer.capture.store import printable
from analyzer.recording.wish import RecordingError, Wish

_APPLICATION: Final = f"msgshark {version('msgshark')}"
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
_LOOK_AT_DISK: Final = 16 << 20


class StoppedError(Exception):
    """Nothing more can be written; the message is one clause that says why and what to do."""


class Counted(NamedTuple):
    """Packets of an interface that passed the filter, and those of them that were lost."""

    received: int = 0
    lost: int = 0


class Files:
    """Writes blocks to the file of now. Raises RecordingError when the first cannot be made."""

    def __init__(
        self, wish: Wish, interfaces: Sequence[Interface], began: Callable[[str], object]
    ) -> None:
        """`began` hears the path of each file when its header is written."""
        self._wish = wish
        self._began = began
        self._spools = not wish.path
        self._base = wish.path or spool_path(wish.interfaces)
        header = [blocks.section(_APPLICATION)]
        header += [blocks.description(interface, wish.filter) for interface in interfaces]
        self._header = b"".join(header)
        self._fd = -1
        self.count = 0
        """Files begun."""
        self.size = 0
        """Bytes of the file of now."""
        self.octets = 0
        """Bytes of all files."""
        self.packets = 0
        """Packets in the file of now."""
        self.since = time.monotonic()
        """When the file of now was begun."""
        self._kept: deque[str] = deque()
        self._told = [Counted()] * len(interfaces)
        self._looked = 0
        try:
            self._begin()
        except StoppedError as reason:
            raise RecordingError(str(reason)) from None

    # One file -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.count += 1
        path = self._name()
        try:
            # A spool is for its user's eyes; a file for whom the umask lets see it.
            self._fd = os.open(path, _FLAGS, 0o600 if self._spools else 0o666)
        except (OSError, ValueError) as failure:
            reason = getattr(failure, "strerror", None) or "no file name"
            raise StoppedError(
                f"{printable(path)} cannot be written ({reason}); check the path and your rights"
            ) from failure
        self.size = self.packets = 0
        self.since = time.monotonic()
        self._write(memoryview(self._header))
        self._kept.append(path)
        self._began(path)
        keep = self._wish.rotate.files
        while self._wish.rotates and keep and len(self._kept) > keep:
            _remove(self._kept.popleft())

    def _name(self) -> str:
        if not self._wish.rotates:
            return self._base
        stem, suffix = os.path.splitext(self._base)
        return f"{stem}_{self.count:05}_{time.strftime('%Y%m%d%H%M%S')}{suffix}"

    def write(self, data: memoryview, packets: int) -> None:
        """Write whole blocks. Raises StoppedError; what stood there before is still whole."""
        self._look_at_disk()
        self._write(data)
        self.packets += packets

    def _write(self, data: memoryview) -> None:
        before = self.size
        try:
            while data:
                count = os.write(self._fd, data)
                self.size += count
                data = data[count:]
        except OSError as failure:
            os.ftruncate(self._fd, before)  # a reader of half a block would wait for the other
            self.size = before
            full = failure.errno in (errno.ENOSPC, errno.EDQUOT)
            what = "the disk is full" if full else f"writing failed ({failure.strerror})"
            raise StoppedError(f"{what}; what was written before is kept") from failure
        self.octets += self.size - before

    def _look_at_disk(self) -> None:
        """A spool, which nobody asked for a place, leaves room for others."""
        if not self._spools or self.octets - self._looked < _LOOK_AT_DISK:
            return
        self._looked = self.octets
        left = last_room(self._fd)
        if left is not None:
            raise StoppedError(
                f"the disk is full up to the last {size_text(left)}; make room, or record with -w "
                "and -b to a larger one"
            )

    def tell(self, counted: Sequence[Counted]) -> None:
        """Write what was counted of each interface, of this file alone. Raises StoppedError."""
        now = time.time_ns()
        told = [
            blocks.statistics(index, now, new.received - old.received, new.lost - old.lost)
            for index, (new, old) in enumerate(zip(counted, self._told, strict=True))
        ]
        self._write(memoryview(b"".join(told)))

    # One after the other ------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether it is time for the next file."""
        rotate = self._wish.rotate
        return (
            bool(rotate.filesize and self.size >= rotate.filesize)
            or bool(rotate.packets and self.packets >= rotate.packets)
            or bool(rotate.duration and time.monotonic() - self.since >= rotate.duration)
        )

    def next(self, counted: Sequence[Counted]) -> None:
        """End this file and begin the next. Raises StoppedError."""
        self._end(counted)
        self._told = list(counted)
        self._begin()

    def close(self, counted: Sequence[Counted]) -> None:
        """End the last file; a full disk is no matter any more."""
        if self._fd < 0:
            return
        try:
            self._end(counted)
        except StoppedError:
            return

    def _end(self, counted: Sequence[Counted]) -> None:
        try:
            self.tell(counted)
        finally:
            os.close(self._fd)
            self._fd = -1


def spool_path(interfaces: Sequence[str]) -> str:
    """A file in the user's cache folder that tells what it is; RecordingError without one."""
    try:
        folder = SpoolLimits().place()
    except OSError as failure:
        raise RecordingError(
            f"there is no place for the recording ({failure.strerror}: {failure.filename}); name "
            "a file with -w, or set XDG_CACHE_HOME to a folder you may write"
        ) from None
    names = "-".join("".join(c if c.isalnum() else "_" for c in name) for name in interfaces)
    stamp = time.strftime("%Y%m%d%H%M%S")
    return str(Path(folder) / f"msgshark_{names[:40]}_{stamp}_{secrets.token_hex(3)}.pcapng")


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # somebody was faster
