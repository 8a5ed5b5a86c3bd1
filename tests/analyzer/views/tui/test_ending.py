# SPDX-License-Identifier: GPL-2.0-only
"""An app whose terminal is gone ends, and leaves no process that waits for keys."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from .conftest import FIELD_DAY

ENTRY = "from analyzer.cli import main; main()"
PATIENCE = 20.0
BLOCKED = """
import asyncio, os, pathlib, sys, time
from analyzer.views.tui.ending import heed

async def main():
    heed(lambda code: None, lambda: pathlib.Path(sys.argv[1]).touch(), False)
    os.write(1, b"ready")
    time.sleep(60)

asyncio.run(main())
"""


def read(terminal: int, until: bytes) -> None:
    """What the app writes, until this came."""
    written, end = b"", time.monotonic() + PATIENCE
    while until not in written:
        assert time.monotonic() < end, written[-500:]
        if select.select([terminal], [], [], 0.2)[0]:
            written += os.read(terminal, 1 << 16)


@pytest.mark.parametrize("told", [False, True], ids=["closed", "closed and told"])
def test_it_ends_with_its_terminal(told: bool) -> None:
    terminal, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    app = subprocess.Popen(
        [sys.executable, "-c", ENTRY, str(FIELD_DAY)],
        stdin=its,
        stdout=its,
        stderr=its,
        env=os.environ | {"TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(its)
    try:
        read(terminal, b"exchanges")
        os.close(terminal)
        if told:
            app.send_signal(signal.SIGHUP)
        assert app.wait(PATIENCE) == 128 + signal.SIGHUP
    finally:
        app.kill()
        app.wait()


def test_it_ends_where_its_loop_waits_for_the_terminal(tmp_path: Path) -> None:
    """What is painted may be queued for a thread that has ended."""
    terminal, its = pty.openpty()
    app = subprocess.Popen(
        [sys.executable, "-c", BLOCKED, str(tmp_path / "kept")],
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    try:
        read(terminal, b"ready")
        os.close(terminal)
        assert app.wait(PATIENCE) == 128 + signal.SIGHUP
        assert (tmp_path / "kept").exists()
    finally:
        app.kill()
        app.wait()
