# SPDX-License-Identifier: GPL-2.0-only
"""A large capture opened in a real terminal: first rows, all rows, and keys while it is read.

    python tests/benchmarks/large_screen.py CAPTURE

A terminal of 200x50 opens the file. Printed are the seconds until rows are painted first and until
all are read; from a key that moves the cursor to the write that shows it moved, while reading goes
on and after it; how long the event loop was busy at a stretch; and how long sorting took.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

from analyzer.views.tui import app
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.screens.packets import PacketsScreen

sys.path.insert(0, str(Path(__file__).parent))

from screen import Terminal, spread

_KEYS: Final = (b"\x1b[6~", b"\x1b[6~", b"\x1b[6~", b"\x1b[5~", b"G", b"g")
"""Page Down three times, Page Up, the last row, the first row."""

_BETWEEN: Final = 0.25
_BEAT: Final = 0.005
_PATIENCE: Final = 300.0


class Watched(MsgsharkApp):
    """Logs each write to the terminal, and each time the event loop was busy for long."""

    CSS_PATH = [Path(app.__file__).with_name(str(name)) for name in MsgsharkApp.CSS_PATH]  # noqa: RUF012

    def __init__(self, path: str, log: str) -> None:
        super().__init__([path])
        self._log = open(log, "a", buffering=1)  # noqa: SIM115

    def on_mount(self) -> None:
        super().on_mount()
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(_BEAT)
            late = time.monotonic() - before - _BEAT
            self._log.write(f"busy {before:.6f} {late * 1000:.1f} {int(self.view.reading)}\n")

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)
        if isinstance(self.screen, PacketsScreen):
            rows, reading = self.screen.list, int(self.view.reading)
            now = time.monotonic()
            self._log.write(f"paint {now:.6f} {rows.cursor} {rows.count} {reading}\n")

    async def action_back(self) -> None:
        """Ctrl+O sorts here."""
        rows = self._page_screen().main_list
        for key in ("length", "source", "severity"):
            began = time.monotonic()
            rows.sort_by(Sorting(key, True))
            while rows.sorting_done is not None:
                await asyncio.sleep(_BEAT)
            self._log.write(f"sorted {key} {(time.monotonic() - began) * 1000:.0f} 0\n")


def _told(log: str, kind: str) -> list[list[str]]:
    return [
        line.split()[1:] for line in Path(log).read_text().splitlines() if line.startswith(kind)
    ]


def _paints(log: str) -> list[tuple[float, int, int, bool]]:
    return [
        (float(at), int(cursor), int(count), reading == "1")
        for at, cursor, count, reading in _told(log, "paint")
    ]


def _press(terminal: Terminal, log: str, until: float, while_reading: bool) -> list[float]:
    """Keys, and the ms from each to the paint that shows its cursor."""
    pressed: list[float] = []
    while time.monotonic() < until:
        pressed.append(terminal.press(_KEYS[len(pressed) % len(_KEYS)]))
        terminal.read_for(_BETWEEN)
        if while_reading and not _paints(log)[-1][3]:
            break
    paints, waits = _paints(log), []
    for key in pressed:
        before = [cursor for at, cursor, _, _ in paints if at <= key][-1]
        after = [at for at, cursor, _, _ in paints if at > key and cursor != before]
        if after:
            waits.append((after[0] - key) * 1000)
    return waits


def main() -> None:
    """Measure and print."""
    path, log = sys.argv[1], f"/tmp/msgshark-large-{os.getpid()}.log"
    Path(log).touch()
    began = time.monotonic()
    terminal = Terminal(lambda: Watched(path, log).run())
    while not any(count for _, _, count, _ in _paints(log)):
        terminal.read_for(0.05)
    first = next(at for at, _, count, _ in _paints(log) if count)
    print(f"first rows after {first - began:.2f} s", flush=True)
    during = _press(terminal, log, began + _PATIENCE, while_reading=True)
    terminal.read_for(1)
    done = next((at for at, _, _, reading in _paints(log) if not reading), None)
    count = _paints(log)[-1][2]
    if done is not None:
        print(f"all {count:,} rows after {done - began:.2f} s", flush=True)
    if during:
        print(f"key to paint while reading: {spread(during)}", flush=True)
    after = _press(terminal, log, time.monotonic() + 10, while_reading=False)
    print(f"key to paint afterwards: {spread(after)}", flush=True)
    terminal.press(b"\x0f")
    until = time.monotonic() + _PATIENCE
    while len(_told(log, "sorted")) < 3 and time.monotonic() < until:
        terminal.read_for(0.2)
    for key, lasted, _ in _told(log, "sorted"):
        print(f"sorted by {key} in {lasted} ms")
    for when, flag in (("while reading", "1"), ("afterwards", "0")):
        busy = [float(ms) for _, ms, reading in _told(log, "busy") if reading == flag]
        if busy:
            longest = ", ".join(f"{ms:.0f}" for ms in sorted(busy)[-5:])
            print(f"event loop late {when}: {spread(busy)}; longest {longest} ms")
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.read_for(3)
    os.waitpid(terminal.pid, 0)
    os.unlink(log)


if __name__ == "__main__":
    main()
