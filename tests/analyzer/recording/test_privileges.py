# SPDX-License-Identifier: GPL-2.0-only
"""What is needed no more is given up, for good."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer import interpreter
from analyzer.recording import privileges

USER = 54321

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0, reason="only root has what to give"
)

_AFTERWARDS = """
import json, os, sys
from analyzer.recording import privileges
left = getattr(privileges, sys.argv[1])()
fields = dict(line.split(":", 1) for line in open("/proc/thread-self/status"))
try:
    os.setuid(0)
except OSError:
    pass
print(json.dumps({
    "left": left, "told": privileges.left_root(), "user": os.getuid(), "home": os.environ["HOME"],
    "capabilities": int(fields["CapEff"], 16), "permitted": int(fields["CapPrm"], 16),
    "groups": fields["Groups"].split(), "caches": "XDG_CACHE_HOME" in os.environ,
}))
"""


def afterwards(function: str, **sudo: str) -> dict[str, Any]:
    """What a process is after giving up."""
    _, environment = interpreter.command("analyzer")
    environment = {n: v for n, v in environment.items() if not n.startswith("SUDO_")} | sudo
    home = os.path.expanduser("~root")
    environment |= {"HOME": home, "XDG_CACHE_HOME": f"{home}/.cache"}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", _AFTERWARDS, function],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def test_under_sudo_it_becomes_who_called() -> None:
    told = afterwards("drop", SUDO_UID=str(USER), SUDO_GID=str(USER))
    assert (told["user"], told["capabilities"], told["permitted"]) == (USER, 0, 0)
    assert (told["groups"], told["caches"]) == ([str(USER)], False)


def test_the_home_is_that_of_who_called() -> None:
    told = afterwards("drop", SUDO_UID="65534", SUDO_GID="65534")
    assert told["user"] == 65534
    assert told["home"] != "/root"


@pytest.mark.parametrize("sudo", [{}, {"SUDO_UID": "0", "SUDO_GID": "0"}, {"SUDO_UID": "x"}])
def test_root_itself_keeps_the_right_to_write_alone(sudo: dict[str, str]) -> None:
    told = afterwards("drop", **sudo)
    assert (told["user"], told["home"]) == (0, "/root")
    assert told["capabilities"] == told["permitted"] == privileges.DAC_OVERRIDE


def test_nobody_called_so_root_stays() -> None:
    told = afterwards("leave_root")
    assert (told["left"], told["told"], told["user"]) == (False, False, 0)


@pytest.fixture
def private() -> Iterator[Path]:
    """An interpreter that root alone may run."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        yield Path(folder)


def test_who_cannot_run_the_program_does_not_get_it(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(sys.executable, private / "python")
    monkeypatch.setattr(sys, "executable", str(private / "python"))
    assert not privileges._runs_for(USER, USER)


def test_a_program_that_the_caller_can_run_is_left_to_him() -> None:
    told = afterwards("leave_root", SUDO_UID=str(USER), SUDO_GID=str(USER))
    runs = privileges._runs_for(USER, USER)
    assert told["left"] == told["told"] == runs
    assert told["user"] == (USER if runs else 0)
