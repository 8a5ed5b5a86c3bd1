# SPDX-License-Identifier: GPL-2.0-only
"""What stdout can show: its width, colours, and whether it knows more than ASCII."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from typing import Final, NamedTuple, TextIO

from analyzer.views.escape import ELLIPSIS

_NARROWEST: Final = 40
_MARKS: Final = "│─▶◀⋮↺→"
_NARROW: Final = re.compile(f"[ -~{_MARKS}{ELLIPSIS}]*").fullmatch
_SGR: Final = {
    "error": "31;1",
    "warning": "33;1",
    "note": "36",
    "request": "36",
    "success": "32",
    "client-error": "33",
    "server-error": "31",
    "path": "1",
    "msgin5g": "35",
    "dim": "2",
}


class Paper(NamedTuple):
    """`width` in columns; `plain`: nothing but ASCII."""

    width: int = 80
    colour: bool = False
    plain: bool = False


def paper(out: TextIO) -> Paper:
    """What a stream can show. As wide as the terminal, or COLUMNS, or 80."""
    width = shutil.get_terminal_size((80, 24)).columns
    return Paper(max(_NARROWEST, width), colour(out), plain(out))


def colour(out: TextIO) -> bool:
    """A terminal that can, and a user who did not decline (https://no-color.org)."""
    asked = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return asked and out.isatty()


def plain(out: TextIO) -> bool:
    """The stream, or the locale asked for, knows no line drawing. Python writes UTF-8 in the C
    locale (PEP 540), whatever the terminal there is set to."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next(filter(None, map(os.environ.get, names)), "")
    if locale in ("C", "POSIX"):
        return True
    try:
        _MARKS.encode(out.encoding or "ascii")
    except UnicodeEncodeError:
        return True
    return False


def inked(text: str, ink: str) -> str:
    """Text in the colour of an ink, as it is where that has none."""
    return f"\x1b[{_SGR[ink]}m{text}\x1b[0m" if ink in _SGR else text


def ascii_text(text: str) -> str:
    """Characters that are not ASCII as visible escapes."""
    return text.replace(ELLIPSIS, "...").encode("ascii", "backslashreplace").decode("ascii")


def columns(text: str) -> int:
    """Columns that escaped text takes: at least those, where terminals differ."""
    return len(text) if _NARROW(text) else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
