# SPDX-License-Identifier: GPL-2.0-only
"""The row that `dissectors.link.walk` fills: its slots, and the values of those that are codes.

Offsets count from the start of the bytes walked. A slot means something only where its comment
says so; others may hold what an earlier frame left there.
"""

from __future__ import annotations

from typing import Final

from dissectors.kernel import Rows, rows

# Reset for every frame.
KIND: Final = 0
FRAGMENT: Final = 1  # 0: whole, 1: first fragment of a datagram, 2: a later one
TUNNEL: Final = 2  # the innermost tunnel, 0: none
TUNNELS: Final = 3  # how many tunnels, one in another
ADDRESS_IN: Final = 4  # 0: SOURCE_AT, DESTINATION_AT count in the bytes, 1: in this row's items
OUTER_ADDRESS_IN: Final = 5  # the same for OUTER_SOURCE_AT, OUTER_DESTINATION_AT
CHECKSUM: Final = 6  # written by dissectors.checksum.verify
UNSURE: Final = 7  # about addresses: UNSURE_* below
ICMP_TYPE: Final = 8
ICMP_CODE: Final = 9

# Where KIND is UDP, TCP or ICMP_ERROR.
IP_AT: Final = 10  # first byte of the innermost IP header; of 6LoWPAN or a message without IP too
IP_VERSION: Final = 11
SOURCE_AT: Final = 12
DESTINATION_AT: Final = 13
ADDRESS_LENGTH: Final = 14
SOURCE_PORT: Final = 15
DESTINATION_PORT: Final = 16
PAYLOAD_AT: Final = 17  # LATER_FRAGMENT too: its piece
PAYLOAD_END: Final = 18  # last captured byte of the payload + 1
PAYLOAD_LENGTH: Final = 19  # as the wire had it
IP_ID: Final = 20
TTL: Final = 21
UDP_CHECKSUM: Final = 22  # as sent; -1: elided (RFC 6282 clause 4.3.2) or no UDP header

# Where TUNNEL is not 0: the IP and UDP headers that carry the innermost tunnel.
TUNNEL_ID: Final = 23  # TEID, VNI, GRE key; -1: none
OUTER_IP_AT: Final = 24
OUTER_VERSION: Final = 25
OUTER_SOURCE_AT: Final = 26
OUTER_DESTINATION_AT: Final = 27
OUTER_ADDRESS_LENGTH: Final = 28
OUTER_SOURCE_PORT: Final = 29  # 0 where the tunnel does not run over UDP
OUTER_DESTINATION_PORT: Final = 30

# Where FRAGMENT is not 0, whatever KIND says: the outermost layer that is split.
FRAGMENT_IN: Final = 31  # IN_IPV4, IN_IPV6, IN_LOWPAN
FRAGMENT_HEADER_IN: Final = 32  # 0: FRAGMENT_HEADER_AT counts in the bytes, 1: in the row's items
FRAGMENT_HEADER_AT: Final = 33  # its IP header, or its 6LoWPAN fragment header
FRAGMENT_AT: Final = 34  # first byte of the piece within the payload (6LoWPAN: the IPv6 packet)
FRAGMENT_MORE: Final = 35  # 1: not the last piece
FRAGMENT_ID: Final = 36
FRAGMENT_PROTOCOL: Final = 37  # what the whole payload is (6LoWPAN: 0)
FRAGMENT_SIZE: Final = 38  # bytes of the whole, where the fragment tells (6LoWPAN); else 0
PIECE_AT: Final = 39
PIECE_END: Final = 40  # last captured byte + 1
PIECE_LENGTH: Final = 41  # as the wire had it, without the built header
BUILT_LENGTH: Final = 42  # bytes at BUILT that precede the piece (6LoWPAN, first fragment)

# For the walk itself.
NEXT: Final = 43  # what stands where a step of the walk stopped: an EtherType or a code below

# Where KIND is TCP; ports and PAYLOAD_* are as of UDP.
TCP_AT: Final = 44  # first byte of its header

SLOTS: Final = 45

# Behind the slots, one byte an item: what 6LoWPAN leaves out of the frame.
LINK_SOURCE: Final = 45  # 8 items: interface identifier of the sender's 802.15.4 address
LINK_DESTINATION: Final = 53  # 8 items
BUILT: Final = 61  # the decompressed headers, from the IPv6 header on
BUILT_SPACE: Final = 200
ROW_ITEMS: Final = BUILT + BUILT_SPACE

# Values of KIND.
OTHER: Final = 0  # neither UDP nor TCP nor an error about UDP: no business of ours
UDP: Final = 1
ICMP_ERROR: Final = 2  # ports, addresses and payload are those of the quoted datagram
LATER_FRAGMENT: Final = 3
TRUNCATED: Final = 4  # a header runs past what was captured, or past what its tunnel holds
MALFORMED: Final = 5  # a header contradicts itself, or tunnels nest too deep
UNKNOWN_LINK: Final = 6
TCP: Final = 7

# Bits of UNSURE.
UNSURE_SOURCE: Final = 1  # 6LoWPAN: its prefix is a context that the frame does not tell
UNSURE_DESTINATION: Final = 2  # likewise
UNSURE_ROUTED: Final = 4  # a source route: the destination is its next stop

# Values of TUNNEL.
NO_TUNNEL: Final = 0
GRE: Final = 1
IP_IN_IP: Final = 2
GTP_U: Final = 3
VXLAN: Final = 4
GENEVE: Final = 5
MPLS_IN_IP: Final = 6
ERSPAN: Final = 7
MOST_TUNNELS: Final = 8

# Values of FRAGMENT_IN.
IN_IPV4: Final = 4
IN_IPV6: Final = 6
IN_LOWPAN: Final = 7

# Values of NEXT besides EtherTypes.
ETHERNET: Final = 0x6558  # Transparent Ethernet Bridging, RFC 7637
PPP: Final = 0x880B
PPPOE: Final = 0x8864
MPLS: Final = 0x8847
ANY_IP: Final = 0x10000  # IPv4 or IPv6, by its first nibble
LLC: Final = 0x10001
LOWPAN: Final = 0x10002
UNNAMED: Final = 0x10003  # IP, or Ethernet: nothing says which


def reset(row: Rows) -> None:
    """Forget the frame before (kernel)."""
    row[KIND] = row[FRAGMENT] = row[TUNNEL] = row[TUNNELS] = 0
    row[ADDRESS_IN] = row[OUTER_ADDRESS_IN] = row[CHECKSUM] = row[UNSURE] = 0
    row[ICMP_TYPE] = row[ICMP_CODE] = 0


def other(row: Rows) -> int:
    """No business of ours; -1, as a step of the walk that ends it returns (kernel)."""
    row[KIND] = OTHER
    return -1


def truncated(row: Rows) -> int:
    """Like `other` (kernel). Each a function of its own: numba compiles one for every constant."""
    row[KIND] = TRUNCATED
    return -1


def malformed(row: Rows) -> int:
    """Like `other` (kernel)."""
    row[KIND] = MALFORMED
    return -1


def new_row() -> Rows:
    """A row for `walk`, reused from frame to frame."""
    return rows(ROW_ITEMS)
