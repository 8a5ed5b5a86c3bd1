# SPDX-License-Identifier: GPL-2.0-only
"""dumpcap and Scapy's sockets as recorders: the same promises as msgshark's own."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer.capture import CaptureFile
from analyzer.recording import dumpcap
from analyzer.recording.recording import Recording
from analyzer.recording.wish import Limits, Means, RecordingError, RightsError, Wish

from .live import REQUEST, missing, packets, traffic, wait_for

needs_both = pytest.mark.skipif(missing("dumpcap") is not None, reason=str(missing("dumpcap")))
OTHERS = (Means.DUMPCAP, Means.SCAPY)


@needs_both
@pytest.mark.parametrize("means", OTHERS)
def test_every_datagram_is_kept_once(means: Means, tmp_path: Path) -> None:
    """On loopback each is seen twice, going out and coming in."""
    path = str(tmp_path / "a.pcapng")
    with traffic() as sent, Recording(Wish(("lo",), sent.filter, path=path, means=means)) as made:
        made.start()
        assert (made.means, made.files, made.ended) == (means, [path], False)
        sent.send(200)
        wait_for(lambda: made.statistics.kept >= 200)
        made.stop()
        assert (made.ended, made.reason) == (True, "")
        assert made.statistics == (200, 0, 0, os.path.getsize(path))
    assert packets(path) == 200
    with CaptureFile(path) as file:
        batch = next(file.batches())
        at, length = batch.rows[:2]
        assert bytes(batch.data[at : at + length]).endswith(REQUEST)
        assert file.interfaces[0].link_type == 1


@needs_both
@pytest.mark.parametrize("means", OTHERS)
def test_limits_and_files(means: Means, tmp_path: Path) -> None:
    with traffic() as sent:
        wish = Wish(
            ("lo",),
            sent.filter,
            path=str(tmp_path / "ring.pcapng"),
            stop=Limits(packets=35),
            rotate=Limits(packets=10, files=2),
            means=means,
        )
        made = Recording(wish)
        made.start()
        for _ in range(6):
            sent.send(10)
        wait_for(lambda: made.ended)
        made.stop()
    assert made.reason == ""
    assert made.statistics.kept == 35
    there = [path for path in made.files if os.path.exists(path)]
    assert there == made.files[-2:]
    assert [packets(path) for path in there] == [10, 5]


@needs_both
@pytest.mark.parametrize("means", OTHERS)
def test_what_cannot_be_is_refused(means: Means, tmp_path: Path) -> None:
    path = str(tmp_path / "a.pcapng")
    for wish in (
        Wish(("nosuch0",), path=path, means=means),
        Wish(("lo",), "udp porrt 1", path=path, means=means),
        Wish(("lo",), path=str(tmp_path / "none" / "a.pcapng"), means=means),
    ):
        with pytest.raises(RecordingError) as refused:
            Recording(wish).start()
        assert len(str(refused.value).splitlines()) == 1
        assert not isinstance(refused.value, RightsError)


# dumpcap's words --------------------------------------------------------------------------------


def test_the_command() -> None:
    wish = Wish(
        ("lo", "eth0"),
        "udp port 5683",
        snap_length=96,
        promiscuous=False,
        stop=Limits(duration=2.5, packets=7),
        rotate=Limits(filesize=1_000_001, files=3),
    )
    each = "-f|udp port 5683|-s|96|-p"
    assert dumpcap.command("/bin/dumpcap", wish, "a b.pcapng") == (
        f"/bin/dumpcap|-n|-B|64|-i|lo|{each}|-i|eth0|{each}|-a|duration:2.5|-a|packets:7|"
        "-b|filesize:1001|-b|files:3|-w|a b.pcapng"
    ).split("|")
    plain = dumpcap.command("dumpcap", Wish(("lo",), rotate=Limits(files=3)), "x")
    assert not {"-a", "-b", "-f", "-p"} & set(plain)


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a dumpcap that says this on stderr and ends with a code; what the child would tell."""

    def run(text: str, code: int = 0) -> list[dict[str, Any]]:
        program = tmp_path / "dumpcap"
        program.write_text(f"#!/bin/sh\ncat >&2 <<'EOF'\n{text}\nEOF\nexit {code}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        told: list[dict[str, Any]] = []
        dumpcap.run(Wish(("lo",), path="x"), told.append, lambda: False)
        return told

    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return run


LOST = (
    "Capturing on 'Loopback: lo' and 'eth0'\nFile: a: b.pcapng\rPackets: 12 \rPackets: 40 \n"
    "Packets captured: 41\n"
    "Packets received/dropped on interface 'Loopback: lo': 30/5 "
    "(pcap:2/dumpcap:1/flushed:1/ps_ifdrop:1) (85.7%)\n"
    "Packets received/dropped on interface 'eth0': 11/3 "
    "(pcap:3/dumpcap:0/flushed:0/ps_ifdrop:0) (78.6%)"
)


def test_losses_of_all_interfaces(says: Any) -> None:
    told = says(LOST)
    assert told[:2] == [{"file": "a: b.pcapng"}, {"started": "dumpcap"}]
    assert told[-2:] == [{"statistics": [41, 7, 1, 0]}, {"ended": ""}]


def test_an_end_that_nobody_asked_for(says: Any) -> None:
    told = says("File: a.pcapng\ndumpcap: Error: the disk is full.", 2)
    assert told[-1] == {"ended": "dumpcap: Error: the disk is full."}
    assert says("File: a.pcapng", 9)[-1] == {"ended": "dumpcap ended with code 9"}


def test_no_beginning(says: Any) -> None:
    denied = (
        "Capturing on 'lo'\ndumpcap: The capture session could not be initiated on interface 'lo' "
        "(You don't have permission to capture on that device).\nPlease check."
    )
    with pytest.raises(RightsError, match="permission to capture on that device"):
        says(denied, 1)
    with pytest.raises(RecordingError, match="ended with code 3"):
        says("Capturing on 'lo'", 3)


def test_output_without_end_is_not_kept(says: Any) -> None:
    told = says("File: a\n" + "x" * 100_000, 1)
    assert len(told[-1]["ended"]) <= 4000


def test_no_dumpcap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dumpcap, "find_program", lambda name: None)
    with pytest.raises(RecordingError, match="not installed"):
        dumpcap.run(Wish(("lo",)), print, lambda: False)


@needs_both
def test_files_are_whose_sudo_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "54321")
    monkeypatch.setenv("SUDO_GID", "54321")
    path = tmp_path / "a.pcapng"
    told: list[dict[str, Any]] = []
    wish = Wish(("lo",), path=str(path), stop=Limits(duration=0.2))
    dumpcap.run(wish, told.append, lambda: False)
    assert told[-1] == {"ended": ""}
    assert (path.stat().st_uid, path.stat().st_gid) == (54321, 54321)
    shown = subprocess.run(["tcpdump", "-r", path], capture_output=True, check=False)
    assert shown.returncode == 0
