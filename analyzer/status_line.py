# SPDX-License-Identifier: GPL-2.0-only
"""How a recording goes, on a terminal's last line while nothing else is written there."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from analyzer.recording.wish import Started

_PERIOD: Final = 1.0  # seconds


@contextmanager
def status_line(recording: Started) -> Iterator[None]:
    """Show it on stderr, if that is a terminal, once a second as long as this is open."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()

    def show() -> None:
        while not over.wait(_PERIOD):
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r{text(recording)[:width]}\x1b[K")
            sys.stderr.flush()

    thread = threading.Thread(target=show, name="status", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def text(recording: Started) -> str:
    """Packets, what was lost of them, bytes, and the file if the user named one."""
    from analyzer.capture.spool import size_text
    from analyzer.views.escape import escape

    told = recording.statistics
    lost = f", {told.lost} DROPPED" if told.lost else ""
    name = os.path.basename(recording.files[-1]) if recording.wish.path else "a spool"
    return (
        f"{told.kept} packets{lost}, {size_text(told.octets)} in {escape(name, 200)}; Ctrl+C ends"
    )
