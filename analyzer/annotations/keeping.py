# SPDX-License-Identifier: GPL-2.0-only
"""Where annotations lie: beside the capture, or in the user's state folder where that cannot be.

They are about a capture by how its files begin, so a file that took the name of another has none.
What cannot be used is never written over: it is kept under another name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from analyzer.annotations.document import (
    MOST_BYTES,
    Document,
    DocumentError,
    Head,
    read,
    read_waivers,
    written,
)
from analyzer.annotations.model import Annotations, Waiver
from analyzer.capture import CaptureError, CaptureFile
from analyzer.capture.stdin import DASH
from analyzer.capture.store import printable
from analyzer.capture.writing import WritingError, new_file

SUFFIX: Final = ".msgshark.toml"
"""Of a file beside a capture, behind its whole name."""

HEAD: Final = 1 << 16
"""Bytes at the beginning of a file by which it is told from others, at most."""

_NAMED_BY: Final = 512
_LONGEST_NAME: Final = 200
_MOST_KEPT: Final = 1000

_Stamp = tuple[int, int, int]


class Keeper:
    """Keeps the annotations of one capture, which begins with `files`. Any thread may save."""

    def __init__(self, paths: Sequence[str], files: Sequence[CaptureFile]) -> None:
        self.annotations = Annotations()
        self.told: list[str] = []
        """What the user should know, one sentence each; whoever tells it takes it away."""
        self._files = tuple(zip(map(os.path.basename, paths), files, strict=True))
        self._beside = beside(paths)
        self._kept = 0
        self._stamp: _Stamp | None = None
        self._path: Path | None = None
        self._homeless = False
        self._lock = Lock()

    @property
    def path(self) -> Path | None:
        """Where they were read from or written to, None before."""
        return self._path

    def load(self) -> None:
        """Read what was written about this capture. Never raises."""
        try:
            self._load()
        except CaptureError as error:
            self._say(f"annotations cannot be read: {error}")

    def _load(self) -> None:
        for path in (self._beside, self._in_state()):
            if path is None or not (data := self._data(path)):
                continue
            try:
                found = read(data.decode())
            except (DocumentError, UnicodeDecodeError) as error:
                reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
                self._refuse(path, f"is no file of annotations ({_one_line(reason)})")
                continue
            if not self._is_about(found.captures):
                self._refuse(path, "is about another capture that had this name")
                continue
            self.annotations, self._path, self._stamp = found.annotations, path, _stamp(path)
            return

    def save(self) -> None:
        """Write what has changed since; whoever reads the file sees the old or the new one, never
        half of it. Never raises: what cannot be written is told once."""
        with self._lock:
            noted = self.annotations.copy()
            if noted.version == self._kept:
                return
            try:
                text = written(Document(self.heads(), noted))
            except CaptureError as error:
                self._say(f"annotations cannot be kept: {error}")
                return
            if self._write_somewhere(text, noted.empty):
                self._kept = noted.version

    def move(self, path: str) -> None:
        """The capture was written to `path` as well: from now on annotations lie there, if it
        begins with the same packets."""
        heads = self.heads()
        if len(heads) != 1 or _file_head(path, heads[0].length) != heads[0].sha256:
            if not self.annotations.empty:
                self._say(f"annotations stay where they are: {printable(path)} begins otherwise")
            return
        with self._lock:
            self._files = ((os.path.basename(path), self._files[0][1]),)
            self._beside, self._stamp, self._homeless = beside([path]), None, False
            self._kept = -1 if not self.annotations.empty else self._kept
        self.save()

    def heads(self) -> tuple[Head, ...]:
        """How the files begin. Raises CaptureError when they cannot be read."""
        return tuple(
            Head(_text(name), len(data), hashlib.sha256(data).hexdigest())
            for name, file in self._files
            for data in [file.read(0, HEAD)]
        )

    def _is_about(self, captures: Sequence[Head]) -> bool:
        if len(captures) != len(self._files):
            return False
        return all(
            0 < head.length <= HEAD
            and hashlib.sha256(file.read(0, head.length)).hexdigest() == head.sha256
            for head, (_, file) in zip(captures, self._files, strict=True)
        )

    def _in_state(self) -> Path:
        from analyzer import remembered

        begin = hashlib.sha256()
        for _, file in self._files:
            begin.update(file.read(0, _NAMED_BY))
        return remembered.folder() / "annotations" / f"{begin.hexdigest()[:32]}.toml"

    # Files --------------------------------------------------------------------------------------

    def _data(self, path: Path) -> bytes:
        """The content of a file that can be one of annotations; empty where there is none."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    self._refuse(path, "is no file")
                    return b""
                with open(fd, "rb", closefd=False) as file:
                    data = file.read(MOST_BYTES + 1)
            finally:
                os.close(fd)
        except OSError as error:
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                self._refuse(path, f"cannot be read ({error.strerror})")
            return b""
        if len(data) > MOST_BYTES:
            self._refuse(path, f"is larger than {MOST_BYTES >> 20} MiB: no file of annotations")
            return b""
        return data

    def _refuse(self, path: Path, why: str) -> None:
        self._say(
            f"{printable(str(path))} {why}; it is not used, and kept as "
            f"{printable(path.name)}.bak once something is written"
        )

    def _write_somewhere(self, text: str, empty: bool) -> bool:
        """Beside the capture, else in the state folder."""
        failure = ""
        if self._beside is not None and not self._homeless:
            failure = self._write(self._beside, text, empty)
            if not failure:
                return True
            self._homeless = True
        path = self._in_state()
        if reason := self._write(path, text, empty):
            self._say(f"annotations cannot be kept ({reason}): {printable(str(path))}")
            return False
        if self._beside is None:
            self._say(f"annotations of what has no file are in {printable(str(path))}")
        if failure:
            self._say(
                f"annotations cannot be kept beside the capture ({failure}); "
                f"they are in {printable(str(path))}"
            )
        return True

    def _write(self, path: Path, text: str, empty: bool) -> str:
        """Let a file have this content, none that is empty, and keep what somebody else wrote
        there; why that failed, `""` where it did not."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            now = _stamp(path)
            if now is not None and now != self._stamp:
                free = _free(path)
                os.rename(path, free)
                if self._stamp is not None:
                    self._say(f"another program wrote annotations, too: now in {free}")
                now = None
            if empty and now is not None:
                os.unlink(path)
            elif not empty:
                with new_file(str(path), ()) as out:
                    out.write(text.encode())
        except (OSError, WritingError) as error:
            found = error if isinstance(error, OSError) else error.__cause__
            return getattr(found, "strerror", None) or str(found)
        self._path, self._stamp = path, _stamp(path)
        return ""

    def _say(self, sentence: str) -> None:
        if sentence not in self.told:
            self.told.append(sentence)


class WaiversError(Exception):
    """A file ignores nothing that can be read; the one-line message says why and what to do."""


def waivers_in(path: str) -> tuple[Waiver, ...]:
    """What the [[ignore]] tables of a file name. Raises WaiversError."""
    advice = f"give a CAPTURE{SUFFIX}, or a file with [[ignore]] as in a spec profile"
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise WaiversError(f"{path}: larger than {MOST_BYTES >> 20} MiB; {advice}")
        return read_waivers(data.decode())
    except OSError as error:
        raise WaiversError(f"{path}: {error.strerror}; {advice}") from None
    except UnicodeDecodeError:
        raise WaiversError(f"{path}: not UTF-8; {advice}") from None
    except (DocumentError, ValueError) as error:  # ValueError: a name with a null character
        raise WaiversError(f"{path}: {_one_line(str(error))}; {advice}") from None


def beside(paths: Sequence[str]) -> Path | None:
    """The file beside a capture; of several, one named by all of them beside the first. None where
    there is no file to be beside of."""
    if not paths or any(path == DASH or not os.path.isfile(path) for path in paths):
        return None
    name = "+".join(map(os.path.basename, paths))
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f"{name[:40]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    return Path(os.path.dirname(paths[0])) / (name + SUFFIX)


def discard(paths: Iterable[str]) -> None:
    """Remove what was written about captures that are removed."""
    for path in paths:
        with suppress(OSError):
            os.unlink(path + SUFFIX)


def _free(path: Path) -> Path:
    """A name of nothing yet: `.bak`, `.bak2`, ..."""
    for number in range(1, _MOST_KEPT):
        other = path.with_name(f"{path.name}.bak{number if number > 1 else ''}")
        if not os.path.lexists(other):
            return other
    raise OSError(0, "too many .bak files")


def _stamp(path: Path) -> _Stamp | None:
    """What changes whenever a file does; None for none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _file_head(path: str, length: int) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read(length)).hexdigest()
    except OSError:
        return ""


def _text(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def _one_line(text: str) -> str:
    return printable(text[:120]) if not text.isprintable() else text[:120]
