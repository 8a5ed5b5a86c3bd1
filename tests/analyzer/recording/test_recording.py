# SPDX-License-Identifier: GPL-2.0-only
"""Recordings of real packets: started, limited, and ended by every accident."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from analyzer import interpreter
from analyzer.capture import CaptureFile, Intake, Source
from analyzer.recording import libpcap, own
from analyzer.recording.recording import Recording
from analyzer.recording.running import Running, running
from analyzer.recording.wish import Limits, RecordingError, Wish
from analyzer.session import Session

from .live import PATIENCE, REQUEST, missing, packets, traffic, veth, wait_for

pytestmark = pytest.mark.skipif(missing("ip") is not None, reason=str(missing("ip")))

# A recording ------------------------------------------------------------------------------------


def test_every_datagram_is_kept_once(tmp_path: Path) -> None:
    """On loopback each is seen twice, going out and coming in."""
    with traffic() as sent:
        wish = Wish(("lo",), filter=sent.filter, path=str(tmp_path / "a.pcapng"))
        with Recording(wish) as recording:
            recording.start()
            assert (recording.means, recording.ended) == ("own", False)
            sent.send(500)  # and stopped at once
        assert recording.ended
        assert recording.reason == ""
        assert recording.statistics[:3] == (500, 0, 0)
        assert recording.statistics.octets == os.path.getsize(wish.path)
    assert recording.files == [wish.path]
    with CaptureFile(wish.path) as file:
        rows = [batch.rows[at] for batch in file.batches() for at in range(3, 5 * batch.count, 5)]
        assert rows == sorted(rows)
        assert abs(rows[0] - time.time_ns()) < 60 * 10**9
        assert file.dropped == {0: 0}


def test_packets_are_in_the_file_while_it_goes_on(tmp_path: Path) -> None:
    wish_path = str(tmp_path / "a.pcapng")
    with traffic() as sent, Recording(Wish(("lo",), sent.filter, path=wish_path)) as recording:
        recording.start()
        sent.send(1)
        began = time.monotonic()
        wait_for(lambda: packets(wish_path) == 1)
        assert time.monotonic() - began < 1


def test_a_session_reads_a_recording_as_it_grows(tmp_path: Path) -> None:
    """And through every file of it."""
    rotate = Limits(packets=10)
    with traffic() as sent:
        wish = Wish(("lo",), sent.filter, path=str(tmp_path / "a.pcapng"), rotate=rotate)
        with Recording(wish) as recording:
            recording.start()
            session = Session()
            session.open(Intake((), recorder=recording))
            sent.send(35)
            overdue = threading.Timer(PATIENCE, recording.stop)
            overdue.start()
            for _ in session.read():
                if session.counts.records == 35:
                    recording.stop()
            overdue.cancel()
        assert len(recording.files) == 4
        assert session.closed
        assert session.counts.records == 35
        assert session.paths == recording.files
        assert session.opened.notices == []
        session.release()


def test_any_tells_the_interface() -> None:
    with traffic() as sent, Recording(Wish(("any",), sent.filter)) as recording:
        recording.start()
        sent.send(3)
        wait_for(lambda: recording.statistics.kept >= 3)
        recording.stop()
        (path,) = recording.files
        with CaptureFile(path) as file:
            (batch,) = file.batches()
            assert file.interfaces[0].link_type == libpcap.LINUX_SLL2
            assert batch.count == 3
            start = batch.rows[0]
            assert int.from_bytes(batch.data[start + 4 : start + 8]) == socket.if_nametoindex("lo")
        os.unlink(path)


def test_packets_are_cut_to_the_snap_length(tmp_path: Path) -> None:
    path = str(tmp_path / "a.pcapng")
    with traffic() as sent:
        wish = Wish(("lo",), sent.filter, snap_length=60, path=path, stop=Limits(packets=1))
        with Recording(wish) as recording:
            recording.start()
            sent.send(1, REQUEST + bytes(100))
            wait_for(lambda: recording.ended)
    with CaptureFile(path) as file:
        (batch,) = file.batches()
        assert (batch.rows[1], batch.rows[2]) == (60, 14 + 20 + 8 + len(REQUEST) + 100)


def test_several_interfaces_are_written_in_the_order_of_time(tmp_path: Path) -> None:
    with traffic() as sent, veth() as (name, send):
        filter = f"({sent.filter}) or udp port 5683"
        rotate = Limits(packets=30)
        wish = Wish(("lo", name), filter, path=str(tmp_path / "a.pcapng"), rotate=rotate)
        with Recording(wish) as recording:
            recording.start()
            for _ in range(20):
                sent.send(2)
                send(1)
                time.sleep(0.005)
    assert recording.statistics.kept == 60
    times, interfaces = [], []
    for path in recording.files:
        with CaptureFile(path) as file:
            for batch in file.batches():
                times += batch.rows[3::5].tolist()
                interfaces += batch.rows[4::5].tolist()
            assert [i.name for i in file.interfaces] == ["lo", name]
    assert interfaces == [0, 0, 1] * 20
    assert times == sorted(times)


# Limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "kept"),
    [
        (Limits(packets=123), 123),
        (Limits(duration=0.5), 400),
        (Limits(filesize=20_000), None),
    ],
)
def test_a_limit_ends_it(stop: Limits, kept: int | None, tmp_path: Path) -> None:
    with traffic() as sent:
        wish = Wish(("lo",), sent.filter, path=str(tmp_path / "a.pcapng"), stop=stop)
        with Recording(wish) as recording:
            recording.start()
            sent.send(400)
            wait_for(lambda: recording.ended)
            assert recording.reason == ""
    found = packets(wish.path)
    assert found == recording.statistics.kept
    assert found == kept or (kept is None and os.path.getsize(wish.path) >= 20_000)


def test_it_ends_after_so_many_files(tmp_path: Path) -> None:
    with traffic() as sent:
        stop, rotate = Limits(files=2), Limits(packets=100)
        wish = Wish(("lo",), sent.filter, path=str(tmp_path / "a.pcapng"), stop=stop, rotate=rotate)
        with Recording(wish) as recording:
            recording.start()
            sent.send(400)
            wait_for(lambda: recording.ended)
    assert [packets(path) for path in recording.files] == [100, 100]


def test_a_file_grows_old_without_a_packet(tmp_path: Path) -> None:
    with traffic() as sent:
        rotate = Limits(duration=0.3)
        wish = Wish(("lo",), sent.filter, path=str(tmp_path / "a.pcapng"), rotate=rotate)
        with Recording(wish) as recording:
            recording.start()
            wait_for(lambda: len(recording.files) == 3)


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (Wish(("no-such",)), "there is no interface no-such"),
        (Wish(("lo",), filter="udp prt 5"), "'udp prt 5' is no capture filter: .*syntax error"),
        (Wish(("lo",), path="/no/such/a.pcapng"), "cannot be written"),
    ],
)
def test_what_cannot_be_recorded_is_refused_at_once(wish: Wish, told: str) -> None:
    recording = Recording(wish)
    with pytest.raises(RecordingError, match=told):
        recording.start()
    assert recording.files == []
    recording.stop()


# Accidents --------------------------------------------------------------------------------------


def test_an_interface_that_vanishes_is_told(tmp_path: Path) -> None:
    with traffic() as sent, veth() as (name, send):
        filter = f"({sent.filter}) or udp port 5683"
        wish = Wish((name, "lo"), filter, path=str(tmp_path / "a.pcapng"))
        with Recording(wish) as recording:
            recording.start()
            send(5)
            wait_for(lambda: recording.statistics.kept >= 5)
            subprocess.run(["ip", "link", "del", name], check=True)
            wait_for(lambda: recording.lost)
            assert name in recording.lost[0]
            assert not recording.ended
            sent.send(5)
            wait_for(lambda: recording.statistics.kept >= 10)
    assert packets(wish.path) == 10


def test_the_last_interface_that_vanishes_ends_it(tmp_path: Path) -> None:
    with veth() as (name, send):
        wish = Wish((name,), "udp port 5683", path=str(tmp_path / "a.pcapng"))
        with Recording(wish) as recording:
            recording.start()
            send(5)
            wait_for(lambda: recording.statistics.kept >= 5)
            subprocess.run(["ip", "link", "del", name], check=True)
            wait_for(lambda: recording.ended)
            assert f"no interface is left ({name}: " in recording.reason
    assert packets(wish.path) == 5


def test_a_full_disk_ends_it_and_keeps_the_rest(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(tmp_path)])
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with traffic() as sent:
            wish = Wish(("lo",), sent.filter, path=str(tmp_path / "a.pcapng"))
            with Recording(wish) as recording:
                recording.start()
                sent.send(4000)
                wait_for(lambda: recording.ended)
                assert recording.reason == "the disk is full; what was written before is kept"
        assert packets(wish.path) == recording.statistics.kept > 0
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_killed_recorder_is_told_and_its_file_is_read(tmp_path: Path) -> None:
    with traffic() as sent:
        wish = Wish(("lo",), sent.filter, path=str(tmp_path / "a.pcapng"))
        with Recording(wish) as recording:
            recording.start()
            session = Session()
            session.open(Intake((), recorder=recording))
            sent.send(300)
            wait_for(lambda: packets(wish.path) == 300)
            os.kill(recording.pid, signal.SIGKILL)
            session.read_all()
            assert "killed by signal 9" in recording.reason
            assert session.counts.records == 300
            assert session.opened.notices == []
            session.release()


_SCREEN = """
import os, sys, time
from analyzer.recording.recording import Recording
from analyzer.recording.wish import Wish
recording = Recording(Wish(("lo",), sys.argv[1], path=sys.argv[2]))
recording.start()
print(recording.pid, flush=True)
time.sleep(60)
"""


def test_it_survives_its_screen(tmp_path: Path) -> None:
    """Killed, with the terminal it was on: what comes afterwards is recorded as well."""
    path = str(tmp_path / "a.pcapng")
    with traffic() as sent:
        screen = subprocess.Popen(
            [sys.executable, "-c", _SCREEN, sent.filter, path], stdout=subprocess.PIPE
        )
        assert screen.stdout is not None
        recorder = int(screen.stdout.readline())
        try:
            sent.send(10)
            wait_for(lambda: packets(path) == 10)
            assert Running(recorder, path, False) in running()
            screen.kill()
            screen.communicate()
            os.kill(recorder, signal.SIGHUP)
            sent.send(10)
            wait_for(lambda: packets(path) == 20)
            wait_for(lambda: Running(recorder, path, True) in running())
            assert f"msgshark --follow {path} shows it, kill {recorder} ends it" in _listed()
        finally:
            os.kill(recorder, signal.SIGTERM)
        wait_for(lambda: _statistics(path))


def _listed() -> str:
    """What the list of interfaces has to say beside."""
    arguments, environment = interpreter.command("analyzer.cli")
    arguments[-2:] = ["-c", "from analyzer.cli import main; main()", "-D"]
    return subprocess.run(arguments, env=environment, stderr=subprocess.PIPE, text=True).stderr


def _statistics(path: str) -> bool:
    """Whether the end of a recording was written."""
    with Source([path]) as source:
        for _ in source.batches():
            pass
        return source.files[0].dropped == {0: 0}


# The kernel's ring ------------------------------------------------------------------------------


def test_what_the_kernel_drops_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring for a few packets, and a recorder that comes too late: in the file and told."""
    told: list[dict[str, object]] = []
    rounds = iter(range(1000))
    monkeypatch.setattr(own, "Tap", _small_ring)
    monkeypatch.setattr(own.privileges, "drop", lambda: None)
    with traffic() as sent:
        wish = Wish(("lo",), sent.filter, path=str(tmp_path / "a.pcapng"))

        def stopped() -> bool:
            now = next(rounds)
            if now == 0:
                for _ in range(20):
                    sent.send(50, REQUEST + bytes(60_000))
            return now > 20

        own.run(wish, told.append, stopped)
    (kept, dropped, *_) = [line["statistics"] for line in told if "statistics" in line][-1]
    assert dropped > 0
    assert kept + dropped == 1000
    with CaptureFile(wish.path) as file:
        assert sum(batch.count for batch in file.batches()) == kept
        assert file.dropped == {0: dropped}


def _small_ring(name: str, index: int, snap_length: int, promiscuous: bool) -> libpcap.Tap:
    return libpcap.Tap(name, index, snap_length, promiscuous, ring=1 << 20)
