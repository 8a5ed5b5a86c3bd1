# SPDX-License-Identifier: GPL-2.0-only
"""What is live is printed while it is read: each row at once, the same rows in the end."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest
from live import COMMAND, PATIENCE, Live, append, pieces
from rules.conversation import Conversation


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def talk() -> Conversation:
    return Conversation().con("GET", path="/a").ack("2.05", payload=b"x").con("PUT", path="/b")


def run(*arguments: object) -> list[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("messages",),
        ("messages", "-e", "coap.mid", "-e", "coap.code", "-E", "header=y"),
        ("messages", "-T", "csv"),
        ("messages", "-T", "jsonl", "-e", "coap.code"),
    ],
    ids=" ".join,
)
def test_each_message_of_a_pipe_is_printed_when_it_comes(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    head, *records = pieces(talk())
    whole = tmp_path / "whole.pcap"
    whole.write_bytes(talk().pcap())
    headers = int("csv" in arguments or "header=y" in arguments)
    with Live(*arguments, "-", piped=True) as live:
        live.send(head)
        live.wait_for(lambda: len(live.out) == headers)
        for number, record in enumerate(records, 1):
            live.send(record)
            live.wait_for(lambda: len(live.out) == headers + number)  # noqa: B023
        assert live.finish() == 0
    expected = run(*arguments, whole)
    assert [line.split(",")[:8] for line in live.out] == [x.split(",")[:8] for x in expected]


def test_in_full_too() -> None:
    head, *records = pieces(talk())
    with Live("messages", "-V", "-", piped=True) as live:
        live.send(head + records[0])
        live.wait_for(lambda: "Uri-Path: a" in "".join(live.out))
        live.send(records[2])
        live.wait_for(lambda: "Uri-Path: b" in "".join(live.out))


def test_each_finding_is_printed_when_it_is_made() -> None:
    short = Conversation().con("GET", path="/a").raw("6000").wait(1).raw("4001")
    head, *records = pieces(short)
    with Live("findings", "-T", "jsonl", "--severity", "error", "-", piped=True) as live:
        live.send(head + records[0] + records[1])
        live.wait_for(lambda: len(live.out) == 1)
        live.send(records[2])
        live.wait_for(lambda: len(live.out) == 2)
        assert live.finish() == 0
    assert [json.loads(line)["finding.frame"] for line in live.out] == [2, 3]


def test_an_array_is_printed_when_all_is_read() -> None:
    head, *records = pieces(talk())
    with Live("messages", "-T", "json", "-", piped=True) as live:
        live.send(head + b"".join(records))
        assert live.finish() == 0
    assert len(json.loads("\n".join(live.out))) == 3


def test_a_file_that_grows_until_ctrl_c(tmp_path: Path) -> None:
    head, *records = pieces(talk())
    path = tmp_path / "live.pcap"
    path.write_bytes(head + records[0])
    with Live("messages", "--follow", path) as live:
        live.wait_for(lambda: len(live.out) == 1)
        append(path, *records[1:])
        live.wait_for(lambda: len(live.out) == 3)
        live.process.send_signal(signal.SIGINT)
        assert live.finish() == 0
    assert live.err == []


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    head, *records = pieces(talk())
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, "messages", "-"], stdin=pipe, stdout=pipe, stderr=pipe
    ) as done:
        assert done.stdin is not None
        assert done.stdout is not None
        assert done.stderr is not None
        done.stdin.write(head + records[0])
        done.stdin.flush()
        assert done.stdout.readline()
        done.stdout.close()
        done.stdin.write(records[1])
        done.stdin.flush()
        assert done.wait(PATIENCE) == 0  # though more could come
        assert done.stderr.read() == b""
