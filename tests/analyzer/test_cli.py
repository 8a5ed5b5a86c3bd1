# SPDX-License-Identifier: GPL-2.0-only
"""The command line as users and scripts meet it: output, exit codes, one line on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

import pytest
from rules.conversation import Conversation

from analyzer import cli

CAPTURES = Path(__file__).parents[2] / "captures"
CLEAN = str(CAPTURES / "registration.pcapng")
BAD = str(CAPTURES / "field-day.pcapng")
TOUR = str(CAPTURES / "coap-tour.pcapng")

ENTRY = "from analyzer.cli import main; main()"

WARNED = Conversation().non("POST", payload=b"x", max_age=60)
"""A request with an option that means nothing in it: a warning, no error."""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Run: TypeAlias = Callable[..., Result]
Completed: TypeAlias = subprocess.CompletedProcess[str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `msgshark` in this process."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["msgshark", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit:
            cli.main()
        code = exit.value.code
        assert isinstance(code, int)
        return Result(code, *capsys.readouterr())

    return run


def installed(*arguments: str, stdout: int | IO[str] = subprocess.PIPE) -> Completed:
    """Runs the installed command, with no terminal."""
    script = Path(sys.executable).with_name("msgshark")
    command = [str(script)] if script.exists() else [sys.executable, "-c", ENTRY]
    return subprocess.run(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def complains(result: Result, *words: str) -> None:
    """Exit code 2, nothing on stdout, one line on stderr that has these words."""
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("msgshark: ")
    assert result.err.count("\n") == 1
    assert result.err.endswith("\n")
    for word in words:
        assert word in result.err


@pytest.fixture
def warned(tmp_path: Path) -> Path:
    path = tmp_path / "warned.pcap"
    path.write_bytes(WARNED.pcap())
    return path


# Exit codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json"])
def test_check_exits_with_0_when_all_is_well_and_1_when_not(run: Run, form: str) -> None:
    assert run("check", "--format", form, CLEAN).code == 0
    assert run("check", "--format", form, BAD).code == 1


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 0), ("note", 1)])
def test_fail_on_says_how_severe_a_finding_must_be(run: Run, fail_on: str, code: int) -> None:
    assert run("check", "--fail-on", fail_on, CLEAN).code == code


def test_only_check_judges(run: Run) -> None:
    for command in ("messages", "exchanges"):
        assert run(command, BAD).code == 0


# Commands --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["messages", "exchanges"])
def test_text_is_a_line_an_entry(run: Run, command: str) -> None:
    entries = json.loads(run(command, "--format", "json", TOUR).out)
    text = run(command, TOUR)
    notified = sum(len((e.get("observation") or {}).get("notifications", ())) for e in entries)
    below = [line for line in text.out.splitlines() if line.startswith("      ")]
    assert len(text.out.splitlines()) - len(below) == len(entries) > 50
    assert len(below) >= notified
    assert text.err == ""


@pytest.mark.parametrize("by", ["server", "uri", "ue", "method"])
def test_times_are_told_by_what_was_asked_for(run: Run, by: str) -> None:
    told = json.loads(run("times", "--by", by, "--format", "json", TOUR).out)
    assert told["by"] == by
    assert all(next(iter(group)) == by for group in told["groups"])
    assert told["total"]["requests"] == 56
    text = run("times", "--by", by, TOUR)
    assert len(text.out.splitlines()) == len(told["groups"]) + 3
    assert text.err == ""


def test_times_by_something_else(run: Run) -> None:
    complains(run("times", "--by", "colour", TOUR), "'colour' is not one of", "times --help")


def test_without_a_command_a_capture_is_opened_and_without_a_screen_printed(run: Run) -> None:
    assert run(CLEAN) == run("open", CLEAN) == run("messages", CLEAN)


def test_check_prints_findings_worst_first_then_the_sum(run: Run) -> None:
    lines = run("check", BAD).out.splitlines()
    severities = [line.split(":")[0] for line in lines if not line.startswith(" ")][:-2]
    assert severities == sorted(severities, key=["error", "warning", "note", "capture"].index)
    assert lines[-1].startswith("315 packets, 315 CoAP messages, 150 exchanges: ")


def test_rules_lists_and_explain_explains(run: Run) -> None:
    rules = json.loads(run("rules", "--format", "json").out)
    assert len(run("rules").out.splitlines()) == len(rules)
    shown = run("explain", rules[0]["id"].lower())
    assert shown.code == 0
    for part in ("What", "Why", "Bad", "Good", "Fix", rules[0]["title"], rules[0]["clause"]):
        assert part in shown.out


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_rules_and_explanations_have_the_same_formats(run: Run, form: str) -> None:
    for command in (["rules"], ["explain", "COAP-7252-8.1-MC-ACK"]):
        shown = run(*command, "--format", form)
        assert (shown.code, shown.err) == (0, "")
        assert "COAP-7252-8.1-MC-ACK" in shown.out


def test_explain_suggests_the_rule_that_was_meant(run: Run) -> None:
    complains(run("explain", "COAP-7252-4.2-RETRANSMISION"), "COAP-7252-4.2-RETRANSMISSION")
    complains(run("explain", "qqq"), "no rule qqq", "msgshark rules")
    complains(run("explain", "coap-9177-4.1-probe-non"), "left out", "before the capture")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command(run: Run, option: str) -> None:
    shown = run(option)
    assert shown.code == 0
    commands = ("open", "messages", "exchanges", "times", "check", "rules", "explain")
    for command in (*commands, "transmission", "spec-profile"):
        assert f"\n  {command} " in shown.out
    for command in cli.msgshark.commands:
        assert run(command, option).code == 0


def test_version(run: Run) -> None:
    assert run("--version").out.startswith("msgshark")


# Transmission profiles ---------------------------------------------------------------------------

EARLY = Conversation().con("GET", token=b"ab").wait(4).again().ack("2.05")
"""A request repeated after 4 s."""


@pytest.fixture
def early(tmp_path: Path) -> Path:
    path = tmp_path / "early.pcap"
    path.write_bytes(EARLY.pcap())
    return path


def test_transmission_tells_by_which_profile_timing_is_judged(run: Run, early: Path) -> None:
    own = early.with_name("own.toml")
    own.write_text("strict = true\n[parameters]\nack_timeout = 5\n")
    rule = "COAP-7252-4.2-RETR-EARLY"
    for profile, severity in (("default", ""), ("nb-iot", "warning"), (own, "error")):
        for form in ("text", "json"):
            shown = run("check", "--format", form, "--transmission", profile, early)
            assert shown.code == (1 if severity == "error" else 0)
            assert (rule in shown.out) is bool(severity)
        report = json.loads(shown.out)
        assert report["capture"]["transmission"] == Path(profile).stem
        assert {f["severity"] for f in report["findings"] if f["rule"] == rule} == (
            {severity} if severity else set()
        )
    assert run("check", early) == run("check", "--transmission", "default", early)


def test_a_report_names_a_profile_that_is_not_the_default(run: Run, early: Path) -> None:
    assert "profile" not in run("check", early).out
    shown = run("check", "--transmission", "nb-iot", early).out.splitlines()
    assert shown[-2] == "timing judged by the profile nb-iot"


@pytest.mark.parametrize(
    "command", [[c] for c in ("open", "messages", "exchanges", "check")] + [["export", "-w", "-"]]
)
def test_every_command_that_reads_captures_takes_a_profile(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    complains(run(*command, "--transmission", "nbiot", CLEAN), "did you mean nb-iot?", "lan")
    bad = tmp_path / "bad.toml"
    bad.write_text("[parameters]\nack_timeout = -2\n")
    complains(run(*command, "--transmission", bad, CLEAN), f"{bad}:2: ack_timeout: -2 is not")


def test_transmission_lists_profiles(run: Run) -> None:
    lines = run("transmission").out.splitlines()
    assert [line.split()[0] for line in lines] == ["default", "strict", "nb-iot", "lan"]
    entries = json.loads(run("transmission", "--format", "json").out)
    assert [entry["name"] for entry in entries] == ["default", "strict", "nb-iot", "lan"]


def test_transmission_shows_one_with_every_timer(run: Run) -> None:
    entry = json.loads(run("transmission", "nb-iot", "--format", "json").out)
    text = run("transmission", "nb-iot").out
    assert {timer["name"]: timer["value"] for timer in entry["timers"]}["EXCHANGE_LIFETIME"] == 435
    for line in entry["parameters"] + entry["timers"]:
        unit = line.get("unit", "s")
        value = f"{line['value']:g} {unit}".strip()
        (shown,) = (told for told in text.splitlines() if told.startswith(f"  {line['name']} "))
        assert shown.split("  ", 2)[2].strip().startswith(value)
        assert line["clause"] in shown
        assert line.get("formula", "") in text
        assert line["meaning"] in shown


def test_transmission_shows_no_profile_that_there_is_not(run: Run, tmp_path: Path) -> None:
    complains(run("transmission", "nbiot"), "did you mean nb-iot?")
    bad = tmp_path / "bad.toml"
    bad.write_text('[parameters]\n"\\u001b[2J" = 1\n')
    result = run("transmission", bad)
    complains(result, f"{bad}:2: \\x1b[2J: unknown")
    assert "\x1b" not in result.err


# Captures --------------------------------------------------------------------------------------


def on_port(port: int) -> bytes:
    """One request to a port that is not CoAP's."""
    return Conversation(server=f"192.0.2.2:{port}").con("GET", path="/a").pcap()


def test_d_takes_a_port_for_coap(run: Run, tmp_path: Path) -> None:
    capture = tmp_path / "9999.pcap"
    capture.write_bytes(on_port(9999))
    assert run("messages", capture).out == ""
    assert "/a" in run("messages", "-d", "udp.port==9999,coap", capture).out
    assert (
        "/a"
        in run("messages", "-d", "udp.port == 1,coap", "-d", "udp.port==9999, coap", capture).out
    )


@pytest.mark.parametrize(
    "value",
    ["9999", "tcp.port==1,dtls", "udp.port==1,tls", "udp.port==0,coap", "udp.port==65536,coap"],
)
def test_d_that_is_not_understood(run: Run, value: str) -> None:
    complains(run("messages", "-d", value, CLEAN), "udp.port==9999,coap")


def test_several_files_are_merged_by_time(run: Run, tmp_path: Path) -> None:
    talk = Conversation().con("GET", path="/a").ack("2.05").con("GET", path="/b").ack("2.05")
    whole, parts = tmp_path / "whole.pcap", []
    whole.write_bytes(talk.pcap())
    frames = talk.frames
    for number in range(2):
        talk.frames = frames[number::2]
        parts.append(tmp_path / f"{number}.pcap")
        parts[-1].write_bytes(talk.pcap())
    for command in ("messages", "exchanges"):
        assert run(command, *reversed(parts)).out == run(command, whole).out


def test_what_is_wrong_with_a_file_is_told_beside_the_data(run: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(WARNED.pcap()[:-3])
    shown = run("messages", cut)
    assert (shown.code, shown.out) == (0, "")
    assert shown.err.startswith("msgshark: The file ends ")
    assert shown.err.count("\n") == 1


# Wrong usage and input -------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["open", "messages", "exchanges", "times", "check"])
def test_a_file_that_is_not_there(run: Run, command: str) -> None:
    complains(run(command, "no-such.pcap"), "no-such.pcap", "does not exist", "check the path")


def test_usage_errors_name_the_help(run: Run) -> None:
    complains(run("check"), "FILE", "msgshark check --help")
    complains(run("check", "--format", "xml", CLEAN), "xml", "json", "--help")
    complains(run("check", "--fail-on", "none", CLEAN), "none", "warning", "--help")
    complains(run("messages", "--what", CLEAN), "--what", "--help")
    complains(run("explain"), "RULE-ID", "--help")
    complains(run("rules", "extra"), "extra", "--help")


def test_a_name_with_escapes_cannot_act_on_the_terminal(run: Run) -> None:
    result = run("check", "\x1b[2Jno\u202e\nsuch")
    complains(result, "\\x1b[2J")
    assert "\x1b" not in result.err
    assert "\u202e" not in result.err


# The installed command -------------------------------------------------------------------------


def test_the_console_script_runs() -> None:
    done = installed("check", "--format", "json", CLEAN)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["summary"]["error"] == 0


@pytest.mark.parametrize("command", [["messages", BAD], ["messages", CLEAN], ["check", BAD]])
def test_a_reader_that_goes_away_is_no_error(command: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write) as nobody_reads:
        done = installed(*command, stdout=nobody_reads)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("capture", [BAD, CLEAN])
def test_a_full_disk_is_one_line(capture: str) -> None:
    with open("/dev/full", "w") as full:
        done = installed("messages", capture, stdout=full)
    assert done.returncode == 2
    assert done.stderr.startswith("msgshark: No space left on device: ")
    assert done.stderr.count("\n") == 1


def test_no_colour_and_no_screen_without_a_terminal() -> None:
    assert "\x1b" not in installed("check", BAD).stdout
    assert "CON, MID:" in installed(CLEAN).stdout
