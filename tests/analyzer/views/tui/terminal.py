# SPDX-License-Identifier: GPL-2.0-only
"""A process at a terminal of its own, which may go away."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

ENTRY = "from analyzer.cli import main; main()"
PATIENCE = 20.0


@contextmanager
def at_terminal(code: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Python that runs `code` in 80x24, and the other end of its terminal, which is the caller's to
    close; the process is gone afterwards."""
    terminal, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        env=os.environ | {"TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(its)
    try:
        yield process, terminal
    finally:
        process.kill()
        process.wait()


def read(terminal: int, until: bytes) -> None:
    """What the process writes, until this came."""
    written, end = b"", time.monotonic() + PATIENCE
    while until not in written:
        assert time.monotonic() < end, written[-500:]
        if select.select([terminal], [], [], 0.2)[0]:
            written += os.read(terminal, 1 << 16)
