# SPDX-License-Identifier: GPL-2.0-only
"""The record walks: where each packet of a pcap or pcapng window lies, how long it is, and when.

Every function here is plain Python in numba's subset: integers, indexing, and writes into a
preallocated int64 memoryview. They run uncompiled on small files and compiled on large ones,
with the same result; `KERNELS` lists them callees first for the compiler. Four habits follow:

* bytes come as a memoryview, never as an ndarray, whose `uint8 << 8` wraps when uncompiled;
* bytes are put together by `*` and `+`: to numba a shifted uint8 is a uint64, and uint64 with int64
  a float;
* no intermediate leaves int64, which compiled code would wrap and Python would not;
* an index is proved in range before it is used, for compiled code does not check.

A row is `ROW` int64: index of the packet's first byte in `data`, captured length, length on the
wire (both in bytes), time in ns since 1970-01-01 UTC or `NO_TIME`, interface index.

Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dissectors.kernel import Bytes, Rows

ROW: Final = 5
INTERFACE: Final = 5

NO_INTERFACE: Final = -1

# What stands above the interface index in a row that `carriers` put in or marked.
MARK: Final = 1 << 20
IS_CARRIER, IS_CARRIED, IS_NOTICE = 1, 2, 3

NO_TIME: Final = -(1 << 63)
LATEST: Final = (1 << 63) - 1
NS: Final = 1_000_000_000

SECTION_HEADER: Final = 0x0A0D0D0A
OBSOLETE_PACKET: Final = 2
SIMPLE_PACKET: Final = 3
ENHANCED_PACKET: Final = 6

OPT_END: Final = 0
OPT_COMMENT: Final = 1

# Why walk_pcapng stopped, and what its first result then is the index of.
PAUSED: Final = 0  # the rows are full or the next block is not whole: that block
ODD: Final = 1  # a block that is no sound packet: that block, of which nothing was written
REMARK: Final = 2  # a packet with a comment or a defect behind its data: that packet's block


def u16(data: Bytes, at: int, big: bool) -> int:
    """The two bytes at `at` as an unsigned number."""
    if big:
        return data[at] * 0x100 + data[at + 1]
    return data[at + 1] * 0x100 + data[at]


def u32(data: Bytes, at: int, big: bool) -> int:
    """The four bytes at `at` as an unsigned number."""
    if big:
        high = data[at] * 0x100 + data[at + 1]
        return high * 0x10000 + data[at + 2] * 0x100 + data[at + 3]
    high = data[at + 3] * 0x100 + data[at + 2]
    return high * 0x10000 + data[at + 1] * 0x100 + data[at]


def time_ns(high: int, low: int, interfaces: Rows, interface: int) -> int:
    """A pcapng timestamp, two 32-bit halves, as ns since 1970; clamped to what int64 holds.

    `interfaces` has `INTERFACE` int64 for each: ns per tick, ticks per ns, fraction bits, offset
    in ns, snap length. At most one of the first three is set: for ticks of 1 ns and longer, for
    finer decimal ticks (even, as powers of ten are), for ticks of 2**-bits s, bits from 1 to 63.
    None set means a tick too fine to tell the time with.
    """
    ns_per_tick = interfaces[interface * INTERFACE]
    ticks_per_ns = interfaces[interface * INTERFACE + 1]
    bits = interfaces[interface * INTERFACE + 2]
    offset = interfaces[interface * INTERFACE + 3]
    half = high << 31 | low >> 1  # of an unsigned 64-bit number, which would not fit
    ns = 0
    if ns_per_tick:
        ns = LATEST
        if half <= (LATEST // ns_per_tick - 1) >> 1:
            ns = (high << 32 | low) * ns_per_tick
    elif ticks_per_ns:
        ns = half // (ticks_per_ns >> 1)
    elif bits:
        fraction = ((high & 0x7FFFFFFF) << 32 | low) & ((1 << bits) - 1)
        kept = bits
        if bits > 33:  # 2**-33 s is 0.12 ns; finer bits would overflow the product
            fraction >>= bits - 33
            kept = 33
        seconds = half >> (bits - 1)
        ns = LATEST
        if seconds < LATEST // NS:
            ns = seconds * NS + (fraction * NS >> kept)
    if offset > 0 and ns > LATEST - offset:
        return LATEST
    return ns + offset


def walk_pcap(
    data: Bytes,
    start: int,
    end: int,
    big: bool,
    ns_per_tick: int,
    header: int,
    largest: int,
    rows: Rows,
    limit: int,
) -> tuple[int, int]:
    """Write a row per pcap record of `data[start:end]`, `limit` at most; `rows` has room for them.

    `ns_per_tick` is the unit of the timestamp's second word, `header` the record header's length.
    Returns the index of the first record not written and the number of rows. That record is
    cut off by `end`, or claims more than `largest` bytes, unless the limit was reached.
    """
    at = start
    count = 0
    while count < limit and end - at >= header:
        captured = u32(data, at + 8, big)
        if captured > largest or captured > end - at - header:
            break
        row = count * ROW
        rows[row] = at + header
        rows[row + 1] = captured
        rows[row + 2] = u32(data, at + 12, big)
        rows[row + 3] = u32(data, at, big) * NS + u32(data, at + 4, big) * ns_per_tick
        rows[row + 4] = 0
        count += 1
        at += header + captured
    return at, count


def remarkable(data: Bytes, at: int, end: int, big: bool) -> bool:
    """Whether the options in `data[at:end]` hold a comment or do not fit."""
    while end - at >= 4:
        code = u16(data, at, big)
        length = u16(data, at + 2, big)
        if code == OPT_COMMENT or length > end - at - 4:
            return True
        if code == OPT_END:
            return False
        at += 4 + (length + 3 & ~3)
    return False


def packet_row(
    data: Bytes,
    at: int,
    total: int,
    big: bool,
    interfaces: Rows,
    first: int,
    rows: Rows,
    row: int,
) -> int:
    """Write the row of the packet block at `at`, `total` bytes long, to `rows[row:]`.

    Returns the index behind the packet's data and padding, or 0 when the block holds no sound
    packet: too short, an interface nobody described, more data than the block has room for.
    """
    kind = u32(data, at, big)
    room = total - 32  # without header, fixed fields and trailing length
    if kind == SIMPLE_PACKET:
        room = total - 16
    if room < 0:
        return 0
    interface = 0
    if kind == ENHANCED_PACKET:
        interface = u32(data, at + 8, big)
    elif kind == OBSOLETE_PACKET:
        interface = u16(data, at + 8, big)
    if interface >= len(interfaces) // INTERFACE:
        return 0
    time = NO_TIME
    if kind == SIMPLE_PACKET:
        begin = at + 12
        wire = u32(data, at + 8, big)
        captured = wire
        snap = interfaces[INTERFACE - 1]
        if 0 < snap < captured:
            captured = snap
    else:
        begin = at + 28
        captured = u32(data, at + 20, big)
        wire = u32(data, at + 24, big)
        time = time_ns(u32(data, at + 12, big), u32(data, at + 16, big), interfaces, interface)
    if captured > room:
        return 0
    rows[row] = begin
    rows[row + 1] = captured
    rows[row + 2] = wire
    rows[row + 3] = time
    rows[row + 4] = first + interface
    return begin + (captured + 3 & ~3)


def walk_pcapng(
    data: Bytes,
    start: int,
    end: int,
    big: bool,
    interfaces: Rows,
    first: int,
    rows: Rows,
    limit: int,
) -> tuple[int, int, int]:
    """Write a row per packet of `data[start:end]`, `limit` at most; `rows` has room for them.

    `interfaces` (see `time_ns`) are the section's, the first of which is number `first` in the
    file. Returns an index, the number of rows, and why the walk stopped there: `PAUSED`, `ODD`
    or `REMARK`.
    """
    at = start
    count = 0
    while count < limit and end - at >= 12:
        kind = u32(data, at, big)
        stated = u32(data, at + 4, big)
        if kind == SECTION_HEADER or stated < 12:
            return at, count, ODD
        total = stated + 3 & ~3  # some writers leave the padding out, Wireshark counts it in
        if total > end - at:
            break
        behind = at + total - 4
        sound = total == stated and u32(data, behind, big) == total
        if kind != ENHANCED_PACKET and kind != SIMPLE_PACKET and kind != OBSOLETE_PACKET:
            return at, count, ODD
        options = packet_row(data, at, total, big, interfaces, first, rows, count * ROW)
        if options == 0:
            return at, count, ODD
        count += 1
        if not sound:
            return at, count, REMARK
        if kind != SIMPLE_PACKET and remarkable(data, options, behind, big):
            return at, count, REMARK
        at += total
    return at, count, PAUSED


KERNELS: Final[tuple[Callable[..., Any], ...]] = (
    u16,
    u32,
    time_ns,
    walk_pcap,
    remarkable,
    packet_row,
    walk_pcapng,
)
