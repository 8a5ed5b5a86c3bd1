# SPDX-License-Identifier: GPL-2.0-only
"""The demo as users start it: as root, as nobody special, where it may not; and what is left."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analyzer.demo import loopback
from analyzer.demo.actors import turns
from analyzer.demo.cast import CAST, Part
from analyzer.demo.loopback import RefusedError, ue_address
from analyzer.rules.catalogue import load

ENTRY = "from analyzer.cli import main; main()"
STRANGER = ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups")
PATIENCE = 15.0
"""Seconds that a run may take beyond its duration; a loaded machine imports slowly."""

CLEANING = 6.0
"""Seconds after which nothing may be left of a demo whose user died."""

FIRST_UE = ue_address(0).encode()
MISBEHAVING = [part for part in CAST if part.must]
BEHAVING = [part for part in CAST if not part.must]

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone has it")


class Stage:
    """A folder of its own, in which a demo is started and what is left of it found."""

    def __init__(self, folder: Path, before: Sequence[str]) -> None:
        self.folder = folder
        self._before = before
        self.caller: dict[str, str] = {}
        """What sudo says of who called it."""

    def command(self, *arguments: str) -> list[str]:
        return [*self._before, sys.executable, "-P", "-c", ENTRY, "demo", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        paths = os.pathsep.join(filter(None, sys.path))
        home = {"HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder)}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": paths} | home | self.caller

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10 + PATIENCE,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it and wait until it plays."""
        playing = subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert playing.stderr is not None
        assert "plays for" in playing.stderr.readline()
        return playing

    def processes(self) -> set[int]:
        """Those that have the folder in their environment."""
        mark, found = f"HOME={self.folder}\0".encode(), set()
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if process.name.isdigit() and mark in (process / "environ").read_bytes():
                    found.add(int(process.name))
        return found

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def cleans_up(self) -> bool:
        """Whether no process is left, soon."""
        until = time.monotonic() + CLEANING
        while self.processes() and time.monotonic() < until:
            time.sleep(0.1)
        return not self.processes()


@pytest.fixture(scope="module")
def stage() -> Iterator[Callable[..., Stage]]:
    """Makes stages, as this user or with a command before that makes it another one."""
    folders = []

    def make(*before: str) -> Stage:
        folder = Path(tempfile.mkdtemp(prefix="demo-"))  # pytest's are for their user alone
        folders.append(folder)
        if before:
            folder.chmod(0o777)
        return Stage(folder, before)

    yield make
    for folder in folders:
        shutil.rmtree(folder)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The report of a run; skips where the system lets nobody play."""
    if done.returncode == 2 and "this system refuses" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


# What is found ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def findings(stage: Callable[..., Stage]) -> list[dict[str, Any]]:
    """Of a demo as long as it is by default, printed."""
    played = stage()
    found: list[dict[str, Any]] = told(played.run("--format", "json"))["findings"]
    assert (played.processes(), played.files()) == (set(), [])
    return found


def about(part: Part, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [finding for finding in findings if finding["ue_service_id"] == part.service_id]


def severe(findings: list[dict[str, Any]]) -> set[str]:
    return {finding["rule"] for finding in findings if finding["severity"] != "note"}


@pytest.mark.parametrize("part", MISBEHAVING, ids=lambda part: part.name)
def test_a_ue_is_found_to_break_what_it_breaks(part: Part, findings: list[dict[str, Any]]) -> None:
    own = about(part, findings)
    assert set(part.must) - {finding["rule"] for finding in own} == set()
    assert severe(own) - {*part.must, *part.may} == set()


@pytest.mark.parametrize("part", BEHAVING, ids=lambda part: part.name)
def test_a_ue_that_behaves_has_notes_alone(part: Part, findings: list[dict[str, Any]]) -> None:
    own = about(part, findings)
    assert own  # it was there: registration in clear text is a note
    assert severe(own) == set()


def test_nothing_severe_is_about_nobody(findings: list[dict[str, Any]]) -> None:
    cast = {part.service_id for part in CAST}
    assert severe([f for f in findings if f["ue_service_id"] not in cast]) == set()


def test_the_cast_names_rules_there_are() -> None:
    assert {rule for part in CAST for rule in (*part.must, *part.may)} <= load().keys()
    assert len({part.service_id for part in CAST}) == len(CAST)


def test_turns_are_apart_and_soon() -> None:
    first, again = zip(*turns(len(MISBEHAVING)), strict=True)
    assert max(first) < 8
    assert max(first) < min(again)
    assert min(b - a for a, b in pairwise(again)) > 2


def test_help_tells_the_cast(stage: Callable[..., Stage]) -> None:
    words = stage().run("--help").stdout
    assert all(part.name in words for part in CAST)


# Who may, and who may not -----------------------------------------------------------------------


def as_another_user() -> tuple[str, ...]:
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root becomes another user, with setpriv")
    probe = Stage(Path("/"), STRANGER)
    again = "import os, sys; os.execv(sys.executable, [sys.executable, '-P', '-c', sys.argv[1]])"
    stage = "import analyzer.demo.stage"
    command = [*STRANGER, sys.executable, "-P", "-c", again, stage]  # rights end with an exec
    if subprocess.run(command, env=probe.environment, capture_output=True).returncode:
        pytest.skip("another user may not read this code")
    return STRANGER


def test_any_user_may_play(stage: Callable[..., Stage]) -> None:
    played = stage(*as_another_user())
    report = told(played.run("--format", "json", "--duration", "2"))
    assert {f["ue_service_id"] for f in report["findings"]} >= {p.service_id for p in BEHAVING}
    assert (played.processes(), played.files()) == (set(), [])


def test_under_sudo_none_is_root_that_plays(
    stage: Callable[..., Stage], findings: list[dict[str, Any]]
) -> None:
    as_another_user()
    mine = stage("env")
    mine.caller = {"SUDO_UID": "54321", "SUDO_GID": "54321", "SUDO_USER": "stranger"}
    started = playing(mine, findings)
    others = mine.processes() - {started.pid}
    until = time.monotonic() + PATIENCE
    while {_user(pid) for pid in others} != {54321} and time.monotonic() < until:
        time.sleep(0.1)
    assert {_user(pid) for pid in others} == {54321}
    started.kill()
    started.communicate()
    assert mine.cleans_up()


def test_a_system_that_refuses_is_told_in_a_line(stage: Callable[..., Stage]) -> None:
    """Nobody in a chroot may make a user namespace (unshare(2))."""
    script = 'mount --rbind / "$1" && shift && exec chroot "$0" "$@"'
    with tempfile.TemporaryDirectory(prefix="demo-root-") as root:
        before = ("unshare", "--mount", "sh", "-c", script, root, root)
        if subprocess.run([*before, "true"], capture_output=True).returncode:
            pytest.skip("this system allows no mount of its own")
        done = stage(*before, *as_another_user()).run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("msgshark: this system refuses a network namespace of its own")
    assert "sudo" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "_tried", lambda step: errno.EPERM)
    monkeypatch.setattr(loopback, "_setting", lambda name: "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("refusing")
def test_a_setting_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "kernel.apparmor_restrict_unprivileged_userns"
    monkeypatch.setattr(loopback, "_setting", {name: "1"}.get)
    with pytest.raises(RefusedError, match=f"{name} is 1.*, or sudo sysctl -w {name}=0$"):
        loopback.enter()


@pytest.mark.usefixtures("refusing")
def test_root_without_rights_is_told_of_its_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(RefusedError, match=r"--cap-add=NET_RAW$"):
        loopback.enter()


def test_a_port_in_use_does_not_matter() -> None:
    first = loopback.free_address()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((first, loopback.PORT))
        second = loopback.free_address()
    assert first != second
    assert {first, second}.isdisjoint(map(ue_address, range(len(CAST))))


# What is left -----------------------------------------------------------------------------------


def playing(stage: Stage, findings: list[dict[str, Any]]) -> subprocess.Popen[str]:
    """A demo that goes on; `findings` show that this system lets it."""
    assert findings
    started = stage.start("--duration", "60")
    assert len(stage.processes()) == 3  # who asked, the recorder, the actors
    return started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_prints_and_leaves_nothing(
    stage: Callable[..., Stage], findings: list[dict[str, Any]], number: int
) -> None:
    mine = stage()
    started = playing(mine, findings)
    time.sleep(1)
    started.send_signal(number)
    out, err = started.communicate(timeout=PATIENCE)
    assert (started.returncode, err) == (0, "")
    assert "exchanges:" in out
    assert (mine.processes(), mine.files()) == (set(), [])


def test_a_killed_screen_takes_all_with_it(
    stage: Callable[..., Stage], findings: list[dict[str, Any]]
) -> None:
    mine = stage()
    started = playing(mine, findings)
    started.kill()
    started.communicate()
    assert mine.cleans_up()


def test_the_screen_shows_it_live_and_takes_all_with_it(
    stage: Callable[..., Stage], findings: list[dict[str, Any]]
) -> None:
    assert findings
    mine = stage()
    with on_terminal(mine) as (screen, shown):
        until = time.monotonic() + PATIENCE
        while FIRST_UE not in shown() and time.monotonic() < until:
            time.sleep(0.1)
        assert FIRST_UE in shown()
        screen.kill()
    assert mine.cleans_up()


@contextmanager
def on_terminal(stage: Stage) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], bytes]]]:
    """The demo on a screen of 100 by 30, and what was written to it so far."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    os.set_blocking(mine, False)
    written = bytearray()

    def shown() -> bytes:
        with suppress(OSError):  # nothing new
            while data := os.read(mine, 1 << 16):
                written.extend(data)
        return bytes(written)

    environment = stage.environment | {"TERM": "xterm-256color"}
    screen = subprocess.Popen(
        stage.command(), env=environment, stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    try:
        yield screen, shown
    finally:
        screen.kill()
        screen.wait()
        os.close(mine)


@pytest.mark.parametrize("victim", ["recorder", "actors"])
def test_nothing_is_left_of_a_demo_that_loses_a_part(
    stage: Callable[..., Stage], findings: list[dict[str, Any]], victim: str
) -> None:
    mine = stage()
    started = playing(mine, findings)
    others = sorted(mine.processes() - {started.pid})
    recorder = next(pid for pid in others if _parent(pid) == started.pid)
    actors = next(pid for pid in others if pid != recorder)
    os.kill(recorder if victim == "recorder" else actors, signal.SIGKILL)
    if victim == "actors":
        started.send_signal(signal.SIGINT)
    started.communicate(timeout=PATIENCE)
    assert mine.cleans_up()


def _user(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[2] for line in status.splitlines() if line.startswith("Uid:")))


def _parent(pid: int) -> int:
    """Its number stands behind the name, which may have anything in it (proc(5))."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
