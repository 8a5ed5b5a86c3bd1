# SPDX-License-Identifier: GPL-2.0-only
"""Hostile input: one clear line or a finding, never a traceback, never much more memory."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation, coap

from analyzer.compiling import WORTH_LOADING
from analyzer.session import Session
from dissectors.coap.numbers import OPTIONS, Type
from dissectors.json_scan import Error
from dissectors.msgin5g.payload import read_elements, read_json

CAPTURES = Path(__file__).parents[2] / "captures"
SHIPPED = ("registration", "field-day", "coap-tour")
REPORTS = [
    (command, form) for command in ("check", "messages", "exchanges") for form in ("text", "json")
]
ENTRY = "from analyzer.cli import main; main()"
BECOME_NOBODY = """
import difflib, os, analyzer.cli, analyzer.session, analyzer.views.json, analyzer.views.text
from analyzer.rules.catalogue import load
load()
analyzer.session.Session()
os.setuid(65534)
"""
"""What the command needs is loaded first: nobody else may be able to read this Python."""

TELL_PEAK = """
import atexit, sys
peak = lambda: next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
atexit.register(lambda: sys.stderr.write(peak()))
"""
"""Not ru_maxrss: that of a child counts the memory of the process that started it."""

OVERHEAD = 72_000_000
"""Bytes that do not grow with the file: row buffers, and state up to its caps."""

COMPILED = 150_000_000
"""What numba and the kernels that it loads take."""

one_folder = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Run(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def msgshark(*arguments: object, before: str = "") -> Run:
    """The command in a process of its own, which runs the code `before` first."""
    command = [sys.executable, "-c", before + ENTRY, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    return Run(done.returncode, done.stdout, done.stderr)


def peak_memory(*arguments: object) -> int:
    """Peak resident memory of the command in bytes."""
    run = msgshark(*arguments, before=TELL_PEAK)
    assert run.code in (0, 1), run.err
    return int(run.err.split()[-2]) * 1024


def is_one_clear_line(run: Run) -> None:
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("msgshark: ")
    assert run.err.count("\n") == 1
    assert run.err.endswith("\n")


def is_reported(capture: Path) -> None:
    """Every report of a capture ends well."""
    for command, form in REPORTS:
        run = msgshark(command, "--format", form, capture)
        assert run.code in (0, 1), run.err
        assert "Traceback" not in run.err
        if form == "json":
            json.loads(run.out, parse_constant=pytest.fail)


def read(path: Path) -> Session:
    session = Session()
    session.open([path])
    session.read_all()
    return session


# Files that are no capture ---------------------------------------------------------------------


def random_bytes(path: Path) -> None:
    path.write_bytes(bytes(n * 151 % 256 for n in range(4096)))


NOT_CAPTURES: dict[str, Callable[[Path], object]] = {
    "random bytes": random_bytes,
    "an empty file": Path.touch,
    "a directory": Path.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path),
    "nothing": lambda path: None,
    "half a file header": lambda path: path.write_bytes(Conversation().pcap()[:13]),
}


@pytest.mark.parametrize("kind", NOT_CAPTURES)
def test_what_is_no_capture_is_one_clear_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "input"
    NOT_CAPTURES[kind](path)
    is_one_clear_line(msgshark("check", path))


def test_a_named_pipe_is_no_capture_once_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(
        target=path.write_bytes, args=(b"no capture at all" * 9,), daemon=True
    )
    writer.start()
    is_one_clear_line(msgshark("check", path))
    writer.join(5)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user who may not read a file")
def test_a_file_without_read_permission_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "secret.pcap"
    path.write_bytes(Conversation().pcap())
    path.chmod(0)
    run = msgshark("check", path, before=BECOME_NOBODY)
    is_one_clear_line(run)
    assert "may not be read by you" in run.err


# Captures that lie -----------------------------------------------------------------------------


def test_a_packet_of_2_gigabytes_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "huge.pcap"
    whole = Conversation().con("GET", path="/a").pcap()
    path.write_bytes(whole + struct.pack("<IIII", 0, 0, 2**31, 2**31) + bytes(100))
    is_reported(path)
    assert peak_memory("check", path) < peak_memory("check", CAPTURES / "registration.pcapng") * 1.5


@pytest.mark.parametrize("name", SHIPPED)
def test_a_capture_cut_anywhere_is_read_as_far_as_it_goes(name: str, tmp_path: Path) -> None:
    whole = (CAPTURES / f"{name}.pcapng").read_bytes()
    path = tmp_path / "cut.pcapng"
    packets = 0
    for length in range(512, len(whole), len(whole) // 20):
        path.write_bytes(whole[:length])
        session = read(path)
        assert session.counts.records >= packets
        packets = session.counts.records


# Messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_every_truncation_of_every_shipped_message(name: str, tmp_path: Path) -> None:
    shipped = read(CAPTURES / f"{name}.pcapng")
    messages = {shipped.coap(row) for row in range(len(shipped.messages))}
    talk = Conversation()
    for message in sorted(messages)[::3]:
        for length in {*range(min(len(message), 24)), *range(24, len(message), 17)}:
            talk.raw(message[:length], ip_id=1)
    path = tmp_path / "truncated.pcap"
    path.write_bytes(talk.pcap())
    assert read(path).counts.coap == len(talk.frames)


def depth(levels: int, opening: bytes = b"[") -> bytes:
    return opening * levels


BODIES = {
    "arrays 65,000 deep": depth(65_000),
    "arrays closed again": depth(30_000) + b"]" * 30_000,
    "objects 13,000 deep": depth(13_000, b'{"a":'),
    "duplicate members": b"{" + b",".join([b'"Message Type":"REG"'] * 2000) + b"}",
    "a huge integer": b'{"Message Type":"REG","MSGin5G Client Ports":' + b"9" * 60_000 + b"}",
    "a huge exponent": b'{"Message Type":"REG","MSGin5G Client Ports":[1e999,-1e999]}',
    "invalid UTF-8": b'{"Message Type":"REG","UE Service ID":"\xff\xfe\xed\xa0\x80"}',
    "half a surrogate pair": rb'{"Message Type":"REG","UE Service ID":"\ud800"}',
    "a byte order mark": b'\xef\xbb\xbf{"Message Type":"REG"}',
    "zeros": bytes(60_000),
    "a string without end": b'{"Message Type":"' + b"a" * 60_000,
    "elements of wrong kinds": b'{"Message Type":[],"UE Service ID":{},"Registration result":7,'
    b'"UE Credential Information":1e999,"MSGin5G Client Communication Availability":[[]]}',
}


def test_hostile_bodies_are_findings(tmp_path: Path) -> None:
    talk = Conversation()
    for number, body in enumerate(BODIES.values()):
        token = bytes([number])
        talk.con("POST", path="/reg", content_format=50, payload=body, token=token)
        talk.ack("2.01", content_format=50, payload=body)
    path = tmp_path / "bodies.pcap"
    path.write_bytes(talk.pcap())
    is_reported(path)
    session = read(path)
    blamed = {frame for finding in session.findings for frame in finding.frames}
    assert set(range(1, len(talk.frames), 2)) <= blamed


def test_options_longer_than_any_may_be(tmp_path: Path) -> None:
    talk = Conversation()
    for number in (*OPTIONS, 2, 65_000):
        for length in (9, 300, 60_000):
            options = [(number, b"\xff" * length)]
            talk.raw(coap(Type.CON, "GET", mid=len(talk.frames), options=options))
    path = tmp_path / "options.pcap"
    path.write_bytes(talk.pcap())
    is_reported(path)


@one_folder
@given(datagrams=st.lists(st.binary(max_size=64), min_size=1, max_size=8))
def test_any_datagrams_on_the_port_of_coap(tmp_path: Path, datagrams: list[bytes]) -> None:
    talk = Conversation()
    for number, datagram in enumerate(datagrams):
        talk.raw(datagram, by="client" if number % 2 else "server")
    path = tmp_path / "any.pcap"
    path.write_bytes(talk.pcap())
    session = read(path)
    assert session.counts.udp == len(datagrams)
    assert session.counts.coap == len(session.messages)


# JSON directly ---------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_json_nested_100_000_deep_is_told_and_not_followed(opening: bytes) -> None:
    document = read_json(depth(100_000, opening))
    assert document.depth > 64
    assert document.error != Error.NONE
    assert read_elements(document).values == {}


def test_json_closed_after_100_000_levels_is_json() -> None:
    document = read_json(b'{"a":' + depth(100_000) + b"]" * 100_000 + b"}")
    assert (document.error, document.is_object) == (Error.NONE, True)
    assert document.depth == 100_001


# What packets say to the terminal --------------------------------------------------------------


def acts_on_a_terminal(character: str) -> bool:
    """Controls, and the formats that reorder or hide text."""
    return character != "\n" and unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs")


@pytest.mark.parametrize(("command", "form"), REPORTS)
def test_nothing_a_packet_says_reaches_the_terminal(command: str, form: str) -> None:
    run = msgshark(command, "--format", form, CAPTURES / "field-day.pcapng")
    assert not [c for c in run.out + run.err if acts_on_a_terminal(c)]
    if form == "text":
        assert "\\x1b[2J" in run.out


# Memory ----------------------------------------------------------------------------------------


def malformed(number: int) -> bytes:
    return b"\x4f\xff" + (number & 0xFFFF).to_bytes(2, "big")


def deep_json(number: int) -> bytes:
    return coap(
        Type.CON,
        "POST",
        mid=number & 0xFFFF,
        token=number.to_bytes(4, "big"),
        content_format=50,
        payload=b'{"Message Type":"REG","a":' + depth(1300),
    )


def many_members(number: int) -> bytes:
    body = b'{"Message Type":"REG","a":[' + b",".join([b"1"] * 600) + b"]}"
    options: dict[str, Any] = {"content_format": 50, "payload": body}
    return coap(Type.CON, "POST", mid=number & 0xFFFF, token=number.to_bytes(4, "big"), **options)


def many_tokens(number: int) -> bytes:
    return coap(
        Type.NON,
        "GET",
        mid=number & 0xFFFF,
        token=number.to_bytes(8, "big"),
        path="/" + "p" * 250,
        payload=bytes(1000),
    )


def tiny_requests(number: int) -> bytes:
    return coap(Type.CON, "GET", mid=number & 0xFFFF, token=number.to_bytes(8, "big"), path="/a")


FLOODS = {
    malformed: 12_000,
    deep_json: 800,
    many_members: 500,
    many_tokens: 2_900,
    tiny_requests: 20_000,
}
"""Packets by what makes them."""


@cache
def baseline() -> int:
    return peak_memory("check", CAPTURES / "registration.pcapng")


@pytest.mark.parametrize("make", FLOODS, ids=lambda make: make.__name__)
def test_memory_stays_a_few_times_the_file(make: Callable[[int], bytes], tmp_path: Path) -> None:
    talk = Conversation()
    for number in range(FLOODS[make]):
        talk.raw(make(number), source=f"192.0.2.9:{1024 + number % 60_000}", ip_id=1)
    path = tmp_path / "flood.pcap"
    path.write_bytes(talk.pcap())
    size = path.stat().st_size
    fixed = OVERHEAD + (COMPILED if size >= WORTH_LOADING else 0)
    assert peak_memory("check", path) - baseline() < 6 * size + fixed
