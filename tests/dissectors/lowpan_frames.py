# SPDX-License-Identifier: GPL-2.0-only
"""802.15.4 frames with 6LoWPAN, built from RFC 4944 and RFC 6282, and what is in them."""

from __future__ import annotations

import ipaddress
import struct

from frames import COAP, ENDS6, Frame, ip6

from dissectors import link

LONG_SOURCE = bytes.fromhex("0212740100010101")
LONG_DESTINATION = bytes.fromhex("0212740200020202")
SHORT = "fe80::ff:fe00:1", "fe80::ff:fe00:2"
EUI = "fe80::12:7401:1:101", "fe80::12:7402:2:202"


def short(payload: bytes, *, sequence: int = 1) -> bytes:
    """A data frame of 2006 between the short addresses 1 and 2 in PAN abcd."""
    return bytes.fromhex(f"4188 {sequence:02x} cdab 0200 0100") + payload


def long(payload: bytes) -> bytes:
    """A data frame of 2006 between EUI-64 addresses."""
    return bytes.fromhex("41cc 07 cdab") + LONG_DESTINATION[::-1] + LONG_SOURCE[::-1] + payload


def check_sequence(frame: bytes) -> bytes:
    """The frame with its check sequence: CRC-16 of ITU-T, bits reversed, from 0."""
    remainder = 0
    for byte in frame:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x8408 if remainder & 1 else 0)
    return frame + struct.pack("<H", remainder)


def udp_sum(source: str, destination: str, ports: tuple[int, int], payload: bytes = COAP) -> bytes:
    """The checksum of a UDP datagram over IPv6."""
    length = len(payload) + 8
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    words = ends + struct.pack(">IIHHHH", length, 17, *ports, length, 0) + payload
    total = sum(struct.unpack(f">{(len(words) + 1) // 2}H", words + bytes(len(words) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", 0xFFFF - total or 0xFFFF)


def made(
    frame: bytes,
    ends: tuple[str, str],
    ports: tuple[int, int] = (40000, 5683),
    link_type: int = 230,
    **more: object,
) -> Frame:
    return Frame(link_type, frame, *ends, ports, **more)  # type: ignore[arg-type]


def sent(headers: str, ends: tuple[str, str], ports: tuple[int, int]) -> bytes:
    """Compressed headers up to the ports, then checksum and message."""
    return bytes.fromhex(headers) + udp_sum(*ends, ports) + COAP


PORTS = 40000, 5683
NHC = "f0 9c40 1633"
GLOBAL = ENDS6["src"], ENDS6["dst"]
GLOBAL_HEX = "20010db8000000000000000000000001 20010db8000000000000000000000002"

LOWPAN: dict[str, Frame] = {
    "6LoWPAN, short addresses": made(short(sent("7e33" + NHC, SHORT, PORTS)), SHORT),
    "6LoWPAN, EUI-64": made(long(sent("7e33" + NHC, EUI, PORTS)), EUI),
    "6LoWPAN, check sequence": made(
        check_sequence(short(sent("7e33" + NHC, SHORT, PORTS))), SHORT, link_type=195
    ),
    "6LoWPAN, TAP": made(
        bytes.fromhex("0000 0c00 0000 0100 01 000000")
        + check_sequence(short(sent("7e33" + NHC, SHORT, PORTS))),
        SHORT,
        link_type=283,
    ),
    "6LoWPAN, TAP with two values": made(
        bytes.fromhex("0000 1400 0100 0400 00000000 0000 0100 00 000000")
        + short(sent("7e33" + NHC, SHORT, PORTS)),
        SHORT,
        link_type=283,
    ),
    "6LoWPAN, not compressed": made(short(b"\x41" + bytes(ip6())), GLOBAL),
    "6LoWPAN, next header inline": made(
        short(
            bytes.fromhex("7a33 11")
            + struct.pack(">HHH", *PORTS, 18)
            + udp_sum(*SHORT, PORTS)
            + COAP
        ),
        SHORT,
    ),
    "6LoWPAN, all inline": made(
        short(
            bytes.fromhex("6000 50012345 11 3f" + GLOBAL_HEX)
            + struct.pack(">HHH", *PORTS, 18)
            + udp_sum(*GLOBAL, PORTS)
            + COAP
        ),
        GLOBAL,
    ),
    "6LoWPAN, 64 bits inline": made(
        short(
            sent(
                "7d11 0000000000000005 0000000000000006" + NHC,
                ("fe80::5", "fe80::6"),
                PORTS,
            )
        ),
        ("fe80::5", "fe80::6"),
    ),
    "6LoWPAN, 16 bits inline": made(
        short(sent("7f22 0005 0006" + NHC, ("fe80::ff:fe00:5", "fe80::ff:fe00:6"), PORTS)),
        ("fe80::ff:fe00:5", "fe80::ff:fe00:6"),
    ),
    "6LoWPAN, multicast 8": made(
        short(sent("7e3b fd" + NHC, (SHORT[0], "ff02::fd"), PORTS)), (SHORT[0], "ff02::fd")
    ),
    "6LoWPAN, multicast 32": made(
        short(sent("7e3a 05000123" + NHC, (SHORT[0], "ff05::123"), PORTS)),
        (SHORT[0], "ff05::123"),
    ),
    "6LoWPAN, multicast 48": made(
        short(sent("7e39 051234567890" + NHC, (SHORT[0], "ff05::12:3456:7890"), PORTS)),
        (SHORT[0], "ff05::12:3456:7890"),
    ),
    "6LoWPAN, multicast 128": made(
        short(sent("7e38 ff0e0000000000000000000000001234" + NHC, (SHORT[0], "ff0e::1234"), PORTS)),
        (SHORT[0], "ff0e::1234"),
    ),
    "6LoWPAN, unspecified source": made(
        short(sent("7e43" + NHC, ("::", SHORT[1]), PORTS)), ("::", SHORT[1])
    ),
    "6LoWPAN, traffic class": made(short(sent("7633 b8" + NHC, SHORT, PORTS)), SHORT),
    "6LoWPAN, flow label": made(short(sent("6e33 012345" + NHC, SHORT, PORTS)), SHORT),
    "6LoWPAN, class and label": made(short(sent("6633 b8012345" + NHC, SHORT, PORTS)), SHORT),
    "6LoWPAN, hop limit inline": made(short(sent("7c33 3f" + NHC, SHORT, PORTS)), SHORT),
    "6LoWPAN, 8 bits of destination": made(
        short(sent("7e33 f1 9c40 33", SHORT, (40000, 0xF033))), SHORT, (40000, 0xF033)
    ),
    "6LoWPAN, 8 bits of source": made(
        short(sent("7e33 f2 33 1633", SHORT, (0xF033, 5683))), SHORT, (0xF033, 5683)
    ),
    "6LoWPAN, 4 bits of ports": made(
        short(sent("7e33 f3 21", SHORT, (0xF0B2, 0xF0B1))), SHORT, (0xF0B2, 0xF0B1)
    ),
    "6LoWPAN, no checksum": made(short(bytes.fromhex("7e33 f4 9c40 1633") + COAP), SHORT),
    "6LoWPAN, hop-by-hop": made(short(sent("7e33 e1 06 630400000000" + NHC, SHORT, PORTS)), SHORT),
    "6LoWPAN, padding elided": made(short(sent("7e33 e1 04 63020000" + NHC, SHORT, PORTS)), SHORT),
    "6LoWPAN, extension, then UDP inline": made(
        short(
            bytes.fromhex("7e33 e6 11 06 010400000000")
            + struct.pack(">HHH", *PORTS, 18)
            + udp_sum(*SHORT, PORTS)
            + COAP
        ),
        SHORT,
    ),
    "6LoWPAN, mesh": made(
        short(
            bytes.fromhex("b5 0009 000a")
            + sent("7e33" + NHC, ("fe80::ff:fe00:9", "fe80::ff:fe00:a"), PORTS)
        ),
        ("fe80::ff:fe00:9", "fe80::ff:fe00:a"),
    ),
    "6LoWPAN, mesh and broadcast": made(
        short(
            bytes.fromhex("8f 20")
            + LONG_SOURCE
            + LONG_DESTINATION
            + bytes.fromhex("50 07")
            + sent("7e33" + NHC, EUI, PORTS)
        ),
        EUI,
    ),
    "6LoWPAN, context of the source": made(
        short(sent("7e73" + NHC, ("::ff:fe00:1", SHORT[1]), PORTS)), ("::ff:fe00:1", SHORT[1])
    ),
    "6LoWPAN, numbered contexts": made(
        short(
            sent("7ee6 12 0006" + NHC, ("::ff:fe00:5", "::ff:fe00:6"), PORTS)[:3]
            + bytes.fromhex("0005 0006")
            + sent(NHC, ("::ff:fe00:5", "::ff:fe00:6"), PORTS)
        ),
        ("::ff:fe00:5", "::ff:fe00:6"),
    ),
    "6LoWPAN, IPv6 in IPv6": made(
        short(sent("7e33 ee 7e33" + NHC, SHORT, PORTS)),
        SHORT,
        tunnel=link.IP_IN_IP,
        outer=SHORT,
    ),
    "802.15.4 of 2015 without sequence number": made(
        bytes.fromhex("41a9 cdab 0200 0100") + sent("7e33" + NHC, SHORT, PORTS), SHORT
    ),
    "802.15.4 of 2015, EUI-64 and PAN": made(
        bytes.fromhex("01ec 07 cdab")
        + LONG_DESTINATION[::-1]
        + LONG_SOURCE[::-1]
        + sent("7e33" + NHC, EUI, PORTS),
        EUI,
    ),
    "802.15.4 with information elements": made(
        bytes.fromhex("41aa 07 cdab 0200 0100 020d 1234 003f 0288 aabb 00f8")
        + sent("7e33" + NHC, SHORT, PORTS),
        SHORT,
    ),
    "802.15.4 with header elements": made(
        bytes.fromhex("41aa 07 cdab 0200 0100 020d 1234 803f") + sent("7e33" + NHC, SHORT, PORTS),
        SHORT,
    ),
    "802.15.4 with integrity code": made(
        bytes.fromhex("4998 07 cdab 0200 0100 09 01000000 01")
        + sent("7e33" + NHC, SHORT, PORTS)
        + b"MIC!",
        SHORT,
    ),
    "802.15.4, two PANs": made(
        bytes.fromhex("0188 07 cdab 0200 efbe 0100") + sent("7e33" + NHC, SHORT, PORTS), SHORT
    ),
}


def fragmented(payload: bytes, room: int = 80) -> list[bytes]:
    """A message in 6LoWPAN fragments (RFC 4944 clause 5.3); the headers of the first compressed."""
    size = 48 + len(payload)
    headers = bytes.fromhex("7e33" + NHC) + udp_sum(*SHORT, PORTS, payload)
    first = room // 8 * 8  # bytes of the first piece, of them 48 of headers
    frames = [short(struct.pack(">HH", 0xC000 + size, 0x1234) + headers + payload[: first - 48])]
    for offset in range(first, size, first):
        piece = payload[offset - 48 : offset - 48 + first]
        frames.append(
            short(
                struct.pack(">HHB", 0xE000 + size, 0x1234, offset // 8) + piece,
                sequence=len(frames) + 1,
            )
        )
    return frames


FRAGMENTS = fragmented(COAP + b"\xff" + bytes(range(200)))
