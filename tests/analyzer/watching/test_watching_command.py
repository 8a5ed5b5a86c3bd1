# SPDX-License-Identifier: GPL-2.0-only
"""msgshark watch as a process: what it prints and when, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from live import COMMAND, PATIENCE, Live, append, pieces
from reports import HOSTILE
from rules.conversation import Conversation
from rules.registrations import GOOD, asked

CAPTURES = Path(__file__).parents[3] / "captures"
FIELD_DAY = CAPTURES / "field-day.pcapng"
SHORT = "6000"
"""Two bytes: COAP-7252-3-SHORT, an error of each."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TZ", "UTC")


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "watch", *map(str, arguments)]
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,  # type: ignore[call-overload]
    )


def shorts(count: int, gap: float = 0.0) -> Conversation:
    talk = Conversation().con("GET", path="/a").ack("2.05")
    for _ in range(count):
        talk.raw(SHORT).wait(gap)
    return talk


def test_a_file_is_watched_to_its_end() -> None:
    done = run(FIELD_DAY, "--rate", "off", "-T", "jsonl")
    assert done.returncode == 0
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    checked = subprocess.run(
        [*COMMAND, "check", "--format", "json", str(FIELD_DAY)], capture_output=True, check=False
    )
    expected = json.loads(checked.stdout)["findings"]
    found = [entry for entry in entries if "more" not in entry]
    assert len(found) == len(expected)
    whole = {(one["rule"], one["frame"], one["message"]): one for one in expected}
    for entry in found:
        told = whole[entry["rule"], entry["frame"], entry["message"]]
        assert set(entry) - {"time", "count", "nearest"} == set(told) - {"count", "nearest"}
        assert entry["fingerprint"] == told["fingerprint"]
    assert re.fullmatch(
        r"msgshark: 315 packets, 315 CoAP messages, 150 exchanges: 36 errors, 20 warnings, "
        r"97 notes; [0-9]+ more counted, not printed\n",
        done.stderr,
    )


def test_only_what_passes_a_display_filter_is_told_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "flood.pcap"
    path.write_bytes(shorts(8).con("GET", token=bytes(9)).wait(61).con("GET", path="/b").pcap())
    passing = run(path, "--rate", "3/60s", "-Y", 'finding.rule == "COAP-7252-3-SHORT"')
    assert passing.returncode == 0
    assert passing.stdout.count("COAP-7252-3-SHORT") == 4
    assert len(passing.stdout.splitlines()) == 4
    assert "… 5 more of COAP-7252-3-SHORT" in passing.stdout
    others = run(path, "--rate", "3/60s", "-Y", 'not finding.rule contains "SHORT"')
    assert others.stdout
    assert "SHORT" not in others.stdout
    wrong = run(path, "-Y", "finding.rul")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean finding.rule?" in wrong.stderr


def test_lines_for_people(tmp_path: Path) -> None:
    path = tmp_path / "short.pcap"
    path.write_bytes(shorts(1).pcap())
    done = run(path, "--severity", "error")
    assert done.stdout == (
        "22:13:20.020 error   frame 3  192.0.2.1  COAP-7252-3-SHORT: Datagram of 2 bytes, too "
        "short for a CoAP header\n"
    )
    assert "\x1b" not in done.stdout


def test_more_than_the_rate_is_counted_and_told_when_the_window_ends(tmp_path: Path) -> None:
    path = tmp_path / "flood.pcap"
    path.write_bytes(shorts(8).wait(60).raw(SHORT).raw(SHORT).pcap())
    done = run(path, "--severity", "error", "--rate", "3/60s")
    lines = done.stdout.splitlines()
    places = [re.search(r"frame (\d+)", line) for line in lines]
    assert [place[1] if place else "" for place in places] == ["3", "4", "5", "", "11", "12"]
    assert lines[3] == "22:14:20.020 … 5 more of COAP-7252-3-SHORT about 192.0.2.1 in the last 60 s"
    assert "; 5 more counted, not printed" in done.stderr
    jsonl = run(path, "--severity", "error", "--rate", "3/60s", "-T", "jsonl")
    assert json.loads(jsonl.stdout.splitlines()[3]) == {
        "time": 1700000060.02,
        "more": 5,
        "seconds": 60.0,
        "rule": "COAP-7252-3-SHORT",
        "severity": "error",
        "ue_service_id": None,
        "address": "192.0.2.1",
    }


def test_findings_come_while_the_pipe_is_open_and_ctrl_c_tells_the_sum() -> None:
    head, *records = pieces(shorts(2))
    with Live("watch", "-", "--severity", "error", piped=True) as live:
        live.send(head + b"".join(records[:3]))
        live.wait_for(lambda: len(live.out) == 1)
        live.send(records[3])
        live.wait_for(lambda: len(live.out) == 2)
        live.process.send_signal(signal.SIGINT)
        assert live.process.wait(PATIENCE) == 0
        live.finish()
    assert len(live.err) == 1
    assert live.err[0].startswith("msgshark: 4 packets, 4 CoAP messages, 1 exchange: 2 errors,")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_file_that_grows_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    head, *records = pieces(shorts(3))
    path = tmp_path / "live.pcap"
    path.write_bytes(head + b"".join(records[:3]))
    with Live("watch", "--follow", path, "--severity", "error", "-T", "jsonl") as live:
        live.wait_for(lambda: len(live.out) == 1)
        append(path, records[3][:10])
        append(path, records[3][10:] + records[4])
        live.wait_for(lambda: len(live.out) == 3)
        live.process.send_signal(number)
        assert live.finish() == 0
    assert [json.loads(line)["frame"] for line in live.out] == [3, 4, 5]
    assert len(live.err) == 1
    assert "3 errors" in live.err[0]


def test_it_ends_before_there_is_anything_to_read(tmp_path: Path) -> None:
    with Live("watch", "--follow", tmp_path / "none.pcap", "--metrics", "0") as live:
        live.wait_for(lambda: _ready(live.process.pid))
        live.process.send_signal(signal.SIGTERM)
        assert live.finish() == 0
    assert "does not exist" in live.err[0]
    assert live.err[-1].startswith("msgshark: 0 packets")


def _ready(pid: int) -> bool:
    """It handles SIGTERM by now."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = re.search(r"SigCgt:\s*([0-9a-f]+)", status)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    path = tmp_path / "live.pcap"
    head, *records = pieces(shorts(2))
    path.write_bytes(head + b"".join(records[:3]))
    command = [*COMMAND, "watch", "--follow", str(path), "--severity", "error"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert watching.stdout.readline()
        watching.stdout.close()
        append(path, records[3])
        assert watching.wait(PATIENCE) == 0
        assert watching.stderr.read() == b""


def test_figures_are_served_while_it_watches(tmp_path: Path) -> None:
    path = tmp_path / "live.pcap"
    head, *records = pieces(shorts(2))
    path.write_bytes(head + b"".join(records[:3]))
    with Live("watch", "--follow", path, "--severity", "error", "--metrics", "0") as live:
        live.wait_for(lambda: live.err and live.out)
        url = re.fullmatch(r"msgshark: metrics at (http://127\.0\.0\.1:\d+/metrics)", live.err[0])
        assert url is not None
        assert "\nmsgshark_packets_total 3.0\n" in _scraped(url[1])
        append(path, records[3])
        live.wait_for(lambda: len(live.out) == 2)
        text = _scraped(url[1])
        assert "\nmsgshark_packets_total 4.0\n" in text
        assert 'msgshark_findings_total{rule="COAP-7252-3-SHORT",severity="error"} 2.0' in text
        live.process.send_signal(signal.SIGINT)
        assert live.finish() == 0


def _scraped(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def test_names_act_on_nothing(tmp_path: Path) -> None:
    talk = Conversation()
    for name in HOSTILE:
        asked(GOOD | {"UE Service ID": name}, talk)
        talk.wait(100)
    path = tmp_path / "hostile.pcap"
    path.write_bytes(talk.pcap())
    for form in ("text", "jsonl"):
        done = run(path, "-T", form)
        assert done.returncode == 0
        assert "owned" in done.stdout
        assert all(line.isprintable() for line in done.stdout.splitlines())
        started = r"\d\d:\d\d:\d\d\.\d{3} " if form == "text" else r'\{"time": '
        assert all(re.match(started, line) for line in done.stdout.splitlines())


def test_a_ue_that_is_known_by_now_is_named(tmp_path: Path) -> None:
    done = run(FIELD_DAY, "--severity", "error")
    assert "meter-0021@iot.example  MSG-24538-6.3.1.2.1.a-NOT-PIGGYBACKED" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nofile.pcap"], "does not exist"),
        (["x", "--rate", "5"], "write 5/60s, 1/10m or off"),
        (["x", "--metrics", "http"], "write 9464 or HOST:9464"),
        ([], "FILE"),
        ([os.devnull], "is a device"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_plain_ascii_where_the_locale_knows_no_other(tmp_path: Path) -> None:
    path = tmp_path / "flood.pcap"
    path.write_bytes(shorts(8).pcap())
    done = run(path, "--severity", "error", env=os.environ | {"LC_ALL": "C"})
    assert done.stdout.isascii()
    assert "... 3 more of" in done.stdout
