# SPDX-License-Identifier: GPL-2.0-only
"""tcpdump on another machine, by an ssh that stays on this one."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.recording.remote import RemoteRecording, command
from analyzer.recording.wish import Limits, RecordingError, Wish

from .live import missing, packets, traffic, wait_for

Ssh = Callable[[str], None]
HEADER = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")
WAITS = "exec sleep 60"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ssh:
    """Makes a script the ssh of this test."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def make(script: str) -> None:
        (folder / "ssh").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "ssh").chmod(0o755)

    return make


def sends(data: bytes) -> str:
    octal = "".join(f"\\{byte:03o}" for byte in data)
    return f"printf '{octal}'"


@pytest.mark.skipif(missing("tcpdump") is not None, reason=str(missing("tcpdump")))
def test_what_tcpdump_sees_there_is_a_capture_here(ssh: Ssh, tmp_path: Path) -> None:
    ssh('exec sh -c "exec $4"')
    path = str(tmp_path / "a.pcap")
    with traffic() as sent:
        remote = RemoteRecording(Wish(("lo",), sent.filter, path=path), "anna@gateway")
        remote.start()
        assert (remote.files, remote.ended) == ([path], False)
        sent.send(20)
        wait_for(lambda: os.path.getsize(path) > 1000)
        assert packets(path) == 20
        remote.stop()
        assert (remote.ended, remote.reason) == (True, "")
        counted = RemoteRecording(
            Wish(("lo",), sent.filter, path=path, stop=Limits(packets=5)), "anna@gateway"
        )
        counted.start()
        sent.send(20)
        wait_for(lambda: counted.ended)
        assert (counted.reason, counted.statistics.kept) == ("", 5)
        assert packets(path) == 5


def test_a_file_that_nobody_named_is_a_spool_of_this_user_alone(ssh: Ssh, tmp_path: Path) -> None:
    ssh(f"{sends(HEADER)}; {WAITS}")
    remote = RemoteRecording(Wish(("eth0",)), "anna@gate/way")
    remote.start()
    assert Path(remote.files[0]).parent == tmp_path / "cache" / "msgshark" / "spool"
    assert Path(remote.files[0]).stat().st_mode & 0o777 == 0o600
    remote.stop()
    assert Path(remote.files[0]).read_bytes() == HEADER
    assert remote.statistics.octets == len(HEADER)


def test_the_words_for_the_shell_there() -> None:
    wish = Wish(
        ("eth0; reboot",),
        "udp port 5683 or (vlan and $(reboot))",
        snap_length=96,
        promiscuous=False,
        stop=Limits(packets=7),
    )
    words = command("ssh", wish, "anna@gateway", sudo=True)
    assert words[:4] == ["ssh", "-T", "--", "anna@gateway"]
    assert len(words) == 5
    assert shlex.split(words[4]) == [
        *("sudo", "-n", "tcpdump", "-U", "-i", "eth0; reboot", "-s", "96", "-p", "-c", "7"),
        *("-w", "-", "udp port 5683 or (vlan and $(reboot))"),
    ]
    assert shlex.split(command("ssh", Wish(("any",)), "gw")[4])[-2:] == ["-w", "-"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'ssh: Could not resolve hostname gw' >&2; exit 255", "gw: ssh: Could not resolve"),
        ("echo 'gw: Permission denied (publickey).' >&2; exit 255", "gw: Permission denied"),
        (
            "echo 'tcpdump: eth0: You don'\"'\"'t have permission' >&2; exit 1",
            "gw: tcpdump: eth0: You don't have permission",
        ),
        ("exit 7", "gw: ssh ended with code 7"),
        ("printf hello", "gw: ssh ended with code 0"),
        ("printf '** WARNING\nsh: tcpdump: not found\n' >&2; exit 127", "gw: sh: tcpdump: not"),
    ],
)
def test_no_beginning_is_one_line(ssh: Ssh, script: str, told: str) -> None:
    ssh(script)
    with pytest.raises(RecordingError) as failed:
        RemoteRecording(Wish(("eth0",)), "gw").start()
    assert str(failed.value).startswith(told)
    assert "\n" not in str(failed.value)


def test_a_lost_connection_is_told(ssh: Ssh, tmp_path: Path) -> None:
    ssh(f"{sends(HEADER)}; sleep 0.2; echo 'Connection to gw closed' >&2; exit 255")
    remote = RemoteRecording(Wish(("eth0",), path=str(tmp_path / "a")), "gw")
    remote.start()
    wait_for(lambda: remote.ended)
    assert remote.reason == "gw: Connection to gw closed"
    assert (tmp_path / "a").read_bytes() == HEADER


@pytest.mark.parametrize("stop", [Limits(duration=0.3), Limits(filesize=1000)])
def test_limits_that_tcpdump_does_not_have(ssh: Ssh, stop: Limits, tmp_path: Path) -> None:
    ssh(f"{sends(HEADER)}; while sleep 0.01; do {sends(bytes(100))}; done")
    remote = RemoteRecording(Wish(("eth0",), path=str(tmp_path / "a"), stop=stop), "gw")
    began = time.monotonic()
    remote.start()
    wait_for(lambda: remote.ended)
    assert remote.reason == ""
    assert time.monotonic() - began >= stop.duration
    assert (tmp_path / "a").stat().st_size == remote.statistics.octets > stop.filesize
    remote.stop()


def test_noise_on_stderr_is_not_kept(ssh: Ssh, tmp_path: Path) -> None:
    ssh(f"{sys.executable} -c 'import sys; sys.stderr.write(\"x\" * 1000000)'; exit 1")
    with pytest.raises(RecordingError) as failed:
        RemoteRecording(Wish(("eth0",)), "gw").start()
    assert len(str(failed.value)) < 3000


def test_a_file_that_cannot_be_written(ssh: Ssh, tmp_path: Path) -> None:
    ssh(f"{sends(HEADER)}; {WAITS}")
    with pytest.raises(RecordingError, match="check the path"):
        RemoteRecording(Wish(("eth0",), path=str(tmp_path / "none" / "a")), "gw").start()
    full = RemoteRecording(Wish(("eth0",), path="/dev/full"), "gw")
    with pytest.raises(RecordingError, match="writing failed"):
        full.start()


def test_no_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.recording.remote.find_program", lambda name: None)
    with pytest.raises(RecordingError, match="ssh is not installed"):
        RemoteRecording(Wish(("eth0",)), "gw").start()
