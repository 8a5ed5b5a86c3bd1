# SPDX-License-Identifier: GPL-2.0-only
"""How long a display filter takes to show its result.

    python tests/benchmarks/display_filters.py [PACKETS]  on a generated capture, a million packets

Each filter is timed from its text to the rows that pass, as a screen would: the best of some turns,
with nothing kept from the turn before. Those that packets have to tell are timed on some messages.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from throughput import PACKETS, write_capture

from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.session import Session

TURNS: Final = 3
LIMIT: Final = 0.2
"""Seconds in which a million messages are filtered by what the tables hold."""

MESSAGES_READ: Final = 20_000

STORED: Final = (
    "coap.mid == 5",
    "coap.type == CON && coap.code == POST",
    "frame.time_relative < 10",
    "frame.number in {1000..2000, 5000}",
    "ip.addr == 192.0.2.0/24",
    "udp.port in {40000..40010}",
    "coap.token == 00:00:00:05",
    "coap.token contains 05",
    "coap.token[0:2] == 00:00",
    'exchange.ue_service_id == "meter-0001@iot.example"',
    'exchange.uri contains "reg"',
    'exchange.uri matches "^/reg"',
    "exchange.state == unanswered",
    "exchange.response_time > 0.01",
    "exchange.retransmitted_in",
    "exchange.role == retransmission",
    "coap.response_in",
    "coap.response_time > 0.1",
    "finding.severity >= warning",
    'finding.rule contains "SIZE"',
    "not msgin5g",
    "msgin5g.message_type == REG and ip.src == 198.51.100.1 or exchange.response_code == 4.04",
)
READ: Final = ('coap.opt.uri_path == "register"', 'msgin5g.payload contains "21"')


class Timed(NamedTuple):
    """A filter: seconds it took for so many messages, and how many passed."""

    text: str
    seconds: float
    messages: int
    passed: int


def timed(session: Session, text: str, messages: int, turns: int = TURNS) -> Timed:
    """From the text to the rows, the best of some turns."""
    best, passed = float("inf"), 0
    for _ in range(turns):
        start = time.perf_counter()
        rows = Matcher(session, compiled(text)).matches(0, messages)
        best, passed = min(best, time.perf_counter() - start), int(rows.sum())
    return Timed(text, best, min(messages, len(session.messages)), passed)


def run(packets: int = PACKETS) -> tuple[list[Timed], list[Timed]]:
    """Filters that tables decide, and filters that packets do."""
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        path = Path(folder, "capture.pcap")
        write_capture(path, packets)
        session = Session()
        session.open([path])
        session.read_all()
        stored = [timed(session, text, packets) for text in STORED]
        read = [timed(session, text, MESSAGES_READ, 1) for text in READ]
        session.release()
    return stored, read


def lines(stored: list[Timed], read: list[Timed]) -> Iterator[str]:
    """The report."""
    yield f"{stored[0].messages} messages"
    for text, seconds, _, passed in stored:
        slow = " over the limit" if seconds > LIMIT else ""
        yield f"{seconds * 1000:8.1f} ms {passed:8} pass  {text}{slow}"
    for text, seconds, messages, _ in read:
        yield f"{messages / seconds:8.0f} messages/s, packets are read  {text}"


if __name__ == "__main__":
    for line in lines(*run(int(sys.argv[1]) if len(sys.argv) > 1 else PACKETS)):
        print(line)
