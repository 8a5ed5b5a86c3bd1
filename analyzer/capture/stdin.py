# SPDX-License-Identifier: GPL-2.0-only
"""Standard input as a capture, and the terminal for the keys beside it."""

from __future__ import annotations

import os

from analyzer.capture.model import CaptureError

DASH = "-"

_descriptor = 0  # of the stream: standard input belongs to the process, as this does


def take() -> int:
    """A descriptor of the stream that was piped in. Raises CaptureError when none was."""
    try:
        fd = os.dup(_descriptor)
    except OSError:
        raise CaptureError("stdin is closed; pipe a capture into it.") from None
    if os.isatty(fd):
        os.close(fd)
        raise CaptureError(
            "stdin is a terminal; pipe a capture into it, as in: tcpdump -U -w - | msgshark -"
        )
    return fd


def put_terminal() -> None:
    """Keep the stream and make the terminal standard input, which screens read keys from.

    Raises CaptureError without a terminal.
    """
    global _descriptor
    if os.isatty(0):
        return
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        raise CaptureError(
            "there is no terminal to show captures on; try msgshark check."
        ) from None
    _descriptor = os.dup(0)
    os.dup2(terminal, 0)
    os.close(terminal)
