# SPDX-License-Identifier: GPL-2.0-only
"""The command that prints the contrast with tshark; README holds what it prints."""

from __future__ import annotations

from pathlib import Path

import interop
import pytest
from rules.conversation import Conversation
from tshark import needs_tshark

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A separate response, and a response under a token that was used for another path."""
    talk = Conversation().con("GET", path="/a", token=b"ab").ack().con("2.05").ack()
    talk.con("GET", path="/b", token=b"ab").ack("2.05")
    path = tmp_path / "talk.pcap"
    path.write_bytes(talk.pcap())
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[str]:
    assert interop.main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out.splitlines()


@needs_tshark
def test_one_capture_is_one_row(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *heads, row, empty, same, only = printed(capsys, capture)
    assert len(heads) == 2
    assert " ".join(row.split()) == "talk.pcap 2 1 1 0 0 0 1 2 2 0 0"
    assert empty == ""
    assert only == "only msgshark: 1 separate response"
    assert same == "same request: 1 stale path"


@needs_tshark
def test_orphans_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk = Conversation().con("GET").ack("2.05").ack(mid=1).ack(mid=2).rst(mid=3)
    path = tmp_path / "talk.pcap"
    path.write_bytes(talk.pcap())
    assert printed(capsys, path)[-1] == "orphans: 2 ACK, 1 RST"


@needs_tshark
def test_captures_of_a_folder_are_summed(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (capture.parent / "more.pcapng.txt").write_text("no capture")
    capture.with_name("again.pcap").write_bytes(capture.read_bytes())
    lines = printed(capsys, capture.parent)
    assert [line.split()[0] for line in lines[2:4]] == ["again.pcap", "talk.pcap"]
    assert " ".join(lines[4].split()) == "2 captures 4 2 2 0 0 0 2 4 4 0 0"


@needs_tshark
def test_each_frame_that_differs_is_listed(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = printed(capsys, "--list", capture)[-2:]
    assert " ".join(first.split()) == (
        "talk.pcap: frame 3, request 1 (msgshark) - (tshark), only msgshark: separate response"
    )
    assert " ".join(second.split()) == (
        "talk.pcap: frame 6, request 5 (msgshark) 5 (tshark), same request: stale path /a"
    )


@needs_tshark
def test_readme_shows_what_it_prints_of_the_shipped_captures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(capsys)
    assert "\n".join(lines) in README.read_text("utf-8")
    assert not any("unexplained" in line for line in lines)


@needs_tshark
def test_what_is_no_capture_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "no.pcap"
    path.write_bytes(b"no capture at all")
    assert interop.main([str(path)]) == 2
    assert_one_line(capsys, "no.pcap")


@pytest.mark.parametrize("missing", [True, False])
def test_nothing_to_read_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    missing: bool,
) -> None:
    monkeypatch.setattr(interop, "INSTALLED", True)
    assert interop.main([str(tmp_path / "gone" if missing else tmp_path)]) == 2
    assert_one_line(capsys, "no such file" if missing else "no capture in this folder")


def test_it_says_when_tshark_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interop, "INSTALLED", False)
    assert interop.main([]) == 2
    assert_one_line(capsys, "tshark is not installed")


def assert_one_line(capsys: pytest.CaptureFixture[str], words: str) -> None:
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert words in error
