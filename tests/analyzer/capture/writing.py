# SPDX-License-Identifier: GPL-2.0-only
"""Captures written byte by byte, as the drafts have them, and what reading them should give."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from analyzer.capture import ROW, CaptureFile

# 192.0.2.1 -> 192.0.2.2, UDP 40000 -> 5683, CoAP GET with message ID 0x1234 and no token.
PACKET = bytes.fromhex("4500002000000000401100 00c0000201c0000202 9c401633000c0000 40011234")

SECTION = 0x0A0D0D0A
COMMENT = 1


class Record(NamedTuple):
    """One record as a reader tells it."""

    frame: int
    offset: int
    captured: int
    wire: int
    time_ns: int
    interface: int
    data: bytes


def pcap(
    packets: Iterable[tuple[int, int, bytes, int]],
    *,
    big: bool = False,
    magic: int = 0xA1B2C3D4,
    link_type: int = 101,
    snap_length: int = 262144,
    version: tuple[int, int] = (2, 4),
) -> bytes:
    """A pcap file of packets (seconds, fraction, data, length on the wire)."""
    order = ">" if big else "<"
    file = struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap_length, link_type)
    for seconds, fraction, data, wire in packets:
        file += struct.pack(order + "IIII", seconds, fraction, len(data), wire)
        if magic == 0xA1B2CD34:
            file += bytes(8)
        file += data
    return file


class Pcapng:
    """Blocks of pcapng in one byte order."""

    def __init__(self, big: bool = False) -> None:
        self.order = ">" if big else "<"

    def pack(self, fields: str, *values: int) -> bytes:
        return struct.pack(self.order + fields, *values)

    def option(self, code: int, value: bytes) -> bytes:
        return self.pack("HH", code, len(value)) + value + bytes(-len(value) % 4)

    def block(self, kind: int, body: bytes, *, trailer: int | None = None) -> bytes:
        body += bytes(-len(body) % 4)
        total = len(body) + 12
        end = self.pack("I", total if trailer is None else trailer)
        return self.pack("II", kind, total) + body + end

    def section(self, options: bytes = b"", *, version: int = 1) -> bytes:
        return self.block(SECTION, self.pack("IHHq", 0x1A2B3C4D, version, 0, -1) + options)

    def interface(self, options: bytes = b"", *, link_type: int = 101, snap: int = 0) -> bytes:
        return self.block(1, self.pack("HHI", link_type, 0, snap) + options)

    def enhanced(
        self, ticks: int, data: bytes = PACKET, options: bytes = b"", *, interface: int = 0
    ) -> bytes:
        fixed = self.pack("IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
        return self.block(6, fixed + data + bytes(-len(data) % 4) + options)

    def obsolete(self, ticks: int, data: bytes = PACKET, *, interface: int = 0) -> bytes:
        high, low = ticks >> 32, ticks & 0xFFFFFFFF
        return self.block(
            2, self.pack("HHIIII", interface, 0, high, low, len(data), len(data)) + data
        )

    def secrets(self, text: bytes, kind: int = 0x544C534B, length: int | None = None) -> bytes:
        length = len(text) if length is None else length
        return self.block(10, self.pack("II", kind, length) + text)

    def simple(self, data: bytes = PACKET, wire: int | None = None) -> bytes:
        return self.block(3, self.pack("I", len(data) if wire is None else wire) + data)


def sample(big: bool) -> bytes:
    """A pcapng file with a bit of everything: two sections of unlike byte order."""
    one, two = Pcapng(big), Pcapng(not big)
    comment = one.option(COMMENT, b"look here")
    return b"".join(
        [
            one.section(one.option(COMMENT, b"a capture")),
            one.interface(one.option(2, b"eth0") + one.option(9, b"\x09")),
            one.interface(one.option(14, one.pack("q", 3600)), link_type=1),
            one.enhanced(1_700_000_000_123_456_789),
            one.enhanced(1_700_000_000_000_000, options=comment, interface=1),
            one.obsolete(1_700_000_000_000_000_001, PACKET[:29]),
            one.block(4, bytes(4)),
            one.block(0xBAD, bytes(8)),
            one.block(5, one.pack("III", 0, 0, 0) + one.option(5, one.pack("Q", 7))),
            two.section(),
            two.interface(two.option(9, b"\x94"), snap=21),
            two.simple(PACKET[:21], wire=100),
            two.block(0x1234, b"what"),
            two.enhanced(1_700_000_000 << 20, b"", comment and two.option(COMMENT, b"empty")),
            two.block(10, bytes(8)),
        ]
    )


def records(capture: CaptureFile, limit: int | None = None) -> list[Record]:
    """All that is left to read of `capture`, with the data looked up in the batches."""
    found = []
    for batch in capture.batches(limit):
        assert limit is None or 0 < batch.count <= limit
        assert len(batch.rows) == batch.count * ROW
        for number in range(batch.count):
            at, captured, wire, time, interface = batch.rows[
                number * ROW : (number + 1) * ROW
            ].tolist()
            frame, offset = batch.first_frame + number, batch.base + at
            data = bytes(batch.data[at : at + captured])
            assert data == capture.read(offset, captured)
            found.append(Record(frame, offset, captured, wire, time, interface, data))
    return found


def opened(folder: Path, content: bytes, window: int = 1 << 20) -> CaptureFile:
    """A reader of a file in `folder` with this content."""
    path = folder / "capture"
    path.write_bytes(content)
    return CaptureFile(path, window)
