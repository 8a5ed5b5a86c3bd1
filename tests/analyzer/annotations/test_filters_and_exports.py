# SPDX-License-Identifier: GPL-2.0-only
"""What was written about a capture as fields, in filters, and in what is exported."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from tshark import needs_tshark, tshark

from analyzer.cli import msgshark
from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.session import Session
from analyzer.views.pcapng import export, shown_rows

CAPTURES = Path(__file__).parents[3] / "captures"
COMMENTS = {3: 'Two\nlines, "quoted" and a \\', 5: "ünïcode \u202e", 6: "x"}


@pytest.fixture
def capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A capture with marks and comments beside it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "run.pcapng"
    shutil.copy(CAPTURES / "registration.pcapng", path)
    session = read(path)
    for frame, text in COMMENTS.items():
        session.keeper.annotations.comment(frame, text)
    session.keeper.annotations.mark({2, 3}, True)
    session.keeper.save()
    return path


def read(path: Path) -> Session:
    session = Session()
    session.open([path])
    session.read_all()
    return session


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("marked", [2, 3]),
        ("frame.marked == true", [2, 3]),
        ("frame.marked == 1", [2, 3]),
        ("frame.marked == false and frame.number < 5", [1, 4]),
        ("!marked and frame.number < 5", [1, 4]),
        ("frame.comment", [3, 5, 6]),
        ('frame.comment contains "quoted"', [3]),
        ('frame.comment == "x" or marked', [2, 3, 6]),
        ("!frame.comment and marked", [2]),
    ],
)
def test_packets_that_pass(capture: Path, text: str, frames: list[int]) -> None:
    session = read(capture)
    passed = Matcher(session, compiled(text)).matches()
    found = [f for f, p in zip(session.messages["frame"].tolist(), passed, strict=True) if p]
    assert found == frames
    assert not compiled(text).settled


def test_commands_take_them_from_beside_the_capture(capture: Path) -> None:
    asked = ["messages", str(capture), "-Y", "marked", "-e", "frame.number", "-e", "frame.comment"]
    printed = CliRunner().invoke(msgshark, asked)
    assert printed.output.split("\n") == ["2\t", '3\tTwo\\nlines, "quoted" and a \\\\', ""]
    shown = CliRunner().invoke(msgshark, ["messages", str(capture), "-V", "--frames", "3"])
    assert shown.output.startswith("Packet comments: 1\n")


def test_what_cannot_be_used_is_said_once(capture: Path) -> None:
    capture.with_name("run.pcapng.msgshark.toml").write_text("hello")
    asked = CliRunner().invoke(msgshark, ["messages", str(capture), "-Y", "marked"])
    assert asked.exit_code == 0
    assert asked.stderr.count("is no file of annotations") == 1


@needs_tshark
def test_wireshark_shows_the_comments(capture: Path, tmp_path: Path) -> None:
    session, out = read(capture), tmp_path / "out.pcapng"
    export(session, shown_rows(session), str(out))
    again = read(out)
    for frame, text in COMMENTS.items():
        assert again.opened.comments[frame][0] == text
    fields = ("-T", "fields", "-e", "frame.number", "-e", "frame.comment", "-E", "occurrence=f")
    told = tshark("-r", str(out), *fields, home=tmp_path)
    lines = dict(line.split("\t", 1) for line in told.split("\n") if "\t" in line)
    assert lines["5"].startswith("ünïcode")
    assert lines["6"] == "x"
    assert "lines" in lines["3"]
    export(session, shown_rows(session), str(out), comments=False)
    assert not read(out).opened.comments


def test_what_the_file_says_comes_first(capture: Path, tmp_path: Path) -> None:
    session, out = read(capture), tmp_path / "out.pcapng"
    export(session, shown_rows(session), str(out))
    again = read(out)
    again.keeper.annotations.comment(6, "mine")
    passed = Matcher(again, compiled('frame.comment == "mine" and frame.comment == "x"')).matches()
    assert passed.nonzero()[0].tolist() == [5]
