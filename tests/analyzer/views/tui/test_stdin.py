# SPDX-License-Identifier: GPL-2.0-only
"""Packets through stdin, keys from the terminal."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import FIELD_DAY

START = """
import fcntl, sys, termios
fcntl.ioctl(1, termios.TIOCSCTTY, 0)
from analyzer.cli import main
main()
"""


class Screen:
    """msgshark on a terminal of its own, with a pipe for stdin."""

    def __init__(self, *arguments: str) -> None:
        self.terminal, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.program = subprocess.Popen(
            [sys.executable, "-c", START, *arguments],
            stdin=subprocess.PIPE,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color"},
        )
        os.close(slave)
        assert self.program.stdin is not None
        self.pipe = self.program.stdin
        self.shown = ""

    def wait(self, words: str, seconds: float = 20) -> None:
        """Read what is painted until the words are."""
        end = time.monotonic() + seconds
        while words not in self.shown:
            assert time.monotonic() < end, self.shown[-3000:]
            if select.select([self.terminal], [], [], 0.1)[0]:
                self.shown += os.read(self.terminal, 65536).decode("utf-8", "replace")

    def press(self, keys: str) -> None:
        self.shown = ""
        os.write(self.terminal, keys.encode())


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    screen = Screen("-")
    yield screen
    screen.program.kill()
    screen.program.wait()
    screen.pipe.close()
    os.close(screen.terminal)


def test_a_live_stream_on_screen_obeys_the_keys(screen: Screen) -> None:
    content = FIELD_DAY.read_bytes()
    screen.pipe.write(content[:20_000])
    screen.pipe.flush()
    screen.wait("● live")
    screen.wait("72 ")  # packets
    screen.press("2")
    screen.wait("Exchange 32")
    screen.pipe.write(content[20_000:])
    screen.pipe.flush()
    screen.wait("315 ")
    screen.press("q")  # while the stream goes on
    assert screen.program.wait(10) == 0


def test_a_stream_that_is_no_capture_is_said_on_screen_and_leaves_with_2(screen: Screen) -> None:
    screen.pipe.write(b"no capture at all, but text enough to tell that")
    screen.pipe.close()
    screen.wait("stdin is text")
    screen.press("q")
    assert screen.program.wait(10) == 2
