# SPDX-License-Identifier: GPL-2.0-only
"""Recordings that go on, found by the processes of this system: their screen may have died."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from analyzer.capture.store import printable

MODULE: Final = b"analyzer.recording.child"
ALONE: Final = b"msgshark-alone"
"""The name that a recorder gives itself when nobody listens any more, seen in ps and top."""

_SET_NAME: Final = 15  # PR_SET_NAME
_PROCESSES: Final = Path("/proc")


class Running(NamedTuple):
    """A recorder at work."""

    pid: int
    path: str
    """The file it writes."""
    alone: bool
    """Nobody listens to it any more."""

    @property
    def told(self) -> str:
        """What to say of one that is alone, a clause."""
        return f"a recording goes on without its screen, into {printable(self.path)}"

    @property
    def advice(self) -> str:
        """And what to do about it."""
        return f"msgshark --follow {printable(self.path)} shows it, kill {self.pid} ends it"


def be_known_alone() -> None:
    """Give this process that name, where the system can."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_SET_NAME, ALONE, 0, 0, 0)


def running() -> Iterator[Running]:
    """Those of this user; none where the system has no /proc."""
    if not _PROCESSES.is_dir():
        return
    for entry in _PROCESSES.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if MODULE not in (entry / "cmdline").read_bytes().split(b"\0"):
                continue
            found = [os.readlink(fd) for fd in (entry / "fd").iterdir()]
            alone = (entry / "comm").read_bytes().strip() == ALONE
        except OSError:  # it ended, or is another user's
            continue
        files = [path for path in found if path.startswith("/") and not path.startswith("/dev/")]
        captures = [path for path in files if os.path.isfile(path)]
        if captures:
            yield Running(int(entry.name), captures[-1], alone)
