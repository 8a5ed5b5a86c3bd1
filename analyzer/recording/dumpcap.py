# SPDX-License-Identifier: GPL-2.0-only
"""dumpcap as the recorder: its options of a wish, and what it says on stderr."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
from collections.abc import Callable, Sequence
from typing import Any, Final

from analyzer.recording.files import spool_path
from analyzer.recording.libpcap import RING
from analyzer.recording.privileges import calling_user
from analyzer.recording.programs import find_program
from analyzer.recording.wish import (
    KILOBYTE,
    Limits,
    Means,
    RecordingError,
    RightsError,
    Statistics,
    Wish,
)

_WAIT: Final = 0.1  # seconds
_LONGEST: Final = 4000  # characters of what it says that are kept

_FILE: Final = re.compile(r"(?:Packets: [0-9]+ )?File: (.+)")
_PACKETS: Final = re.compile(r"Packets(?: captured)?: ([0-9]+)")
_INTERFACE: Final = re.compile(
    r"Packets received/dropped on interface '.*': ([0-9]+)/([0-9]+) "
    r"\(pcap:[0-9]+/dumpcap:[0-9]+/flushed:[0-9]+/ps_ifdrop:([0-9]+)\).*"
)
_USUAL: Final = re.compile(r"Capturing on |Dumpcap |Packets |Packets:|\(?Try ")

Tell = Callable[[dict[str, Any]], None]


def run(wish: Wish, tell: Tell, stopped: Callable[[], bool]) -> None:
    """Have dumpcap record until it ends or `stopped` says so.

    Tells as `child` says. Raises RecordingError when nothing was recorded.
    """
    program = find_program("dumpcap")
    if program is None:
        raise RecordingError("dumpcap is not installed; msgshark doctor says how to install it")
    path = wish.path or spool_path(wish.interfaces)
    try:
        process = subprocess.Popen(
            command(program, wish, path),
            env=os.environ | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except OSError as failure:
        raise RightsError(f"dumpcap cannot be started ({failure.strerror})") from None
    with process:
        try:
            _Listener(process, wish, tell).listen(stopped)
        finally:
            process.kill()


def command(program: str, wish: Wish, path: str) -> list[str]:
    """dumpcap's words for a wish that is recorded to `path`."""
    words = [program, "-n", "-B", str(RING >> 20)]
    for name in wish.interfaces:
        words += ["-i", name]
        words += ["-f", wish.filter] if wish.filter else []
        words += ["-s", str(wish.snap_length)]
        words += [] if wish.promiscuous else ["-p"]
    words += _limits("-a", wish.stop) + (_limits("-b", wish.rotate) if wish.rotates else [])
    return [*words, "-w", path]


def _limits(letter: str, limits: Limits) -> list[str]:
    given = (
        ("duration", f"{limits.duration:g}"),
        ("filesize", str(-(-limits.filesize // KILOBYTE))),
        ("files", str(limits.files)),
        ("packets", str(limits.packets)),
    )
    return [word for name, value in given if value != "0" for word in (letter, f"{name}:{value}")]


class _Listener:
    """Translates what dumpcap says."""

    def __init__(self, process: subprocess.Popen[bytes], wish: Wish, tell: Tell) -> None:
        self._process = process
        self._wish = wish
        self._tell = tell
        self._files: list[str] = []
        self._kept = 0
        self._dropped = [0, 0]
        self._told = Statistics()
        self._said = ""

    def listen(self, stopped: Callable[[], bool]) -> None:
        """To the end of it."""
        stderr = self._process.stderr
        if stderr is None:
            return
        waiting, stopping = b"", False
        while True:
            if not stopping and stopped():
                stopping = True
                self._process.send_signal(signal.SIGINT)
            if select.select([stderr], [], [], _WAIT)[0]:
                data = os.read(stderr.fileno(), 1 << 16)
                if not data:
                    break
                *lines, waiting = re.split(rb"[\r\n]", waiting + data)
                self._hear(line.decode("utf-8", "surrogateescape").strip() for line in lines)
                # "Packets: 12 " is written over, and has no end of its own.
                self._count(waiting.decode("utf-8", "replace").strip())
            self._tell_statistics()
        self._hear([waiting.decode("utf-8", "surrogateescape").strip()])
        self._end(self._process.wait(), stopping)

    def _end(self, code: int, stopping: bool) -> None:
        self._tell_statistics()
        if not self._files:
            kind = RightsError if "permission to capture" in self._said else RecordingError
            said = self._said.removeprefix("dumpcap: ").rstrip(".")
            raise kind(said or f"dumpcap ended with code {code}")
        failed = code != 0 and not stopping
        self._tell({"ended": (self._said or f"dumpcap ended with code {code}") if failed else ""})

    def _hear(self, lines: Sequence[str] | Any) -> None:
        for line in lines:
            if found := _FILE.fullmatch(line):
                self._begin(found[1])
            elif found := _INTERFACE.fullmatch(line):
                lost, by_interface = int(found[2]), int(found[3])
                self._dropped[0] += lost - by_interface
                self._dropped[1] += by_interface
            elif not self._count(line) and line and not _USUAL.match(line):
                self._said = f"{self._said} {line}".strip()[:_LONGEST]

    def _count(self, line: str) -> bool:
        found = _PACKETS.fullmatch(line)
        if found:
            self._kept = int(found[1])
        return found is not None

    def _begin(self, path: str) -> None:
        caller = calling_user()
        if caller is not None:  # a file of root is of no use to who called it by sudo
            os.chown(path, *caller)
        self._files.append(path)
        self._tell({"file": path})
        if len(self._files) == 1:
            self._tell({"started": Means.DUMPCAP})

    def _tell_statistics(self) -> None:
        told = Statistics(
            self._kept, self._dropped[0], self._dropped[1], sum(map(_size, self._files))
        )
        if told != self._told:
            self._told = told
            self._tell({"statistics": list(told)})


def _size(path: str) -> int:
    """0 for a file of a ring that is gone."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
