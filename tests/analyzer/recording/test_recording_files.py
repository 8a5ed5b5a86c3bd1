# SPDX-License-Identifier: GPL-2.0-only
"""The files of a recording: names, turns, and what is left when something goes wrong."""

import errno
import os
import re
import subprocess
from pathlib import Path

import pytest

from analyzer.capture import CaptureFile, Interface, blocks
from analyzer.recording.files import Counted, Files, StoppedError
from analyzer.recording.wish import UNLIMITED, Limits, RecordingError, Wish

from .live import packets

LO = Interface(0, 1, 262144, 10**9, name="lo")


class Written:
    """Files of a wish, and the paths they began."""

    def __init__(self, path: Path, rotate: Limits = UNLIMITED) -> None:
        self.paths: list[str] = []
        wish = Wish(("lo",), filter="udp", path=str(path), rotate=rotate)
        self.files = Files(wish, [LO], self.paths.append)

    def write(self, count: int) -> None:
        block = blocks.packet(0, 1, b"data", 4)
        self.files.write(memoryview(block * count), count)


def test_a_file_is_whole_and_says_what_was_lost(tmp_path: Path) -> None:
    written = Written(tmp_path / "a.pcapng")
    written.write(3)
    written.files.close([Counted(received=10, lost=7)])
    assert written.paths == [str(tmp_path / "a.pcapng")]
    with CaptureFile(written.paths[0]) as file:
        assert [batch.count for batch in file.batches()] == [3]
        assert [(i.name, i.link_type, i.snap_length) for i in file.interfaces] == [
            ("lo", 1, 262144)
        ]
        assert file.dropped == {0: 7}
        assert file.notices == []


def test_each_of_several_files_counts_its_own_losses(tmp_path: Path) -> None:
    written = Written(tmp_path / "a.pcapng", Limits(packets=2, files=2))
    for lost in (5, 5, 9):
        written.write(2)
        assert written.files.full
        written.files.next([Counted(100, lost)])
    written.files.close([Counted(100, 10)])
    names = [os.path.basename(path) for path in written.paths]
    assert [bool(re.fullmatch(rf"a_0000{n}_\d{{14}}\.pcapng", names[n - 1])) for n in range(1, 5)]
    assert sorted(os.listdir(tmp_path)) == names[2:]
    dropped = []
    for path in written.paths[2:]:
        with CaptureFile(path) as file:
            list(file.batches())
            dropped.append(file.dropped)
    assert dropped == [{0: 4}, {0: 1}]


def test_a_full_disk_leaves_whole_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Written(tmp_path / "a.pcapng")
    written.write(3)
    write = os.write

    def fill(fd: int, data: memoryview) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, data[:-50])

    monkeypatch.setattr(os, "write", fill)
    with pytest.raises(StoppedError, match="disk is full"):
        written.write(5)
    written.files.close([Counted()])
    assert packets(written.paths[0]) == 3


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "a.pcapng", Path("a\0b")):
        with pytest.raises(RecordingError, match=r"cannot be written .*; check the path"):
            Written(path)


def test_a_spool_is_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    paths: list[str] = []
    Files(Wish(("lo", "../\x1b[31m")), [LO, LO], paths.append).close([Counted(), Counted()])
    (path,) = paths
    assert os.path.dirname(path) == str(tmp_path / "msgshark" / "spool")
    assert re.fullmatch(r"msgshark_lo-[_0-9m]+_\d{14}_[0-9a-f]{6}\.pcapng", os.path.basename(path))
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_spool_needs_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(RecordingError, match="name a file with -w"):
        Files(Wish(("lo",)), [LO], lambda path: None)


def test_wireshark_reads_it(tmp_path: Path) -> None:
    written = Written(tmp_path / "a.pcapng")
    written.write(2)
    written.files.close([Counted(received=12, lost=10)])
    try:
        told = subprocess.run(
            ["capinfos", "-M", written.paths[0]], capture_output=True, text=True, check=True
        ).stdout
    except FileNotFoundError:
        pytest.skip("capinfos is not installed")
    assert "Number of packets:   2" in told
    assert "Filter string = udp" in told
    assert "Number of packets = 2" in told
