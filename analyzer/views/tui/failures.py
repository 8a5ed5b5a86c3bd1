# SPDX-License-Identifier: GPL-2.0-only
"""Failures of the program itself: each is told once and written to a log, and the screen goes on.

An engineer who has looked at a live capture for an hour must not lose it to one wrong cell.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import ClassVar, Final, NamedTuple

from textual.worker import WorkerFailed

from analyzer.remembered import folder
from analyzer.views.escape import escape

LOG: Final = "failures.log"
_LONGEST: Final = 1_000_000
"""Octets of the log, after which it is begun anew."""

_MANY: Final = 100
_SHORT: Final = 10.0
"""So many failures in so many seconds, and the screen is of no use any more."""


class Failure(NamedTuple):
    """An error that nobody expected."""

    kind: str
    text: str
    at: str
    """File and line in which it was raised."""

    @property
    def sentence(self) -> str:
        """What failed, in a line."""
        said = f": {self.text}" if self.text else ""
        return f"{self.kind}{said} ({self.at})"


class Failures:
    """All failures of a run."""

    fatal: ClassVar = False
    """Whether a failure ends the app at once, for tests and whoever looks for its cause."""

    def __init__(self) -> None:
        self.known: set[Failure] = set()
        self._times: deque[float] = deque(maxlen=_MANY)

    def take(self, error: Exception) -> Failure | None:
        """A failure that was not told before; None when it was."""
        self._times.append(monotonic())
        failure = described(error)
        if failure in self.known:
            return None
        self.known.add(failure)
        _log(error)
        return failure

    @property
    def hopeless(self) -> bool:
        """Whether nothing works any more: the app had better end."""
        times = self._times
        return len(times) == _MANY and times[-1] - times[0] < _SHORT


def told() -> str:
    """Where to read more, and what to do with it."""
    return f"Details for a bug report: {escape(str(folder() / LOG), 300)}"


def described(error: Exception) -> Failure:
    """What an error is and where it comes from."""
    cause = _cause(error)
    frames = traceback.extract_tb(cause.__traceback__)
    at = f"{_module(frames[-1].filename)}:{frames[-1].lineno}" if frames else "nowhere"
    return Failure(type(cause).__name__, escape(str(cause), 200), at)


def _cause(error: BaseException) -> BaseException:
    return error.error if isinstance(error, WorkerFailed) else error


def _module(path: str) -> str:
    parts: Sequence[str] = path.replace("\\", "/").split("/")
    return "/".join(parts[-2:])


def _log(error: Exception) -> None:
    """Append the traceback, which shows lines of this program and no packet."""
    lines = traceback.format_exception(_cause(error))
    with suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True)
        path = folder() / LOG
        if path.exists() and path.stat().st_size > _LONGEST:
            path.unlink()
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines([*lines, "\n"])
