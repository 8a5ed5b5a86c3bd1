# SPDX-License-Identifier: GPL-2.0-only
"""-Y on the command line: what each command leaves out, and errors that point."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import pytest
from live import Live, pieces
from rules.conversation import Conversation
from test_cli import CLEAN, Run, run
from test_imports import loaded_by

from analyzer import cli, completing
from analyzer.filter_options import FilterUsageError
from analyzer.session import Session

__all__ = ["run"]

FIELD_DAY = str(Path(__file__).parents[2] / "captures" / "field-day.pcapng")
NUMBERS = ("-T", "fields", "-e", "frame.number")
RESET = "coap.type == RST"


def numbers(run: Run, *arguments: str) -> list[int]:
    return list(map(int, run(*arguments).out.split()))


def frames_of(path: Path) -> list[int]:
    session = Session()
    session.open([path])
    session.read_all()
    return list(session.messages["message_id"])


@pytest.mark.parametrize("command", [("messages",), ("open",), ()], ids=" ".join)
def test_messages_that_pass_are_printed(run: Run, command: tuple[str, ...]) -> None:
    assert numbers(run, *command, FIELD_DAY, "-Y", RESET, *NUMBERS) == [203]
    assert len(run(*command, FIELD_DAY, "-Y", RESET).out.splitlines()) == 1
    assert run(*command, FIELD_DAY, "-Y", " ") == run(*command, FIELD_DAY)


def test_packets_asked_for_have_to_pass_too(run: Run) -> None:
    asked = ("messages", FIELD_DAY, "--frames", "1-6", *NUMBERS)
    assert numbers(run, *asked, "--display-filter", "coap.type == ACK") == [2, 4, 6]
    assert [m["frame.number"] for m in json.loads(
        run("messages", FIELD_DAY, "-Y", "coap.opt.uri_path == message", "-T", "json").out
    )][:3] == [5, 7, 9]  # fmt: skip


def test_exchanges_that_pass_are_printed(run: Run) -> None:
    states = ("-T", "fields", "-e", "exchange.state")
    shown = run("exchanges", FIELD_DAY, "-Y", "exchange.state == unanswered", *states)
    assert set(shown.out.split()) == {"unanswered"}
    by_message = numbers(
        run, "exchanges", FIELD_DAY, "-Y", RESET, "-T", "fields", "-e", "exchange.id"
    )
    assert by_message == [97]
    drawn = run("exchanges", FIELD_DAY, "-Y", RESET, "-T", "ladder").out
    assert "RST" in drawn
    assert "2.01" not in drawn
    assert run("exchanges", FIELD_DAY, "-Y", "coap.mid == 0", "-T", "ladder").out == ""


def test_findings_that_pass_are_printed_and_judged(run: Run) -> None:
    errors = ("-Y", "finding.severity == error")
    rows = run("findings", FIELD_DAY, *errors, "-T", "fields", "-e", "finding.severity").out.split()
    assert set(rows) == {"error"}
    assert run("check", FIELD_DAY).code == 1
    assert run("check", FIELD_DAY, *errors).code == 1
    assert run("check", FIELD_DAY, "-Y", "finding.severity < error").code == 0
    of_one = run("check", FIELD_DAY, "-Y", "frame.number == 50", "-T", "json").out
    assert {finding["frame"] for finding in json.loads(of_one)["findings"]} == {50}


def test_packets_that_pass_are_exported(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "reset.pcapng"
    assert run("export", FIELD_DAY, "-w", str(path), "-Y", RESET).code == 0
    assert frames_of(path) == [33128]
    selected = ("--frames", "1-4", "-Y", "coap.type == ACK")
    assert run("export", FIELD_DAY, "-w", str(path), *selected).code == 0
    assert len(frames_of(path)) == 2


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "coap.mdi == 5",
            ["msgshark: no field coap.mdi; did you mean coap.mid?", "  coap.mdi == 5", "  ^"],
        ),
        (
            'coap.mid == "x"',
            [
                'msgshark: coap.mid is a number; "x" is none, as 5 or 0x5 is',
                '  coap.mid == "x"',
                "              ^",
            ],
        ),
        (
            "coap.mid ==\x1b[2J",
            [
                r"msgshark: '\x1b' is unexpected; a name or value may stand here",
                r"  coap.mid ==\x1b[2J",
                "             ^",
            ],
        ),
    ],
)
@pytest.mark.parametrize("command", ["messages", "exchanges", "findings", "check"])
def test_an_error_points_at_its_place(run: Run, command: str, text: str, lines: list[str]) -> None:
    shown = run(command, CLEAN, "-Y", text)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.splitlines() == lines


def test_an_error_far_behind_is_shown_where_it_is(run: Run) -> None:
    text = " or ".join(["coap.mid == 1"] * 50) + " or \x07coap.mdi"
    *_, shown, caret = run("messages", CLEAN, "-Y", text).err.splitlines()
    assert len(shown) < 80
    assert shown[caret.index("^") :].startswith(r"\x07coap")


def test_a_shell_completes_a_filter() -> None:
    values = [item.value for item in completing.filters(None, None, "coap.mid == 5 && finding.sev")]
    assert values == ["coap.mid == 5 && finding.severity"]


def test_what_comes_live_is_filtered_as_it_comes() -> None:
    talk = Conversation().con("GET", path="/a").ack("2.05").con("PUT", path="/b").ack("2.04")
    head, *records = pieces(talk)
    with Live("messages", "-Y", "coap.opt.uri_path", *NUMBERS, "-", piped=True) as live:
        live.send(head + records[0])
        live.wait_for(lambda: live.out == ["1"])
        live.send(records[1] + records[2])
        live.wait_for(lambda: live.out == ["1", "3"])
        live.send(records[3])
        assert live.finish() == 0
    assert live.out == ["1", "3"]


def test_a_command_without_a_filter_loads_no_grammar(tmp_path: Path) -> None:
    path = tmp_path / "small.pcap"
    path.write_bytes(Conversation().con("GET", path="/a").ack("2.05").pcap())
    for command in ("check", "messages", "exchanges", "findings"):
        assert loaded_by(command, str(path)) & {"lark", "numpy", "polars"} == set()
    assert loaded_by("messages", "--help") & {"lark", "numpy", "polars"} == set()
    loaded = loaded_by("check", "-Y", "coap.mid == 1 && coap.opt.uri_path == a", str(path))
    assert loaded & {"lark", "numpy", "polars"} == {"lark", "numpy"}


def test_on_a_terminal_the_screen_begins_with_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def screen(intake: object, settings: object, *, filter: str, **others: object) -> int:
        begun.append(filter)
        return 0

    monkeypatch.setattr("analyzer.views.tui.app.run", screen)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    for arguments in ((), ("-Y", RESET), ("-Y", "coap.typ == RST"), ("-Y", RESET, "-V")):
        with contextlib.suppress(FilterUsageError):
            cli.msgshark.main(["open", FIELD_DAY, *arguments], standalone_mode=False)
    assert begun == ["", RESET]  # a bad one is refused before, and -V prints
