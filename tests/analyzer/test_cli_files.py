# SPDX-License-Identifier: GPL-2.0-only
"""What the command line reads and writes: compressed files, streams, files that grow, exports."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rules.conversation import Conversation

from analyzer.capture import CaptureFile

CAPTURES = Path(__file__).parents[2] / "captures"
FIELD_DAY = CAPTURES / "field-day.pcapng"
REGISTRATION = CAPTURES / "registration.pcapng"
COMMAND = [sys.executable, "-c", "from analyzer.cli import main; main()"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(
        command,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=60,
        check=False,
    )


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on stderr of an error."""
    assert done.returncode == 2
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_stream_a_packed_stream_and_a_packed_file_are_the_capture(tmp_path: Path) -> None:
    content = REGISTRATION.read_bytes()
    packed = tmp_path / "packed.pcapng.gz"
    packed.write_bytes(gzip.compress(content))
    expected = run("messages", REGISTRATION).stdout
    assert expected
    assert run("messages", "-", stdin=content).stdout == expected
    assert run("messages", "-", stdin=packed.read_bytes()).stdout == expected
    assert run("messages", packed).stdout == expected
    assert run("-", stdin=content).stdout == expected


def test_spool_size_stops_with_a_line(tmp_path: Path) -> None:
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(FIELD_DAY.read_bytes()))
    done = run("messages", packed, "--spool-size", "50K")
    assert done.returncode == 0
    assert done.stdout
    assert b"larger than 50 KiB; raise --spool-size" in done.stderr
    assert "write 500M or 4G" in said(run("messages", packed, "--spool-size", "much"))


def test_an_empty_stream_is_one_line() -> None:
    assert said(run("check", "-", stdin=b"")).startswith("msgshark: stdin is empty")


def test_follow_ends_with_ctrl_c_and_reports(tmp_path: Path) -> None:
    path = tmp_path / "live.pcapng"
    content = FIELD_DAY.read_bytes()
    path.write_bytes(content[:40_000])
    following = subprocess.Popen(
        [*COMMAND, "check", "--follow", "--format", "json", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(1.5)
    with path.open("ab") as file:
        file.write(content[40_000:])
    time.sleep(1)
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=20)
    assert following.returncode == 1
    whole = run("check", "--format", "json", FIELD_DAY).stdout
    assert json.loads(out)["findings"] == json.loads(whole)["findings"]
    assert not err
    assert "--follow takes one file" in said(run("check", "--follow", path, path))


# Export -----------------------------------------------------------------------------------------


def export(tmp_path: Path, *options: object) -> list[bytes]:
    """The packets of an export."""
    path = tmp_path / "out.pcapng"
    done = run("export", FIELD_DAY, "-w", path, *options)
    assert done.returncode == 0, done.stderr
    return packets(path)


def packets(path: Path) -> list[bytes]:
    with CaptureFile(path) as file:
        return [
            bytes(batch.data[at : at + length])
            for batch in file.batches()
            for at, length in zip(batch.rows[::5], batch.rows[1::5], strict=True)
        ]


def test_export_is_byte_exact(tmp_path: Path) -> None:
    whole = packets(FIELD_DAY)
    assert export(tmp_path) == whole
    assert export(tmp_path, "--frames", "2, 5-7") == [whole[1], *whole[4:7]]


def test_export_of_exchanges_and_findings(tmp_path: Path) -> None:
    whole = packets(FIELD_DAY)
    report = json.loads(run("exchanges", "--format", "json", FIELD_DAY).stdout)
    entry = report[2] if isinstance(report, list) else report["exchanges"][2]
    frames = {entry["request_frame"], entry["ack_frame"], *entry["response_frames"]}
    expected = [whole[frame - 1] for frame in sorted(f for f in frames if f)]
    assert export(tmp_path, "--exchange", 3) == expected
    errors = export(tmp_path, "--severity", "error")
    findings = export(tmp_path, "--findings")
    assert 0 < len(errors) < len(findings) <= len(whole)
    assert export(tmp_path, "--exchange", 3, "--frames", 1, "--severity", "error") == [
        packet for packet in whole if packet in {*errors, *expected, whole[0]}
    ]


def test_findings_are_comments_and_comments_stay(tmp_path: Path) -> None:
    first, second = tmp_path / "first.pcapng", tmp_path / "second.pcapng"
    assert run("export", FIELD_DAY, "-w", first, "--frames", "1-3").returncode == 0
    with CaptureFile(first) as file:
        list(file.batches())
        before = file.comments
        start = "note MSG-33501-Y-CLEARTEXT: Registration in clear text"
        assert any(text.startswith(start) for text in before[1])
        assert file.file_comments == [f"Exported by msgshark from {FIELD_DAY}"]
    assert run("export", first, "-w", second, "--no-comments").returncode == 0
    with CaptureFile(second) as file:
        list(file.batches())
        assert file.comments == before
        assert len(file.file_comments) == 2


def test_a_datagram_put_together_is_exported_as_it_can_be_read(tmp_path: Path) -> None:
    path, out = tmp_path / "in.pcap", tmp_path / "out.pcapng"
    talk = Conversation().con("POST", path="/a", payload=bytes(600), content_format=42)
    size = 8 + len(talk.frames[-1].data)
    talk.in_fragments((0, 304), (304, size)).ack("2.04")
    path.write_bytes(talk.pcap())
    assert run("export", path, "-w", out).returncode == 0
    assert [len(packet) for packet in packets(out)] == [20 + size, len(packets(path)[-1])]
    heads = [run("exchanges", "--format", "json", file).stdout for file in (path, out)]
    uris = [[one["uri"] for one in json.loads(head)] for head in heads]
    assert uris == [["/a"], ["/a"]]


def test_export_to_stdout_from_stdin() -> None:
    done = run("export", "-", "-w", "-", stdin=gzip.compress(REGISTRATION.read_bytes()))
    assert done.stdout.startswith(b"\x0a\x0d\x0d\x0a")
    assert not done.stderr


def test_export_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "in.pcapng"
    path.write_bytes(REGISTRATION.read_bytes())
    out = tmp_path / "out"
    assert "is being read" in said(run("export", path, "-w", path))
    assert "no exchange 999" in said(run("export", path, "-w", out, "--exchange", 999))
    assert "no CoAP" in said(run("export", path, "-w", out, "--frames", 999))
    assert "write 1,5-9" in said(run("export", path, "-w", out, "--frames", "9-5"))
    assert "cannot be written" in said(run("export", path, "-w", tmp_path / "a" / "b"))
    assert sorted(os.listdir(tmp_path)) == ["in.pcapng"]
