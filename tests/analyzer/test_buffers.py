# SPDX-License-Identifier: GPL-2.0-only
"""Large buffers are zero, and grow where they are."""

from __future__ import annotations

import pytest

from analyzer.buffers import resized, zeroed

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
