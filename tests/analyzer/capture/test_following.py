# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analyzer.capture import ROW, CaptureError, RecordBatch, Source

from .writing import PACKET, Pcapng, pcap

HEADER = pcap([])


def packets(*seconds: int) -> bytes:
    return pcap([(second, 0, PACKET, 32) for second in seconds])[24:]


class Reader:
    """Follows a file in a thread and keeps what it reads."""

    def __init__(self, *paths: Path, window: int = 1 << 20) -> None:
        self.found: list[tuple[int, int]] = []  # frame number, second
        self.source: Source | None = None
        self.error: CaptureError | None = None
        self.cpu = 0.0
        self._paths, self._window = paths, window
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._read)

    def _read(self) -> None:
        try:
            self.source = Source(self._paths, follow=True, window=self._window)
            for batch in self.source.batches():
                self.found += _told(batch)
        except CaptureError as error:
            self.error = error
        self.cpu = time.thread_time()

    def wait(self, count: int, seconds: float = 3.0) -> float:
        """How long it took until so many records were read."""
        began = time.monotonic()
        while len(self.found) < count:
            assert time.monotonic() - began < seconds, self.found
            assert self.error is None
            time.sleep(0.002)
        return time.monotonic() - began


def _told(batch: RecordBatch) -> Iterator[tuple[int, int]]:
    for number in range(batch.count):
        yield batch.first_frame + number, batch.rows[number * ROW + 3] // 1_000_000_000


@contextmanager
def following(*paths: Path) -> Iterator[Reader]:
    reader = Reader(*paths)
    reader.thread.start()
    try:
        yield reader
    finally:
        while reader.source is None and reader.thread.is_alive():
            time.sleep(0.01)
        if reader.source is not None:
            reader.source.stop()
        reader.thread.join(3)
        assert not reader.thread.is_alive()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.pcap"


def append(path: Path, data: bytes) -> None:
    with path.open("ab", 0) as file:
        file.write(data)


def test_what_is_appended_comes_at_once(path: Path) -> None:
    path.write_bytes(HEADER + packets(1, 2))
    with following(path) as reader:
        reader.wait(2)
        for second in range(3, 8):
            time.sleep(0.05 * (second % 3))
            append(path, packets(second))
            assert reader.wait(second) < 0.2
    assert reader.found == [(n, n) for n in range(1, 8)]
    assert reader.source is not None
    assert reader.source.notices == []
    assert reader.source.live


def test_half_a_record_waits(path: Path) -> None:
    path.write_bytes(HEADER)
    with following(path) as reader:
        record = packets(1)
        for at in range(0, len(record), 9):
            append(path, record[at : at + 9])
            time.sleep(0.01)
        reader.wait(1)
        append(path, record[:20])
        time.sleep(0.05)
    assert reader.source is not None
    assert reader.source.notices == []


def test_waiting_costs_next_to_nothing(path: Path) -> None:
    path.write_bytes(HEADER + packets(1))
    with following(path) as reader:
        time.sleep(1)
    assert reader.cpu < 0.1


def test_a_file_that_is_not_there_yet(path: Path) -> None:
    with following(path) as reader:
        time.sleep(0.15)
        path.touch()
        time.sleep(0.05)
        append(path, HEADER[:10])
        time.sleep(0.05)
        append(path, HEADER[10:] + packets(1))
        reader.wait(1)


def rename(path: Path, data: bytes) -> None:
    """As logrotate does by default; what was written last goes to the old file."""
    path.rename(path.with_suffix(".1"))
    append(path.with_suffix(".1"), packets(3))
    path.write_bytes(data)


def remove(path: Path, data: bytes) -> None:
    append(path, packets(3))
    path.unlink()
    time.sleep(0.15)
    path.write_bytes(data)


def overwrite(path: Path, data: bytes) -> None:
    """As logrotate's copytruncate does: what nobody has read is lost."""
    append(path, packets(3))
    time.sleep(0.25)
    path.write_bytes(data)


@pytest.mark.parametrize("rotate", [rename, remove, overwrite])
def test_rotation_goes_on_in_the_new_file(
    path: Path, rotate: Callable[[Path, bytes], None]
) -> None:
    path.write_bytes(HEADER + packets(1, 2))
    with following(path) as reader:
        reader.wait(2)
        rotate(path, HEADER)
        time.sleep(0.15)
        append(path, packets(4, 5))
        reader.wait(5)
        source = reader.source
        assert source is not None
        assert reader.found == [(n, n) for n in range(1, 6)]
        assert [i.file for i in source.interfaces] == [0, 1]
        assert source.notices == []
        old = source.read(0, 40, 32)
        assert old == (b"" if rotate is overwrite else PACKET)
        assert source.read(1, 40, 32) == PACKET


def test_many_rotations_number_interfaces_on(path: Path) -> None:
    write = Pcapng()
    with following(path) as reader:
        for turn in range(5):
            new = path.with_suffix(".new")
            interfaces = write.interface(link_type=100 + turn) + write.interface()
            new.write_bytes(write.section() + interfaces + write.enhanced(0, interface=turn % 2))
            new.rename(path)
            reader.wait(turn + 1)
        source = reader.source
        assert source is not None
        kinds = [i.interface.link_type for i in source.interfaces]
        assert kinds[::2] == [100, 101, 102, 103, 104]
        assert [frame for frame, _ in reader.found] == [1, 2, 3, 4, 5]


def test_a_new_file_replaced_before_anything_was_in_it(path: Path) -> None:
    path.write_bytes(HEADER + packets(1))
    with following(path) as reader:
        reader.wait(1)
        for _ in range(3):
            path.unlink()
            path.write_bytes(HEADER[:7])
            time.sleep(0.12)
        path.unlink()
        path.write_bytes(HEADER + packets(2))
        reader.wait(2)


def test_a_new_file_that_is_no_capture(path: Path) -> None:
    path.write_bytes(HEADER)
    with following(path) as reader:
        time.sleep(0.1)
        path.unlink()
        path.write_bytes(b"this is no capture, but some text")
        reader.thread.join(3)
    assert "is text, no capture" in str(reader.error)


def test_what_cannot_be_followed(path: Path, tmp_path: Path) -> None:
    path.write_bytes(gzip.compress(HEADER))
    with pytest.raises(CaptureError, match="compressed by gzip and cannot be followed"):
        Source([path], follow=True)
    with pytest.raises(CaptureError, match="--follow takes one file"):
        Source([path, path], follow=True)
    with pytest.raises(CaptureError, match="is a directory"):
        Source([tmp_path], follow=True)


def test_a_file_that_disappears_while_read_without_following(path: Path) -> None:
    path.write_bytes(HEADER + packets(*range(100)))
    with Source([path], window=200) as source:
        batches = source.batches()
        count = next(batches).count
        os.unlink(path)
        assert count + sum(batch.count for batch in batches) == 100


# Files one after the other ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        (
            "a_00001_20260131235959.pcapng",
            "a_00002_20260201000059.pcapng",
            "a_00004_20260201000159.pcapng",
        ),
        ("a.pcap", "a.pcap1", "a.pcap2"),
    ],
)
def test_the_next_of_a_series_is_followed(names: tuple[str, ...], tmp_path: Path) -> None:
    paths = [tmp_path / name for name in names]
    (tmp_path / "b_00009_20260131235959.pcapng").write_bytes(HEADER + packets(99))
    paths[0].write_bytes(HEADER + packets(1))
    with following(paths[0]) as reader:
        reader.wait(1)
        paths[1].write_bytes(HEADER)
        append(paths[1], packets(2, 3))
        reader.wait(3)
        paths[2].write_bytes(HEADER + packets(4))
        reader.wait(4)
        assert reader.source is not None
        assert reader.source.paths == [str(path) for path in paths]
    assert reader.found == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_an_older_file_of_such_a_name_is_another(tmp_path: Path) -> None:
    path, older = tmp_path / "a.pcap", tmp_path / "a.pcap1"
    older.write_bytes(HEADER + packets(99))
    os.utime(older, (1, 1))
    path.write_bytes(HEADER + packets(1))
    with following(path) as reader:
        reader.wait(1)
        append(path, packets(2))
        reader.wait(2)
    assert reader.found == [(1, 1), (2, 2)]


# What a recorder writes -------------------------------------------------------------------------


class Ring:
    """A recorder whose files are written before they are read."""

    def __init__(self, *files: Path) -> None:
        self.files = [str(file) for file in files]
        self.ended = True


def test_files_of_a_recorder_are_one_capture(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.pcap" for n in range(3)]
    for second, path in enumerate(paths):
        path.write_bytes(HEADER + packets(second))
    with Source((), recorder=Ring(*paths)) as source:
        found = [told for batch in source.batches() for told in _told(batch)]
        assert source.paths == [str(path) for path in paths]
        assert source.notices == []
    assert found == [(1, 0), (2, 1), (3, 2)]


def test_what_a_ring_removed_is_left_out_and_given_up(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.pcap" for n in range(4)]
    for second, path in enumerate(paths):
        path.write_bytes(HEADER + packets(second))
    with Source((), recorder=Ring(*paths)) as source:
        batches = source.batches()
        found = [*_told(next(batches))]
        assert source.read(0, 24 + 16, 4) == PACKET[:4]
        for path in paths[:3]:
            path.unlink()
        found += [told for batch in batches for told in _told(batch)]
        assert source.read(0, 24 + 16, 4) == b""
        (notice,) = source.notices
        assert notice.startswith("2 files were removed by the ring before reading came so far")
    assert found == [(1, 0), (2, 3)]
