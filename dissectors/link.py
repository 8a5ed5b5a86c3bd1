# SPDX-License-Identifier: GPL-2.0-only
"""From a captured frame to what UDP or TCP carries: link layers, tunnels, IP, ICMP errors.

`walk` is a kernel (dissectors.kernel): it takes one record's bytes and its link type, writes what
it found as integers into a row (dissectors.frame_row), and never raises. What it cannot read it
names in the KIND slot.

It goes layer by layer: each step reads one header and leaves in NEXT what follows, an EtherType
or a code of its own. IP is one such step (dissectors.ip), and what IP carries may be a tunnel
(dissectors.tunnels) that leads back to a step. 6LoWPAN builds the headers it finds compressed in
the row (dissectors.lowpan).
Sources: tcpdump.org/linktypes, IEEE 802.1Q, and those that the modules name.
"""

from __future__ import annotations

from typing import Final

from dissectors.carried import LINK_TYPE as CARRIED
from dissectors.carried import walk as walk_carried
from dissectors.exported_pdu import exported_pdu
from dissectors.frame_row import *  # noqa: F403  (the slots are part of this module's interface)
from dissectors.frame_row import (
    ANY_IP,
    ETHERNET,
    KIND,
    LLC,
    NEXT,
    OTHER,
    PAYLOAD_END,
    PPP,
    PPPOE,
    TRUNCATED,
    UDP,
    UNKNOWN_LINK,
    UNNAMED,
    reset,
)
from dissectors.ip import be16, icmp, ip, tcp, udp
from dissectors.kernel import Bytes, Rows
from dissectors.lowpan import lowpan
from dissectors.ppp import hdlc, ppp, pppoe
from dissectors.tunnels import by_its_bytes, carried, is_tunnel, mpls
from dissectors.wlan import avs, llc, prism, radiotap, wlan
from dissectors.wpan import integrity_code, tap_check_sequence, wpan

RAW_IP: Final = 101
RAW_IP_TYPES: Final = (RAW_IP, 228, 229, 12, 14)
"""Link types of packets that begin with the IP header."""

LINK_TYPES: Final[dict[int, str]] = {
    0: "BSD loopback",
    1: "Ethernet",
    9: "PPP",
    12: "Raw IP",
    14: "Raw IP",
    50: "PPP in HDLC framing",
    51: "PPPoE",
    100: "LLC",
    101: "Raw IP",
    104: "Cisco HDLC",
    105: "802.11",
    108: "OpenBSD loopback",
    113: "Linux cooked v1",
    119: "802.11 with Prism header",
    127: "802.11 with radiotap",
    163: "802.11 with AVS header",
    195: "802.15.4",
    204: "PPP with direction",
    219: "MPLS",
    228: "Raw IPv4",
    229: "Raw IPv6",
    230: "802.15.4 without check sequence",
    252: "Exported PDU",
    276: "Linux cooked v2",
    283: "802.15.4 TAP",
}
"""LINKTYPE number -> name, for the link types that `walk` reads."""

_ENDING: Final = (195, 230, 252, 283)
"""Link types whose frames end before the record does, or hold headers of IP themselves."""


def walk(data: Bytes, start: int, end: int, link_type: int, row: Rows, uncaptured: int = 0) -> None:
    """Find the UDP datagram or TCP segment in the frame `data[start:end]`.

    `row` needs ROW_ITEMS items. `uncaptured` counts the bytes of the frame behind `end` that the
    wire had: 6LoWPAN and exported PDUs take lengths from the end of the frame.
    """
    if link_type == CARRIED:
        walk_carried(data, start, end, row)
        return
    if walk_plain(data, start, end, link_type, row):
        return
    reset(row)
    at = _link(data, start, end, link_type, row, uncaptured)
    if at >= 0 and link_type in _ENDING:
        end = row[PAYLOAD_END]
    while at >= 0:
        following = row[NEXT]
        if following == 0x0800 or following == 0x86DD or following == ANY_IP:
            protocol = ip(data, at, end, row)
            if protocol < 0:
                return
            at = carried(data, protocol, row)
            end = row[PAYLOAD_END]
        else:
            at = _between(data, at, end, following, row)


def walk_plain(data: Bytes, start: int, end: int, link_type: int, row: Rows) -> bool:
    """`walk` for nearly every frame: Ethernet, cooked, loopback or no link layer, no tunnel.

    False: `walk` has to read this one, the row means nothing yet. Most of the code stands behind
    `walk` alone; this part compiles in a fifth of its time.
    """
    reset(row)
    at = _plain_link(data, start, end, link_type, row)
    if at < 0:
        return row[KIND] != UNKNOWN_LINK
    following = row[NEXT]
    if following != 0x0800 and following != 0x86DD and following != ANY_IP:
        return following not in (LLC, ETHERNET, PPP, PPPOE, 0x8847, 0x8848)
    protocol = ip(data, at, end, row)
    if protocol == 17:
        udp(data, row, UDP)
        return row[KIND] != UDP or not is_tunnel(row)
    if protocol == 1 or protocol == 58:
        icmp(data, protocol, row)
        return True
    if protocol == 6:
        tcp(data, row)
        return True
    return protocol not in (4, 41, 47, 137)


def _plain_link(data: Bytes, start: int, end: int, link_type: int, row: Rows) -> int:
    """Link layers without a module of their own: where what they carry begins, or -1."""
    if link_type == 1:
        return _ethertype(data, start + 12, end, row)
    if link_type in RAW_IP_TYPES:
        row[NEXT] = ANY_IP
        return start
    if link_type == 113:
        return _cooked(data, start, end, row)
    if link_type == 276:
        return _cooked_v2(data, start, end, row)
    if link_type == 0 or link_type == 108:
        return _loopback(data, start, end, row)
    row[KIND] = UNKNOWN_LINK
    return -1


def _ethertype(data: Bytes, at: int, end: int, row: Rows) -> int:
    """Skip 802.1Q / 802.1ad tags from the EtherType at `at`; what follows them, or -1."""
    while at + 2 <= end:
        ethertype = be16(data, at)
        at += 2
        if ethertype in (0x8100, 0x88A8, 0x9100, 0x9200):
            at += 2
            continue
        row[NEXT] = LLC if ethertype < 0x0600 else ethertype  # a length: IEEE 802.3
        return at
    row[KIND] = TRUNCATED
    return -1


def _between(data: Bytes, at: int, end: int, following: int, row: Rows) -> int:
    """A header that stands before IP: where the next one begins, or -1."""
    if following == ETHERNET:
        return _ethertype(data, at + 12, end, row)
    if following == LLC:
        return llc(data, at, end, row)
    if following == PPP:
        return ppp(data, at, end, row)
    if following == PPPOE:
        return pppoe(data, at, end, row)
    if following == 0x8847 or following == 0x8848:
        return mpls(data, at, end, row)
    if following == UNNAMED:
        row[NEXT] = by_its_bytes(data, at, end)
        return at
    if following in (0x8100, 0x88A8, 0x9100, 0x9200):  # where a tunnel names the tag
        return _ethertype(data, at + 2, end, row)
    row[KIND] = OTHER
    return -1


def _link(data: Bytes, start: int, end: int, link_type: int, row: Rows, uncaptured: int) -> int:
    """Any link layer: where what it carries begins, or -1."""
    if link_type == 50 or link_type == 104:
        return hdlc(data, start, end, row)
    if link_type == 127:
        return radiotap(data, start, end, row)
    if link_type == 105:
        return wlan(data, start, end, 0, row)
    if link_type == 119:
        return prism(data, start, end, row)
    if link_type == 163:
        return avs(data, start, end, row)
    if link_type in (195, 230, 283):
        return _wpan(data, start, end, link_type, row, uncaptured)
    if link_type == 252:
        return exported_pdu(data, start, end, end + uncaptured, row)
    following = _opens_with(link_type)
    if following < 0:
        return _plain_link(data, start, end, link_type, row)
    row[NEXT] = following
    return start + (1 if link_type == 204 else 0)  # a byte tells the direction


def _opens_with(link_type: int) -> int:
    """What the frames of some link types begin with; -1: not one of them."""
    if link_type == 9 or link_type == 204:
        return PPP
    if link_type == 51:
        return PPPOE
    if link_type == 100:
        return LLC
    return 0x8847 if link_type == 219 else -1


def _cooked(data: Bytes, start: int, end: int, row: Rows) -> int:
    """LINKTYPE_LINUX_SLL; the protocol 4 means that an LLC header follows."""
    return _ethertype(data, start + 14, end, row)


def _cooked_v2(data: Bytes, start: int, end: int, row: Rows) -> int:
    """LINKTYPE_LINUX_SLL2: the protocol comes first."""
    if start + 20 > end:
        row[KIND] = TRUNCATED
        return -1
    ethertype = be16(data, start)
    if ethertype in (0x8100, 0x88A8, 0x9100, 0x9200):
        # The tag's control field opens the payload.
        return _ethertype(data, start + 22, end, row)
    row[NEXT] = LLC if ethertype < 0x0600 else ethertype
    return start + 20


def _loopback(data: Bytes, start: int, end: int, row: Rows) -> int:
    """Null/loopback header: a 4-byte address family in either byte order."""
    if start + 4 > end:
        row[KIND] = TRUNCATED
        return -1
    little = data[start] + data[start + 1] * 256
    big = data[start + 2] * 256 + data[start + 3]
    family = little if big == 0 else big
    if family in (2, 10, 24, 28, 30):
        row[NEXT] = ANY_IP
        return start + 4
    row[KIND] = OTHER
    return -1


def _wpan(data: Bytes, start: int, end: int, link_type: int, row: Rows, uncaptured: int) -> int:
    """An 802.15.4 frame and the 6LoWPAN in it: what stands in that, or -1."""
    at, behind = start, 2 if link_type == 195 else 0
    if link_type == 283:
        if start + 4 > end:
            row[KIND] = TRUNCATED
            return -1
        behind = tap_check_sequence(data, start, end)
        at += data[start + 2] + data[start + 3] * 256
    stop = end + uncaptured - behind
    captured = min(end, stop)
    inside = wpan(data, at, captured, row)
    if inside < 0:
        return -1
    stop -= integrity_code(data, at, captured)
    captured = min(captured, stop)
    return lowpan(data, inside, captured, stop, row)
