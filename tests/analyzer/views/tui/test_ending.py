# SPDX-License-Identifier: GPL-2.0-only
"""An app whose terminal is gone ends, and leaves no process that waits for keys."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from .conftest import FIELD_DAY
from .terminal import ENTRY, PATIENCE, at_terminal, read

BLOCKED = """
import asyncio, os, pathlib, sys, time
from analyzer.views.tui.ending import heed

async def main():
    heed(lambda code: None, lambda: pathlib.Path(sys.argv[1]).touch(), False)
    os.write(1, b"ready")
    time.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("told", [False, True], ids=["closed", "closed and told"])
def test_it_ends_with_its_terminal(told: bool) -> None:
    with at_terminal(ENTRY, str(FIELD_DAY)) as (app, terminal):
        read(terminal, b"exchanges")
        os.close(terminal)
        if told:
            app.send_signal(signal.SIGHUP)
        assert app.wait(PATIENCE) == 128 + signal.SIGHUP


def test_it_ends_where_its_loop_waits_for_the_terminal(tmp_path: Path) -> None:
    """What is painted may be queued for a thread that has ended."""
    with at_terminal(BLOCKED, str(tmp_path / "kept")) as (app, terminal):
        read(terminal, b"ready")
        os.close(terminal)
        assert app.wait(PATIENCE) == 128 + signal.SIGHUP
        assert (tmp_path / "kept").exists()
