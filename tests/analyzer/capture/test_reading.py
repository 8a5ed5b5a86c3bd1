# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture import CaptureError, CaptureFile, NoticeKind

from .writing import PACKET, Pcapng, Record, opened, pcap, records, sample

# The folder is shared by all examples, which only ever overwrite the one file.
one_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PACKETS = [(1_700_000_000 + n, n, PACKET[: n % 33], 32 + n) for n in range(40)]
FILES = {
    "pcap": pcap(PACKETS),
    "nsecpcap": pcap(PACKETS, big=True, magic=0xA1B23C4D),
    "modpcap": pcap(PACKETS, magic=0xA1B2CD34),
    "pcapng, little first": sample(False),
    "pcapng, big first": sample(True),
}
formats = pytest.mark.parametrize("content", FILES.values(), ids=FILES)


def told(capture: CaptureFile, limit: int | None = None) -> tuple[object, ...]:
    """All a reader says about a file."""
    with capture:
        found = records(capture, limit)
        return (
            found,
            capture.notices,
            capture.interfaces,
            capture.comments,
            capture.file_comments,
            capture.dropped,
            capture.position,
        )


@formats
@given(window=st.integers(1, 400), limit=st.none() | st.integers(1, 50))
@one_folder
def test_window_and_limit_change_nothing(
    tmp_path: Path, content: bytes, window: int, limit: int | None
) -> None:
    expected = told(opened(tmp_path, content))
    assert expected[-1] == len(content)
    assert told(opened(tmp_path, content, window), limit) == expected


@formats
def test_every_truncation_gives_a_prefix_and_a_notice(tmp_path: Path, content: bytes) -> None:
    with opened(tmp_path, content) as capture:
        whole = records(capture)
    boundaries = 0
    for size in range(28, len(content)):
        with opened(tmp_path, content[:size], window=64 + size % 1000) as capture:
            found = records(capture)
            assert found == whole[: len(found)]
            assert all(r.offset + r.captured <= size for r in found)
            truncated = capture.notice_counts[NoticeKind.TRUNCATED_RECORD]
            assert truncated == (capture.position < size)
            boundaries += not truncated
    assert boundaries < 45


@formats
@given(data=st.data())
@one_folder
def test_damage_is_never_an_exception(tmp_path: Path, content: bytes, data: st.DataObject) -> None:
    file = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(4, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        capture = opened(tmp_path, bytes(file), data.draw(st.integers(1, 3000)))
    except CaptureError:
        return
    split = told(capture, data.draw(st.integers(1, 20)))
    assert split == told(opened(tmp_path, bytes(file)))


MAGICS = [bytes.fromhex(magic) for magic in ("a1b2c3d4", "4d3cb2a1", "34cdb2a1", "0a0d0d0a", "")]
MAGICS.append(Pcapng().section() + Pcapng().interface())


@given(st.sampled_from(MAGICS), st.binary(max_size=300))
@one_folder
def test_random_bytes_raise_nothing_but_one_clear_line(
    tmp_path: Path, magic: bytes, content: bytes
) -> None:
    said = f"{tmp_path} is a capture."
    try:
        told(opened(tmp_path, magic + content, window=50))
    except CaptureError as error:
        said = str(error)
    assert said.startswith(str(tmp_path))
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize("snap_length", [65535, 0x7FFFFFFF])
def test_a_claim_of_two_gigabytes_takes_no_memory(tmp_path: Path, snap_length: int) -> None:
    file = bytearray(pcap([(0, 0, PACKET, 32)] * 2, snap_length=snap_length))
    for claim in (0x7FFFFFFF, 200 << 20):
        file[24 + 48 + 8 : 24 + 48 + 12] = claim.to_bytes(4, "little")
        tracemalloc.start()
        with opened(tmp_path, bytes(file)) as capture:
            assert len(records(capture)) == 1
            assert len(capture.notices) == 1
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1 << 20


def test_memory_is_a_few_windows_whatever_the_size(tmp_path: Path) -> None:
    window = 1 << 16
    path = tmp_path / "large"
    path.write_bytes(pcap([(0, 0, bytes(1000), 1000)]) + pcap([(1, 2, PACKET, 32)])[24:] * 40_000)
    tracemalloc.start()
    with CaptureFile(path, window) as capture:
        assert sum(batch.count for batch in capture.batches()) == 40_001
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * window


def test_a_comment_or_option_flood_stays_bounded(tmp_path: Path) -> None:
    write = Pcapng()
    flood = write.section() + write.interface(bytes.fromhex("04000000") * 60_000)
    path = tmp_path / "flood"
    path.write_bytes(flood + write.enhanced(0))
    tracemalloc.start()
    with CaptureFile(path, 1 << 12) as capture:
        assert len(records(capture)) == 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(flood)


def test_a_second_call_goes_on_where_the_first_was_left(tmp_path: Path) -> None:
    with opened(tmp_path, FILES["pcap"]) as capture:
        expected = records(capture)
    with opened(tmp_path, FILES["pcap"]) as capture:
        first = next(capture.batches(limit=3))
        assert (first.first_frame, first.count) == (1, 3)
        assert capture.position == expected[2].offset + expected[2].captured
        assert records(capture) == expected[3:]
        assert records(capture) == []


def test_batches_outlive_the_file(tmp_path: Path) -> None:
    with opened(tmp_path, FILES["pcap"]) as capture:
        batches = list(capture.batches(limit=7))
    assert [b.count for b in batches] == [7] * 5 + [5]
    assert batches[0].data.readonly
    assert batches[0].rows.format == "q"


def test_random_access_is_short_at_the_end(tmp_path: Path) -> None:
    with opened(tmp_path, FILES["pcap"]) as capture:
        size = capture.size
        assert capture.read(size - 3, 1 << 40) == FILES["pcap"][-3:]
        assert capture.read(size + 10, 5) == b""
        assert capture.read(0, 4) == FILES["pcap"][:4]


@pytest.mark.parametrize("size", [401, 100], ids=["ahead", "behind"])
def test_a_file_cut_while_it_is_read(tmp_path: Path, size: int) -> None:
    with opened(tmp_path, FILES["pcap"], window=300) as capture:
        batches = capture.batches(limit=1)
        next(batches)
        os.truncate(tmp_path / "capture", size)
        assert sum(1 for _ in batches) > 1
        assert [n.kind for n in capture.notices] == [NoticeKind.TRUNCATED_RECORD]


def refused(path: Path) -> str:
    with pytest.raises(CaptureError) as caught:
        CaptureFile(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty;"),
        (b"\x1f\x8b\x08\0", "in the middle of gzip data"),
        (b"PK\x03\x04", "unzip"),
        (b"0000  45 00\n", "is text"),
        (b"\x7fELF\x02", "is no pcap or pcapng capture"),
        (bytes.fromhex("d4c3b2a1"), "cut off"),
    ],
)
def test_what_is_no_capture(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(content)
    assert said in refused(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a device" in refused(Path("/dev/null"))
    assert "is a directory" in refused(tmp_path)
    assert "does not exist" in refused(tmp_path / "absent")
    assert "does not exist" in refused(tmp_path / "file" / "below")
    assert "is no file name" in refused(Path("a\0b"))
    assert "\n" not in refused(tmp_path / "two\nlines")


def test_a_file_one_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)  # root may read anything
    assert "may not be read by you" in refused(tmp_path / "x.pcap")


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with opened(tmp_path, FILES["pcap"]) as capture:
        monkeypatch.setattr(os, "preadv", fail)
        with pytest.raises(CaptureError, match="cannot be read at byte 24"):
            records(capture)
        monkeypatch.setattr(os, "pread", fail)
        with pytest.raises(CaptureError, match="cannot be read at byte 7"):
            capture.read(7, 1)


def test_arguments_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="window"):
        opened(tmp_path, FILES["pcap"], window=0)
    with (
        opened(tmp_path, FILES["pcap"]) as capture,
        pytest.raises(ValueError, match="limit"),
    ):
        next(capture.batches(limit=0))


def tshark(path: Path) -> list[tuple[int, int | None, int, int]]:
    """Frame number, time in ns, length on the wire, captured length, as tshark has them."""
    fields = ("frame.number", "frame.time_epoch", "frame.len", "frame.cap_len")
    command = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = []
    for line in lines.splitlines():
        frame, time, wire, captured = line.split("\t")
        ns = int(time.replace(".", "")) if time else None
        rows.append((int(frame), ns, int(wire), int(captured)))
    return rows


def ours(found: list[Record]) -> list[tuple[int, int | None, int, int]]:
    return [(r.frame, r.time_ns if r.time_ns >= 0 else None, r.wire, r.captured) for r in found]


def editcap(*options: str) -> Callable[[Path, Path], list[str]]:
    return lambda source, target: ["editcap", *options, str(source), str(target)]


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
@pytest.mark.parametrize(
    "convert",
    [
        editcap("-F", "pcapng"),
        editcap("-F", "nsecpcap"),
        editcap("-F", "modpcap"),
        editcap("-F", "pcap", "-s", "20"),
        editcap("-F", "pcapng", "-a", "3:look here", "-t", "0.123456"),
        lambda source, target: ["tcpdump", "-r", str(source), "-w", str(target), "greater", "20"],
        lambda source, target: ["mergecap", "-w", str(target), str(source), str(source)],
    ],
    ids=["pcapng", "nsecpcap", "modpcap", "snapped", "comment", "tcpdump", "mergecap"],
)
@pytest.mark.parametrize("content", [FILES["pcap"], FILES["nsecpcap"]], ids=["little", "big"])
def test_files_of_other_programs(
    tmp_path: Path, convert: Callable[[Path, Path], list[str]], content: bytes
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    command = convert(source, target)
    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}")
    subprocess.run(command, capture_output=True, check=True)
    with CaptureFile(target) as capture:
        found = records(capture)
        assert not capture.notices
        assert capture.comments == ({3: ["look here"]} if "-a" in command else {})
    assert found
    assert ours(found) == tshark(target)


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
@formats
def test_files_of_ours_are_the_same_to_tshark(tmp_path: Path, content: bytes) -> None:
    with opened(tmp_path, content) as capture:
        assert ours(records(capture)) == tshark(tmp_path / "capture")
