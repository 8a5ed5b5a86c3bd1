# SPDX-License-Identifier: GPL-2.0-only
"""The machine code that libpcap calls writes the block that the house's writer would."""

import ctypes
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture import blocks
from analyzer.recording import keeping
from analyzer.recording.keeping import Sink

pytestmark = pytest.mark.skipif(not keeping.SUPPORTED, reason="another processor")


class Head(ctypes.Structure):
    """struct pcap_pkthdr."""

    _fields_ = (
        ("seconds", ctypes.c_long),
        ("ticks", ctypes.c_long),
        ("captured", ctypes.c_uint32),
        ("wire", ctypes.c_uint32),
    )


@cache
def function() -> Any:
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
    return prototype(keeping.keep())


def kept(sink: Sink, time: tuple[int, int], data: bytes, wire: int) -> None:
    head = Head(*time, len(data), wire)
    function()(ctypes.addressof(sink), ctypes.addressof(head), data)


PACKETS = st.tuples(
    st.integers(0, (1 << 32) - 1),
    st.integers(0, 999_999),
    st.binary(max_size=70),
    st.integers(0, 9),
)


@given(st.lists(PACKETS, max_size=5), st.sampled_from((1, 1000)), st.integers(0, 65_535))
def test_blocks_are_those_of_the_writer(
    packets: list[tuple[int, int, bytes, int]], ns_per_tick: int, interface: int
) -> None:
    room = ctypes.create_string_buffer(b"\xee" * 1000, 1000)
    sink = Sink(ctypes.addressof(room), 1000, 0, 0, 0, ns_per_tick, interface)
    expected = b""
    for seconds, ticks, data, more in packets:
        kept(sink, (seconds, ticks), data, len(data) + more)
        time = seconds * 10**9 + ticks * ns_per_tick
        expected += blocks.packet(interface, time, data, len(data) + more)
    assert room.raw[: sink.used] == expected
    assert room.raw[sink.used :] == b"\xee" * (1000 - sink.used)
    assert (sink.packets, sink.refused) == (len(packets), 0)


@given(st.binary(max_size=70), st.integers(0, 120))
def test_what_does_not_fit_is_refused(data: bytes, room: int) -> None:
    buffer = ctypes.create_string_buffer(b"\xee" * 200, 200)
    sink = Sink(ctypes.addressof(buffer), room, 0, 0, 0, 1, 0)
    kept(sink, (1, 2), data, len(data))
    block = blocks.packet(0, 10**9 + 2, data, len(data))
    fits = len(block) <= room
    assert buffer.raw == (block if fits else b"").ljust(200, b"\xee")
    assert (sink.packets, sink.refused) == ((1, 0) if fits else (0, 1))


def test_no_packet_takes_more_than_said() -> None:
    assert max(len(blocks.packet(0, 0, bytes(n), n)) - n for n in range(9)) == keeping.OVERHEAD
