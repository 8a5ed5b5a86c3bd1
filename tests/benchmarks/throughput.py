# SPDX-License-Identifier: GPL-2.0-only
"""How fast and how large: `msgshark check` beside tshark, Scapy and reading the file alone.

    python tests/benchmarks/throughput.py [PACKETS]

All are timed in one run on one generated capture, so that their ratios mean something on any
machine. A quarter of the packets are registrations and their answers, a quarter MSGin5G messages,
a quarter pings, a quarter other traffic (GET, DNS).
"""

from __future__ import annotations

import json
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Final

PACKETS: Final = 20_000
SCAPY_PACKETS: Final = 1_000
"""Scapy reads no more: its time is scaled."""

CLIENTS: Final = 500
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
START: Final = 1_700_000_000 * SECOND
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


Datagram = tuple[bool, int, bytes]
"""From the client, the server's port, the payload."""


def exchange(kind: int, client: int, mid: int) -> tuple[Datagram, Datagram]:
    """A request and its answer, by turns of the four kinds."""
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
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for number in range(packets):
            turn, half = divmod(number, 2)
            client = turn // 4 % CLIENTS
            out.write(record(number, client, exchange(turn % 4, client, turn & 0xFFFF)[half]))


# The contestants -------------------------------------------------------------------------------

CHECK: Final = """
import atexit, sys
peak = lambda: next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
atexit.register(lambda: sys.stderr.write(peak()))
from analyzer.cli import main
main()
"""
TSHARK_FIELDS: Final = ("frame.number", "coap.type", "coap.code", "coap.mid", "coap.token")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def check(path: Path) -> tuple[float, int]:
    """Wall time of `msgshark check` in a process of its own, and its peak memory in bytes."""
    command = [sys.executable, "-c", CHECK, "check", str(path)]
    start = time.perf_counter()
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    took = time.perf_counter() - start
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return took, int(done.stderr.split()[-2]) * 1024


def tshark(path: Path) -> float | None:
    """Two passes, as matching needs; None where it is not installed."""
    if shutil.which("tshark") is None:
        return None
    wanted = [word for name in TSHARK_FIELDS for word in ("-e", name)]
    command = ["tshark", "-2", "-n", "-r", str(path), "-T", "fields", *wanted]
    return seconds(lambda: subprocess.run(command, capture_output=True, check=True))


def scapy(path: Path, packets: int) -> float:
    """Scapy dissects the first packets; the time is scaled to all of them."""
    import scapy.layers.inet
    import scapy.layers.l2  # noqa: F401
    from scapy.utils import PcapReader

    some = min(packets, SCAPY_PACKETS)
    with PcapReader(str(path)) as reader:
        return seconds(lambda: reader.read_all(some)) * packets / some


# Stages ----------------------------------------------------------------------------------------

STAGES: Final = {
    "JSON": ("dissectors/json_scan", "dissectors/msgin5g"),
    "rules": ("analyzer/rules", "analyzer/findings", "analyzer/registrations"),
    "pairing": ("analyzer/exchanges",),
    "link and CoAP walk": ("dissectors/", "analyzer/dissection", "analyzer/flows"),
    "records": ("analyzer/capture",),
    "output": ("analyzer/views", "analyzer/report"),
    "tables and the rest": ("analyzer/",),
}
"""Stages by where their code is; the first that fits counts."""


@contextmanager
def sampled(interval: float = 0.001) -> Iterator[Counter[str]]:
    """Counts, each `interval` seconds of CPU time, the stage that works."""
    counts: Counter[str] = Counter()

    def sample(signal: int, frame: FrameType | None) -> None:
        while frame is not None:
            for stage, places in STAGES.items():
                if any(f"/{place}" in frame.f_code.co_filename for place in places):
                    counts[stage] += 1
                    return
            frame = frame.f_back

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, interval, interval)
    try:
        yield counts
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def stages(path: Path) -> dict[str, float]:
    """The share of each stage in `msgshark check`, without imports."""
    from analyzer.session import Session
    from analyzer.views import text

    with sampled() as counts:
        session = Session()
        session.open([path])
        session.read_all()
        text.write_check(session, StringIO())
    total = counts.total() or 1
    return {stage: counts[stage] / total for stage in STAGES}


# The result ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """One run; times in seconds, memory in bytes."""

    packets: int
    size: int
    check: float
    memory: int
    started: float
    start_memory: int
    others: dict[str, float | None]
    shares: dict[str, float] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The report."""
        working = max(self.check - self.started, 1e-9)
        memory = self.memory - self.start_memory
        yield f"{self.packets} packets, {self.size / MEGABYTE:.1f} MB"
        yield (
            f"msgshark check    {self.check:8.2f} s, {self.started:.2f} s of them to start; "
            f"{self.packets / working:.0f} packets/s"
        )
        for name, took in self.others.items():
            if took is None:
                yield f"{name:<17} not installed"
            else:
                yield f"{name:<17} {took:8.2f} s; msgshark takes {self.check / took:.2f} times that"
        yield (
            f"peak memory       {self.memory / MEGABYTE:8.1f} MB, {memory / self.packets:.0f} "
            f"bytes a message over an empty capture, {memory / self.size:.1f} times the file"
        )
        for stage, share in self.shares.items():
            yield f"  {stage:<20} {share:6.1%}"


def run(packets: int = PACKETS) -> Result:
    """Generate a capture and time everything on it."""
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        path, empty = Path(folder, "capture.pcap"), Path(folder, "empty.pcap")
        write_capture(path, packets)
        write_capture(empty, 0)
        started, start_memory = check(empty)
        took, memory = check(path)
        others = {
            "tshark": tshark(path),
            "Scapy": scapy(path, packets),
            "reading the file": seconds(path.read_bytes),
        }
        size = path.stat().st_size
        return Result(packets, size, took, memory, started, start_memory, others, stages(path))


if __name__ == "__main__":
    print(*run(int(sys.argv[1]) if len(sys.argv) > 1 else PACKETS).lines(), sep="\n")
