# SPDX-License-Identifier: GPL-2.0-only
"""`check` as build servers use it: several reports, baselines, exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rules.conversation import Conversation
from test_cli import BAD, CLEAN, Run, complains, installed, run

from analyzer.views import sarif

__all__ = ["run"]


def test_several_formats_at_once(run: Run, tmp_path: Path) -> None:
    scanning, junit, markdown = (tmp_path / f"out.{name}" for name in ("sarif", "xml", "md"))
    outputs = ("--format", f"sarif:{scanning}", "--format", f"junit:{junit}")
    result = run("check", *outputs, "--format", "text", "--format", f"markdown:{markdown}", BAD)
    assert result.code == 1
    assert result.out == run("check", BAD).out
    report = json.loads(run("check", "--format", "json", BAD).out)
    results = json.loads(scanning.read_text())["runs"][0]["results"]
    assert [r["properties"]["frames"] for r in results] == [f["frames"] for f in report["findings"]]
    assert ElementTree.parse(junit).getroot().find("testsuite") is not None
    assert markdown.read_text().startswith("## msgshark check: failed\n")
    assert sorted(os.listdir(tmp_path)) == ["out.md", "out.sarif", "out.xml"]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "markdown"])
def test_a_format_to_a_file_prints_nothing_and_exits_alike(
    run: Run, tmp_path: Path, form: str
) -> None:
    for capture, code in ((CLEAN, 0), (BAD, 1)):
        path = tmp_path / "out"
        result = run("check", "--format", f"{form}:{path}", capture)
        assert (result.code, result.out, result.err) == (code, "", "")
        printed = run("check", "--format", f"{form}:-", capture)
        assert (printed.code, printed.err) == (code, "")
        assert printed.out == path.read_text()


@pytest.mark.parametrize(
    ("fail_on", "failed"), [("error", False), ("warning", False), ("note", True)]
)
def test_reports_fail_by_the_severity_of_the_exit_code(
    run: Run, tmp_path: Path, fail_on: str, failed: bool
) -> None:
    junit, markdown = tmp_path / "out.xml", tmp_path / "out.md"
    outputs = ("--format", f"junit:{junit}", "--format", f"markdown:{markdown}")
    result = run("check", *outputs, "--fail-on", fail_on, CLEAN)
    (suite,) = ElementTree.parse(junit).getroot()
    assert (result.code == 1) is (suite.attrib["failures"] != "0") is failed
    assert ("failed" in markdown.read_text()) is failed


def test_outputs_that_are_refused_before_reading(run: Run, tmp_path: Path) -> None:
    complains(run("check", "--format", "xml:a", CLEAN), "'xml' is not one of", "sarif", "--help")
    complains(run("check", "--format", "json", "--format", "text", CLEAN), "stdout", "text:FILE")
    out = f"json:{tmp_path}/a"
    complains(run("check", "--format", out, "--format", out, CLEAN), "both be written to")
    complains(run("check", "--format", "sarif:", CLEAN), "names no file")
    complains(run("check", "--format", f"sarif:{tmp_path}/none/a", CLEAN), "there is no folder")


def test_a_file_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    complains(run("check", "--format", f"sarif:{tmp_path}", CLEAN), "cannot be written")
    (tmp_path / "own.pcap").write_bytes(Conversation().con("GET").pcap())
    own = tmp_path / "own.pcap"
    complains(run("check", "--format", f"json:{own}", own), "is being read")
    done = installed("check", "--format", "json:/dev/full", CLEAN)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("msgshark: /dev/full cannot be written (No space left")
    assert done.stderr.count("\n") == 1


def test_a_report_that_fails_leaves_the_one_before(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.sarif"
    path.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sarif, "_result", full)
    complains(run("check", "--format", f"sarif:{path}", BAD), "No space left")
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.sarif"]


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_a_baseline_leaves_what_is_new(run: Run, tmp_path: Path, form: str) -> None:
    before = tmp_path / "before"
    assert run("check", "--format", f"{form}:{before}", BAD).code == 1
    same = run("check", "--baseline", before, BAD)
    assert same.code == 0
    told = same.out.splitlines()
    assert told[0] == f"153 findings known from {before}"
    assert told[1].endswith(": 0 errors, 0 warnings, 0 notes that are new")
    other = tmp_path / "other.pcap"
    other.write_bytes(Conversation().con("GET", max_age=1).ack("2.05").pcap())
    result = run("check", "--baseline", before, "--format", "json", other)
    report = json.loads(result.out)
    assert result.code == 1
    assert (report["summary"]["known"], report["baseline"]) == (0, str(before))


def test_a_baseline_that_is_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    complains(run("check", "--baseline", path, CLEAN), "No such file", "--format json")
    path.write_text('{\n"findings": [\n{}]}')
    complains(run("check", "--baseline", path, CLEAN), f"{path}:3: ", "--format json")


def test_all_shows_each(run: Run) -> None:
    grouped, alone = (run("check", *more, BAD).out for more in ([], ["--all"]))
    assert "explained by" in grouped
    assert "explained by" not in alone
    assert alone.count(": frame ") == 153


def test_colour_is_for_terminals_that_want_it() -> None:
    command = [sys.executable, "-c", "from analyzer.cli import main; main()", "check", BAD]
    for environment, coloured in (
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ):
        ours, theirs = pty.openpty()
        env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
        with subprocess.Popen(command, stdout=theirs, env=env | environment) as process:
            os.close(theirs)
            seen = b""
            while True:
                try:
                    data = os.read(ours, 1 << 16)
                except OSError:  # Linux ends a terminal so
                    break
                if not data:
                    break
                seen += data
        os.close(ours)
        assert process.returncode == 1
        assert (b"\x1b[31;1merror" in seen) is coloured
