# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import errno
import gzip
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from analyzer.capture import CaptureError, CaptureFile, NoticeKind, Source, SpoolLimits, Stop, stdin

from .writing import PACKET, Record, pcap, records, sample

CONTENT = pcap([(1_700_000_000 + n, n, PACKET[: n % 33], 32 + n) for n in range(400)])

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": lambda data: lz4.frame.compress(data, block_size=4, content_checksum=True),
}
packers = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where spools lie."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "msgshark" / "spool"


def plain(tmp_path: Path, content: bytes) -> list[Record]:
    path = tmp_path / "plain"
    path.write_bytes(content)
    with CaptureFile(path) as file:
        return records(file)


def packed(tmp_path: Path, content: bytes, **options: object) -> CaptureFile:
    path = tmp_path / "packed"
    path.write_bytes(content)
    return CaptureFile(path, **options)  # type: ignore[arg-type]


@packers
@pytest.mark.parametrize("content", [CONTENT, sample(False)], ids=["pcap", "pcapng"])
def test_a_compressed_capture_is_the_capture(
    tmp_path: Path, pack: Callable[[bytes], bytes], content: bytes
) -> None:
    halves = pack(content[:100]) + pack(content[100:])
    for data in (pack(content), halves, halves + bytes(512)):
        with packed(tmp_path, data) as file:
            assert records(file) == plain(tmp_path, content)
            assert file.progress == (len(data), len(data))
            assert file.read(3, 20) == content[3:23]


@packers
def test_cut_off_compression_is_a_notice(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    noise = [(1, 1, os.urandom(5000), 5000) for _ in range(40)]  # keeps the packed data long
    content = CONTENT + pcap(noise)[24:]
    whole = plain(tmp_path, content)
    data = pack(content)
    for size in range(4, len(data), len(data) // 37):
        try:
            file = packed(tmp_path, data[:size])
        except CaptureError as error:
            assert "in the middle of" in str(error) or "cut off" in str(error)  # noqa: PT017
            continue
        with file:
            found = records(file)
            assert found == whole[: len(found)]
            assert file.notice_counts[NoticeKind.STREAM_CUT] == 1


@packers
def test_damaged_compression_is_never_an_exception(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    data = pack(CONTENT)
    for at in range(2, len(data), max(1, len(data) // 60)):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        try:
            with packed(tmp_path, bytes(damaged)) as file:
                records(file)
                assert sum(file.notice_counts.values()) < 10
        except CaptureError as error:
            assert "\n" not in str(error)  # noqa: PT017


@packers
def test_a_bomb_stops_at_the_limit(
    tmp_path: Path, pack: Callable[[bytes], bytes], cache: Path
) -> None:
    bomb = pack(CONTENT[:24] + bytes(64 << 20))
    assert len(bomb) < 1 << 20
    with packed(tmp_path, bomb, spool=SpoolLimits(1 << 20)) as file:
        for _ in file.batches():
            pass
        (notice,) = file.notices
        assert file.size == 1 << 20
    assert "is larger than 1 MiB; raise --spool-size" in notice.text


def test_a_spool_has_no_name_and_is_private(tmp_path: Path, cache: Path) -> None:
    with packed(tmp_path, gzip.compress(CONTENT)) as file:
        records(file)
        assert not list(cache.iterdir())
        assert cache.stat().st_mode & 0o777 == 0o700
        assert os.fstat(file._store.fd).st_mode & 0o777 == 0o600
        assert os.fstat(file._store.fd).st_nlink == 0


def test_no_place_for_a_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CaptureError, match="set XDG_CACHE_HOME"):
        packed(tmp_path, gzip.compress(CONTENT))


def test_no_home_for_a_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may run a user that the system does not know."""
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    with pytest.raises(CaptureError, match="no home folder is known"):
        packed(tmp_path, gzip.compress(CONTENT))


def test_a_full_disk_is_one_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = 5000
    write = os.write

    def full(fd: int, data: memoryview) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = write(fd, data[:left])
        left -= count
        return count

    monkeypatch.setattr(os, "write", full)
    with packed(tmp_path, gzip.compress(CONTENT)) as file:
        found = records(file)
        assert found == plain(tmp_path, CONTENT)[: len(found)]
        (notice,) = file.notices
        assert "up to byte 5000 only" in notice.text
        assert "No space left on device" in notice.text


def test_the_last_of_the_disk_is_left_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = os.fstatvfs

    def nearly_full(fd: int) -> os.statvfs_result:
        values = list(usual(fd))
        values[4] = (500 << 20) // values[1]
        return os.statvfs_result(values)

    monkeypatch.setattr(os, "fstatvfs", nearly_full)
    with pytest.raises(CaptureError, match="filled the disk up to the last 500 MiB"):
        packed(tmp_path, gzip.compress(CONTENT))


def test_a_limit_on_file_sizes(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "packed"
    path.write_bytes(gzip.compress(CONTENT))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with CaptureFile(path) as file:
            found = records(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert 0 < len(found) < 400
    assert "File too large" in file.notices[0].text


# Streams ----------------------------------------------------------------------------------------


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> int:
    """The end to write to of what is stdin now."""
    reading, writing = os.pipe()
    monkeypatch.setattr(stdin, "_descriptor", reading)
    return writing


@pytest.mark.parametrize("pack", [bytes, *PACKERS.values()], ids=["plain", *PACKERS])
def test_stdin(tmp_path: Path, pipe: int, pack: Callable[[bytes], bytes]) -> None:
    data = pack(CONTENT)

    def write() -> None:
        for at in range(0, len(data), 997):
            os.write(pipe, data[at : at + 997])
        os.close(pipe)

    writer = threading.Thread(target=write)
    writer.start()
    with CaptureFile("-") as file:
        assert file.live
        assert records(file) == plain(tmp_path, CONTENT)
        assert not file.notices
    writer.join()


def test_stdin_that_is_a_file_is_read_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    expected = plain(tmp_path, CONTENT)
    with (tmp_path / "plain").open("rb", 0) as file:
        monkeypatch.setattr(stdin, "_descriptor", file.fileno())
        with CaptureFile("-") as capture:
            assert not capture.live
            assert records(capture) == expected
            assert not cache.exists()
        file.seek(24)  # somebody else has read the header
        with pytest.raises(CaptureError, match="stdin is no pcap"):
            CaptureFile("-")


def test_packets_of_a_stream_come_as_they_are_written(tmp_path: Path, pipe: int) -> None:
    os.write(pipe, CONTENT[:24])
    expected = plain(tmp_path, CONTENT)
    with Source(["-"]) as source:
        batches = source.batches()
        for record in expected[:4]:
            end = record.offset + record.captured
            os.write(pipe, CONTENT[end - record.captured - 16 : end - 1])
            os.write(pipe, CONTENT[end - 1 : end])
            began = time.monotonic()
            assert next(batches).first_frame == record.frame
            assert time.monotonic() - began < 0.2
        os.write(pipe, CONTENT[:10])
        os.close(pipe)
        assert list(batches) == []
        assert "The file ends 10 bytes into a record" in source.notices[0]


def test_stop_ends_a_stream_without_complaint(pipe: int) -> None:
    os.write(pipe, CONTENT[:50])  # a packet of no bytes, and some of the next
    with Source(["-"]) as source:
        threading.Timer(0.1, source.stop).start()
        assert sum(batch.count for batch in source.batches()) == 1
        assert source.notices == []
    os.close(stdin._descriptor)
    with pytest.raises(BrokenPipeError):  # the writer learns that nobody reads any more
        os.write(pipe, b"more")


def test_stop_while_opening(pipe: int) -> None:
    stop = Stop()
    threading.Timer(0.1, stop.request).start()
    with pytest.raises(CaptureError, match="stdin is empty"):
        Source(["-"], stop=stop)


def test_an_empty_stream(pipe: int) -> None:
    os.close(pipe)
    with pytest.raises(CaptureError, match="stdin is empty"):
        CaptureFile("-")


def test_stdin_is_read_once() -> None:
    with pytest.raises(CaptureError, match="name it once"):
        Source(["-", "-"])


def test_stdin_is_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    _, terminal = os.openpty()
    monkeypatch.setattr(stdin, "_descriptor", terminal)
    with pytest.raises(CaptureError, match="stdin is a terminal"):
        CaptureFile("-")


def test_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        time.sleep(0.1)
        path.write_bytes(CONTENT)

    writer = threading.Thread(target=write)
    writer.start()
    with CaptureFile(path) as file:
        assert records(file) == plain(tmp_path, CONTENT)
    writer.join()


MEMORY = """
import resource, sys
from analyzer.capture import Source

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmHWM" in line)

before = peak()
with Source(sys.argv[1:]) as source:
    count = sum(batch.count for batch in source.batches())
print(count, (peak() - before) << 10)
"""


@pytest.mark.parametrize("kind", ["plain", "gzip", "zstd", "lz4"])
def test_memory_is_less_than_a_quarter_of_the_capture(tmp_path: Path, kind: str) -> None:
    count, packet = 4000, bytes(50_000)
    record = pcap([(1, 1, packet, 50_000)])[24:]
    content = CONTENT[:24] + record * count  # 200 MB
    path = tmp_path / "large"
    path.write_bytes(content if kind == "plain" else PACKERS[kind](content))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, path], capture_output=True, text=True, check=True
    )
    found, peak = map(int, done.stdout.split())
    assert found == count
    assert peak < len(content) // 4
