# SPDX-License-Identifier: GPL-2.0-only
"""msgshark as a process that reads what is still written: a pipe, or a file that grows."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from rules.conversation import Conversation

COMMAND = [sys.executable, "-c", "from analyzer.cli import main; main()"]
PATIENCE = 30.0
"""Seconds that a loaded machine may take for what comes at once."""


class Live:
    """A running msgshark: `stdin` goes on until it is closed; lines of its output as they come."""

    def __init__(self, *arguments: object, piped: bool = False) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._threads = [
            threading.Thread(target=self._collect, args=collected, daemon=True)
            for collected in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for thread in self._threads:
            thread.start()

    def _collect(self, stream: object, lines: list[str]) -> None:
        for line in stream:  # type: ignore[attr-defined]
            lines.append(line.decode().rstrip("\n"))

    def send(self, data: bytes) -> None:
        """Write to its stdin, as tcpdump -U does."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def wait_for(self, done: Callable[[], object]) -> None:
        """Until something holds."""
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, (self.out, self.err)
            assert self.process.poll() is None, (self.out, self.err)
            time.sleep(0.01)

    def finish(self) -> int:
        """Its exit code, once it has ended by itself and all its lines are there."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()


def pieces(talk: Conversation) -> list[bytes]:
    """The file header, then each record."""
    head = len(Conversation().pcap())
    data = talk.pcap()
    return [data[:head], *(frame.record(talk.link_type) for frame in talk.frames)]


def append(path: Path, *data: bytes) -> None:
    with path.open("ab", 0) as file:
        file.write(b"".join(data))
