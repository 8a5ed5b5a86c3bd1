# SPDX-License-Identifier: GPL-2.0-only
"""What `doctor` says of a machine: of this one, of poorer ones, and as another user."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import struct
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer import cli, compiling
from analyzer.doctor import compiled_code, screen, software
from analyzer.doctor.model import Check
from analyzer.doctor.software import requirement
from analyzer.recording import rights, ways
from analyzer.recording.rights import NET_ADMIN, NET_RAW, FileRights, Rights

ENTRY = "from analyzer.cli import main; main()"
HEAVY = ("polars", "numpy", "numba", "llvmlite.binding", "scapy", "textual", "jsonschema")
STRANGER = ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups")


@cache
def can_be_another() -> bool:
    """Root may become a user whom the system does not know, and who can read this code."""
    if shutil.which("setpriv") is None:
        return False
    command = [*STRANGER, "env", sys.executable, "-c", "import analyzer.cli"]
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(command, env=os.environ | paths, capture_output=True).returncode == 0


@pytest.fixture
def stranger() -> tuple[str, ...]:
    if not can_be_another():
        pytest.skip("cannot become another user")
    return STRANGER


def doctor(
    environment: dict[str, str] | None = None, before: tuple[str, ...] = (), code: int = 0
) -> dict[str, dict[str, Any]]:
    """Checks by name of a run with this environment alone."""
    command = [*before, sys.executable, "-c", ENTRY, "doctor", "--format", "json"]
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    env |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        command, env=env | (environment or {}), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (code, "")
    told = json.loads(done.stdout)
    assert told["healthy"] is (code == 0)
    return {check["name"]: check for check in told["checks"]}


# A run ----------------------------------------------------------------------------------------


def test_this_machine() -> None:
    found = doctor()
    assert list(found)[:3] == ["msgshark", "Python", "platform"]
    for name in ("scapy", "textual", "polars", "numpy", "numba", "llvmlite", "jsonschema-rs"):
        assert found[name]["ok"]
        assert found[name]["needed"]
    assert found["way"]["ok"] is (found["AF_PACKET"]["ok"] or found["dumpcap"]["ok"])
    assert all(check["advice"] is None for check in found.values() if check["ok"])


def test_text_has_a_line_a_check_and_what_to_do_below_a_not() -> None:
    lines = CliRunner().invoke(cli.msgshark, ["doctor"]).output.splitlines()
    areas = [line for line in lines if line and not line.startswith(" ")]
    assert areas == ["Software", "Compiled code", "Terminal", "Capture"]
    for before, line in itertools.pairwise(lines):
        if line.lstrip().startswith("do: "):
            assert before.startswith("  not ")
        elif line.startswith(" "):
            assert line.startswith(("  ok  ", "  not "))


def test_no_heavy_library_is_loaded() -> None:
    script = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    command = [sys.executable, "-c", script + ENTRY, "doctor"]
    loaded = subprocess.run(command, capture_output=True, text=True).stderr.split()
    assert not {name for name in loaded if name in HEAVY}


def test_nothing_on_path_and_no_home() -> None:
    found = doctor({"PATH": "", "HOME": ""})
    assert found["Python"]["ok"]


def test_a_user_that_the_system_does_not_know(stranger: tuple[str, ...]) -> None:
    found = doctor(before=(*stranger, "env", "-u", "HOME"))
    assert not found["folder"]["ok"]
    assert "XDG_CACHE_HOME" in found["folder"]["advice"]
    assert (found["AF_PACKET"]["ok"], found["AF_PACKET"]["told"][:14]) == (False, "no CAP_NET_RAW")
    assert "root" in found["AF_PACKET"]["advice"]


def test_a_cache_that_another_user_may_not_write(tmp_path: Path, stranger: tuple[str, ...]) -> None:
    tmp_path.chmod(0o755)
    found = doctor({"XDG_CACHE_HOME": str(tmp_path)}, stranger)
    assert found["folder"]["told"] == f"{tmp_path}/msgshark, cannot be written"
    assert found["folder"]["advice"].startswith("export XDG_CACHE_HOME")
    assert not found["kernels"]["ok"]


def test_broken_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = requirement("no-such-library", ">=1")
    monkeypatch.setattr(software, "checks", lambda: iter([lacking]))
    done = CliRunner().invoke(cli.msgshark, ["doctor"], standalone_mode=False)
    assert done.return_value == 1
    assert "-m pip install 'no-such-library>=1'" in done.output


# Software -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "ok"),
    [(">=8.2,<9", True), (">=8.2.1", False), ("<8.2", False), ("==8.2.0", True), ("~=8", True)],
)
def test_versions_within_bounds(monkeypatch: pytest.MonkeyPatch, bounds: str, ok: bool) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "8.2.0")
    assert requirement("textual", bounds).ok is ok
    monkeypatch.setattr("importlib.metadata.version", lambda name: "8.10rc1")
    assert requirement("textual", ">=8.2,<9").ok


def test_a_tool_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tshark"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    check = software.tool(software.Tool("tshark"), "", {})
    assert check == Check("Software", "tshark", True, str(program))


# Compiled code --------------------------------------------------------------------------------


def test_kernels_that_are_there_and_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path / "new")
    folder, kernels = compiled_code.checks()
    assert folder.ok
    assert not kernels.ok
    assert kernels.advice.endswith("-m analyzer.compiling")
    assert not (tmp_path / "new").exists()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / compiling.kernels_name()).write_bytes(bytes(2000))
    _, kernels = compiled_code.checks()
    assert (kernels.ok, kernels.told[-4:]) == (True, "2 kB")


def test_a_file_where_the_folder_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path / "file" / "msgshark")
    folder, kernels = compiled_code.checks()
    assert (folder.ok, kernels.ok) == (False, False)


# Terminal -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "ok", "told"),
    [
        ({"TERM": "xterm-256color"}, True, "256"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, True, "16 million"),
        ({"TERM": "xterm"}, True, "16, "),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True, "none"),
        ({"TERM": "dumb"}, False, "none"),
        ({}, False, "none"),
    ],
)
def test_colours(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], ok: bool, told: str
) -> None:
    for name in ("TERM", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    check = screen._colours()
    assert (check.ok, check.told.startswith(told)) == (ok, True)


# Rights ---------------------------------------------------------------------------------------


def test_rights_of_a_file() -> None:
    """struct vfs_cap_data of `setcap cap_net_raw,cap_net_admin+eip`, by getfattr."""
    both = bytes.fromhex("0100000200300000003000000000000000000000")
    assert rights.parsed(both) == FileRights(NET_RAW | NET_ADMIN, True)
    permitted = struct.pack("<IIIII", 2 << 24, NET_RAW, 0, 0, 0)
    assert rights.parsed(permitted) == FileRights(NET_RAW, False)
    assert rights.parsed(b"") == rights.parsed(both[:11]) == FileRights()


USER = Rights(0, 0, ~0)


@pytest.mark.parametrize(
    ("own", "gives", "starts", "ok", "told", "advice"),
    [
        (USER, FileRights(NET_RAW | NET_ADMIN, True), True, True, "its file has", ""),
        (USER, FileRights(setuid_root=True), True, True, "setuid root", ""),
        (Rights(NET_RAW, NET_RAW, ~0), FileRights(), True, True, "of this process", ""),
        (USER, FileRights(), True, False, "has no rights", "setcap cap_net_raw,cap_net_admin+eip"),
        (USER, FileRights(NET_RAW), True, False, "not effective", "setcap cap_net_raw"),
        (
            Rights(0, 0, NET_RAW),
            FileRights(NET_RAW | NET_ADMIN, True),
            False,
            False,
            "may not be started",
            "--cap-add=NET_ADMIN",
        ),
        (
            Rights(0, 0, ~0, no_new=True),
            FileRights(NET_RAW, True),
            True,
            False,
            "no_new_privs",
            "outside",
        ),
    ],
)
def test_dumpcap(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: Rights,
    gives: FileRights,
    starts: bool,
    ok: bool,
    told: str,
    advice: str,
) -> None:
    program = tmp_path / "dump cap"
    program.touch(0o755)
    there = {"dumpcap": str(program)}
    monkeypatch.setattr(ways, "find_program", lambda name, runs=True: there.get(name))
    monkeypatch.setattr(rights, "of_file", lambda path: gives)
    check = ways.dumpcap(own, starts)
    assert check.ok is ok
    assert told in check.told
    assert advice in check.advice
    if "setcap" in advice:
        assert check.advice.endswith(f"'{program}'")


def test_no_dumpcap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "find_program", lambda name, runs=True: None)
    monkeypatch.setattr("analyzer.recording.programs.find_program", lambda name: name == "dnf")
    check = ways.dumpcap(USER, False)
    assert check.told == "not installed"
    assert check.advice.endswith("dnf install wireshark-cli")


def test_dumpcap_for_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = str(tmp_path / "dumpcap")
    members: list[str] = []
    monkeypatch.setattr(ways, "_group_of", lambda path: ("wireshark", members))
    monkeypatch.setattr(ways, "_user", lambda: "anna")
    _, told, advice = ways._forbidden(program)
    assert told.endswith("is for the group wireshark")
    assert "usermod -aG wireshark anna" in advice
    members.append("anna")
    assert "log in again" in ways._forbidden(program).advice


def test_how_to_get_what_decrypts(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    assert software.decryption().ok
    monkeypatch.setattr(metadata, "version", missing)
    check = software.decryption()
    assert not check.ok
    assert not check.broken
    assert check.advice.endswith("-m pip install 'msgshark[decrypt]'")
