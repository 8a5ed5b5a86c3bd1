# SPDX-License-Identifier: GPL-2.0-only
"""What each command loads: nobody waits for a library that the command does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rules.conversation import Conversation

CAPTURE = str(Path(__file__).parents[2] / "captures" / "registration.pcapng")
HEAVY = {"polars", "numba", "scapy", "textual", "jsonschema", "numpy"}
UNPACKERS = {"zstandard", "lz4", "platformdirs"}

SCRIPT = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from analyzer.cli import main
main()
"""


def loaded_by(*arguments: str) -> set[str]:
    """Top-level modules in a fresh interpreter after a command."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["--version"]])
def test_help_loads_no_library_but_click(arguments: list[str]) -> None:
    assert loaded_by(*arguments) & HEAVY == set()


@pytest.mark.parametrize(
    "arguments",
    [["rules"], ["explain", "COAP-7252-4.2-RETRANSMISSION"], ["transmission", "nb-iot"]],
)
def test_the_catalogue_loads_no_library_but_click(arguments: list[str]) -> None:
    assert loaded_by(*arguments) & HEAVY == set()


def test_a_candidate_in_a_small_file_needs_no_library(tmp_path: Path) -> None:
    talk = Conversation().con("GET", mid=7).ack(mid=8).wait(3).again(0)
    path = tmp_path / "orphan.pcap"
    path.write_bytes(talk.pcap())
    assert loaded_by("check", str(path)) & (HEAVY | UNPACKERS) == set()


@pytest.mark.parametrize("command", ["check", "messages", "exchanges"])
def test_reports_need_no_packet_builder_screen_or_data_frames(command: str) -> None:
    profile = ("--transmission", "nb-iot")
    assert loaded_by(command, *profile, CAPTURE) & (HEAVY | UNPACKERS) <= {"numpy"}


def test_response_times_need_no_packet_builder_or_screen() -> None:
    assert loaded_by("times", CAPTURE) & (HEAVY | UNPACKERS) == {"numpy", "polars"}
