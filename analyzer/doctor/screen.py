# SPDX-License-Identifier: GPL-2.0-only
"""The terminal: what it is, its colours, characters and size."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Final

from analyzer.doctor.model import Check
from analyzer.views.terminal import plain

AREA: Final = "Terminal"

_NARROW, _LOW = 80, 24
_NO_COLOURS: Final = ("", "dumb", "unknown")


def checks() -> Iterator[Check]:
    """What views and the screen can show here."""
    terminal = next((fd for fd in (1, 2, 0) if os.isatty(fd)), None)
    if terminal is None:
        yield Check(AREA, "terminal", False, "none: output is text, and there is no screen")
    else:
        yield Check(AREA, "terminal", True, f"TERM={os.environ.get('TERM', '')}")
        yield _colours()
    yield _encoding()
    if terminal is not None:
        yield _size(os.get_terminal_size(terminal))


def _colours() -> Check:
    kind = os.environ.get("TERM", "")
    if os.environ.get("NO_COLOR"):
        return Check(AREA, "colours", True, "none, as NO_COLOR asks")
    if kind in _NO_COLOURS:
        return Check(AREA, "colours", False, "none", "export TERM=xterm-256color")
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return Check(AREA, "colours", True, "16 million, by COLORTERM")
    if "256color" in kind:
        return Check(AREA, "colours", True, "256, by TERM")
    return Check(AREA, "colours", True, "16, by TERM")


def _encoding() -> Check:
    encoding = sys.stdout.encoding or "unknown"
    if plain(sys.stdout):
        told = f"{encoding}, and a locale of ASCII alone: lines and arrows are drawn with it"
        return Check(AREA, "encoding", False, told, "export LC_ALL=C.UTF-8")
    return Check(AREA, "encoding", True, encoding)


def _size(size: os.terminal_size) -> Check:
    told = f"{size.columns} columns, {size.lines} lines"
    wide = size.columns >= _NARROW and size.lines >= _LOW
    return Check(AREA, "size", wide, told, f"make it {_NARROW} by {_LOW} at least")
