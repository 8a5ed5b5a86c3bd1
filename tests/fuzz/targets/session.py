# SPDX-License-Identifier: GPL-2.0-only
"""Whole session: the bytes are a capture file, or else datagrams that make one.

A datagram is a byte of flags (direction, port, time), a byte of length, and that many bytes.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator

from analyzer.capture import CaptureError
from analyzer.capture.pcap import VARIANTS
from analyzer.capture.reading import PCAPNG_MAGIC
from analyzer.checking import Check
from analyzer.formats import CHECK
from analyzer.ladders import ladders
from analyzer.messages import CUT
from analyzer.report import exchange_entries
from analyzer.selecting import grouped
from analyzer.session import Session
from dissectors.coap.message import dissect
from fuzz.targets.records import path

PORTS = (5683, 5684, 61616, 40000)
STEPS = (10_000, 2_100_000, 94_000_000, 300_000_000)  # microseconds
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)


def run(data: bytes) -> None:
    is_file = data[:4] in VARIANTS or data[:4] == PCAPNG_MAGIC
    path().write_bytes(data if is_file else capture(data))
    session = Session()
    try:
        session.open([path()])
    except CaptureError:
        return
    session.read_all()
    check_tables(session)
    check = Check.of(session)
    for form in CHECK.values():
        form.write_check(check, io.StringIO())
    for entry in exchange_entries(session):
        assert json.dumps(entry, allow_nan=False)
    for ladder in ladders(session, grouped(session, range(1, len(session.exchanges) + 1), True)):
        assert ladder.steps


def check_tables(session: Session) -> None:
    """What holds of the tables of every session that is closed."""
    last = 0
    for row in range(len(session.messages)):
        cells = session.messages.row(row)
        framing = session.framing(row)
        message = dissect(session.coap(row), bool(cells["flags"] & CUT), framing=framing)
        assert (message.type, message.code) == (cells["type"], cells["code"])
        assert framing or message.message_id == cells["message_id"]
        assert last <= cells["frame"]
        assert 0 <= cells["exchange"] <= len(session.exchanges)
        last = cells["frame"]
    for finding in session.findings:
        assert finding.as_dict()


def datagrams(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Flags and payload of each datagram."""
    at = 0
    while at + 2 <= len(data):
        after = at + 2 + data[at + 1]
        yield data[at], data[at + 2 : after]
        at = after


def capture(data: bytes) -> bytes:
    """A pcap file of raw IP packets; checksums are zero, nothing here reads them."""
    file, clock = HEADER, 1_700_000_000_000_000
    for number, (flags, payload) in enumerate(datagrams(data), 1):
        ends = bytes([192, 0, 2, 1 + (flags >> 4 & 1)]), bytes([198, 51, 100, 1])
        ports = struct.pack(">H", 40000), struct.pack(">H", PORTS[flags >> 1 & 3])
        if flags & 1:
            ends, ports = ends[::-1], ports[::-1]
        clock += STEPS[flags >> 5 & 3] * (-1 if flags & 0x80 else 1)
        size = 28 + len(payload)
        head = struct.pack(">BBHHHBBH", 0x45, 0, size, number & 0xFFFF, 0, 64, 17, 0)
        packet = head + b"".join(ends + ports) + struct.pack(">HH", size - 20, 0) + payload
        seconds, fraction = divmod(clock, 1_000_000)
        file += struct.pack("<IIII", seconds & 0xFFFFFFFF, fraction, size, size) + packet
    return file
