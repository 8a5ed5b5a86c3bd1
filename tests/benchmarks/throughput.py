# SPDX-License-Identifier: GPL-2.0-only
"""How fast and how large: `msgshark check` beside tshark, Scapy and reading the file alone.

    python tests/benchmarks/throughput.py [PACKETS]         one capture, stage by stage
    python tests/benchmarks/throughput.py --sizes           10,000 to 5,000,000 packets
    python tests/benchmarks/throughput.py --small           100 packets
    python tests/benchmarks/throughput.py --large           1 GiB in a quarter of it

All are timed in one run on one generated capture, by turns, so that their ratios mean something on
any machine. A quarter of the packets are registrations and their answers, more than half MSGin5G
messages, the rest pings, GET and DNS. Kernels and modules are compiled before anything is timed,
as they are from the second run of an installed msgshark on.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest

PACKETS: Final = 1_000_000
SIZES: Final = (10_000, 100_000, 1_000_000, 5_000_000)
TURNS_OF_EACH: Final = 3
SMALL: Final = 100
LARGE: Final = 1 << 30
LONG_NAME: Final = 400
SCAPY_PACKETS: Final = 10_000
"""Scapy reads no more: its time is scaled."""

CLIENTS: Final = 500
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
START: Final = 1_700_000_000 * SECOND
PACKAGES: Final = [str(Path(__file__).parents[2] / name) for name in ("analyzer", "dissectors")]
SERVER: Final = bytes([198, 51, 100, 1])
COAP: Final = 5683
DNS: Final = 53
MEGABYTE: Final = 1_000_000

# The capture -----------------------------------------------------------------------------------


def registration(ue: str) -> bytes:
    members = {
        "Message Type": "REG",
        "UE Service ID": ue,
        "UE Credential Information": {"authentication type": "AKMA"},
        "MSGin5G UE ID": f"{ue}.msgin5g",
        "MSGin5G Client Ports": [5683],
    }
    return json.dumps(members).encode()


def message(ue: str) -> bytes:
    members = {
        "Message Type": "MSG",
        "Originating UE Service ID": ue,
        "Recipient UE Service ID": "server@iot.example",
        "Message ID": ue,
        "Payload": "21.5",
    }
    return json.dumps(members).encode()


def coap(first: int, code: int, mid: int, path: bytes = b"", body: bytes = b"") -> bytes:
    """A message with a token of four bytes, unless it is empty; a body is JSON."""
    head = bytes([0x40 | first << 4 | (4 if code else 0), code]) + mid.to_bytes(2, "big")
    token = mid.to_bytes(4, "big") if code else b""
    options = bytes([0xB0 | len(path)]) + path if path else b""
    if body:
        options += bytes([0x11 if path else 0xC1, 50]) + b"\xff"
    return head + token + options + body


FILE_HEADER: Final = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)

Datagram = tuple[bool, int, bytes]
"""From the client, the server's port, the payload."""


TURNS: Final = (0, 1, 1, 2, 0, 1, 1, 1, 0, 1, 1, 3, 0, 1, 1, 1)
"""Kinds of exchanges by turns: registration, message, ping, something else."""


def exchange(kind: int, client: int, mid: int) -> tuple[Datagram, Datagram]:
    """A request and its answer of one of the four kinds."""
    ue = f"meter-{client:04}@iot.example"
    result = json.dumps({"UE Service ID": ue, "Registration result": "success"}).encode()
    asked, answered, port = [
        (coap(0, 2, mid, b"register", registration(ue)), coap(2, 0x44, mid, b"", result), COAP),
        (coap(0, 2, mid, b"message", message(ue)), coap(2, 0x44, mid), COAP),
        (coap(0, 0, mid), coap(3, 0, mid), COAP),
        (coap(0, 1, mid, b"time"), coap(2, 0x45, mid), COAP)
        if client % 2
        else (bytes(30), bytes(60), DNS),
    ][kind]
    return (True, port, asked), (False, port, answered)


def record(number: int, client: int, datagram: Datagram) -> bytes:
    """One Ethernet frame as a record of a pcap file with nanoseconds."""
    from_client, port, payload = datagram
    ends = [(bytes([192, 0, 2 + client // 250, 1 + client % 250]), 40_000 + client), (SERVER, port)]
    (source, sport), (destination, dport) = ends if from_client else reversed(ends)
    udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    size = 20 + len(udp)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, size, number & 0xFFFF, 0, 64, 17, 0)
    frame = bytes(12) + b"\x08\x00" + ip + source + destination + udp
    seconds, fraction = divmod(START + number * MILLISECOND, SECOND)
    return struct.pack("<IIII", seconds, fraction, len(frame), len(frame)) + frame


def write_capture(path: Path, packets: int) -> None:
    with path.open("wb") as out:
        out.write(FILE_HEADER)
        for number in range(packets):
            turn, half = divmod(number, 2)
            client = turn // len(TURNS) % CLIENTS
            kind = TURNS[turn % len(TURNS)]
            out.write(record(number, client, exchange(kind, client, turn & 0xFFFF)[half]))


# The contestants -------------------------------------------------------------------------------

TSHARK: Final = (
    *("-2", "-Y", "coap", "-T", "fields", "-e", "frame.number", "-e", "coap.mid"),
    *("-e", "coap.token", "-e", "coap.code", "-e", "coap.response_in", "-e", "coap.response_time"),
)
CHECK: Final = "from analyzer.cli import main; main()"


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


LAUNCHER: Final = """
import os, resource, sys, time
limit = int(sys.argv.pop(1))
if limit:
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
start = time.perf_counter()
nowhere = os.open(os.devnull, os.O_RDWR)
actions = [(os.POSIX_SPAWN_DUP2, nowhere, stream) for stream in (0, 1, 2)]
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, usage = os.wait4(process, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter() - start, usage.ru_maxrss)
"""
"""Starts a command and measures it: the system counts the memory of whoever starts a process to
that process, so that has to be a small one."""


def timed(command: list[str], limit: int = 0) -> tuple[float, int]:
    """Wall time of a command, and its peak memory in bytes, of which `limit` are to be had."""
    launcher = [sys.executable, "-S", "-E", "-c", LAUNCHER, str(limit), *command]
    printed = subprocess.run(launcher, check=True, capture_output=True, text=True).stdout
    status, took, peak = printed.split()
    if status not in ("0", "1"):
        raise RuntimeError(f"{command[0]} ended with {status}")
    return float(took), int(peak) * 1024


def check(path: Path, limit: int = 0) -> tuple[float, int]:
    """`msgshark check` in a process of its own."""
    return timed([sys.executable, "-c", CHECK, "check", str(path)], limit)


def tshark(path: Path) -> tuple[float, int] | None:
    """Two passes, as matching needs; None where it is not installed."""
    if shutil.which("tshark") is None:
        return None
    return timed(["tshark", "-r", str(path), *TSHARK])


def scapy(path: Path, packets: int) -> float:
    """Scapy, with its own CoAP layer, dissects the first packets; scaled to all of them."""
    import scapy.contrib.coap
    import scapy.layers.inet
    import scapy.layers.l2  # noqa: F401
    from scapy.utils import PcapReader

    some = min(packets, SCAPY_PACKETS)
    with PcapReader(str(path)) as reader:
        return seconds(lambda: reader.read_all(some)) * packets / some


# Stages ----------------------------------------------------------------------------------------

FOLLOWED: Final = ("gates and rows", "pairing", "what rules are told", "registrations")
"""Stages of one kernel: how long each takes is told by leaving out what comes after it."""

STAGES: Final = (
    "start",
    "records",
    "headers, options, JSON",
    *FOLLOWED,
    "rules",
    "room in tables",
    "output",
)


def watched(work: Callable[..., Any], add: Callable[[float], None]) -> Callable[..., Any]:
    """The function, which tells `add` the seconds of each call."""

    def timed_call(*arguments: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*arguments)
        finally:
            add(time.perf_counter() - start)

    return timed_call


def stages(path: Path) -> tuple[dict[str, float], float]:
    """The share of each stage in `msgshark check`, one after the other in one thread, and the bytes
    of the tables a message."""
    spent = dict.fromkeys(STAGES, 0.0)
    begun = time.perf_counter()
    from analyzer.checking import Check
    from analyzer.compiling import Compiler
    from analyzer.reading import Reading
    from analyzer.repeats import Repeats
    from analyzer.session import Session
    from analyzer.views import findings_text

    def watch(owner: type, name: str, stage: str) -> None:
        def add(took: float) -> None:
            spent[stage] += took

        patch.setattr(owner, name, watched(getattr(owner, name), add))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reading, "looks_ahead", False)
        watch(Compiler, "offer", "start")
        watch(Reading, "_gather", "headers, options, JSON")
        watch(Reading, "make_room", "room in tables")
        watch(Reading, "follow", "gates and rows")
        watch(Session, "_judge_told", "rules")
        watch(Repeats, "apply", "rules")
        session = Session()
        session.open([path])
        spent["start"] += time.perf_counter() - begun
        begun = time.perf_counter()
        before = sum(spent.values())
        session.read_all()
        spent["records"] += time.perf_counter() - begun - (sum(spent.values()) - before)
        spent["output"] = seconds(lambda: findings_text.write_check(Check.of(session), StringIO()))
    depths = range(len(FOLLOWED))
    turns = [[following(path, depth) for depth in depths] for _ in range(TURNS_OF_EACH)]
    before = 0.0
    for stage, of_stage in zip(FOLLOWED, zip(*turns, strict=True), strict=True):
        took = sum(map(min, zip(*of_stage, strict=True)))  # the machine is never slow all the time
        spent[stage] = max(0.0, took - before)
        before = max(took, before)
    total = sum(spent.values())
    tables = session.messages, session.exchanges.stored
    size = sum(len(table) * table.row_bytes for table in tables)
    shares = {stage: spent[stage] / total for stage in STAGES}
    return shares, size / max(1, len(session.messages))


def following(path: Path, depth: int) -> list[float]:
    """Seconds that following takes, batch by batch: at depth 0 no message counts as readable, so
    that none is paired; at depth 1 none has a form, so that no rule is asked about it; at depth 2
    no body says anything of a registration; at depth 3 all is as it is."""
    import numpy as np

    from analyzer import facts as fact
    from analyzer.reading import Gathered, Reading
    from analyzer.session import Session

    gather, follow = Reading._gather, Reading.follow
    took: list[float] = []
    said = (fact.MESSAGE_TYPE, fact.TELLS, fact.UE_AT, fact.UE_END)
    left_out = (*(said if depth < 3 else ()), *((fact.FORM,) if depth < 2 else ()))

    def gathered_so(reading: Reading, gathered: Gathered, *arguments: Any) -> int:
        took.append(0.0)
        count = gather(reading, gathered, *arguments)
        cells = np.frombuffer(gathered.facts, np.int64)
        if depth == 0:
            cells[fact.FLAGS :: fact.SLOTS] &= ~fact.READABLE
        for slot in left_out:
            cells[slot :: fact.SLOTS] = 0
        return count

    def timed_follow(*arguments: Any) -> int:
        start = time.perf_counter()
        row = follow(*arguments)
        took[-1] += time.perf_counter() - start
        return row

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reading, "looks_ahead", False)
        patch.setattr(Reading, "_gather", gathered_so)
        patch.setattr(Reading, "follow", timed_follow)
        session = Session()
        session.open([path])
        session.read_all()
    return took


# The result ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """One run; times in seconds, memory in bytes."""

    packets: int
    size: int
    check: float
    memory: int
    started: float
    others: dict[str, tuple[float, int] | None]
    shares: dict[str, float]
    tables: float  # bytes a message

    def lines(self) -> Iterator[str]:
        """The report."""
        yield f"{self.packets} packets, {self.size / MEGABYTE:.1f} MB"
        yield (
            f"msgshark check    {self.check:8.2f} s {self.memory / MEGABYTE:8.0f} MB; "
            f"{self.packets / self.check:.0f} packets/s, {self.started:.2f} s to start"
        )
        for name, measured in self.others.items():
            if measured is None:
                yield f"{name:<17} not installed"
                continue
            took, memory = measured
            size = f"{memory / MEGABYTE:8.0f} MB" if memory else " " * 11
            yield f"{name:<17} {took:8.2f} s {size}; {took / self.check:.2f} times msgshark's time"
        yield f"  {self.tables:.0f} bytes a message in the tables"
        for stage, share in self.shares.items():
            yield f"  {stage:<24} {share:6.1%}"


def run(packets: int = PACKETS) -> Result:
    """Generate a capture and time everything on it."""
    compiled()
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        path, empty = Path(folder, "capture.pcap"), Path(folder, "empty.pcap")
        write_capture(path, packets)
        write_capture(empty, 0)
        started, _ = check(empty)
        checks, others = [check(path)], dict[str, tuple[float, int] | None]()
        others["tshark"] = tshark(path)
        checks.append(check(path))
        others["Scapy"] = scapy(path, packets), 0
        checks.append(check(path))
        others["reading the file"] = seconds(path.read_bytes), 0
        took, memory = sorted(checks)[len(checks) // 2]
        size = path.stat().st_size
        return Result(packets, size, took, memory, started, others, *stages(path))


def small() -> Iterator[str]:
    """A small capture, where starting is all: the best of some turns of each."""
    compiled()
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        path = Path(folder, "capture.pcap")
        write_capture(path, SMALL)
        took, others = [], []
        for _ in range(TURNS_OF_EACH):
            took.append(check(path)[0])
            others.append(timed(["tshark", "-r", str(path)])[0] if shutil.which("tshark") else 0)
        yield f"{SMALL} packets: msgshark check {min(took):.2f} s, tshark {min(others):.2f} s"


def large_datagrams(mid: int, client: int) -> Iterator[Datagram]:
    """A large message, its answer, and datagrams as large of something else."""
    body = message(f"{client:0{LONG_NAME}}")
    yield True, COAP, coap(0, 2, mid, b"message", body)
    yield False, COAP, coap(2, 0x44, mid)
    for _ in range(3):
        yield True, DNS, body
        yield False, DNS, body


def large() -> Iterator[str]:
    """A capture of large packets, a quarter of them CoAP, under a limit of memory."""
    compiled()
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        path, number = Path(folder, "capture.pcap"), 0
        with path.open("wb") as out:
            out.write(FILE_HEADER)
            while out.tell() < LARGE:
                client = number // 8 % CLIENTS
                for datagram in large_datagrams(number & 0xFFFF, client):
                    out.write(record(number, client, datagram))
                    number += 1
        size = path.stat().st_size
        took, memory = check(path, size // 4)
        yield (
            f"{number} packets, {size / MEGABYTE:.0f} MB, with {size // 4 / MEGABYTE:.0f} MB of "
            f"memory: {took:.2f} s, {memory / MEGABYTE:.0f} MB used"
        )


def sizes() -> Iterator[str]:
    """Time and memory by size: both should grow by as much as the capture."""
    compiled()
    most = 0.0
    rows = []
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        for packets in SIZES:
            path = Path(folder, f"{packets}.pcap")
            write_capture(path, packets)
            took, memory = min(check(path) for _ in range(TURNS_OF_EACH))
            rows.append((packets, took, memory, path.stat().st_size))
            most = max(most, took)
            path.unlink()
    for packets, took, memory, size in rows:
        bar = "#" * max(1, round(50 * took / most))
        yield (
            f"{packets:>9} packets {took:7.2f} s {memory / MEGABYTE:6.0f} MB "
            f"({size / MEGABYTE:.0f} MB file) {bar}"
        )


def compiled() -> None:
    """Fill the cache of compiled kernels; compile the modules, as installing does."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", *PACKAGES], check=True)
    subprocess.run([sys.executable, "-m", "analyzer.compiling"], check=True)


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else str(PACKETS)
    others = {"--sizes": sizes, "--small": small, "--large": large}
    lines = others[given]() if given in others else run(int(given)).lines()
    print(*lines, sep="\n")
