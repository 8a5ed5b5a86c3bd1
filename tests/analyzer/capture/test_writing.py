# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture import CaptureFile, Interface
from analyzer.capture.writing import PcapngWriter, WritingError, new_file

from .writing import PACKET, records

one_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

ETHERNET = Interface(0, 1, 65535, 10**6, "eth0", "the wired one", 0, ("dusty",))
RAW = Interface(1, 101, 0, 10**9)
TIME = 1_700_000_000_123_456_789

texts = st.lists(st.text(max_size=40), max_size=3)
packets = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, (1 << 63) - 1),
        st.binary(max_size=70),
        st.integers(0, 1 << 20),
        texts,
    ),
    max_size=20,
)


def written(write: list[tuple[int, int, bytes, int, list[str]]], remarks: list[str]) -> bytes:
    out = io.BytesIO()
    writer = PcapngWriter(out, "msgshark", remarks)
    for which, time, data, more, comments in write:
        interface = (ETHERNET, RAW)[which]
        writer.packet(which, interface, time, data, len(data) + more, comments)
    return out.getvalue()


@given(packets, texts)
@one_folder
def test_what_is_written_is_read_again(
    tmp_path: Path,
    write: list[tuple[int, int, bytes, int, list[str]]],
    remarks: list[str],
) -> None:
    path = tmp_path / "written"
    path.write_bytes(written(write, remarks))
    with CaptureFile(path) as file:
        found = records(file)
        assert not file.notices
        assert file.file_comments == [text.rstrip("\0") for text in remarks]
        assert [(r.time_ns, r.data, r.wire - r.captured) for r in found] == [
            (time, data, more) for _, time, data, more, _ in write
        ]
        for record, (which, *_) in zip(found, write, strict=True):
            interface, original = file.interfaces[record.interface], (ETHERNET, RAW)[which]
            for name in ("link_type", "snap_length", "name", "description", "comments"):
                assert getattr(interface, name) == getattr(original, name)
            assert interface.ticks_per_second == 10**9
        comments = {n: [t.rstrip("\0") for t in p[4]] for n, p in enumerate(write, 1) if p[4]}
        assert file.comments == comments


def test_long_texts_are_cut_between_characters_and_odd_times_fit(tmp_path: Path) -> None:
    out = io.BytesIO()
    writer = PcapngWriter(out, "msgshark", ["\udcff"])
    writer.packet(7, RAW, -5, PACKET, 0, ["ä" * 50_000])
    path = tmp_path / "written"
    path.write_bytes(out.getvalue())
    with CaptureFile(path) as file:
        (record,) = records(file)
        assert (record.time_ns, record.wire) == (0, 32)
        assert file.comments == {1: ["ä" * (0xFFFC // 2)]}
        assert file.file_comments == ["?"]
        assert not file.notices


@pytest.mark.skipif(not shutil.which("capinfos"), reason="needs capinfos and tshark")
def test_wireshark_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "written.pcapng"
    path.write_bytes(
        written(
            [(0, TIME, bytes(14) + PACKET, 1000, ["look", "twice"]), (1, TIME + 1, PACKET, 0, [])],
            ["a capture"],
        )
    )
    told = subprocess.run(["capinfos", path], capture_output=True, text=True, check=True).stdout
    for words in ("a capture", "Name = eth0", "the wired one", "Raw IP", "dusty", "nanoseconds"):
        assert words in told
    fields = ("frame.time_epoch", "frame.len", "frame.cap_len", "frame.comment", "ip.proto")
    command = ["tshark", "-n", "-r", path, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    assert lines[0].split("\t")[:4] == ["1700000000.123456789", "1046", "46", "look,twice"]
    assert lines[1].split("\t") == ["1700000000.123456790", "32", "32", "", "17"]


# The file itself --------------------------------------------------------------------------------


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with new_file(str(path), []) as out:
        out.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask()
    assert list(tmp_path.iterdir()) == [path]


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def fill(path: Path, error: BaseException) -> None:
    with new_file(str(path), []) as out:
        out.write(b"half")
        raise error


def test_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        fill(path, KeyboardInterrupt())
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(WritingError, match=r"written \(No space left on device\); check"):
        fill(path, full)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_inputs_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"mine")
    os.link(path, tmp_path / "hard")
    (tmp_path / "soft").symlink_to(path)
    for name in ("in", "hard", "soft"):
        with (
            pytest.raises(WritingError, match="is being read; write to another file"),
            new_file(str(tmp_path / name), ["-", "gone", str(path)]),
        ):
            pass
    assert path.read_bytes() == b"mine"


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in (str(tmp_path / "link"), "/dev/null"):
        with new_file(name, []) as out:
            out.write(b"data")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"data"
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("name", ["no/such/folder/x", "a\0b", ""])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    target = str(tmp_path / name) if name else ""
    with pytest.raises(WritingError, match="check the path"), new_file(target, []):
        pass
