# SPDX-License-Identifier: GPL-2.0-only
"""Record reader: the bytes are a capture file.

The kernels run over checked buffers, then the file is read in one window and in many small ones.
"""

from __future__ import annotations

import tempfile
from array import array
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.capture import CaptureError, CaptureFile
from analyzer.capture.options import resolution
from analyzer.capture.pcap import FILE_HEADER, SMALLEST_LIMIT, VARIANTS
from analyzer.capture.records import (
    LATEST,
    NO_INTERFACE,
    NO_TIME,
    PAUSED,
    ROW,
    u32,
    walk_pcap,
    walk_pcapng,
)
from fuzz.checked import Checked, checked_rows

ROOM = 16
CLOCKS = (6, 9, 0, 12, 0x94, 0xBF, 0xFF)  # if_tsresol of the interfaces of the kernel's run


@cache
def path() -> Path:
    """The file, overwritten for each input."""
    folder = tempfile.TemporaryDirectory()
    _KEPT.append(folder)
    return Path(folder.name) / "capture"


_KEPT: list[Any] = []


def run(data: bytes) -> None:
    _pcap_kernel(data)
    _pcapng_kernel(data)
    path().write_bytes(data)
    whole, split = _told(1 << 20, None), _told(64, 3)
    assert whole == split
    assert not isinstance(whole, str) or "\n" not in whole


def _pcap_kernel(data: bytes) -> None:
    variant = VARIANTS.get(data[:4])
    if variant is None or len(data) < FILE_HEADER:
        return
    window: Any = Checked(memoryview(data), FILE_HEADER)
    rows: Any = checked_rows(ROW * ROOM)
    at, last = FILE_HEADER, -1
    while at != last:
        last = at
        at, count = walk_pcap(
            window,
            at,
            len(data),
            variant.big,
            variant.ns_per_tick,
            variant.record_header,
            SMALLEST_LIMIT,
            rows,
            ROOM,
        )
        assert last <= at <= len(data)
        _check_rows([rows[n] for n in range(count * ROW)], len(data), 1)
    assert window.accesses <= 20 * len(data) + 100


def _pcapng_kernel(data: bytes) -> None:
    """Every block from byte 0 on, sections and oddities stepped over as they claim to be long."""
    columns = array("q")
    for clock in CLOCKS:
        columns.extend((*resolution(clock)[1:], 0, 40))
    interfaces: Any = Checked(memoryview(columns))
    window: Any = Checked(memoryview(data))
    rows: Any = checked_rows(ROW * ROOM)
    for big in (False, True):
        at = 0
        while True:
            before = at
            at, count, reason = walk_pcapng(
                window,
                at,
                len(data),
                big,
                interfaces,
                0,
                rows,
                ROOM,
            )
            assert before <= at <= len(data)
            assert count <= ROOM
            _check_rows([rows[n] for n in range(count * ROW)], len(data), len(CLOCKS))
            if reason == PAUSED and count < ROOM:
                break
            if reason != PAUSED:
                stated = u32(memoryview(data), at + 4, big) + 3 & ~3
                if stated < 12 or stated > len(data) - at:
                    break
                at += stated
    assert window.accesses <= 100 * len(data) + 200


def _check_rows(rows: list[int], size: int, interfaces: int) -> None:
    """Packets inside the data, in order, with a time and interface there is."""
    last = 0
    for row in range(0, len(rows), ROW):
        at, captured, wire, time, interface = rows[row : row + ROW]
        assert last <= at <= at + captured <= size
        assert 0 <= wire < 1 << 32
        assert NO_TIME <= time <= LATEST
        assert NO_INTERFACE <= interface < interfaces
        last = at + captured


def _told(window: int, limit: int | None) -> object:
    """All that reading tells, rows by their place in the file."""
    try:
        capture = CaptureFile(path(), window)
    except CaptureError as error:
        return str(error)
    found = []
    with capture:
        for batch in capture.batches(limit):
            assert limit is None or 0 < batch.count <= limit
            rows = batch.rows.tolist()
            assert len(rows) == batch.count * ROW
            _check_rows(rows, len(batch.data), len(capture.interfaces))
            for number in range(batch.count):
                at, *others = rows[number * ROW : (number + 1) * ROW]
                found.append((batch.first_frame + number, batch.base + at, *others))
        assert [frame for frame, *_ in found] == list(range(1, len(found) + 1))
        assert 0 <= capture.position <= capture.size
        assert all(0 <= notice.offset <= capture.size for notice in capture.notices)
        assert all(1 <= frame <= len(found) for frame in capture.comments)
        return found, capture.notices, capture.interfaces, capture.comments, capture.position
