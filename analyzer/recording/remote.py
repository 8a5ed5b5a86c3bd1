# SPDX-License-Identifier: GPL-2.0-only
"""A recording on another machine: tcpdump there, by ssh, into a file here.

Seen from outside it is a Recording. ssh asks for passwords on the terminal, so it is waited for
before a screen takes that.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import threading
import time
from typing import Final

from analyzer.capture.store import printable
from analyzer.recording.files import spool_path
from analyzer.recording.programs import find_program
from analyzer.recording.wish import LARGEST_SNAP, RecordingError, Statistics, Wish

HEADER: Final = 24
"""Bytes of a pcap file that tcpdump writes at once."""

_READ: Final = 1 << 20
_WAIT: Final = 0.1  # seconds
_LAST_WORDS: Final = 2.0
_LONGEST: Final = 2000
_COUNTED: Final = re.compile(r"([0-9]+) packets? (captured|dropped by kernel|dropped by interface)")
_USUAL: Final = re.compile(
    r"tcpdump: (?:listening on|data link type)|[0-9]+ packets? |Warning: Permanently added|\*\* "
)


class RemoteRecording:
    """tcpdump on `host`; see Recording. Of the wish it takes one interface and no rotation."""

    def __init__(self, wish: Wish, host: str, sudo: bool = False) -> None:
        self.wish = wish
        self.host = host
        self.files: list[str] = []
        self.ended = False
        self.reason = ""
        self.means = "ssh"
        self.statistics = Statistics()
        self.lost: list[str] = []
        self._sudo = sudo
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._said = b""
        self._octets = 0
        self._fd = -1
        self._began = float("inf")
        self._thread: threading.Thread | None = None
        self._ear: threading.Thread | None = None

    def start(self) -> None:
        """Start and wait for the first bytes, as long as ssh asks. Raises RecordingError."""
        program = find_program("ssh")
        if program is None:
            raise RecordingError("ssh is not installed; install OpenSSH's client")
        # Ctrl+C is for this process, which ends ssh when all is read; with a session of its own ssh
        # could not ask for a password.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process = self._process = subprocess.Popen(
                command(program, self.wish, self.host, self._sudo),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as failure:
            raise RecordingError(f"ssh cannot be started ({failure.strerror})") from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._ear = threading.Thread(target=self._listen, name="ssh-stderr", daemon=True)
        self._ear.start()
        try:
            head = self._head(process)
            path = self.wish.path or spool_path((self.host, *self.wish.interfaces))
            self._open(path)
            self._write(head)
        except BaseException:
            process.kill()
            process.wait()
            raise
        self.files.append(path)
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._copy, name="ssh", daemon=True)
        self._thread.start()

    def _head(self, process: subprocess.Popen[bytes]) -> bytes:
        head = b""
        while len(head) < HEADER:
            data = self._read(HEADER)
            if not data:
                code = process.wait()
                raise RecordingError(self._failure(code))
            head += data
        return head

    def _open(self, path: str) -> None:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._fd = os.open(path, flags, 0o666 if self.wish.path else 0o600)
        except (OSError, ValueError) as failure:
            reason = getattr(failure, "strerror", None) or "no file name"
            raise RecordingError(
                f"{printable(path)} cannot be written ({reason}); check the path and your rights"
            ) from None

    def stop(self) -> None:
        """Stop, and wait until all that came is written. Further calls do nothing."""
        self._stopping = True
        if self._process is None or self._thread is None:
            return
        if not self.ended:
            self._process.terminate()
        self._thread.join(_LAST_WORDS)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    # In threads ---------------------------------------------------------------------------------

    def _copy(self) -> None:
        process, reason = self._process, ""
        if process is None:
            return
        try:
            while not self._done and (data := self._read(_READ)):
                self._write(data)
                self._tell()
            if not self._done:
                code = process.wait()
                reason = self._failure(code) if code else ""
        except RecordingError as failure:
            reason = str(failure)
        finally:
            process.terminate()
            if self._ear is not None:
                self._ear.join(_LAST_WORDS)
            self._tell()
            os.close(self._fd)
            self.reason = reason
            self.ended = True

    @property
    def _done(self) -> bool:
        """Whether it is to end, or has reached a limit."""
        limits = self.wish.stop
        return (
            self._stopping
            or bool(limits.filesize and self._octets >= limits.filesize)
            or bool(limits.duration and time.monotonic() - self._began >= limits.duration)
        )

    def _read(self, most: int) -> bytes:
        """What comes next; b"" at the end, or when it is time to end."""
        stdout = self._process.stdout if self._process is not None else None
        if stdout is None:
            return b""
        while not self._done:
            if select.select([stdout], [], [], _WAIT)[0]:
                return os.read(stdout.fileno(), most)
        return b""

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                count = os.write(self._fd, view)
                self._octets += count
                view = view[count:]
        except OSError as failure:
            raise RecordingError(
                f"writing failed ({failure.strerror}); what was written before is kept"
            ) from failure

    def _listen(self) -> None:
        stderr = self._process.stderr if self._process is not None else None
        if stderr is None:
            return
        while data := os.read(stderr.fileno(), 1 << 12):
            self._said = (self._said + data)[-_LONGEST:]

    def _tell(self) -> None:
        counts = {kind: int(count) for count, kind in _COUNTED.findall(self._text)}
        self.statistics = Statistics(
            counts.get("captured", 0),
            counts.get("dropped by kernel", 0),
            counts.get("dropped by interface", 0),
            self._octets,
        )

    @property
    def _text(self) -> str:
        return self._said.decode("utf-8", "replace")

    def _failure(self, code: int) -> str:
        """What ssh or tcpdump said, without what they always say."""
        if self._ear is not None:
            self._ear.join(_LAST_WORDS)
        lines = (line.strip() for line in self._text.splitlines())
        said = " ".join(line for line in lines if line and not _USUAL.match(line))
        said = said or f"ssh ended with code {code}"
        return said if said.startswith(self.host) else f"{self.host}: {said}"


def command(program: str, wish: Wish, host: str, sudo: bool = False) -> list[str]:
    """The words of ssh: what the shell there makes of the last one is tcpdump's words."""
    words = ["sudo", "-n"] if sudo else []
    words += [
        "tcpdump",
        "-U",
        "-i",
        wish.interfaces[0],
        "-s",
        str(wish.snap_length or LARGEST_SNAP),
    ]
    words += [] if wish.promiscuous else ["-p"]
    words += ["-c", str(wish.stop.packets)] if wish.stop.packets else []
    words += ["-w", "-", *([wish.filter] if wish.filter else [])]
    return [program, "-T", "--", host, shlex.join(words)]
