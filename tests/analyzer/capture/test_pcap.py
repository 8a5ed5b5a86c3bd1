# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.capture import CaptureError, NoticeKind

from .writing import PACKET, opened, pcap, records

NS = 10**9


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("magic", "name", "tick"),
    [(0xA1B2C3D4, "pcap", 1000), (0xA1B23C4D, "nsecpcap", 1), (0xA1B2CD34, "modpcap", 1000)],
)
def test_every_variant(tmp_path: Path, big: bool, magic: int, name: str, tick: int) -> None:
    packets = [(1_700_000_000, 999_999, PACKET, 32), (0, 0, b"", 0), (7, 1, PACKET[:9], 1500)]
    with opened(tmp_path, pcap(packets, big=big, magic=magic)) as capture:
        found = records(capture)
        assert capture.format == name
        assert capture.interfaces[0].ticks_per_second == NS // tick
        assert not capture.notices
    assert [(r.time_ns, r.data, r.wire) for r in found] == [
        (seconds * NS + fraction * tick, data, wire) for seconds, fraction, data, wire in packets
    ]
    assert [r.frame for r in found] == [1, 2, 3]
    assert {r.interface for r in found} == {0}


def test_the_link_type_is_read_without_its_upper_bits(tmp_path: Path) -> None:
    with opened(tmp_path, pcap([], link_type=0x2400_0001, snap_length=96)) as capture:
        assert capture.interfaces[0].link_type == 1
        assert capture.interfaces[0].snap_length == 96
        assert records(capture) == []


@pytest.mark.parametrize("claimed", [262_145, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_record_too_large_to_be_one_stops_reading(tmp_path: Path, claimed: int) -> None:
    file = bytearray(pcap([(0, 0, PACKET, 32)] * 3))
    file[24 + 48 + 8 : 24 + 48 + 12] = claimed.to_bytes(4, "little")
    with opened(tmp_path, bytes(file)) as capture:
        assert len(records(capture)) == 1
        (notice,) = capture.notices
    assert (notice.kind, notice.offset) == (NoticeKind.OVERSIZED_RECORD, 24 + 48)
    assert str(claimed) in notice.text


def test_a_large_snap_length_allows_large_records(tmp_path: Path) -> None:
    file = pcap([(0, 0, bytes(300_000), 300_000)], snap_length=1 << 20)
    with opened(tmp_path, file, window=1000) as capture:
        assert [r.captured for r in records(capture)] == [300_000]


def test_headers_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cut off in its pcap header"):
        opened(tmp_path, pcap([])[:23])
    with pytest.raises(CaptureError, match=r"pcap version 543\.0"):
        opened(tmp_path, pcap([], version=(543, 0)))
