# SPDX-License-Identifier: GPL-2.0-only
"""Link walk: the first byte chooses the link type, the rest is one frame inside a window. And what
carries CoAP is found in the same frame."""

from __future__ import annotations

from typing import Any

from analyzer.capture.records import ROW
from analyzer.carriers import selecting
from analyzer.reading import port_table, tcp_port_table
from dissectors import link
from fuzz.checked import Checked, checked_rows

LINK_TYPES = (*link.LINK_TYPES, 147)
KINDS = range(link.UNKNOWN_LINK + 1)
BEFORE = b"\x45\x00\x00"
PORTS = port_table(frozenset()), tcp_port_table(frozenset())


def run(data: bytes) -> None:
    link_type = LINK_TYPES[data[0] % len(LINK_TYPES)] if data else 1
    frame = data[1:]
    start, end = len(BEFORE), len(BEFORE) + len(frame)
    window: Any = Checked(memoryview(BEFORE + frame + b"\x86\xdd\x60"), start, end)
    row: Any = checked_rows(link.ROW_ITEMS)
    link.walk(window, start, end, link_type, row)
    found = [row[slot] for slot in range(link.ROW_ITEMS)]
    kind = found[link.KIND]
    assert kind in KINDS
    assert window.accesses <= 8 * len(frame) + 200
    if kind == link.UNKNOWN_LINK:
        assert link_type == 147
    if kind in (link.UDP, link.ICMP_ERROR):
        _check_datagram(found, start, end)
    if kind in (link.UDP, link.TCP) or found[link.FRAGMENT]:
        _select(window, start, len(frame), link_type)


def _select(window: Checked, start: int, size: int, link_type: int) -> None:
    """The kernel reads the frame, and writes a row, addresses, and a mark."""
    records, links, muted = checked_rows(ROW), checked_rows(1), checked_rows(3)
    for slot, value in enumerate((start, size, size, 0, 0)):
        records[slot] = value
    links[0] = link_type
    for slot in range(selecting.MUTED_SLOTS):
        muted[slot] = 0
    text, found = Checked(memoryview(bytearray(selecting.ENDS_SIZE))), checked_rows(selecting.SLOTS)
    select: Any = selecting.select
    tables = (checked_rows(link.ROW_ITEMS), text, muted, found)
    count, marked = select(window, records, 1, links, *PORTS, 7, *tables)
    assert 0 <= marked <= 1
    if count and found[selecting.SORT] != selecting.FRAGMENT:
        assert start < found[selecting.AT] <= found[selecting.END] <= start + size
        assert found[selecting.ADDRESS_LENGTH] in (4, 16)


def _check_datagram(found: list[int], start: int, end: int) -> None:
    """Link layer, IP header, addresses and payload stand in this order inside the frame."""
    length = found[link.ADDRESS_LENGTH]
    assert (found[link.IP_VERSION], length) in ((4, 4), (6, 16))
    source, destination = found[link.SOURCE_AT], found[link.DESTINATION_AT]
    assert start <= found[link.IP_AT] < source < destination
    assert destination == source + length
    assert destination + length <= found[link.PAYLOAD_AT] - 8
    assert found[link.PAYLOAD_AT] <= found[link.PAYLOAD_END] <= end
    assert found[link.PAYLOAD_END] - found[link.PAYLOAD_AT] <= found[link.PAYLOAD_LENGTH]
    for port in (link.SOURCE_PORT, link.DESTINATION_PORT, link.IP_ID):
        assert 0 <= found[port] <= 0xFFFF
    for byte in (link.TTL, link.ICMP_TYPE, link.ICMP_CODE):
        assert 0 <= found[byte] <= 0xFF
    assert found[link.FRAGMENT] in (0, 1)
