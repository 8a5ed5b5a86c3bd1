# SPDX-License-Identifier: GPL-2.0-only
"""A recording seen by who asked for it: starts the child, hears how it is, and stops it.

The child (`child`) is told on its stdin and tells on its stdout, a JSON object a line. It lives in
a session of its own: when this process dies without a word, it goes on.
"""

from __future__ import annotations

import json
import subprocess
import threading
from types import TracebackType
from typing import Any, Final, Self

from analyzer import interpreter
from analyzer.recording.wish import RecordingError, RightsError, Statistics, Wish

_PATIENCE: Final = 20.0
"""Seconds that starting may take: an interpreter on a loaded machine."""

_LAST_WORDS: Final = 5.0
"""Seconds that the end may take."""


class Recording:
    """One recording. `start` it, read its `files` as they grow, then `stop` it."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.files: list[str] = []
        """Every file, in the order written; with a ring, the first ones may be gone."""
        self.ended = False
        """Nothing will be written any more."""
        self.reason = ""
        """Why it ended, one clause; "" as long as it goes on, and when it was told to."""
        self.means = ""
        """What records: a value of Means."""
        self.statistics = Statistics()
        self._process: subprocess.Popen[bytes] | None = None
        self._heard = threading.Event()
        self.lost: list[str] = []
        """Interfaces that give no packets any more, each with what the system said."""
        self._failure: RecordingError | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start and wait until packets are kept. Raises RecordingError."""
        module, *more = self.wish.stage or ("analyzer.recording.child",)
        arguments, environment = interpreter.command(module)
        try:
            self._process = subprocess.Popen(
                [*arguments, *more],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as failure:
            reason = f"{arguments[0]}: {failure.strerror}"
            raise RecordingError(f"no process can be started to record ({reason})") from failure
        self._say(self.wish.as_json())
        self._thread = threading.Thread(target=self._listen, name="recording", daemon=True)
        self._thread.start()
        if not self._heard.wait(_PATIENCE):
            self._process.kill()
            raise RecordingError("recording did not start in time; try again")
        if self._failure is not None:
            self._process.wait()
            raise self._failure

    @property
    def pid(self) -> int:
        """The process that records; 0 before `start`."""
        return self._process.pid if self._process is not None else 0

    def stop(self) -> None:
        """Stop, and wait until all that was captured is written. Further calls do nothing."""
        if self._process is None or self._thread is None:
            return
        if not self.ended:
            self._say("stop")
            self._thread.join(_LAST_WORDS)
        if self._process.poll() is None:
            try:
                self._process.wait(_LAST_WORDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _say(self, line: str) -> None:
        if self._process is None or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return  # it is gone: `_listen` finds out

    # In the thread ------------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        said_goodbye = False
        for line in self._process.stdout:
            told: dict[str, Any] = json.loads(line)
            self._take(told)
            said_goodbye = said_goodbye or "ended" in told
        if not said_goodbye:
            code = self._process.wait()
            self.reason = self.reason or _death(code)
        if not self._heard.is_set():
            failure = RecordingError(f"recording did not start: {self.reason}")
            self._failure = self._failure or failure
        self.ended = True
        self._heard.set()

    def _take(self, told: dict[str, Any]) -> None:
        """What the child told; see there."""
        match told:
            case {"file": path}:
                self.files.append(path)
            case {"started": means}:
                self.means = means
                self._heard.set()
            case {"statistics": numbers}:
                self.statistics = Statistics(*numbers)
            case {"lost": text}:
                self.lost.append(text)
            case {"failed": text, "rights": rights}:
                self._failure = RightsError(text) if rights else RecordingError(text)
            case {"ended": reason}:
                self.reason = reason

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _death(code: int) -> str:
    """What to say of a child that ended without a word."""
    if code < 0:
        return f"the recording process was killed by signal {-code}; what it wrote is kept"
    return f"the recording process ended with code {code}; what it wrote is kept"
