# SPDX-License-Identifier: GPL-2.0-only
"""Reading a capture file, pcap or pcapng, in windows: bytes become batches of records.

A defect in the file is a notice; only a file that is no capture, or cannot be read, is an error.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Protocol, Self

from analyzer.capture.model import (
    CaptureError,
    Interface,
    Notice,
    NoticeKind,
    NoticeLog,
    RecordBatch,
)
from analyzer.capture.pcap import VARIANTS, PcapWalker
from analyzer.capture.pcapng import PcapngWalker
from analyzer.capture.records import ROW

WINDOW: Final = 16 << 20
BATCH: Final = 1 << 17  # records at most, where no limit is given: 5 MiB of rows
USUAL_RECORD: Final = 64  # bytes; where records are smaller, a window takes several batches
HEAD: Final = 512  # bytes enough to tell what a file is

PCAPNG_MAGIC: Final = bytes.fromhex("0a0d0d0a")
# What people open by mistake, and the command that helps.
LOOKALIKES: Final = (
    (b"\x1f\x8b", "is compressed by gzip; unpack it first: gzip -dk {}"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd; unpack it first: zstd -d {}"),
    (b"\xfd7zXZ\0", "is compressed by xz; unpack it first: xz -dk {}"),
    (b"BZh", "is compressed by bzip2; unpack it first: bzip2 -dk {}"),
    (b"\x04\x22\x4d\x18", "is compressed by lz4; unpack it first: lz4 -d {}"),
    (b"PK\x03\x04", "is a zip archive; unpack it first: unzip {}"),
    (b"snoop\0\0\0", "is a snoop capture; convert it first: editcap -F pcapng {} out.pcapng"),
)


class Walker(Protocol):
    """What CaptureFile needs of a file format."""

    first: int
    format: str
    largest: int
    stopped: bool
    interfaces: list[Interface]
    comments: dict[int, list[str]]
    file_comments: list[str]
    dropped: dict[int, int]

    def extent(self, head: memoryview) -> int: ...

    def walk(
        self, data: memoryview, base: int, at: int, frame: int, rows: memoryview, limit: int
    ) -> tuple[int, int]: ...

    def pass_over(self, offset: int, extent: int, read: Callable[[int, int], bytes]) -> None: ...


class CaptureFile:
    """A capture file, read once from front to back, and anywhere for the detail view.

    Raises CaptureError when the file cannot be opened or is no capture. `window` is the number
    of bytes read at a time; memory stays a few times that, whatever the file claims.
    """

    def __init__(self, path: str | os.PathLike[str], window: int = WINDOW) -> None:
        if window < 1:
            raise ValueError("window must be at least 1 byte")
        self._name = printable(os.fspath(path))
        self._window = window
        self._log = NoticeLog()
        self._frames = 0
        self._ended = False
        self._fd = self._open(path)
        self._closing = weakref.finalize(self, os.close, self._fd)
        try:
            self.size = os.fstat(self._fd).st_size  # bytes, when last looked at
            self._walker = self._recognise(self.read(0, HEAD))
        except BaseException:
            self.close()
            raise
        self.position = self._walker.first  # file offset of the first byte not consumed

    @property
    def format(self) -> str:
        """The file format's short name, as Wireshark's: pcap, nsecpcap, modpcap, pcapng."""
        return self._walker.format

    @property
    def interfaces(self) -> list[Interface]:
        """The interfaces described up to `position`, by the index in the rows."""
        return self._walker.interfaces

    @property
    def comments(self) -> dict[int, list[str]]:
        """The comments of packets, by frame number."""
        return self._walker.comments

    @property
    def file_comments(self) -> list[str]:
        """The comments of the sections, that is of the capture as a whole."""
        return self._walker.file_comments

    @property
    def dropped(self) -> dict[int, int]:
        """Packets each interface lost while capturing, where the file tells, by its index."""
        return self._walker.dropped

    @property
    def notices(self) -> list[Notice]:
        """What is wrong with the file, up to `position`; the first 100 of each kind."""
        return self._log.listed

    @property
    def notice_counts(self) -> Counter[NoticeKind]:
        """How many notices of each kind there were, listed or not."""
        return self._log.counts

    def batches(self, limit: int | None = None) -> Iterator[RecordBatch]:
        """Read on from `position` to the end, at most `limit` records a batch.

        The records are the same whatever the window and the limit. A second call goes on where
        the first was left. Raises CaptureError when the system fails to read.
        """
        if limit is not None and limit < 1:
            raise ValueError("limit must be at least 1 record")
        wanted = self._window
        while not self._ended:
            window = self._load(wanted)
            yield from self._walk(window, limit or BATCH)
            wanted = self._reach()

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at `offset`, fewer where the file ends. Raises CaptureError on failure."""
        parts = []
        try:
            # pread would allocate whatever length is asked for.
            length = min(length, os.fstat(self._fd).st_size - offset)
            while length > 0 and (part := os.pread(self._fd, length, offset)):
                parts.append(part)
                offset += len(part)
                length -= len(part)
        except OSError as failure:
            raise self._unreadable(offset, failure) from failure
        return b"".join(parts)

    def close(self) -> None:
        """Close the file; batches already handed out stay valid."""
        self._ended = True
        self._closing()
        self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, path: str | os.PathLike[str]) -> int:
        try:
            # Without O_NONBLOCK, opening a named pipe nobody writes to would wait for ever.
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as failure:
            raise CaptureError(f"{self._name} {open_failure(failure)}.") from failure
        mode = os.fstat(fd).st_mode
        if stat.S_ISREG(mode):
            return fd
        os.close(fd)
        if stat.S_ISDIR(mode):
            raise CaptureError(f"{self._name} is a directory; name a capture file in it.")
        raise CaptureError(
            f"{self._name} is a pipe or device, not a file; record it to a file first."
        )

    def _recognise(self, head: bytes) -> Walker:
        try:
            if head[:4] in VARIANTS:
                return PcapWalker(head, self._log)
            if head[:4] == PCAPNG_MAGIC:
                return PcapngWalker(head, self._log)
            raise CaptureError(no_capture(head, self._name))
        except CaptureError as reason:
            raise CaptureError(f"{self._name} {reason}.") from None

    def _load(self, wanted: int) -> memoryview:
        """The next `wanted` bytes from `position`, fewer where the file ends."""
        try:
            self.size = os.fstat(self._fd).st_size
            window = memoryview(bytearray(max(0, min(wanted, self.size - self.position))))
            filled = 0
            while filled < len(window):
                got = os.preadv(self._fd, [window[filled:]], self.position + filled)
                if not got:  # the file was cut while we read
                    self.size = self.position + filled
                    break
                filled += got
        except OSError as failure:
            raise self._unreadable(self.position, failure) from failure
        return window[:filled].toreadonly()

    def _walk(self, window: memoryview, limit: int) -> Iterator[RecordBatch]:
        """Yield the records that are whole in `window`, which begins at `position`."""
        base = self.position
        at = 0
        room = min(limit, len(window) // USUAL_RECORD + 1)
        while not self._walker.stopped:
            rows = memoryview(bytearray(room * ROW * 8)).cast("q")
            first = self._frames + 1
            at, count = self._walker.walk(window, base, at, first, rows, room)
            self.position = base + at
            self._frames += count
            if count:
                found = rows[: count * ROW].toreadonly()
                yield RecordBatch(window, base, first, found, count)
            if count < room:
                return

    def _reach(self) -> int:
        """How many bytes the next window needs for the record at `position` to be whole."""
        walker = self._walker
        left = self.size - self.position
        head = memoryview(self.read(self.position, min(64, left)))
        extent = walker.extent(head)
        if walker.stopped or left <= 0:
            self._ended = True
            if left < 0:
                text = f"The file was cut to {self.size} bytes while it was read."
                self._log.add(NoticeKind.TRUNCATED_RECORD, self.size, text)
        elif extent > walker.largest:
            walker.pass_over(self.position, extent, self.read)
            self._ended = walker.stopped
            self.position += 0 if walker.stopped else extent
        elif extent > left:
            self._ended = True
            self._log.add(
                NoticeKind.TRUNCATED_RECORD,
                self.position,
                f"The file ends {left} bytes into a record of at least {extent} bytes: the "
                "recording was cut off, or the record's length is damaged.",
            )
        return max(self._window, extent if extent <= walker.largest else 0)

    def _unreadable(self, offset: int, failure: OSError) -> CaptureError:
        reason = failure.strerror or "unknown error"
        return CaptureError(
            f"{self._name} cannot be read at byte {offset} ({reason}); copy it to a sound disk."
        )


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


def no_capture(head: bytes, name: str) -> str:
    """What a file without a capture's magic number may be."""
    if not head:
        return "is empty; check that the recording was started and saw packets"
    for magic, advice in LOOKALIKES:
        if head.startswith(magic):
            return advice.format(shlex.quote(name))
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return "is text, no capture; if it is a hex dump, convert it first with text2pcap"
    return "is no pcap or pcapng capture; if Wireshark opens it, save it there as pcapng"
