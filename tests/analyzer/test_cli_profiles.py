# SPDX-License-Identifier: GPL-2.0-only
"""Spec profiles and what is ignored, on the command line: output, exit codes, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from rules.conversation import Conversation
from test_cli import BAD, CLEAN, Run, complains, run

from analyzer import cli
from analyzer.profiles.spec_reading import switches
from analyzer.rules.catalogue import load

__all__ = ["run"]

CREDENTIAL = "MSG-24538-6.3.1.1.1.d3-CREDENTIAL"
RESULT = b'{"UE Service ID": "meter-1@example", "Registration result": "success"}'
BODY = b'{"Message Type": "REG", "UE Service ID": "meter-1@example"}'
READING = [[c] for c in ("open", "messages", "exchanges", "check", "times")]
READING += [["export", "-w", "-"]]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A registration without credentials: one error, in seed and rel17."""
    talk = Conversation().con("POST", path="/reg", token=b"ab", content_format=50, payload=BODY)
    path = tmp_path / "registration.pcap"
    path.write_bytes(talk.ack("2.01", content_format=50, payload=RESULT).pcap())
    return path


def test_the_profile_decides_about_the_exit_code(run: Run, capture: Path) -> None:
    assert run("check", capture) == run("check", "--spec-profile", "seed", capture)
    assert CREDENTIAL in run("check", capture).out
    for profile, code in (("seed", 1), ("rel17", 1), ("rel18", 0)):
        assert run("check", "--spec-profile", profile, capture).code == code
    shown = run("check", "--spec-profile", "rel18", capture).out.splitlines()
    assert shown[-2] == "judged by the spec profile rel18"


def test_a_file_of_ones_own(run: Run, capture: Path) -> None:
    own = capture.with_name("lab.toml")
    own.write_text(f'extends = "rel17"\n[severities]\n"{CREDENTIAL[:-10]}*" = "warning"\n')
    shown = run("check", "--format", "json", "--spec-profile", own, capture)
    entry = json.loads(shown.out)
    assert entry["capture"]["spec_profile"] == "lab"
    assert {f["rule"]: f["severity"] for f in entry["findings"]}[CREDENTIAL] == "warning"
    assert shown.code == 0


@pytest.mark.parametrize(
    "ignore",
    [CREDENTIAL, "*CREDENTIAL", "MSG-*@meter-1@example", "MSG-*@192.0.2.1", "*@*:40000"],
)
def test_what_is_ignored_fails_nothing_and_is_counted(run: Run, capture: Path, ignore: str) -> None:
    shown = run("check", "--ignore", ignore, capture)
    assert shown.code == 0
    assert CREDENTIAL not in shown.out
    count = shown.out.splitlines()[-1].rpartition("; ")[2]
    assert count.endswith(" ignored")
    summary = json.loads(run("check", "--format", "json", "--ignore", ignore, capture).out)
    assert summary["summary"]["ignored"] == int(count.split()[0]) > 0
    assert run("check", "--ignore", "*@meter-2@example", capture).code == 1


def test_nothing_ignored_is_not_worth_a_word(run: Run, capture: Path) -> None:
    assert "ignored" not in run("check", capture).out


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_every_command_that_reads_captures_refuses_what_is_wrong(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    complains(run(*command, "--spec-profile", "rel71", CLEAN), "did you mean rel", "FILE.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text('[severities]\n"COAP-CAP-DUP" = "none"\n')
    complains(run(*command, "--spec-profile", bad, CLEAN), f"{bad}:2: COAP-CAP-DUP: 'none' is not")
    complains(run(*command, "--ignore", "COAP-CAP-DUPE", CLEAN), "did you mean COAP-CAP-DUP?")
    complains(run(*command, "--switch", "one-m2m", CLEAN), "did you mean onem2m?", "behind-nat")
    complains(run(*command, "--spec-profile", "lwm2m", CLEAN), "write --switch lwm2m")


def test_switches_on_the_command_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "onem2m.pcap"
    options = [(259, b"20260801T120000"), (283, b"r-1\x1b[2J")]
    path.write_bytes(Conversation().con("GET", options=options).ack("2.05").pcap())
    unknown = "COAP-7252-5.4.1-CRIT-UNKNOWN"
    shown = run("check", path).out
    assert unknown in shown
    assert "(oneM2M-OT)" in shown
    switched = run("check", "--switch", "onem2m", "--switch", "behind-nat", path).out
    assert unknown not in switched
    assert switched.splitlines()[-2] == "judged by the spec profile seed + onem2m + behind-nat"
    cells = run("messages", "-T", "fields", "-e", "coap.opt.onem2m_ot", path).out.splitlines()
    assert cells[0] == "20260801T120000"
    assert "\x1b" not in run("messages", "-T", "fields", "-e", "coap.opt.onem2m_rqi", path).out


def test_switches_are_completed() -> None:
    complete = ShellComplete(cli.msgshark, {}, "msgshark", "_MSGSHARK_COMPLETE")
    found = complete.get_completions(["check", "--switch"], "o")
    assert [item.value for item in found] == ["onem2m", "ocf"]


def test_spec_profile_lists_and_prints(run: Run, tmp_path: Path) -> None:
    lines = run("spec-profile").out.splitlines()
    named = [line.split()[0] for line in lines if line]
    assert named == ["seed", "rel17", "rel18", "Switches:", *switches()]
    assert all(len(line) <= 80 for line in lines[4:])
    entries = json.loads(run("spec-profile", "--format", "json").out)
    assert [entry["name"] for entry in entries] == ["seed", "rel17", "rel18"]
    for entry in entries:
        assert json.loads(run("spec-profile", entry["name"], "--format", "json").out) == entry
        assert entry["severities"].keys() == load().keys()
    own = tmp_path / "own.toml"
    own.write_text(
        'switches = ["behind-nat"]\n[elements.payload]\naliases = ["Body Text"]\n'
        '[[ignore]]\nue = "meter-1\\u001b[2J"\nreason = "lab"\n'
    )
    shown = run("spec-profile", own).out
    for part in ("Addresses are translated", "bodytext", "every rule, ue meter-1", ": lab"):
        assert part in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("words", [["check", "--spec-profile"], ["spec-profile"]])
def test_names_of_profiles_are_completed(words: list[str]) -> None:
    complete = ShellComplete(cli.msgshark, {}, "msgshark", "_MSGSHARK_COMPLETE")
    found = complete.get_completions(words, "rel")
    assert [item.value for item in found] == ["rel17", "rel18"]
    (file,) = complete.get_completions(words, "our")
    assert (file.value, file.type) == ("our", "file")


def test_the_catalogue_tells_severities_by_profile(run: Run) -> None:
    assert "(rel18 off)" in next(li for li in run("rules").out.splitlines() if CREDENTIAL in li)
    rules = {rule["id"]: rule for rule in json.loads(run("rules", "--format", "json").out)}
    profiles = {"seed": "error", "rel17": "error", "rel18": "off"}
    assert rules[CREDENTIAL]["profiles"] == profiles
    assert "By spec profile: seed error, rel17 error, rel18 off" in run("explain", CREDENTIAL).out
    assert "By spec profile" not in run("explain", "COAP-CAP-DUP").out


def test_the_tour_of_errors_by_a_later_release(run: Run) -> None:
    counts = [
        json.loads(run("check", "--format", "json", "--spec-profile", name, BAD).out)["summary"]
        for name in ("seed", "rel17", "rel18")
    ]
    assert counts[0]["error"] > counts[1]["error"] >= counts[2]["error"]
