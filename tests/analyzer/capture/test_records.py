# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from array import array
from collections.abc import Callable
from fractions import Fraction
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture.options import resolution
from analyzer.capture.records import KERNELS, LATEST, ROW, time_ns, walk_pcap, walk_pcapng

from .writing import PACKET, Pcapng, pcap, sample


def clock(tsresol: int, offset_ns: int = 0) -> memoryview:
    return memoryview(array("q", (*resolution(tsresol)[1:], offset_ns, 0)))


def table(room: int) -> memoryview:
    return memoryview(array("q", bytes(8 * ROW * room)))


def compiled() -> dict[str, Callable[..., Any]]:
    """The kernels compiled, each bound to the compiled ones it calls."""
    numba = pytest.importorskip("numba")
    scope: dict[str, Any] = {}
    for kernel in KERNELS:
        assert isinstance(kernel, FunctionType)
        scope |= {name: kernel.__globals__[name] for name in kernel.__globals__ if name.isupper()}
        bound = FunctionType(kernel.__code__, scope, kernel.__name__)
        scope[kernel.__name__] = numba.njit(nogil=True)(bound)
    return scope


DECIMAL = list(range(28))
BINARY = [0x80 | bits for bits in range(64)]
ticks = st.integers(0, (1 << 64) - 1) | st.integers(0, 1 << 55)
clocks = st.sampled_from(DECIMAL + BINARY)


@given(ticks, clocks, st.integers(-LATEST, LATEST) | st.sampled_from([0, -LATEST, LATEST]))
def test_time_is_exact_and_clamped(ticks: int, tsresol: int, offset: int) -> None:
    found = time_ns(ticks >> 32, ticks & 0xFFFFFFFF, clock(tsresol, offset), 0)
    unclamped = Fraction(ticks * 10**9, resolution(tsresol).ticks_per_second)
    if unclamped >= LATEST - 2 * 10**9:  # where the clamp may set in
        expected = LATEST + min(offset, 0)
        assert expected - 3 * 10**9 <= found <= expected or found == LATEST
    else:
        expected = min(unclamped // 1 + offset, LATEST)
        assert expected - (tsresol > 0x80 + 33) <= found <= expected


def test_a_resolution_too_fine_tells_only_the_offset() -> None:
    for tsresol in (28, 0x7F, 0x80 | 64, 0xFF):
        assert time_ns(1 << 31, 5, clock(tsresol, 42), 0) == 42


def test_pcap_rows() -> None:
    data = pcap([(1, 2, PACKET, 99), (2**32 - 1, 2**32 - 1, b"", 0)], big=True)
    rows = table(2)
    at, count = walk_pcap(memoryview(data), 24, len(data), True, 1000, 16, 262144, rows, 2)
    assert (at, count) == (len(data), 2)
    late = (2**32 - 1) * 10**9 + (2**32 - 1) * 1000
    assert rows.tolist() == [40, 32, 99, 1_000_002_000, 0, 88, 0, 0, late, 0]


def test_pcap_stops_before_what_is_not_whole_and_at_the_limit() -> None:
    data = memoryview(pcap([(0, 0, PACKET, 32)] * 3))
    for end, limit, expected in (
        (len(data) - 1, 9, (24 + 2 * 48, 2)),
        (24 + 15, 9, (24, 0)),
        (len(data), 1, (24 + 48, 1)),
        (len(data), 0, (24, 0)),
    ):
        assert walk_pcap(data, 24, end, False, 1, 16, 262144, table(9), limit) == expected
    assert walk_pcap(data, 24, len(data), False, 1, 16, 31, table(9), 9) == (24, 0)


@pytest.fixture(scope="module")
def fast() -> dict[str, Callable[..., Any]]:
    return compiled()


@pytest.mark.parametrize("big", [False, True])
def test_compiled_pcap_is_the_same(fast: dict[str, Callable[..., Any]], big: bool) -> None:
    file = pcap([(2**32 - 1, n << 24, bytes(n), n << 8) for n in range(200)], big=big)
    for data in (memoryview(file), memoryview(file).cast("B").toreadonly()):
        plain, quick = table(200), table(200)
        arguments = (data, 24, len(data), big, 1000, 16, 150)
        assert fast["walk_pcap"](*arguments, quick, 200) == walk_pcap(*arguments, plain, 200)
        assert quick == plain


@pytest.mark.parametrize("big", [False, True])
def test_compiled_pcapng_is_the_same(fast: dict[str, Callable[..., Any]], big: bool) -> None:
    write = Pcapng(big)
    interfaces = memoryview(array("q", b"".join(bytes(clock(n)) for n in DECIMAL + BINARY)))
    count = len(DECIMAL + BINARY)
    blocks = [
        write.enhanced((1 << 64) - 1 >> n % 64, bytes(n % 50), interface=n % count)
        for n in range(300)
    ]
    blocks += [write.simple(), write.obsolete(5), write.enhanced(1, options=write.option(4, b"x"))]
    odd = [write.enhanced(1, options=write.option(1, b"x")), write.enhanced(1, interface=count)]
    for file in (b"".join(blocks), *(b"".join([*blocks, block]) for block in odd)):
        plain, quick = table(400), table(400)
        arguments = (memoryview(file), 0, len(file), big, interfaces, 7)
        expected = walk_pcapng(*arguments, plain, 400)
        assert expected[1] >= 303
        assert fast["walk_pcapng"](*arguments, quick, 400) == expected
        assert quick == plain


@given(data=st.data())
@settings(deadline=None)  # the first example pays for the compiler
def test_compiled_is_the_same_on_damaged_files(
    fast: dict[str, Callable[..., Any]], data: st.DataObject
) -> None:
    file = bytearray(sample(False))
    for _ in range(data.draw(st.integers(0, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(file)))
    arguments = (memoryview(file), start, len(file), data.draw(st.booleans()), clock(6), 0)
    plain, quick = table(50), table(50)
    assert fast["walk_pcapng"](*arguments, quick, 50) == walk_pcapng(*arguments, plain, 50)
    assert quick == plain
