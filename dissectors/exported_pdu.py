# SPDX-License-Identifier: GPL-2.0-only
"""Exported PDUs (LINKTYPE_WIRESHARK_UPPER_PDU): a message of one protocol, tagged (kernel).

Tags have a type and a length of 2 bytes each, big-endian: tcpdump.org/linktypes.
"""

from __future__ import annotations

from dissectors.frame_row import (
    ADDRESS_IN,
    ADDRESS_LENGTH,
    ANY_IP,
    BUILT,
    DESTINATION_AT,
    DESTINATION_PORT,
    ETHERNET,
    IP_AT,
    IP_ID,
    IP_VERSION,
    KIND,
    NEXT,
    OTHER,
    PAYLOAD_AT,
    PAYLOAD_END,
    PAYLOAD_LENGTH,
    SOURCE_AT,
    SOURCE_PORT,
    TRUNCATED,
    TTL,
    UDP,
    UDP_CHECKSUM,
)
from dissectors.ip import be16, be32, udp
from dissectors.kernel import Bytes, Rows
from dissectors.tunnels import inside_udp

# Names of protocols, as one number: the bytes of the name, big-endian.
_COAP = 0x636F6170
_DTLS = 0x64746C73
_UDP = 0x756470
_IP = 0x6970
_IPV6 = 0x69707636
_ETHERNET = 0x657468
_LONGEST = 7


def exported_pdu(data: Bytes, at: int, end: int, stop: int, row: Rows) -> int:
    """The protocol the tags name: where a packet begins, its sort in NEXT, or -1.

    CoAP and DTLS are complete with this: the tags have addresses and ports. Without addresses
    they are 0.0.0.0, in the row's items.
    """
    protocol = 0
    source_at = destination_at = BUILT
    source_size = destination_size = 0
    row[SOURCE_PORT] = row[DESTINATION_PORT] = 0
    while True:
        if at + 4 > end:
            row[KIND] = TRUNCATED
            return -1
        tag, length = be16(data, at), be16(data, at + 2)
        at += 4
        if tag == 0:
            break
        if at + length > end:
            row[KIND] = TRUNCATED
            return -1
        if tag == 12:
            protocol = _name(data, at, length)
        elif (tag == 20 and length == 4) or (tag == 22 and length == 16):
            source_at, source_size = at, length
        elif (tag == 21 and length == 4) or (tag == 23 and length == 16):
            destination_at, destination_size = at, length
        elif tag == 25 and length == 4:
            row[SOURCE_PORT] = be32(data, at) & 0xFFFF
        elif tag == 26 and length == 4:
            row[DESTINATION_PORT] = be32(data, at) & 0xFFFF
        at += length
    row[PAYLOAD_END] = end
    if protocol in (_IP, _IPV6):
        row[NEXT] = ANY_IP
        return at
    if protocol == _ETHERNET:
        row[NEXT] = ETHERNET
        return at
    if protocol not in (_COAP, _DTLS, _UDP):
        row[KIND] = OTHER
        return -1
    row[IP_AT] = row[PAYLOAD_AT] = at
    row[PAYLOAD_LENGTH] = stop - at
    row[IP_ID] = row[TTL] = 0
    row[UDP_CHECKSUM] = -1
    row[ADDRESS_LENGTH] = source_size
    row[SOURCE_AT] = source_at
    row[DESTINATION_AT] = destination_at
    if source_size == 0 or source_size != destination_size:
        row[ADDRESS_IN] = 1
        row[ADDRESS_LENGTH] = 4
        row[SOURCE_AT] = row[DESTINATION_AT] = BUILT
        for place in range(4):
            row[BUILT + place] = 0
    row[IP_VERSION] = 4 if row[ADDRESS_LENGTH] == 4 else 6
    row[KIND] = UDP
    if protocol == _UDP:
        udp(data, row, UDP)
        return inside_udp(data, row) if row[KIND] == UDP else -1
    return -1


def _name(data: Bytes, at: int, length: int) -> int:
    """A name as a number, what follows `_` or NUL left out (`eth_withoutfcs`); 0 if too long."""
    name = 0
    for place in range(length):
        byte = data[at + place]
        if byte == 0 or byte == 0x5F:
            break
        if place >= _LONGEST:
            return 0
        name = name * 256 + byte
    return name
