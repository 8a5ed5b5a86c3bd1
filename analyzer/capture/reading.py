# SPDX-License-Identifier: GPL-2.0-only
"""Reading a capture file, pcap or pcapng, in windows: bytes become batches of records.

A defect in the file is a notice; only a file that is no capture, or cannot be read, is an error.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeAlias

from analyzer.capture.model import (
    CaptureError,
    Interface,
    KeyLogText,
    Notice,
    NoticeKind,
    NoticeLog,
    RecordBatch,
)
from analyzer.capture.packing import packing
from analyzer.capture.pcap import FILE_HEADER, VARIANTS, PcapWalker
from analyzer.capture.pcapng import SMALLEST_SECTION_HEADER, PcapngWalker
from analyzer.capture.records import ROW
from analyzer.capture.spool import DEFAULT_LIMITS, Spooled, SpoolLimits
from analyzer.capture.stdin import DASH, take
from analyzer.capture.store import (
    Followed,
    Recorded,
    Recorder,
    Stop,
    Store,
    open_file,
    printable,
)

WINDOW: Final = 4 << 20
BATCH: Final = 1 << 17  # records at most, where no limit is given: 5 MiB of rows
USUAL_RECORD: Final = 64  # bytes; where records are smaller, a window takes several batches
HEAD: Final = 512  # bytes enough to tell what a file is

PCAPNG_MAGIC: Final = bytes.fromhex("0a0d0d0a")
# What people open by mistake, and the command that helps.
LOOKALIKES: Final = (
    (b"\xfd7zXZ\0", "is compressed by xz; unpack it first: xz -dk {}"),
    (b"BZh", "is compressed by bzip2; unpack it first: bzip2 -dk {}"),
    (b"PK\x03\x04", "is a zip archive; unpack it first: unzip {}"),
    (b"snoop\0\0\0", "is a snoop capture; convert it first: editcap -F pcapng {} out.pcapng"),
)


Walk: TypeAlias = "Callable[..., Any]"
"""records.walk_pcap or records.walk_pcapng, compiled or not."""


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
    secrets: list[KeyLogText]
    kernel: Walk

    def extent(self, head: memoryview) -> int: ...

    def walk(
        self, data: memoryview, base: int, at: int, frame: int, rows: memoryview, limit: int
    ) -> tuple[int, int]: ...

    def pass_over(self, offset: int, extent: int, read: Callable[[int, int], bytes]) -> None: ...


class CaptureFile:
    """A capture file, read once from front to back, and anywhere for the detail view.

    `path` may be `-` for standard input, a named pipe, or a file compressed by gzip, zstd or lz4:
    these are spooled (see `spool`). `follow` waits for the file to be made and to grow, until
    another takes its name or `stop` is requested; opening waits for the file's header alike.
    With a `recorder`, which writes `path`, it is the recorder that says when it is complete.
    `window` is the number of bytes read at a time; memory stays a few times that, whatever the
    file claims. Raises CaptureError when the file cannot be opened or is no capture.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        window: int = WINDOW,
        *,
        follow: bool = False,
        stop: Stop | None = None,
        spool: SpoolLimits = DEFAULT_LIMITS,
        recorder: Recorder | None = None,
    ) -> None:
        if window < 1:
            raise ValueError("window must be at least 1 byte")
        self._name = "stdin" if os.fspath(path) == DASH else printable(os.fspath(path))
        self._window = window
        self._log = NoticeLog()
        self._frames = 0
        self._ended = False
        stop = stop or Stop()
        if recorder is not None:
            self._store: Store = Recorded(open_file(path, stop), self._name, stop, recorder, path)
        else:
            self._store = self._stored(path, follow, stop, spool)
        try:
            self._walker = self._recognise(self._head())
            self.size = self._store.size  # bytes, when last looked at
        except BaseException:
            self.close()
            raise
        self.position = self._walker.first  # file offset of the first byte not consumed

    @property
    def spooled(self) -> bool:
        """What is read is a copy: offsets are those of a stream, or of a file unpacked."""
        return isinstance(self._store, Spooled)

    @property
    def live(self) -> bool:
        """Whether it comes from a stream or is followed: nobody knows when it ends."""
        return self._store.live

    @property
    def next_path(self) -> str | None:
        """Where a followed file goes on, when it ended because there is another."""
        return self._store.next_path if isinstance(self._store, Followed) else None

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes read and in all, of a compressed file as it is compressed."""
        return self._store.progress(self.position)

    def use(self, walk_pcap: Walk, walk_pcapng: Walk) -> None:
        """Walk records with these kernels from now on."""
        self._walker.kernel = walk_pcapng if self.format == "pcapng" else walk_pcap

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
    def secrets(self) -> list[KeyLogText]:
        """Key logs in the file (Decryption Secrets Blocks), in its order."""
        return self._walker.secrets

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
            length = min(length, self._store.size - offset)
            while length > 0 and (part := os.pread(self._store.fd, length, offset)):
                parts.append(part)
                offset += len(part)
                length -= len(part)
        except OSError as failure:
            raise self._unreadable(offset, failure) from failure
        return b"".join(parts)

    def close(self) -> None:
        """Close the file; batches already handed out stay valid."""
        self._ended = True
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _stored(
        self, path: str | os.PathLike[str], follow: bool, stop: Stop, spool: SpoolLimits
    ) -> Store:
        """Open what `path` names; a stream or compressed file is read by way of a spool."""
        piped = os.fspath(path) == DASH
        fd = take() if piped else open_file(path, stop, follow)
        regular = stat.S_ISREG(os.fstat(fd).st_mode)
        if not regular or (piped and os.lseek(fd, 0, os.SEEK_CUR)):
            return Spooled(fd, self._name, self._log, stop, spool)
        packed = packing(os.pread(fd, HEAD, 0))
        if packed and follow and not piped:
            os.close(fd)
            raise CaptureError(
                f"{self._name} is compressed by {packed} and cannot be followed; pipe it in."
            )
        if packed:
            return Spooled(fd, self._name, self._log, stop, spool)
        return (
            Followed(fd, self._name, stop, path) if follow and not piped else Store(fd, self._name)
        )

    def _head(self) -> bytes:
        """The first bytes of the file, waited for while it may grow."""
        self._store.wait(FILE_HEADER)
        head = self.read(0, HEAD)
        if head[:4] == PCAPNG_MAGIC:
            self._store.wait(SMALLEST_SECTION_HEADER)
            head = self.read(0, HEAD)
        if not head and self._log.listed:
            raise CaptureError(self._log.listed[0].text)
        return head

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
            self.size = self._store.size
            window = memoryview(bytearray(max(0, min(wanted, self.size - self.position))))
            filled = 0
            while filled < len(window):
                got = os.preadv(self._store.fd, [window[filled:]], self.position + filled)
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
        if extent > walker.largest and not walker.stopped:
            walker.pass_over(self.position, extent, self.read)
            self._ended = walker.stopped
            self.position += 0 if walker.stopped else extent
        elif walker.stopped:
            self._ended = True
        elif extent > left and not self._store.wait(self.position + extent):
            self._ended = True
            self.size = self._store.size
            if self.size != self.position and not self._store.cut_short:
                self._report_end(self.size - self.position, extent)
        return max(self._window, extent if extent <= walker.largest else 0)

    def _report_end(self, left: int, extent: int) -> None:
        """Say that the file ends within a record, or before where reading is."""
        text = (
            f"The file ends {left} bytes into a record of at least {extent} bytes: the recording "
            "was cut off, or the record's length is damaged."
        )
        if left < 0:
            text = f"The file was cut to {self.size} bytes while it was read."
        self._log.add(NoticeKind.TRUNCATED_RECORD, min(self.position, self.size), text)

    def _unreadable(self, offset: int, failure: OSError) -> CaptureError:
        reason = failure.strerror or "unknown error"
        return CaptureError(
            f"{self._name} cannot be read at byte {offset} ({reason}); copy it to a sound disk."
        )


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
