# SPDX-License-Identifier: GPL-2.0-only
"""Which records of a batch carry CoAP in something else: the one kernel that looks at all of them
(dissectors.kernel).

It marks them as carriers and tells them, but for what belongs to a muted flow: of that, which
nobody can open, it counts the packets and goes on. So a flow without keys costs what foreign
traffic does.
"""

from __future__ import annotations

from typing import Final

from analyzer.capture.records import IS_CARRIER, MARK, NO_INTERFACE, ROW
from analyzer.facts import COAP_PORT, COAPS_PORT, OTHER_PORT
from analyzer.state import hash_bytes, mix
from dissectors import link
from dissectors.coap import numbers
from dissectors.coap.oscore import HAS_KID, LONGEST_PIV
from dissectors.kernel import Bytes, Rows, Text
from dissectors.link import walk as walk_link

# A selected record. Offsets count in the batch, of addresses in `text` where ENDS_IN_TEXT is 1.
# FLOW is the same for both directions, SENDER one end's.
RECORD, SORT, FLOW, SENDER, AT, END, LENGTH = 0, 1, 2, 3, 4, 5, 6
SOURCE_AT, DESTINATION_AT, ADDRESS_LENGTH, SOURCE_PORT, DESTINATION_PORT = 7, 8, 9, 10, 11
ENDS_IN_TEXT, IP_ID, TTL, LINK_HASH, TCP_AT = 12, 13, 14, 15, 16
SLOTS: Final = 17

# Values of SORT.
TCP, DTLS, OSCORE, FRAGMENT = 0, 1, 2, 3

# An entry of the table of muted flows: its hash, 0 where it is free; packets counted; MUTED, or
# WATCHED where what opens it again may have come: then all of its packets are told, and who is told
# counts them (`is_silent`).
PACKETS, ON = 1, 2
MUTED, WATCHED = 1, 2
MUTED_SLOTS: Final = 3
MUTED_ROWS: Final = 1 << 17
MOST_MUTED: Final = MUTED_ROWS // 2

ENDS_SIZE: Final = 32
"""Bytes of `text` that the addresses of a record take."""
_SYN_FIN_RST: Final = 7
_RECORD_HEADER: Final = 13
_LEAST_COAP: Final = 4
_LEAST_CIPHERTEXT: Final = 9  # a code, and the shortest tag (RFC 9053 clause 4)
_TCP, _UDP = 6, 17


def muted_at(muted: Rows, flow: int) -> int:
    """Index of the entry of a flow, or of the free one where it belongs; one is always free."""
    entries = len(muted) // MUTED_SLOTS
    place = flow % entries
    while muted[place * MUTED_SLOTS] != flow and muted[place * MUTED_SLOTS]:
        place = (place + 1) % entries
    return place * MUTED_SLOTS


def is_dtls(data: Bytes, at: int, end: int, secure: bool) -> bool:
    """A datagram that begins as a DTLS record does: with a content type and version 1.x, or, on a
    port of coaps, as one of DTLS 1.3 without (RFC 6347 clause 4.1, RFC 9147 clause 4)."""
    first = data[at] * 1
    if 20 <= first <= 26 and end - at >= _RECORD_HEADER:
        return data[at + 1] == 0xFE and data[at + 2] >= 0xFC
    return secure and 32 <= first <= 63


def is_opaque_record(data: Bytes, at: int) -> bool:
    """Application data of DTLS, which only its keys open."""
    first = data[at] * 1
    return first == 23 or first == 25 or first >= 32


def is_counted(data: Bytes, sort: int, at: int, end: int) -> bool:
    """Whether a packet of a muted flow has something that nobody can open."""
    if sort == DTLS:
        return is_opaque_record(data, at)
    return at < end


def is_passing(data: Bytes, sort: int, at: int, tcp_at: int) -> bool:
    """Whether a packet of a muted flow may tell of the flow itself."""
    if sort == DTLS:
        return not is_opaque_record(data, at)
    return sort == TCP and data[tcp_at + 13] & _SYN_FIN_RST != 0


def oscore_at(data: Bytes, at: int, end: int) -> int:
    """Where the OSCORE option of a CoAP datagram stands (RFC 8613 clause 2), by the deltas of its
    options alone; -1 where it has none."""
    if end - at <= _LEAST_COAP or data[at] // 64 != 1:
        return -1
    place = at + _LEAST_COAP + data[at] % 16
    if data[at] % 16 > 12:  # a long token (RFC 8974 clause 2.1)
        if data[at] % 16 == 15 or end - at < _LEAST_COAP + 2:
            return -1
        place += 1 + data[at + 4]
        if data[at] % 16 == 14:
            place = at + _LEAST_COAP + 2 + 269 + data[at + 4] * 256 + data[at + 5]
    number = 0
    while place < end and data[place] != 0xFF:
        delta, length = data[place] // 16, data[place] % 16
        if delta > 12 or length > 13:  # past OSCORE, or as long as none before it
            return -1
        number += delta
        if number >= numbers.OSCORE:
            return place if number == numbers.OSCORE else -1
        if length == 13:
            if place + 1 >= end:
                return -1
            length = data[place + 1] + 14
        place += 1 + length
    return -1


def proves_oscore(data: Bytes, at: int, end: int, place: int) -> bool:
    """Whether a datagram with the OSCORE option at `place` can be nothing else, on a port that
    nobody told: codes, option and ciphertext are as clauses 4.2, 6.1 and 8 have them."""
    request = data[at + 1] == numbers.POST or data[at + 1] == numbers.FETCH
    response = data[at + 1] == numbers.CHANGED or data[at + 1] == numbers.CONTENT
    size = data[place] % 16
    if data[at] % 16 > 8 or size > 12 or place + 1 + size >= end or not (request or response):
        return False
    flags = data[place + 1] * 1 if size else 0
    piv = flags % 8
    if flags >= 0x20 or piv > LONGEST_PIV or (size and piv >= size):
        return False
    if request and (piv == 0 or flags & HAS_KID == 0):
        return False
    place += 1 + size
    while place < end and data[place] != 0xFF:
        delta, length = data[place] // 16, data[place] % 16
        if delta > 13 or length > 12:  # longer ones are inside
            return False
        place += 1 + length + (1 if delta == 13 else 0)
    return end - place > _LEAST_CIPHERTEXT


def select(
    data: Bytes,
    records: Rows,
    count: int,
    links: Rows,
    udp_ports: bytes,
    tcp_ports: bytes,
    seed: int,
    row: Rows,
    text: Text,
    muted: Rows,
    found: Rows,
) -> tuple[int, int]:
    """Write a row of `found` for each of the `count` records that carries CoAP, and mark it in
    `records`, but for those with OSCORE. `text` has room for all addresses. Returns how many were
    found, and how many are marked."""
    selected, marked, text_at = 0, 0, 0
    for number in range(count):
        record = number * ROW
        interface = records[record + 4]
        if interface == NO_INTERFACE:
            continue
        start = records[record]
        end = start + records[record + 1]
        walk_link(data, start, end, links[interface], row, records[record + 2] - end + start)
        kind = row[link.KIND]
        if row[link.FRAGMENT]:
            protocol = row[link.FRAGMENT_PROTOCOL]
            lowpan = row[link.FRAGMENT_IN] == link.IN_LOWPAN
            if lowpan or protocol in (_UDP, _TCP):
                found[selected * SLOTS + RECORD] = number
                found[selected * SLOTS + SORT] = FRAGMENT
                selected += 1
            continue
        if kind != link.UDP and kind != link.TCP:
            continue
        ports = udp_ports if kind == link.UDP else tcp_ports
        source, destination = ports[row[link.SOURCE_PORT]], ports[row[link.DESTINATION_PORT]]
        secure = source == COAPS_PORT or destination == COAPS_PORT
        told = secure or source == COAP_PORT or destination == COAP_PORT
        if not told and (kind == link.TCP or source == OTHER_PORT or destination == OTHER_PORT):
            continue
        at, end = row[link.PAYLOAD_AT], row[link.PAYLOAD_END]
        sort = TCP
        if kind == link.UDP:
            if at >= end:
                continue
            if told and is_dtls(data, at, end, secure):
                sort = DTLS
            else:
                place = oscore_at(data, at, end)
                if place < 0 or not (told or proves_oscore(data, at, end, place)):
                    continue
                sort = OSCORE
        into = selected * SLOTS
        source_at, destination_at = row[link.SOURCE_AT], row[link.DESTINATION_AT]
        length = row[link.ADDRESS_LENGTH]
        found[into + ENDS_IN_TEXT] = row[link.ADDRESS_IN]
        if row[link.ADDRESS_IN]:
            for item in range(length):
                text[text_at + item] = row[source_at + item]
                text[text_at + length + item] = row[destination_at + item]
            source_at, destination_at = text_at, text_at + length
            sender = hash_bytes(text, source_at, source_at + length, seed)
            receiver = hash_bytes(text, destination_at, destination_at + length, seed)
            text_at += ENDS_SIZE
        else:
            sender = hash_bytes(data, source_at, source_at + length, seed)
            receiver = hash_bytes(data, destination_at, destination_at + length, seed)
        sender = mix(sender, row[link.SOURCE_PORT] * 4 + sort)
        receiver = mix(receiver, row[link.DESTINATION_PORT] * 4 + sort)
        flow = (sender ^ receiver) | 1
        if sort != OSCORE:
            records[record + 4] = interface + IS_CARRIER * MARK
            marked += 1
        silent = muted_at(muted, flow)
        if muted[silent + ON] == MUTED:
            if is_passing(data, sort, at, row[link.TCP_AT]):
                muted[silent + ON] = WATCHED
            else:
                if is_counted(data, sort, at, end):
                    muted[silent + PACKETS] += 1
                continue
        found[into + RECORD] = number
        found[into + SORT] = sort
        found[into + FLOW] = flow
        found[into + SENDER] = sender
        found[into + AT] = at
        found[into + END] = end
        found[into + LENGTH] = row[link.PAYLOAD_LENGTH]
        found[into + SOURCE_AT] = source_at
        found[into + DESTINATION_AT] = destination_at
        found[into + ADDRESS_LENGTH] = length
        found[into + SOURCE_PORT] = row[link.SOURCE_PORT]
        found[into + DESTINATION_PORT] = row[link.DESTINATION_PORT]
        found[into + IP_ID] = row[link.IP_ID]
        found[into + TTL] = row[link.TTL]
        found[into + LINK_HASH] = hash_bytes(data, start, row[link.IP_AT], seed)
        found[into + TCP_AT] = row[link.TCP_AT]
        selected += 1
    return selected, marked
