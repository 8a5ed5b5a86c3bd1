# SPDX-License-Identifier: GPL-2.0-only
"""The benchmarks of live capture measure what they say, on a few packets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from recording.live import missing

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def printed(script: str, *arguments: str) -> str:
    command = [sys.executable, str(HERE / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=90).stdout


def test_a_flood_is_kept_and_read() -> None:
    told = printed("live.py", "2000")
    assert len(re.findall(r"2,000 of 2,000 kept and read, 0 dropped", told)) == 3
    assert "1,000 exchanges" in told


def test_latency_is_that_of_every_message() -> None:
    told = printed("live.py", "--latency", "1")
    found = re.search(r"1,000 of 1,000 read, 0 dropped, latency median ([0-9]+) ms", told)
    assert found is not None
    assert int(found[1]) < 5000


def test_the_screen_shows_every_packet() -> None:
    told = printed("screen.py", "2")
    assert re.search(r"1,000 packets/s, on screen: median [0-9]+ ms", told)
    assert re.search(r"key to paint: median [0-9]+ ms", told)
    assert "end 102000 0 102000" in told
