# SPDX-License-Identifier: GPL-2.0-only
"""What ends the app from outside: signals, and a terminal that is gone."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

_KEYS = "textual-input"


_PATIENCE: Final = 2.0
"""Seconds in which an app whose terminal is gone ends in order."""


def heed(
    end: Callable[[int], object],
    keep: Callable[[], object],
    headless: bool,
    web: bool = False,
) -> None:
    """Have `end` called with an exit code, in the loop that runs, so that the terminal is left in
    order and a recording kept. `keep` does that alone, in any thread."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, 128 + number)
    if not headless and (os.isatty(0) or web):  # keys from a browser come through a pipe
        watch = threading.Thread(
            target=_watch, args=(loop, end, keep), name="terminal", daemon=True
        )
        watch.start()


def _watch(
    loop: asyncio.AbstractEventLoop, end: Callable[[int], object], keep: Callable[[], object]
) -> None:
    """Wait until nobody has the other end of the terminal: not every program gets a SIGHUP. The
    loop may wait itself, for what it paints to be taken: Textual's thread that writes ends at the
    first error."""
    poll = select.poll()
    poll.register(0, 0)  # that it hung up is told all the same
    poll.poll()
    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(end, 128 + signal.SIGHUP)
    time.sleep(_PATIENCE)
    with suppress(Exception):
        keep()
    os._exit(128 + signal.SIGHUP)


def leave(code: int) -> NoReturn:
    """End this process, also where Textual still reads keys of a terminal that is gone: its thread
    is told to end only after the terminal was put in order, and what it reads is no key for ever.
    """
    if any(thread.name == _KEYS for thread in threading.enumerate()):
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
