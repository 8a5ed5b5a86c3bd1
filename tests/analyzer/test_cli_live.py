# SPDX-License-Identifier: GPL-2.0-only
"""Commands that capture live, on loopback: what they print, how they end, what stays behind."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from recording.live import PATIENCE, Traffic, missing, packets, traffic, wait_for
from test_cli_files import COMMAND, run, said

from analyzer import opened, status_line
from analyzer.recording.wish import Statistics

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture(autouse=True)
def spools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "msgshark" / "spool"


@contextmanager
def started(*arguments: object, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A command that captures, as soon as it does."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    process = subprocess.Popen([*COMMAND, *map(str, arguments)], **options)
    try:
        yield process
    finally:
        process.terminate()  # killed, it would leave its recorder behind
        process.communicate(timeout=PATIENCE)


def on_loopback(sent: Traffic) -> tuple[str, ...]:
    """This traffic alone, as CoAP."""
    return "-i", "lo", "-f", sent.filter, "-d", f"udp.port=={sent.port},coap"


def there_is(folder: Path) -> None:
    """Wait until something is recorded to a folder."""
    wait_for(lambda: folder.exists() and any(path.stat().st_size for path in folder.iterdir()))
    time.sleep(0.2)  # the interface is open before the file is begun


# Reading live -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_all_that_was_sent(number: int, spools: Path) -> None:
    with traffic() as sent, started("messages", *on_loopback(sent)) as live:
        there_is(spools)
        sent.send(30)
        time.sleep(0.3)
        live.send_signal(number)
        out, err = live.communicate(timeout=PATIENCE)
    assert (live.returncode, err) == (0, b"")
    assert len(out.splitlines()) == 30
    assert list(spools.iterdir()) == []


def test_check_ends_by_itself_with_its_code(spools: Path, tmp_path: Path) -> None:
    """By the time; and the packets the user names a port for are in the default filter."""
    path = tmp_path / "kept.pcapng"
    with traffic() as sent:
        words = ("-d", f"udp.port=={sent.port},coap", "--format", "json", "-a", "duration:2.5")
        with started("check", "-i", "lo", *words, "-w", path) as live:
            wait_for(path.exists)
            time.sleep(0.3)
            sent.send(1, bytes.fromhex("41010001"))  # ends within its token
            out, err = live.communicate(timeout=PATIENCE)
    assert (live.returncode, err) == (1, b"")
    assert "error" in {finding["severity"] for finding in json.loads(out)["findings"]}
    assert list(spools.glob("*")) == []
    assert packets(path) >= 1  # others may talk CoAP on loopback meanwhile
    assert run("check", path, *words[:2]).returncode == 1


def test_what_comes_is_printed_before_the_end(spools: Path) -> None:
    with traffic() as sent, started("watch", *on_loopback(sent), "--severity", "error") as live:
        there_is(spools)
        sent.send(1, bytes.fromhex("41010001"))
        assert live.stdout is not None
        assert b" error " in live.stdout.readline()
        live.send_signal(signal.SIGTERM)
        _, err = live.communicate(timeout=PATIENCE)
    assert live.returncode == 0
    assert b"1 packet" in err
    assert list(spools.iterdir()) == []


def test_after_so_many_packets(spools: Path) -> None:
    with traffic() as sent:
        words = ("exchanges", *on_loopback(sent), "-c", 4, "--recorder", "dumpcap")
        with started(*words) as live:
            there_is(spools)
            sent.send(9)
            out, err = live.communicate(timeout=PATIENCE)
    assert (live.returncode, err) == (0, b"")
    assert b"/hello" in out


def test_a_spool_that_is_full_is_told(spools: Path) -> None:
    with traffic() as sent:
        words = ("messages", *on_loopback(sent), "--spool-size", "1K")
        with started(*words) as live:
            there_is(spools)
            sent.send(200)
            out, err = live.communicate(timeout=PATIENCE)
    assert live.returncode == 0
    assert out
    assert err.decode().splitlines() == [
        "msgshark: recorded up to 1 KiB only; raise --spool-size, or name a file with -w"
    ]


def test_errors_are_one_line() -> None:
    assert "no interface nosuch; there are" in said(run("check", "-i", "nosuch"))
    assert "is no capture filter" in said(run("check", "-i", "lo", "-f", "udp porrt 1"))
    assert "cannot be written" in said(run("check", "-i", "lo", "-w", "/no/such/file"))
    assert "Missing argument 'FILE...'" in said(run("check"))


def test_by_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing("tcpdump"):
        pytest.skip(str(missing("tcpdump")))
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nexec sh -c "exec $4"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    path = tmp_path / "kept.pcap"
    with traffic() as sent:
        words = ("messages", "--ssh", "anna@gw", *on_loopback(sent), "-w", path)
        with started(*words) as live:
            wait_for(path.exists)
            time.sleep(0.2)
            sent.send(3)
            wait_for(lambda: path.stat().st_size > 100)
            live.send_signal(signal.SIGINT)
            out, err = live.communicate(timeout=PATIENCE)
    assert (live.returncode, err) == (0, b"")
    assert len(out.splitlines()) == 3
    assert "nosuch" in said(run("check", "--ssh", "anna@gw", "-i", "nosuch"))


def test_a_user_without_rights_is_told_what_to_do(tmp_path: Path) -> None:
    from test_doctor import STRANGER, can_be_another

    if not can_be_another():
        pytest.skip("cannot become another user")
    words = [*STRANGER, *COMMAND, "record", "-i", "lo", "-w", tmp_path / "a"]
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE, check=False)
    told = said(done)
    assert "no CAP_NET_RAW" in told
    assert "record -i lo -w FILE" in told
    assert "msgshark demo" in told


# record -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_record_keeps_and_tells(number: int, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"written over, as by dumpcap")
    with traffic() as sent, started("record", "-i", "lo", "-f", sent.filter, "-w", path) as live:
        wait_for(lambda: path.read_bytes()[:1] == b"\n")
        time.sleep(0.2)
        sent.send(12)
        wait_for(lambda: packets(path) == 12)
        live.send_signal(number)
        out, err = live.communicate(timeout=PATIENCE)
    assert (live.returncode, out) == (0, b"")
    assert err.decode().splitlines() == [
        f"msgshark: file: {path}",
        "msgshark: 12 packets kept, 0 dropped",
    ]


def test_record_names_the_files_that_a_ring_has_left(tmp_path: Path) -> None:
    words = ("-b", "duration:0.3", "-b", "files:2", "-a", "duration:1.5", "-w", tmp_path / "r.ng")
    done = run("record", "-i", "lo", "-f", "port 1", *words)
    told = re.findall(r"file: (.*)", done.stderr.decode())
    assert done.returncode == 0
    assert sorted(told) == sorted(map(str, tmp_path.glob("r_*.ng")))
    assert len(told) == 2


def test_record_needs_to_know_where_from_and_where_to() -> None:
    assert "add -i IFACE" in said(run("record", "-w", "a"))
    assert "Add -i IFACE" in said(run("record"))
    assert "Add -w FILE" in said(run("record", "-i", "lo"))
    assert "cannot be written" in said(run("record", "-i", "lo", "-w", "/no/such/file"))


def test_a_recorder_that_dies_is_an_error_and_its_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with started("record", "-i", "lo", "-w", path) as live:
        wait_for(path.exists)
        time.sleep(0.3)
        found = subprocess.run(["pgrep", "-P", str(live.pid)], capture_output=True, check=True)
        os.kill(int(found.stdout.split()[0]), signal.SIGKILL)
        _, err = live.communicate(timeout=PATIENCE)
    lines = err.decode().splitlines()
    assert live.returncode == 2
    assert lines[0] == f"msgshark: file: {path}"
    assert "killed by signal 9; what it wrote is kept" in lines[2]


def test_a_terminal_has_a_line_that_tells_how_it_goes(tmp_path: Path) -> None:
    above, below = pty.openpty()
    path = tmp_path / "a\x1b[31m.pcapng"
    words = ("record", "-i", "lo", "-f", "port 1", "-w", path)
    with started(*words, stderr=below) as live:
        os.close(below)
        seen = b""
        while b"Ctrl+C ends" not in seen:
            seen += os.read(above, 1000)
        live.send_signal(signal.SIGINT)
        assert live.wait(PATIENCE) == 0
    os.close(above)
    assert re.match(rb"\r0 packets, [0-9]+ bytes in a\\x1b\[31m\.pcapng; Ctrl\+C ends\x1b\[K", seen)


# What is said of a recording --------------------------------------------------------------------


def recording(**fields: Any) -> Any:
    usual = {"lost": [], "reason": "", "statistics": Statistics(), "files": ["/x/a.pcapng"]}
    return SimpleNamespace(**usual | {"wish": SimpleNamespace(path="a.pcapng")} | fields)


def test_losses_are_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    opened.tell_recorded(recording(statistics=Statistics(10, 3, 2)))
    opened.tell_recorded(recording(lost=["eth0: gone"], reason="the disk is full"))
    opened.tell_recorded(recording())
    opened.tell_recorded(None)
    assert capsys.readouterr().err.splitlines() == [
        "msgshark: packets are missing: 3 dropped by the kernel, as nobody fetched them in time, "
        "2 lost by the interface",
        "msgshark: eth0: gone: recorded no more from there",
        "msgshark: the disk is full",
    ]


def test_the_status_line_hides_no_loss() -> None:
    lossy = recording(statistics=Statistics(7, 5, 0, 3 << 20))
    assert status_line.text(lossy) == "7 packets, 5 DROPPED, 3 MiB in a.pcapng; Ctrl+C ends"


# Interfaces -------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["-D", "--list-interfaces"])
def test_interfaces_are_listed(letter: str) -> None:
    for _ in range(5):  # other tests make and remove interfaces meanwhile: numbers move
        done = run(letter)
        assert (done.returncode, done.stderr) == (0, b"")
        lines = [line.split() for line in done.stdout.decode().splitlines()]
        found = {line[1]: line for line in lines}
        assert found["lo"][2:5] == ["up", "Ethernet", "127.0.0.1"]
        assert "any" in found
        number = found["lo"][0].rstrip(".")
        done = run("check", "-i", number, "-f", "port 1", "-a", "duration:0.1")
        if done.returncode == 0:
            break
    assert done.returncode == 0


def test_help_of_live_options_loads_no_library() -> None:
    script = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    command = [sys.executable, "-c", script + COMMAND[2], "record", "--help"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stderr.split()
    assert {"scapy", "numpy", "analyzer.recording.libpcap"} & set(loaded) == set()
