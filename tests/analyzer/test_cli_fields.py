# SPDX-License-Identifier: GPL-2.0-only
"""Output for scripts with tshark's letters: -T, -e, -E, -V, -x, -r."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from reports import HOSTILE
from rules.conversation import Conversation
from test_cli import BAD, CLEAN, TOUR, Run, complains, run
from tshark import needs_tshark, tshark

from analyzer import cli
from analyzer.views.escape import unescape
from dissectors.fields import Table, fields, fields_of, shown_fields, usual_fields

__all__ = ["run"]

NAMES = (
    *HOSTILE[:-1],
    "=cmd|' /C calc'!A0",
    "+1",
    "@x",
    "-2",
    "＝1",
    " =1",
    'a";=1,b',
    "a;=1",
    "'",
    "",
)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A request for each name, in its Uri-Query and a second Uri-Query."""
    talk = Conversation()
    for name in NAMES:
        options = [(15, name.encode()), (15, b"two")]
        talk.con("GET", path="/a", options=options, token=b"\x0a\x0b").ack("2.05")
    path = tmp_path / "hostile.pcap"
    path.write_bytes(talk.pcap())
    return path


# -T fields ------------------------------------------------------------------------------------


def test_fields_are_printed_in_the_order_asked_for(run: Run) -> None:
    shown = run("messages", CLEAN, "-T", "fields", "-e", "coap.mid", "-e", "frame.number")
    rows = [line.split("\t") for line in shown.out.splitlines()]
    assert [row[1] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    assert all(row[0].isdigit() for row in rows)
    assert (shown.code, shown.err) == (0, "")


def test_a_field_asked_for_is_enough(run: Run) -> None:
    asked = ("-e", "_ws.col.Info", "-e", "frame.time_epoch")
    by_name = run("messages", "-T", "fields", *asked, CLEAN)
    assert run("messages", *asked, CLEAN) == run("-r", CLEAN, *asked) == by_name


def test_captures_are_named_as_tshark_names_them(run: Run) -> None:
    assert run("-r", CLEAN) == run("messages", "-r", CLEAN) == run("messages", CLEAN)
    assert run("check", "-r", CLEAN) == run("check", CLEAN)
    asked = ("-T", "fields", "-e", "frame.number")
    both = run("messages", "-r", CLEAN, BAD, *asked).out.splitlines()
    alone = [run("messages", path, *asked).out.splitlines() for path in (CLEAN, BAD)]
    assert len(both) == sum(map(len, alone))
    complains(run("messages"), "FILE", "messages --help")


def test_what_does_not_go_together_is_told(run: Run) -> None:
    complains(run("messages", CLEAN, "-T", "fields"), "-e FIELD", "msgshark fields")
    complains(run("messages", CLEAN, "-T", "text", "-e", "coap.mid"), "-e needs -T fields")
    complains(run("messages", CLEAN, "-E", "header=y"), "-E needs -T fields|csv")
    complains(run("messages", CLEAN, "-V", "-T", "csv"), "-V and -x print text")
    for wrong in ("header", "header=x", "separator=ab", "quote=ds", "colour=y", "aggregator="):
        complains(run("messages", CLEAN, "-T", "csv", "-E", wrong), repr(wrong), "header=y|n")


def test_a_field_that_there_is_not(run: Run) -> None:
    complains(run("-r", CLEAN, "-e", "coap.midd"), "no field coap.midd; did you mean coap.mid?")
    complains(run("messages", CLEAN, "--frames", "999"), "no CoAP in the packets of --frames")
    complains(run("messages", CLEAN, "-e", "qqq"), "no field qqq; msgshark fields lists them")
    complains(run("exchanges", CLEAN, "-e", "coap.mid"), "exchanges have no field coap.mid")


@needs_tshark
@pytest.mark.parametrize(
    "layout",
    [
        [],
        ["header=y"],
        ["separator=,", "quote=d"],
        ["separator=/s", "quote=s", "header=y"],
        ["separator=/t", "quote=n", "occurrence=f"],
        ["occurrence=l", "aggregator=;"],
        ["aggregator=/s", "occurrence=a"],
        ["aggregator=,", "separator=|", "header=n"],
    ],
)
def test_cells_are_laid_out_as_in_tshark(run: Run, tmp_path: Path, layout: list[str]) -> None:
    talk = Conversation()
    for part in ("plain", "a b", "it's", "tab\there", "line\nfeed\rreturn", ""):
        talk.con("GET", options=[(11, part.encode()), (11, b"two"), (15, b"q")], mid=7).ack("2.05")
    path = tmp_path / "laid-out.pcap"
    path.write_bytes(talk.pcap())
    names = ("frame.number", "frame.time_epoch", "ip.addr", "udp.port", "coap.mid", "coap.token")
    names += ("coap.opt.uri_path", "coap.opt.uri_query", "coap.opt.etag", "coap.code")
    if "quote=s" in layout:
        names = names[:6]  # tshark leaves the quote in a cell alone
    asked = [word for name in names for word in ("-e", name)]
    asked += [word for key in layout for word in ("-E", key)]
    theirs = tshark("-n", "-r", str(path), "-T", "fields", *asked, home=tmp_path)
    assert run("-r", path, "-T", "fields", *asked).out == theirs


def test_no_control_character_is_printed(run: Run, hostile: Path) -> None:
    for form in ("fields", "csv", "jsonl", "json"):
        shown = run("messages", hostile, "-T", form, "-e", "coap.opt.uri_query").out
        assert all(c == "\n" or c.isprintable() for c in shown)
    assert all(c == "\n" or c.isprintable() for c in run("messages", hostile, "-V", "-x").out)


# csv ------------------------------------------------------------------------------------------


def rows_of(text: str, **form: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True, **form))


@pytest.mark.parametrize("separator", [",", ";", "/t", ".", "a"])
def test_csv_is_read_back_and_is_no_formula(run: Run, hostile: Path, separator: str) -> None:
    asked = ("-e", "frame.number", "-e", "coap.opt.uri_query", "-e", "frame.time_epoch")
    shown = run(
        *("messages", hostile, "-T", "csv", *asked),
        *("-E", "occurrence=f", "-E", f"separator={separator}"),
    )
    rows = rows_of(shown.out, delimiter={"/t": "\t"}.get(separator, separator))
    assert len(rows) == 2 * len(NAMES)
    for name, row in zip(NAMES, rows[::2], strict=True):
        cell = row["coap.opt.uri_query"]
        formula = name.lstrip()[:1] in tuple("=+-@＝")
        assert cell.startswith("'") or not formula
        assert unescape(cell.removeprefix("'") if formula else cell) == name
        assert row["frame.time_epoch"].startswith("1700000")


def test_csv_has_a_header_and_the_usual_columns(run: Run) -> None:
    for table in Table:
        rows = rows_of(run(table, BAD, "-T", "csv").out)
        assert list(rows[0]) == [field.name for field in usual_fields(table)]
        assert len(rows) == len(json.loads(run(table, BAD, "-T", "json").out))
    assert run("messages", BAD, "-T", "csv", "-E", "header=n").out.startswith("1,")


# json, jsonl ----------------------------------------------------------------------------------


@pytest.mark.parametrize("table", Table)
def test_json_lines_are_objects_of_typed_values(run: Run, table: Table) -> None:
    lines = run(table, TOUR, "-T", "jsonl").out.splitlines()
    shown = {field.name: field for field in shown_fields(table)}
    for entry in map(json.loads, lines):
        assert entry.keys() <= shown.keys()
        for name, value in entry.items():
            expected: Any = {"uint": int, "frame": int, "time": float, "string": str}
            if shown[name].repeated:
                assert isinstance(value, list)
            elif not isinstance(value, list):
                assert isinstance(value, expected.get(shown[name].type, object))
    asked = ("-e", "exchange.id", "-e", "finding.rule")
    chosen = run(table, TOUR, "-T", "jsonl", *asked).out.splitlines()
    assert len(chosen) == len(lines)
    assert all(list(json.loads(line)) == ["exchange.id", "finding.rule"] for line in chosen)
    assert json.loads(run(table, TOUR, "-T", "json", *asked).out) == list(map(json.loads, chosen))


# -V, -x, --frames -----------------------------------------------------------------------------


def test_detail_is_of_the_packets_asked_for(run: Run) -> None:
    shown = run("-r", BAD, "-V", "--frames", "66,70-71").out
    heads = [line.split(":")[0] for line in shown.splitlines() if line.startswith("Frame ")]
    assert heads == ["Frame 66", "Frame 70", "Frame 71"]
    assert "Constrained Application Protocol, CON, 0.02 POST, MID:48104" in shown
    assert len(run("messages", BAD, "--frames", "66,70-71").out.splitlines()) == 3


def test_findings_are_rows(run: Run) -> None:
    lines = run("findings", BAD).out.splitlines()
    entries = json.loads(run("findings", BAD, "-T", "json").out)
    checked = json.loads(run("check", BAD, "-T", "json").out)["findings"]
    assert len(lines) == len(entries) == len(checked)
    assert [e["finding.rule"] for e in entries] == [f["rule"] for f in checked]
    errors = run("findings", BAD, "--severity", "error", "-e", "finding.severity").out.split()
    assert set(errors) == {"error"}


# msgshark fields ------------------------------------------------------------------------------


def test_fields_lists_every_field_with_type_commands_and_help(run: Run) -> None:
    lines = run("fields").out.splitlines()
    entries = json.loads(run("fields", "-T", "json").out)
    assert [entry["name"] for entry in entries] == list(fields())
    for line, entry in zip(lines, entries, strict=True):
        assert line.startswith(entry["name"] + " ")
        assert line.endswith(entry["help"])
        for table in Table:
            assert (entry["name"] in fields_of(table)) == (table in entry["commands"])
    found = run("fields", "coap.opt.uri*").out.splitlines()
    assert {line.split()[0] for line in found} == {n for n in fields() if "coap.opt.uri" in n}
    complains(run("fields", "qqq"), "no field has 'qqq'")


def test_names_of_fields_are_completed() -> None:
    complete = ShellComplete(cli.msgshark, {}, "msgshark", "_MSGSHARK_COMPLETE")
    found = complete.get_completions(["messages", "-e"], "coap.res")
    assert {item.value for item in found} == {n for n in fields() if n.startswith("coap.res")}
    found = complete.get_completions(["exchanges", "-e"], "coap.")
    assert found == []
