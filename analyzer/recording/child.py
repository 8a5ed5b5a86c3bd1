# SPDX-License-Identifier: GPL-2.0-only
"""The process that records: `python -m analyzer.recording.child`.

Reads the wish, a JSON line, then `stop`, on stdin; tells on stdout, a JSON object a line:

    {"file": path}                  a file was begun
    {"started": means}              what records: all that passes the filter from now on is kept
    {"statistics": [...]}           Statistics so far
    {"lost": text}                  an interface gives no packets any more
    {"failed": sentence, "rights": bool}   nothing can be recorded
    {"ended": clause}               over, and why; "" when asked to

When stdin ends without a word its user has died, by accident: it goes on for an hour, so that
nothing is lost by a screen, and whoever comes back finds the file.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from analyzer.recording.running import be_known_alone
from analyzer.recording.wish import RecordingError, RightsError, Wish

ALONE: Final = 3600.0
"""Seconds that a recording goes on when nobody listens any more."""

STOP: Final = "stop"

Run = Callable[[Wish, "Callable[[dict[str, Any]], None]", "Callable[[], bool]"], None]


class Control:
    """What the user wants: hears stdin and signals, tells on stdout."""

    def __init__(self, hears: int, tells: int) -> None:
        self._hears = hears
        self._tells = tells
        self._heard = b""
        self._stop = False
        self._alone_until = 0.0
        signal.signal(signal.SIGTERM, self._signalled)
        for ignored in (signal.SIGINT, signal.SIGHUP):  # meant for the screen
            signal.signal(ignored, signal.SIG_IGN)

    def _signalled(self, *_: object) -> None:
        self._stop = True

    def line(self) -> str:
        """The next line, waited for; "" at the end."""
        while b"\n" not in self._heard:
            if not self._listen():
                return ""
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    def _listen(self) -> bool:
        data = os.read(self._hears, 1 << 16)
        self._heard += data
        return bool(data)

    def tell(self, told: dict[str, Any]) -> None:
        """Say it, if anybody listens."""
        try:
            os.write(self._tells, json.dumps(told).encode() + b"\n")
        except OSError:
            return

    def stopped(self) -> bool:
        """Whether to end."""
        if not self._alone_until and select.select([self._hears], [], [], 0)[0]:
            if not self._listen():
                self._alone_until = time.monotonic() + ALONE
                be_known_alone()
            elif STOP.encode() in self._heard.split():
                self._stop = True
        return self._stop or bool(self._alone_until and time.monotonic() > self._alone_until)


def main() -> int:
    """Record as stdin says; the exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    control = Control(sys.stdin.fileno(), sys.stdout.fileno())
    line = control.line()
    if not line:
        return 0
    wish = Wish.of_json(line)
    # Without privileges this may be a user who may not read where packages are.
    import platformdirs  # noqa: F401

    try:
        recorder(wish)(wish, control.tell, control.stopped)
    except RightsError as failure:
        control.tell({"failed": str(failure), "rights": True})
        return 2
    except RecordingError as failure:
        control.tell({"failed": str(failure), "rights": False})
        return 2
    except Exception as failure:  # there is no other way for it to be heard
        control.tell({"failed": f"{type(failure).__name__}: {failure}", "rights": False})
        raise
    return 0


def recorder(wish: Wish) -> Run:
    """What records, by the wish."""
    from analyzer.recording import own

    return own.run


if __name__ == "__main__":
    sys.exit(main())
