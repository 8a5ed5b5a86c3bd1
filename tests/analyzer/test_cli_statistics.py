# SPDX-License-Identifier: GPL-2.0-only
"""`msgshark statistics`: the parts of the statistics for people and scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rules.conversation import Conversation
from test_cli import BAD, TOUR, Run, complains, run

from analyzer.statistics.model import Part

__all__ = ["run"]


def told(run: Run, *arguments: str) -> dict[str, Any]:
    shown = run("statistics", "-T", "json", *arguments)
    assert (shown.code, shown.err) == (0, "")
    return json.loads(shown.out)  # type: ignore[no-any-return]


def test_scripts_read_every_part(run: Run) -> None:
    parts = told(run, BAD)
    assert list(parts) == list(Part)
    for part in ("conversations", "codes", "traffic"):
        assert sum(entry["messages"] for entry in parts[part]) == 315
    assert (parts["traffic"][0]["start"], parts["traffic"][0]["end"]) == (0, 6)
    assert parts["conversations"][0]["a"] == "127.0.1.12:60012"
    assert parts["codes"][0] | {"share": 0} == {
        "code": "0.02",
        "name": "POST",
        "kind": "request",
        "messages": 160,
        "share": 0,
        "octets": 49782,
        "con": 159,
        "non": 1,
        "ack": 0,
        "rst": 0,
        "retransmissions": 11,
        "flagged": 69,
    }


def test_response_times_are_those_of_the_command_times(run: Run) -> None:
    shown = run("times", "--format", "json", "--by", "uri", TOUR)
    theirs = json.loads(shown.out)["groups"]
    assert told(run, "--of", "times", "--by", "uri", TOUR)["times"] == theirs


def test_a_filter_and_a_number_of_intervals(run: Run) -> None:
    parts = told(run, "--of", "traffic", "--buckets", "3", "-Y", "coap.code == 68", BAD)
    assert len(parts["traffic"]) == 3
    assert sum(entry["messages"] for entry in parts["traffic"]) == 103


def test_people_read_tables(run: Run) -> None:
    shown = run("statistics", "--of", "endpoints", "--of", "retransmissions", "--by", "ue", BAD)
    head, first, server, *_ = shown.out.splitlines()
    assert head == "Endpoints"
    assert first.split()[:3] == ["endpoint", "messages", "octets"]
    assert server.split()[:3] == ["127.0.0.1:5683", "315", "71389"]
    assert "  meter-0013@iot.example" in shown.out
    assert "\x1b" not in shown.out


def test_nothing_is_said_to_be_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(Conversation().pcap())
    assert run("statistics", str(path)).out.count("  none\n") == len(Part)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--of", "codes", "--by", "ue"), "--by ue groups none of these"),
        (("--of", "colours"), "'colours' is not one of"),
        (("--buckets", "0"), "--buckets"),
    ],
)
def test_what_is_not_there(run: Run, arguments: tuple[str, ...], words: str) -> None:
    complains(run("statistics", *arguments, BAD), words)
