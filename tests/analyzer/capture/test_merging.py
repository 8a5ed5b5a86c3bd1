# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import heapq
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture import NO_INTERFACE, NO_TIME, ROW, CaptureFile, Source

from .writing import COMMENT, PACKET, Pcapng, Record, pcap, records

one_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def told(source: Source, limit: int | None = None) -> list[tuple[object, ...]]:
    """What a source says of each record: file, its interface, and all that a row holds."""
    found = []
    frame = 0
    for batch in source.batches(limit):
        assert batch.first_frame == frame + 1
        assert 0 < batch.count <= (limit or batch.count)
        frame += batch.count
        for number in range(batch.count):
            at, captured, wire, time, interface = batch.rows[number * ROW : (number + 1) * ROW]
            offset = batch.offsets[number] if batch.offsets else batch.base + at
            data = bytes(batch.data[at : at + captured])
            place: tuple[int, ...] = ()
            if interface != NO_INTERFACE:
                assert source.read(interface, offset, captured) == data
                known = source.interfaces[interface]
                place = (known.file, known.interface.index)
            found.append((place, offset, captured, wire, time, data))
    return found


def expected(paths: list[Path]) -> list[tuple[object, ...]]:
    """The same by heapq.merge."""
    lanes = []
    for index, path in enumerate(paths):
        lane: list[tuple[int, int, Record]] = []
        with CaptureFile(path) as file:
            latest = NO_TIME
            for record in records(file):
                latest = record.time_ns if record.time_ns != NO_TIME else latest
                lane.append((latest, index, record))
        lanes.append(lane)
    return [
        (
            () if r.interface == NO_INTERFACE else (index, r.interface),
            *(r.offset, r.captured, r.wire, r.time_ns, r.data),
        )
        for _, index, r in heapq.merge(*lanes, key=lambda item: item[0])
    ]


def pcapng_of(times: list[int]) -> bytes:
    """Packets at these microseconds; the negative ones have no time or are no packet."""
    write = Pcapng()
    content = write.section() + write.interface() + write.interface(link_type=1)
    for number, time in enumerate(times):
        data = PACKET + bytes(number % 5)
        if time == -1:
            content += write.simple(data)
        elif time == -2:
            content += write.block(0xBAD, bytes(8))
        else:
            content += write.enhanced(time, data, interface=number % 2)
    return content


files = st.lists(st.lists(st.integers(-2, 30), max_size=30), min_size=2, max_size=5)


@given(files, st.integers(1, 600), st.none() | st.integers(1, 9))
@one_folder
def test_merges_as_heapq_does_whatever_the_windows(
    tmp_path: Path, times: list[list[int]], window: int, limit: int | None
) -> None:
    paths = [tmp_path / str(index) for index in range(len(times))]
    for path, some in zip(paths, times, strict=True):
        path.write_bytes(pcapng_of(some))
    with Source(paths, window=window * len(paths)) as source:
        assert told(source, limit) == expected(paths)
        small = list(source.interfaces)
    with Source(paths) as source:
        assert told(source) == expected(paths)
        assert source.interfaces == small
        assert source.position == source.size


def test_one_file_passes_through(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(pcapng_of([3, 1, 2]))
    with Source([path]) as source, CaptureFile(path) as file:
        (batch,) = source.batches()
        (own,) = file.batches()
        assert batch.offsets is None
        assert batch.rows == own.rows
        assert batch.data == own.data
        assert [i.interface.link_type for i in source.interfaces] == [101, 1]


def test_comments_move_with_their_packets(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for name, path in enumerate(paths):
        write = Pcapng()
        comment = write.option(COMMENT, f"of {name}".encode())
        path.write_bytes(
            write.section()
            + write.interface()
            + write.enhanced(10 + name)
            + write.enhanced(20 + name, options=comment)
            + write.enhanced(30)
        )
    for window in (1, 1 << 20):
        with Source(paths, window=window) as source:
            assert len(told(source)) == 6
            assert source.comments == {3: ["of 0"], 4: ["of 1"]}


def test_an_empty_file_and_notices_by_name(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    paths[0].write_bytes(pcapng_of([]))
    paths[1].write_bytes(pcapng_of([1, 2])[:-1])
    with Source(paths) as source:
        assert len(told(source)) == 1
        assert len(source.notices) == 1
        assert source.notices[0].startswith(f"{paths[1]}: The file ends")


@pytest.mark.skipif(not shutil.which("mergecap"), reason="needs mergecap")
def test_the_order_of_mergecap(tmp_path: Path) -> None:
    """No two times alike: mergecap then takes the later file first."""
    lanes = ([5, 1, 9, 30, 31], [2, 8, 7, 40], [6, 3, 32])
    paths = [tmp_path / str(index) for index in range(3)]
    for path, times in zip(paths, lanes, strict=True):
        packets = [(time, 0, PACKET + bytes(time), 32 + time) for time in times]
        path.write_bytes(pcap(packets))
    merged = tmp_path / "merged"
    subprocess.run(["mergecap", "-w", merged, *paths], check=True)
    with Source(paths) as source, CaptureFile(merged) as file:
        ours = [found[5] for found in told(source)]
        assert ours == [record.data for record in records(file)]
