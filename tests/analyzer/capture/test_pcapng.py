# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.capture import NO_INTERFACE, NO_TIME, CaptureError, NoticeKind, pcapng

from .writing import COMMENT, PACKET, Pcapng, opened, records, sample

NS = 10**9
WRITE = Pcapng()
HEAD = WRITE.section() + WRITE.interface()
GOOD = WRITE.enhanced(5_000_000)


def kinds(folder: Path, *blocks: bytes) -> tuple[list[int], list[NoticeKind]]:
    """Times in seconds of the packets and kinds of the notices of blocks in a section."""
    with opened(folder, HEAD + b"".join(blocks)) as capture:
        times = [r.time_ns // NS for r in records(capture)]
        for notice in capture.notices:
            assert notice.text.endswith(".")
            assert "\n" not in notice.text
        return times, [notice.kind for notice in capture.notices]


@pytest.mark.parametrize("big", [False, True])
def test_a_bit_of_everything(tmp_path: Path, big: bool) -> None:
    with opened(tmp_path, sample(big)) as capture:
        found = records(capture)
        eth0, cooked, last = capture.interfaces
        assert capture.format == "pcapng"
        assert capture.file_comments == ["a capture"]
        assert capture.comments == {2: ["look here"], 6: ["empty"]}
        assert capture.dropped == {0: 7}
        assert capture.secrets == [(7, b"CLIENT_RANDOM 0a0b 0c0d")]
        assert [n.kind for n in capture.notices] == [NoticeKind.UNKNOWN_BLOCK]
    assert [(r.time_ns, r.captured, r.wire, r.interface) for r in found] == [
        (1_700_000_000_123_456_789, 32, 32, 0),
        (1_700_003_600_000_000_000, 32, 32, 1),
        (1_700_000_000_000_000_001, 29, 29, 0),
        (NO_TIME, 4, 4, NO_INTERFACE),
        (NO_TIME, 21, 100, 2),
        (1_700_000_000_000_000_000, 0, 0, 2),
    ]
    assert [r.data for r in found[:3]] == [PACKET, PACKET, PACKET[:29]]
    assert found[4].data == PACKET[:21]
    assert (eth0.name, eth0.ticks_per_second, eth0.link_type) == ("eth0", NS, 101)
    assert (cooked.offset_seconds, cooked.link_type) == (3600, 1)
    assert (last.index, last.ticks_per_second, last.snap_length) == (2, 1 << 20, 21)


def test_interfaces_tell_their_name_and_comments(tmp_path: Path) -> None:
    options = WRITE.option(COMMENT, b"one") + WRITE.option(3, b"uplink")
    options += WRITE.option(COMMENT, b"two") + WRITE.option(14, WRITE.pack("q", -5))
    with opened(tmp_path, WRITE.section() + WRITE.interface(options) + GOOD) as capture:
        (record,) = records(capture)
        (interface,) = capture.interfaces
    assert interface.comments == ("one", "two")
    assert interface.description == "uplink"
    assert record.time_ns == 0


BAD = [
    ("no such interface", WRITE.enhanced(0, interface=1), NoticeKind.UNKNOWN_INTERFACE),
    ("no such interface, obsolete", WRITE.obsolete(0, interface=9), NoticeKind.UNKNOWN_INTERFACE),
    ("no room for fixed fields", WRITE.block(6, bytes(16)), NoticeKind.BAD_BLOCK),
    ("no room in simple packet", WRITE.block(3, b""), NoticeKind.BAD_BLOCK),
    ("captured too long", WRITE.block(6, WRITE.pack("5I", 0, 0, 0, 5, 5) + b"four"),
     NoticeKind.BAD_BLOCK),
    ("simple too long", WRITE.block(3, WRITE.pack("I", 5) + b"four"), NoticeKind.BAD_BLOCK),
    ("unknown type", WRITE.block(0x80001234, b"mine"), NoticeKind.UNKNOWN_BLOCK),
    ("statistics too short", WRITE.block(5, bytes(8)), NoticeKind.BAD_BLOCK),
    ("name resolution ends wrong", WRITE.block(4, bytes(4), trailer=0), NoticeKind.BAD_BLOCK),
]  # fmt: skip


@pytest.mark.parametrize(("block", "kind"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_bad_block_is_reported_and_passed_over(
    tmp_path: Path, block: bytes, kind: NoticeKind
) -> None:
    assert kinds(tmp_path, GOOD, block, GOOD) == ([5, 5], [kind])


def test_a_packet_whose_lengths_disagree_is_kept(tmp_path: Path) -> None:
    cut = WRITE.block(6, GOOD[8:-4], trailer=4711)
    assert kinds(tmp_path, cut, GOOD) == ([5, 5], [NoticeKind.BAD_BLOCK])


def test_a_length_without_its_padding_is_rounded_up_as_wireshark_does(tmp_path: Path) -> None:
    body = WRITE.pack("5I", 0, 0, 7_000_000, 30, 30) + PACKET[:30]
    length = WRITE.pack("I", len(body) + 12)
    odd = WRITE.pack("I", 6) + length + body + b"\0\0" + length
    assert kinds(tmp_path, odd, GOOD) == ([7, 5], [NoticeKind.BAD_BLOCK])


@pytest.mark.parametrize("length", [0, 1, 11])
def test_a_length_below_any_block_stops_reading(tmp_path: Path, length: int) -> None:
    block = WRITE.pack("II", 6, length) + bytes(40)
    assert kinds(tmp_path, GOOD, block, GOOD) == ([5], [NoticeKind.BAD_BLOCK])


@pytest.mark.parametrize(
    "block",
    [
        WRITE.section(version=9),
        WRITE.block(0x0A0D0D0A, b"what is that?" + bytes(8)),
        WRITE.block(0x0A0D0D0A, WRITE.pack("I", 0x1A2B3C4D)),
        WRITE.block(1, bytes(4)),
    ],
    ids=["version", "byte order", "short section", "short interface"],
)
def test_what_makes_the_rest_unreadable_stops_reading(tmp_path: Path, block: bytes) -> None:
    assert kinds(tmp_path, GOOD, block, GOOD) == ([5], [NoticeKind.BAD_BLOCK])


def test_options_that_do_not_fit(tmp_path: Path) -> None:
    past = WRITE.option(COMMENT, b"kept") + WRITE.pack("HH", 9, 99)
    size = WRITE.option(9, b"\6\6")
    with opened(
        tmp_path,
        WRITE.section(past) + WRITE.interface(size) + WRITE.enhanced(5_000_000, options=past),
    ) as capture:
        assert [r.time_ns for r in records(capture)] == [5 * NS]
        assert [(n.kind, n.frame) for n in capture.notices] == [
            (NoticeKind.BAD_OPTION, frame) for frame in (0, 0, 1)
        ]
        assert capture.file_comments == ["kept"]
        assert capture.comments == {1: ["kept"]}


def test_a_clock_too_fine(tmp_path: Path) -> None:
    interface = WRITE.interface(WRITE.option(9, b"\xff"))
    with opened(tmp_path, WRITE.section() + interface + WRITE.enhanced(2**64 - 1)) as capture:
        assert [r.time_ns for r in records(capture)] == [0]
        assert [n.kind for n in capture.notices] == [NoticeKind.BAD_OPTION]


def test_absurd_times_are_clamped(tmp_path: Path) -> None:
    interfaces = [
        WRITE.interface(WRITE.option(14, WRITE.pack("q", s))) for s in (2**63 - 1, -(2**63))
    ]
    packets = [WRITE.enhanced(2**64 - 1), WRITE.enhanced(0, interface=1)]
    file = WRITE.section() + b"".join(interfaces + packets)
    with opened(tmp_path, file) as capture:
        assert [r.time_ns for r in records(capture)] == [2**63 - 1, 1 - 2**63]


def test_interfaces_are_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng, "MOST_INTERFACES", 3)
    file = WRITE.section() + WRITE.interface() * 5 + GOOD + WRITE.enhanced(0, interface=4)
    with opened(tmp_path, file) as capture:
        assert len(records(capture)) == 1
        assert len(capture.interfaces) == 3
        assert capture.notice_counts == {
            NoticeKind.TOO_MANY_INTERFACES: 2,
            NoticeKind.UNKNOWN_INTERFACE: 1,
        }


def test_a_block_too_large_is_passed_over_only_if_its_end_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pcapng.PcapngWalker, "largest", 1000)
    oversized = [NoticeKind.OVERSIZED_RECORD]
    for trailer, times in ((None, [5, 5]), (0, [5])):
        file = HEAD + GOOD + WRITE.block(6, bytes(2000), trailer=trailer) + GOOD
        with opened(tmp_path, file, window=100) as capture:
            assert [r.time_ns // NS for r in records(capture)] == times
            assert [n.kind for n in capture.notices] == oversized


def test_headers_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cut off in its pcapng header"):
        opened(tmp_path, HEAD[:27])
    with pytest.raises(CaptureError, match="byte order"):
        opened(tmp_path, HEAD[:8] + bytes(40))
    with pytest.raises(CaptureError, match="pcapng version 2"):
        opened(tmp_path, WRITE.section(version=2))
