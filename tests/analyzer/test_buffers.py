# SPDX-License-Identifier: GPL-2.0-only
"""Large buffers are zero, and grow where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analyzer.buffers import WARM, OnDisk, resized, zeroed

LARGE = 1 << 23


@pytest.mark.parametrize("size", [1, 4096, LARGE, LARGE + 4096])
def test_a_buffer_is_zero(size: int) -> None:
    buffer = zeroed(size)
    assert len(buffer) == size
    assert not any(buffer[at] for at in {0, size // 2, size - 1})


def test_a_large_one_grows_and_keeps_what_is_in_it() -> None:
    buffer = zeroed(LARGE)
    buffer[LARGE - 1] = 7
    if not resized(buffer, 3 * LARGE):
        pytest.skip("this system moves no pages")
    buffer[3 * LARGE - 1] = 8  # memory that is not there would end the program here
    assert (buffer[LARGE - 1], buffer[LARGE], buffer[3 * LARGE - 1]) == (7, 0, 8)


def test_one_that_is_looked_at_stays_as_it_is() -> None:
    buffer = zeroed(LARGE)
    with memoryview(buffer):
        assert not resized(buffer, 2 * LARGE)
    assert len(buffer) == LARGE
    assert not resized(zeroed(16), 32)


# On disk ----------------------------------------------------------------------------------------

posix = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="POSIX alone has it")


def resident() -> int:
    """Bytes of files that this process has in memory."""
    with open("/proc/self/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return 1024 * (int(fields["RssFile"].split()[0]) + int(fields["RssShmem"].split()[0]))


@posix
def test_one_on_disk_grows_and_leaves_no_file(tmp_path: Path) -> None:
    buffer = zeroed(LARGE, tmp_path)
    assert isinstance(buffer, OnDisk)
    buffer[LARGE - 1] = 7
    assert resized(buffer, 3 * LARGE)
    buffer[3 * LARGE - 1] = 8
    assert (buffer[LARGE - 1], buffer[LARGE], buffer[3 * LARGE - 1]) == (7, 0, 8)
    assert os.listdir(tmp_path) == []


@posix
def test_what_was_used_long_ago_leaves_memory_and_comes_back(tmp_path: Path) -> None:
    size = 4 * WARM
    buffer = OnDisk.zeroed(size, tmp_path)
    for at in range(0, size, 4096):
        buffer[at] = 1 + at % 251
    before = resident()
    buffer.cool(size)
    assert before - resident() > 2 * WARM
    assert all(buffer[at] == 1 + at % 251 for at in range(0, size, 4096))


@posix
def test_without_room_on_disk_it_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    buffer = zeroed(LARGE, tmp_path)
    assert not isinstance(buffer, OnDisk)
    assert len(buffer) == LARGE
    assert not isinstance(zeroed(LARGE, tmp_path / "nowhere"), OnDisk)
