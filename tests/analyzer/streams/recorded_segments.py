# SPDX-License-Identifier: GPL-2.0-only
"""The TCP connections of a capture file of Ethernet and IPv4, by their addresses and ports."""

from __future__ import annotations

from pathlib import Path

from scapy.utils import RawPcapReader

from analyzer.streams.connection import Connection, client_first
from analyzer.streams.framing import Found
from analyzer.streams.model import Piece, Segment

from .segments import no_tls

Peers = tuple[str, int, str, int]
"""Client and server."""
Row = tuple[str, int, str, int, Segment]
"""Source, its port, destination, its port."""


def segments(capture: Path) -> list[Row]:
    """Every segment, in file order."""
    read = []
    for frame, (packet, _) in enumerate(RawPcapReader(str(capture)), 1):
        if packet[12:14] != b"\x08\x00" or packet[23] != 6:
            continue
        ip = packet[14 : 14 + int.from_bytes(packet[16:18], "big")]
        tcp = ip[(ip[0] & 15) * 4 :]
        source, destination = (".".join(map(str, ip[at : at + 4])) for at in (12, 16))
        ports = [int.from_bytes(tcp[at : at + 2], "big") for at in (0, 2)]
        data = tcp[(tcp[12] >> 4) * 4 :]
        numbers = (int.from_bytes(tcp[at : at + 4], "big") for at in (4, 8))
        one = Segment(
            Piece(frame, 0, 0, len(packet)), frame, *numbers, tcp[13] & 63, data, len(data)
        )
        read.append((source, ports[0], destination, ports[1], one))
    return read


def followed(rows: list[Row]) -> dict[Peers, tuple[Connection, Found]]:
    """Each connection, and what it brought to light."""
    known: dict[Peers, tuple[Connection, Found]] = {}
    for source, source_port, destination, destination_port, one in rows:
        forward = bool(client_first(source_port, destination_port, one.flags))
        key = source, source_port, destination, destination_port
        key = key if forward else (*key[2:], *key[:2])
        connection, found = known.setdefault(key, (Connection(no_tls, False), []))  # type: ignore[arg-type]
        assert not connection.starts_anew(one, forward)
        found += connection.take(one, forward)
    for connection, found in known.values():
        found += connection.close(0, 0)
    return known
