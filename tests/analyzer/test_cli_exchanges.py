# SPDX-License-Identifier: GPL-2.0-only
"""`msgshark exchanges`: which ones, in which form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from rules.conversation import Conversation
from test_cli import BAD, TOUR, Run, complains, installed, run

from analyzer import cli
from analyzer.views.escape import escape

__all__ = ["run"]

README = Path(__file__).parents[2] / "README.md"
FORMS = ("text", "json", "ladder", "mermaid")


def ids(run: Run, *arguments: str) -> list[int]:
    shown = run("exchanges", "--format", "json", *arguments)
    assert (shown.code, shown.err) == (0, "")
    return [entry["id"] for entry in json.loads(shown.out)]


def test_a_packet_a_ue_or_a_token_selects(run: Run) -> None:
    assert ids(run, TOUR, "--of", "18") == [9]
    assert ids(run, TOUR, "--of", "20", "--of", "1") == [1, 9]
    assert ids(run, BAD, "--ue", "meter-0068@iot.example") == [49, 77]
    assert ids(run, BAD, "--ue", "meter-0068@iot.example", "--of", "162") == [77]


@pytest.mark.parametrize(
    "token", ["746f7572303a", "0x746F7572303A", "74:6f:75:72:30:3a", " 74 6f 75 72 30 3a"]
)
def test_a_token_is_written_in_any_common_way(run: Run, token: str) -> None:
    assert ids(run, TOUR, "--token", token) == [9]


def test_the_empty_token_is_empty_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "talk.pcap"
    path.write_bytes(Conversation().con("GET", token=b"a").ack().con("GET").ack("2.05").pcap())
    assert ids(run, str(path), "--token", "") == [2]


def test_a_name_is_taken_as_it_is_shown(run: Run) -> None:
    (name,) = {
        entry["ue_service_id"]
        for entry in json.loads(run("exchanges", "--format", "json", BAD).out)
        if "\x1b" in (entry["ue_service_id"] or "")
    }
    shown = run("exchanges", BAD, "--ue", name)
    assert shown.code == 0
    assert run("exchanges", BAD, "--ue", escape(name, 500)) == shown


@pytest.mark.parametrize("form", FORMS)
def test_every_form_prints_what_is_selected(run: Run, form: str) -> None:
    shown = run("exchanges", TOUR, "--of", "18", "--format", form)
    assert (shown.code, shown.err) == (0, "")
    assert "/async?3" in shown.out
    assert "/time" not in shown.out


@pytest.mark.parametrize("form", FORMS)
def test_nothing_selected_is_an_error_that_helps(run: Run, form: str) -> None:
    forms = ("--format", form)
    complains(run("exchanges", TOUR, "--of", "9999", *forms), "no packet 9999", "140")
    complains(run("exchanges", BAD, "--ue", "meter-0068", *forms), "did you mean meter-0068@")
    complains(run("exchanges", TOUR, "--token", "746f7572303b", *forms), "did you mean 746f7572")


@pytest.mark.parametrize("form", FORMS)
def test_a_capture_without_exchanges_is_no_error(run: Run, form: str, tmp_path: Path) -> None:
    path = tmp_path / "empty.pcap"
    path.write_bytes(Conversation().pcap())
    shown = run("exchanges", path, "--of", "1", "--format", form)
    assert (shown.code, shown.out, shown.err) == (0, "[]\n" if form == "json" else "", "")


def test_wrong_arguments_say_what_to_write(run: Run) -> None:
    complains(run("exchanges", TOUR, "--token", "xyz"), "'xyz' is no token", "0a0b")
    complains(run("exchanges", TOUR, "--token", "0a0"), "'0a0' is no token")
    complains(run("exchanges", TOUR, "--of", "0"), "--of", "--help")
    complains(run("exchanges", TOUR, "--together"), "--format ladder or mermaid")


def test_ladders_are_one_each_or_one_together(run: Run) -> None:
    asked = ("exchanges", BAD, "--ue", "meter-0068@iot.example", "--format")
    assert run(*asked, "ladder").out.count("Frame  ") == 2
    assert run(*asked, "ladder", "--together").out.count("Frame  ") == 1
    apart, together = run(*asked, "mermaid").out, run(*asked, "mermaid", "--together").out
    assert apart.count("```mermaid\nsequenceDiagram\n") == 2
    assert together.startswith("sequenceDiagram\n")
    assert "`" not in together


def test_a_narrow_or_wide_terminal_is_filled_no_further(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns in (60, 80, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = run("exchanges", BAD, "--format", "ladder").out.splitlines()
        assert max(map(len, lines)) <= columns
        assert max(map(len, lines)) > min(columns, 100) - 1


def test_the_ladder_in_the_readme_is_the_one_that_prints(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    shown = run("exchanges", BAD, "--of", "31", "--format", "ladder").out
    assert f"```text\n{shown}```\n" in README.read_text()


def test_an_encoding_without_line_drawing_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = installed("exchanges", TOUR, "--format", "ladder", "--of", "18")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "|-- CON, MID:54108, GET, /async?3 ---" in done.stdout


@pytest.mark.parametrize(
    "command", [("messages",), ("exchanges",), ("check", "--fail-on", "error")]
)
def test_no_command_stumbles_over_the_encoding(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = installed(*command, TOUR)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


def test_formats_complete_in_the_shell() -> None:
    completions = ShellComplete(cli.msgshark, {}, "msgshark", "_MSGSHARK_COMPLETE").get_completions(
        ["exchanges", "--format"], "l"
    )
    assert [item.value for item in completions] == ["ladder"]
