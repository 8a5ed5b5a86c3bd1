# SPDX-License-Identifier: GPL-2.0-only
"""What each command loads: nobody waits for a library that the command does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rules.conversation import Conversation

from analyzer.formats import CHECK

CAPTURE = str(Path(__file__).parents[2] / "captures" / "registration.pcapng")
HEAVY = {"polars", "numba", "scapy", "textual", "jsonschema", "numpy", "aiocoap"}
UNPACKERS = {"zstandard", "lz4", "platformdirs"}

SCRIPT = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from analyzer.cli import main
main()
"""


def loaded_by(*arguments: str, code: int = 0, whole: bool = False) -> set[str]:
    """Modules in a fresh interpreter after a command, the top ones or their whole names."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    return {name if whole else name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["check", "--help"],
        ["watch", "--help"],
        ["statistics", "--help"],
        ["handshakes", "--help"],
        ["--version"],
    ],
)
def test_help_loads_no_library_but_click(arguments: list[str]) -> None:
    assert loaded_by(*arguments) & HEAVY == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["rules"],
        ["explain", "COAP-7252-8.1-MC-ACK"],
        ["explain", "COAP-7252-8.1-MC-ACK", "--format=json"],
        ["explain", "COAP-7252-8.1-MC-ACK", "--format=markdown"],
        ["transmission", "nb-iot"],
        ["spec-profile", "rel18"],
    ],
)
def test_the_catalogue_loads_no_library_but_click(arguments: list[str]) -> None:
    assert loaded_by(*arguments) & HEAVY == set()


def test_a_candidate_in_a_small_file_needs_no_library(tmp_path: Path) -> None:
    talk = Conversation().con("GET", mid=7).ack(mid=8).wait(3).again(0)
    path = tmp_path / "orphan.pcap"
    path.write_bytes(talk.pcap())
    assert loaded_by("check", str(path)) & (HEAVY | UNPACKERS) == set()


def test_reports_of_a_small_file_need_no_library(tmp_path: Path) -> None:
    talk = Conversation().con("GET", max_age=1).ack("2.05", token=b"other")
    path, before = tmp_path / "small.pcap", tmp_path / "before.json"
    path.write_bytes(talk.pcap())
    outputs = [f"--format={form}:{tmp_path / form}" for form in CHECK]
    loaded_by("check", f"--format=json:{before}", "--fail-on=note", "--", str(path), code=1)
    loaded = loaded_by("check", *outputs, "--baseline", str(before), str(path))
    assert loaded & (HEAVY | UNPACKERS) == set()


def test_a_format_that_is_not_asked_for_is_not_loaded() -> None:
    names = loaded_by("check", CAPTURE, whole=True)
    others = {form.writer for form in CHECK.values() if form.name != "text"}
    assert names & others == set()


@pytest.mark.parametrize("command", ["check", "messages", "exchanges"])
def test_reports_need_no_packet_builder_screen_or_data_frames(command: str) -> None:
    profile = ("--transmission", "nb-iot")
    assert loaded_by(command, *profile, CAPTURE) & (HEAVY | UNPACKERS) <= {"numpy"}


@pytest.mark.parametrize("form", ["fields", "csv", "jsonl"])
@pytest.mark.parametrize("command", ["messages", "exchanges", "findings"])
def test_fields_of_a_small_file_need_no_library(tmp_path: Path, command: str, form: str) -> None:
    path = tmp_path / "small.pcap"
    path.write_bytes(Conversation().con("GET", path="/a").ack("2.05").pcap())
    asked = ("-e", "exchange.uri", "-e", "finding.rule", "-e", "exchange.nearest")
    loaded = loaded_by(command, "-T", form, *asked, str(path))
    assert loaded & (HEAVY | UNPACKERS) == set()


@pytest.mark.parametrize("options", [[], ["--format=jsonl"], ["--metrics=0"]], ids=" ".join)
def test_watching_a_small_file_needs_no_library_but_that_for_figures(
    tmp_path: Path, options: list[str]
) -> None:
    path = tmp_path / "small.pcap"
    path.write_bytes(Conversation().con("GET", path="/a").ack("2.05", payload=b"x").pcap())
    loaded = loaded_by("watch", *options, str(path))
    assert loaded & (HEAVY | UNPACKERS) == set()
    assert ("prometheus_client" in loaded) == ("--metrics=0" in options)


def test_the_catalogue_of_fields_loads_no_library_but_click() -> None:
    assert loaded_by("fields") & HEAVY == set()


def test_the_detail_tree_as_text_needs_no_screen() -> None:
    assert loaded_by("messages", "-V", "-x", CAPTURE) & {"textual", "polars", "numba"} == set()


def test_a_spec_profile_needs_no_library_when_it_is_good(tmp_path: Path) -> None:
    path, own = tmp_path / "small.pcap", tmp_path / "own.toml"
    path.write_bytes(Conversation().con("GET").ack("2.05").pcap())
    own.write_text('[severities]\n"COAP-*" = "note"\n[elements.payload]\naliases = ["body"]\n')
    for wanted in ("rel17", str(own)):
        loaded = loaded_by("check", "--spec-profile", wanted, str(path))
        assert loaded & (HEAVY | UNPACKERS) == set()


def test_response_times_need_no_packet_builder_or_screen() -> None:
    assert loaded_by("times", CAPTURE) & (HEAVY | UNPACKERS) == {"numpy", "polars"}


def test_nothing_of_cryptography_is_loaded_without_keys() -> None:
    handshakes = Path(__file__).parent / "decryption" / "handshakes"
    protected = str(handshakes / "coap-ccm8.pcap")
    loaded = loaded_by("check", "-d", "udp.port==15684,dtls", protected)
    assert loaded & (HEAVY | UNPACKERS | {"cryptography"}) == set()
