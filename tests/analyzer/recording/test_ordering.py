# SPDX-License-Identifier: GPL-2.0-only
"""Packets of several interfaces leave in the order of time, each interface in its own."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture import blocks
from analyzer.recording.ordering import Waiting

PACKETS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=20)


@given(PACKETS, st.integers(1, 5))
def test_blocks_are_ordered_like_a_merge_of_the_interfaces(
    packets: list[tuple[int, int]], most: int
) -> None:
    waiting = Waiting()
    latest = dict.fromkeys(range(3), 0)
    expected = []
    for number, (interface, time) in enumerate(packets):
        block = blocks.packet(interface, time, bytes([number]), 1)
        waiting.add(interface, memoryview(block))
        latest[interface] = max(latest[interface], time)
        expected.append((latest[interface], number, block))
    taken = b""
    for until in (3, 6, 9):
        while True:
            data, count = waiting.take(until, most)
            assert count <= most
            if not count:
                break
            taken += data
        assert taken == b"".join(block for time, _, block in sorted(expected) if time <= until)
    assert waiting.octets == 0
