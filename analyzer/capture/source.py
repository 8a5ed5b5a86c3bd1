# SPDX-License-Identifier: GPL-2.0-only
"""Everything one run reads: a capture, several merged by time, a stream, or a file that grows."""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, NamedTuple, Self

from analyzer.capture.model import CaptureError, Interface, KeyLogText, RecordBatch
from analyzer.capture.pcap import FILE_HEADER
from analyzer.capture.reading import BATCH, WINDOW, CaptureFile, Walk
from analyzer.capture.records import ROW
from analyzer.capture.spool import DEFAULT_LIMITS, SpoolLimits
from analyzer.capture.stdin import DASH
from analyzer.capture.store import Recorder, Stop

SMALLEST_WINDOW: Final = 1 << 20
MOST_OPEN: Final = 256  # files a followed one was replaced by, of which packets can be read again


@dataclass(frozen=True, slots=True)
class Intake:
    """What is to be read and how, before anything is opened: opening may wait."""

    paths: tuple[str, ...]
    follow: bool = False
    spool: SpoolLimits = DEFAULT_LIMITS
    stop: Stop = field(default_factory=Stop)
    recorder: Recorder | None = None
    """Writes what is read, which has no other paths then."""

    def open(self) -> Source:
        """Open all of it. Raises CaptureError."""
        return Source(
            self.paths,
            follow=self.follow,
            stop=self.stop,
            spool=self.spool,
            recorder=self.recorder,
        )

    @property
    def waits(self) -> bool:
        """Whether reading may wait for others, so that only the user can tell when to stop."""
        if self.follow or self.recorder is not None:
            return True
        return any(path == DASH or _is_pipe(path) for path in self.paths)


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def check_paths(paths: Sequence[str], follow: bool) -> None:
    """Raise CaptureError for paths that cannot be read together."""
    if follow and len(paths) > 1:
        raise CaptureError("--follow takes one file; follow the others on their own.")
    if paths.count(DASH) > 1:
        raise CaptureError("stdin (-) can be read once; name it once.")


class SourceInterface(NamedTuple):
    """An interface of one of the files."""

    file: int  # index in Source.files
    interface: Interface


class Source:
    """Reads captures once from front to back as one, and any packet again.

    `follow` waits for one file to grow, and goes on with the file that takes its name or comes
    after it (`rotation`); with a `recorder` the files are those it writes, one after the other.
    Opening and reading may wait for others; `stop`, from any thread, ends either. Raises
    CaptureError when a file cannot be opened or is no capture.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]],
        *,
        follow: bool = False,
        stop: Stop | None = None,
        spool: SpoolLimits = DEFAULT_LIMITS,
        window: int = WINDOW,
        recorder: Recorder | None = None,
    ) -> None:
        named = paths if recorder is None else recorder.files[:1]
        self.paths = [os.fspath(path) for path in named]
        check_paths(self.paths, follow)
        self._recorder = recorder
        self.follow = follow and self.paths != [DASH]
        self.files: list[CaptureFile] = []
        self.interfaces: list[SourceInterface] = []
        self.comments: dict[int, list[str]] = {}  # of packets, by frame number
        self.secrets: list[KeyLogText] = []  # in order, each before the batch with its frame
        self._stop = stop or Stop()
        self._spool = spool
        self._window = _window_of(window, len(self.paths))
        self._frames = 0
        self._overwritten = 0  # files of a ring that were gone before they were read
        self._walks: tuple[Walk, Walk] | None = None
        self._batches: Iterator[RecordBatch] | None = None
        self._limit = BATCH
        try:
            for path in self.paths:
                self._open(path)
        except BaseException:
            self.close()
            raise
        if len(self.files) == 1:
            self._describe(0)

    def _open(self, path: str) -> CaptureFile:
        file = CaptureFile(
            path,
            self._window,
            follow=self.follow,
            stop=self._stop,
            spool=self._spool,
            recorder=self._recorder,
        )
        if self._walks is not None:
            file.use(*self._walks)
        self.files.append(file)
        return file

    def use(self, walk_pcap: Walk, walk_pcapng: Walk) -> None:
        """Walk records with these kernels from now on."""
        self._walks = walk_pcap, walk_pcapng
        for file in self.files:
            file.use(walk_pcap, walk_pcapng)

    @property
    def live(self) -> bool:
        """Whether a file is followed or a stream: nobody knows when it ends."""
        return any(file.live for file in self.files)

    @property
    def first_files(self) -> Sequence[CaptureFile]:
        """What frame numbers count from: all files that are merged, the first of others."""
        goes_on = self.follow or self._recorder is not None
        return self.files[:1] if goes_on else self.files

    @property
    def size(self) -> int:
        """Bytes of all files as they are known now, of compressed ones as they are compressed."""
        return sum(file.progress[1] for file in self.files)

    @property
    def position(self) -> int:
        """How many of the `size` bytes were read."""
        return sum(file.progress[0] for file in self.files)

    def dropped(self, interface: int) -> int | None:
        """Packets lost on an interface while it was captured, None where the file does not say."""
        file, described = self.interfaces[interface]
        return self.files[file].dropped.get(described.index)

    @property
    def notices(self) -> list[str]:
        """What is wrong with the files, one sentence each; with several, the file's name first."""
        found = []
        for index, file in enumerate(self.files):
            prefix = f"{self.paths[min(index, len(self.paths) - 1)]}: "
            prefix = prefix if len(self.files) > 1 else ""
            found += [prefix + notice.text for notice in file.notices]
            more = sum(file.notice_counts.values()) - len(file.notices)
            if more:
                found.append(f"{prefix}{more} more like these")
        if self._overwritten:
            several = "s were" if self._overwritten > 1 else " was"
            found.append(
                f"{self._overwritten} file{several} removed by the ring before reading came so "
                "far: let it keep more files (-b files:), or larger ones"
            )
        return found

    def batches(self, limit: int | None = None) -> Iterator[RecordBatch]:
        """Yield all records, at most `limit` a batch, with interface ids of `interfaces` and
        frame numbers counted over all files; see RecordBatch.offsets for several files.

        What is not there yet is waited for. Raises CaptureError when the system fails to read.
        """
        if limit is not None and limit < 1:
            raise ValueError("limit must be at least 1 record")
        if len(self.files) == 1:
            return self._one(limit)
        return self._several(limit or BATCH)

    def _one(self, limit: int | None) -> Iterator[RecordBatch]:
        index = len(self.files) - 1
        while True:
            file = self.files[index]
            first = len(self.interfaces) if index else 0
            before = self._frames
            for batch in file.batches(limit):
                self._describe(index, first)
                self._frames = before + batch.first_frame - 1 + batch.count
                self._take_comments(file, before)
                self._take_secrets(file, before)
                yield batch if not index else _shifted(batch, before, first)
            self._describe(index, first)
            if self._stop.requested or not self._goes_on(file):
                return
            index += 1
            if index >= MOST_OPEN:
                self.files[index - MOST_OPEN].close()

    def _goes_on(self, file: CaptureFile) -> bool:
        """Open the file that comes after the last one, if any."""
        if self._recorder is None:
            path = file.next_path if self.follow else None
            return path is not None and self._open_next(path)
        return self._open_recorded(self._recorder)

    def _open_recorded(self, recorder: Recorder) -> bool:
        """Open the next file of a recording that is there, and close those that a ring removed."""
        for path, file in zip(self.paths, self.files, strict=True):
            if not os.path.exists(path):
                file.close()
        while len(self.paths) + self._overwritten < len(recorder.files):
            path = recorder.files[len(self.paths) + self._overwritten]
            try:
                self._open(path)
            except CaptureError:
                if os.path.exists(path):
                    raise
                self._overwritten += 1
                continue
            self.paths.append(path)
            return True
        return False

    def _open_next(self, path: str) -> bool:
        """Open what comes after the file followed, by its name or another; False when told to stop
        before."""
        while True:
            before = _identity(path)
            try:
                self._open(path)
                if path != self.paths[-1]:
                    self.paths.append(path)
                return True
            except CaptureError:
                if self._stop.requested:
                    return False
                now = _identity(path)
                if now == before and now is not None:
                    raise
                # It was replaced, too, before anything was in it.

    def _several(self, limit: int) -> Iterator[RecordBatch]:
        from analyzer.capture.merging import Merge  # NumPy, which one file does without

        merge = Merge(self.files)
        self.comments = merge.comments
        self.secrets = merge.secrets
        for batch in merge.batches(limit):
            for file, interface in merge.interfaces[len(self.interfaces) :]:
                described = self.files[file].interfaces[interface]
                self.interfaces.append(SourceInterface(file, described))
            yield batch

    def _describe(self, index: int, first: int = 0) -> None:
        """Take in the interfaces file `index` has described; they begin at `first`."""
        described = self.files[index].interfaces
        for interface in described[len(self.interfaces) - first :]:
            self.interfaces.append(SourceInterface(index, interface))

    def _take_comments(self, file: CaptureFile, before: int) -> None:
        if not before:
            self.comments = file.comments
        elif file.comments:
            self.comments |= {frame + before: texts for frame, texts in file.comments.items()}
            file.comments.clear()

    def _take_secrets(self, file: CaptureFile, before: int) -> None:
        self.secrets += [KeyLogText(frame + before, text) for frame, text in file.secrets]
        file.secrets.clear()

    def read(self, interface: int, offset: int, length: int) -> bytes:
        """The bytes at an offset of the file of an interface; fewer, or none, where they are gone.

        Raises CaptureError when the system fails to read.
        """
        return self.files[self.interfaces[interface].file].read(offset, length)

    def stop(self) -> None:
        """End reading early, from any thread or a signal handler; what was read stays."""
        self._stop.request()

    def close(self) -> None:
        """Close all files: bytes can be read no more, batches handed out stay valid."""
        self.stop()
        for file in self.files:
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _window_of(window: int, files: int) -> int:
    """The window of each of several files: all of them, and the merge, are in memory at once."""
    return window if files <= 1 else max(window // (2 * files), min(window, SMALLEST_WINDOW))


def _identity(path: str) -> tuple[int, int] | None:
    """What tells a file from others of its name; None for none, or one without a header yet."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size >= FILE_HEADER else None


def _shifted(batch: RecordBatch, frames: int, interfaces: int) -> RecordBatch:
    """The batch of a later file, numbered on from those before."""
    rows = array("q", batch.rows)
    for at in range(ROW - 1, len(rows), ROW):
        rows[at] += interfaces if rows[at] >= 0 else 0
    numbered = memoryview(rows).toreadonly()
    return replace(batch, first_frame=batch.first_frame + frames, rows=numbered)
