# SPDX-License-Identifier: GPL-2.0-only
"""The screen of a live capture in a real terminal: how late packets are on it, and keys.

    python tests/benchmarks/screen.py [SECONDS]

A terminal of 200x50 shows loopback. First 1,000 packets/s come: latency is from the time that
stands in a payload to the write that brings the row to the terminal, paired and judged. Then come
50,000 packets/s, and keys that move the cursor are pressed: from the key to the write that shows
it moved. Both figures are printed, with the packets that were recorded and those that were shown.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from analyzer.capture import Intake
from analyzer.recording.recording import Recording
from analyzer.recording.wish import Wish
from analyzer.settings import Settings
from analyzer.views.tui import app
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.widgets.virtual_list import VirtualList

sys.path.insert(0, str(Path(__file__).parent))

from live import FILTER, PORT, sending

SECONDS: Final = 10
SLOW, FAST = 1_000, 50_000
SIZE: Final = (50, 200)
KEYS: Final = (b"k", b"k", b"k", b"j")
_BETWEEN: Final = 0.25
_READY: Final = 5.0
_PATIENCE: Final = 60.0
"""Seconds that reading may take after the last packet."""


class Watched(MsgsharkApp):
    """Logs each write to the terminal: when, the cursor, and how late the rows new on it are."""

    CSS_PATH = [Path(app.__file__).with_name(str(name)) for name in MsgsharkApp.CSS_PATH]  # noqa: RUF012

    def __init__(self, *arguments: Any, log: str, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._log = Path(log)
        self._shown = 0

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)
        lists = list(self.screen.query(VirtualList).results())
        session = self.view.session
        if not lists or session is None:
            return
        rows = lists[0].source.rows
        now, late = time.time_ns(), []
        first = max(self._shown, lists[0].count - lists[0].size.height)
        for row in rows[first : lists[0].count]:
            sent = int.from_bytes(session.coap(int(row))[-8:])
            late.append((now - sent) / 1e6)
        self._shown = lists[0].count
        told = (time.monotonic(), lists[0].cursor, lists[0].count, *late)
        with self._log.open("a") as out:
            out.write(" ".join(f"{value:.6f}" for value in told) + "\n")


def show(log: str) -> None:
    """The app, in the terminal that this process has."""
    recording = Recording(Wish(("lo",), FILTER))
    recording.start()
    watched = Watched(Intake((), recorder=recording), Settings(frozenset({PORT})), log=log)
    watched.run()
    kept, shown = recording.statistics, watched.view.session
    recording.stop()
    with open(log, "a") as out:
        out.write(f"end {kept.kept} {kept.lost} {shown.counts.records if shown else 0}\n")
    for path in recording.files:
        os.unlink(path)


class Terminal:
    """A terminal with the app on it."""

    def __init__(self, show: Callable[[], None]) -> None:
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ["TERM"] = "xterm-256color"
            os.environ.pop("NO_COLOR", None)
            show()
            os._exit(0)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def read_for(self, seconds: float) -> None:
        """Take what the app writes, so that it never waits for its terminal."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                try:
                    os.read(self._fd, 1 << 16)
                except OSError:
                    return

    def press(self, key: bytes) -> float:
        """When it was pressed."""
        os.write(self._fd, key)
        return time.monotonic()


def _lines(log: str) -> list[list[float]]:
    with open(log) as told:
        return [[float(v) for v in line.split()] for line in told if not line.startswith("end")]


def spread(values: list[float]) -> str:
    """The middle and the worst of some milliseconds."""
    ordered = sorted(values)
    return (
        f"median {statistics.median(ordered):.0f} ms, 95 % "
        f"{ordered[len(ordered) * 95 // 100]:.0f} ms, most {ordered[-1]:.0f} ms ({len(ordered)})"
    )


def main() -> None:
    """Measure and print."""
    seconds = int(sys.argv[1]) if sys.argv[1:] else SECONDS
    log = f"/tmp/msgshark-screen-{os.getpid()}.log"
    terminal = Terminal(partial(show, log))
    terminal.read_for(_READY)
    slow = sending(SLOW * seconds, SLOW)
    terminal.read_for(seconds + 1)
    slow.wait()
    late = [value for line in _lines(log) for value in line[3:]]
    print(f"{SLOW:,} packets/s, on screen: {spread(late)}", flush=True)
    fast = sending(FAST * seconds, FAST)
    terminal.read_for(1)
    pressed = []
    for number in range(int((seconds - 1) / _BETWEEN)):
        pressed.append(terminal.press(KEYS[number % len(KEYS)]))
        terminal.read_for(_BETWEEN)
    told, _ = fast.communicate()
    until = time.monotonic() + _PATIENCE
    while (lines := _lines(log))[-1][2] < (SLOW + FAST) * seconds and time.monotonic() < until:
        terminal.read_for(0.5)
    painted = []
    for key in pressed:
        before = [line[1] for line in lines if line[0] <= key][-1]
        after = [line[0] for line in lines if line[0] > key and line[1] != before]
        if after:
            painted.append((after[0] - key) * 1000)
    sent, taken = told.split()
    print(f"{int(sent) / float(taken):,.0f} packets/s, key to paint: {spread(painted)}", flush=True)
    for key in (b"\x03", b"\x03", b"k"):
        terminal.press(key)
        terminal.read_for(1)
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.read_for(3)
    os.waitpid(terminal.pid, 0)
    with open(log) as told_at_end:
        print([line.strip() for line in told_at_end if line.startswith("end")])
    os.unlink(log)


if __name__ == "__main__":
    main()
