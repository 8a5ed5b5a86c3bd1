# SPDX-License-Identifier: GPL-2.0-only
"""The UDP checksum (kernel): RFC 768, 8200 clause 8.1, 1071.

Apart from `link.walk`: only datagrams that may be CoAP are worth the reading of every byte.
"""

from __future__ import annotations

from typing import Final

from dissectors.frame_row import (
    ADDRESS_IN,
    ADDRESS_LENGTH,
    CHECKSUM,
    DESTINATION_AT,
    DESTINATION_PORT,
    FRAGMENT,
    IP_VERSION,
    KIND,
    PAYLOAD_AT,
    PAYLOAD_END,
    PAYLOAD_LENGTH,
    SOURCE_AT,
    SOURCE_PORT,
    UDP,
    UDP_CHECKSUM,
    UNSURE,
)
from dissectors.kernel import Bytes, Rows

# Values of the CHECKSUM slot.
UNCHECKED: Final = 0  # IPv4 without checksum, elided, a fragment, cut, unsure addresses
RIGHT: Final = 1
WRONG: Final = 2
OFFLOADED: Final = 3  # the sum of the pseudo-header alone: the sender's network card adds the rest
ABSENT_V6: Final = 4  # IPv6 without checksum: for tunnels alone (RFC 6935)


def verify(data: Bytes, row: Rows) -> None:
    """Judge the checksum of the datagram that `walk` found in `data`, in the CHECKSUM slot."""
    row[CHECKSUM] = UNCHECKED
    sent = row[UDP_CHECKSUM]
    if row[KIND] != UDP or sent < 0 or row[FRAGMENT] or row[UNSURE]:
        return
    at, length = row[PAYLOAD_AT], row[PAYLOAD_LENGTH]
    if sent == 0:
        row[CHECKSUM] = ABSENT_V6 if row[IP_VERSION] == 6 else UNCHECKED
        return
    if row[PAYLOAD_END] - at < length:
        return
    size = row[ADDRESS_LENGTH]
    total = 17 + length + 8
    if row[ADDRESS_IN]:
        source, destination = row[SOURCE_AT], row[DESTINATION_AT]
        for place in range(0, size, 2):
            total += row[source + place] * 256 + row[source + place + 1]
            total += row[destination + place] * 256 + row[destination + place + 1]
    else:
        total += word_sum(data, row[SOURCE_AT], size) + word_sum(data, row[DESTINATION_AT], size)
    pseudo = total
    total += row[SOURCE_PORT] + row[DESTINATION_PORT] + length + 8 + sent
    if fold(total + word_sum(data, at, length)) == 0xFFFF:
        row[CHECKSUM] = RIGHT
    else:
        row[CHECKSUM] = OFFLOADED if fold(pseudo) == sent else WRONG


def word_sum(data: Bytes, at: int, length: int) -> int:
    """Sum of the 16-bit words of `data[at:at + length]`, a last single byte padded with zero.

    Byte by byte over a slice, counted from 0: a loop that compilers turn into vector code.
    """
    words = data[at : at + length]
    total = 0
    for place in range(length):
        total += words[place] * (1 if place & 1 else 256)
    return total


def fold(total: int) -> int:
    """A sum of words in one's complement arithmetic."""
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total
