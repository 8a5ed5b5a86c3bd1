# SPDX-License-Identifier: GPL-2.0-only
"""Files that were opened last, over all runs."""

from __future__ import annotations

import os
import time
from itertools import takewhile
from typing import Final, NamedTuple

from analyzer import remembered
from analyzer.capture.spool import size_text
from analyzer.views.escape import escape, unescape
from analyzer.views.times import date_and_time

_NAME: Final = "recent"
_MOST: Final = 20
_FRACTION: Final = ".000000"


class Recent(NamedTuple):
    """A file by its absolute path, when it was opened (seconds since 1970), and its size then."""

    path: str
    opened: float
    size: int

    @property
    def told(self) -> str:
        """`83 KiB, opened 2025-11-27 14:20:01`."""
        when = date_and_time(int(self.opened) * 1_000_000_000).removesuffix(_FRACTION)
        return f"{size_text(self.size)}, opened {when}"


def recent() -> list[Recent]:
    """The last ones first; whatever else lies there is left out."""
    value = remembered.recall(_NAME)
    found = []
    for one in value if isinstance(value, list) else []:
        if not isinstance(one, dict):
            continue
        path, opened, size = one.get("path"), one.get("opened"), one.get("size")
        whole = isinstance(opened, int | float) and isinstance(size, int) and 0 <= opened < 1e11
        if isinstance(path, str) and "\0" not in path and whole:
            found.append(Recent(path, float(opened), size))  # type: ignore[arg-type]
    return found[:_MOST]


def remember(path: str) -> None:
    """Put a file before all others, if it is one: stdin and pipes cannot be opened again."""
    if path == "-" or not os.path.isfile(path):
        return
    path = os.path.abspath(path)
    try:
        this = Recent(path, time.time(), os.path.getsize(path))
    except OSError:  # gone meanwhile
        return
    others = [one for one in recent() if one.path != path]
    remembered.keep(_NAME, [one._asdict() for one in [this, *others][:_MOST]])


# Paths ------------------------------------------------------------------------------------------

_MOST_LOOKED: Final = 100_000
_MOST_FOUND: Final = 100
LONGEST: Final = 4096


class Candidate(NamedTuple):
    """A file, or a folder, which ends with a slash."""

    path: str

    @property
    def folder(self) -> bool:
        return self.path.endswith("/")


def meant(text: str) -> str:
    """The path that a user wrote, or took from a list, where it stands escaped."""
    path = os.path.expanduser(text.strip())
    return path if _exists(path) else unescape(path)


def _exists(path: str) -> bool:
    try:
        return os.path.lexists(path)
    except ValueError:  # a null character
        return False


def candidates(text: str) -> list[Candidate]:
    """What a path may go on to, folders first; not all of it in a large folder. Takes its time."""
    folder, _, begun = unescape(os.path.expanduser(text)).rpartition("/")
    folder += "/" if "/" in text or folder else ""
    found = []
    try:
        with os.scandir(folder or ".") as entries:
            for number, entry in enumerate(entries):
                if number >= _MOST_LOOKED:
                    break
                hidden = entry.name.startswith(".") and not begun.startswith(".")
                if entry.name.startswith(begun) and not hidden:
                    slash = "/" if entry.is_dir() else ""
                    found.append(Candidate(folder + entry.name + slash))
    except (OSError, ValueError):
        return []
    return sorted(found, key=lambda one: (not one.folder, one.path))[:_MOST_FOUND]


def completed(text: str) -> str:
    """The text with what all that it may go on to share. Takes its time."""
    paths = [one.path for one in candidates(text)]
    if not paths:
        return text
    first, last = min(paths), max(paths)  # what these two share, all do
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    shared = escape("".join(one for one, _ in same), LONGEST)
    return shared if len(shared) > len(text) else text


def trouble(path: str) -> str:
    """Why a file cannot be opened as a capture, "" if it can. Takes its time."""
    from analyzer.capture import CaptureError, CaptureFile

    if not path:
        return "Name a file"
    if not _exists(path):
        return f"{path}: there is no such file"
    if not os.path.isfile(path):
        return f"{path}: is no file"
    try:
        CaptureFile(path).close()
    except CaptureError as error:
        return str(error)
    return ""
