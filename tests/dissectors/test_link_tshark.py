# SPDX-License-Identifier: GPL-2.0-only
"""The same frames through tshark: addresses, ports and payload of the innermost datagram."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path

import pytest
from frames import ALL, COAP
from lowpan_frames import LOWPAN

from dissectors import checksum, link

if shutil.which("tshark") is None:
    pytest.skip("tshark is not installed", allow_module_level=True)

FRAMES = ALL | LOWPAN
NAMES = ("ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "udp.srcport", "udp.dstport", "coap.token")
CHECKS = ("udp.checksum.status",)

DIFFERENCES = {
    "exported without addresses": "no addresses, no ports",
    "exported CoAP": "addresses without IP",
    "exported CoAP, IPv6": "addresses without IP",
}
"""Frames of which tshark has no fields of IP and UDP."""

NOT_READ = {
    "MPLS link": "tshark 4.0 does not know the link type",
    "pseudowire": "taken for one without control word",
    "pseudowire without control word": "taken for IPv6, by the first nibble",
    "GTP-U with Ethernet": "taken for IPv6, by the first nibble",
    "GTP-U with PPP": "not tried without a preference",
    "6LoWPAN, 8 bits of destination": "UDP seen, no port of CoAP",
    "6LoWPAN, 4 bits of ports": "UDP seen, no port of CoAP",
    "802.15.4 with integrity code": "not read without the key to check it",
}
"""Frames whose message tshark 4.0 does not find, and why."""


def block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng() -> bytes:
    """All frames in one file, an interface for each link type."""
    types = sorted({frame.link_type for frame in FRAMES.values()})
    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    for link_type in types:
        out += block(1, struct.pack("<HHI", link_type, 0, 0))
    for number, frame in enumerate(FRAMES.values()):
        size, interface = len(frame.data), types.index(frame.link_type)
        out += block(6, struct.pack("<IIIII", interface, 0, number, size, size) + frame.data)
    return out


@cache
def told(home: Path) -> dict[str, dict[str, list[str]]]:
    """Every field of every frame, outermost first."""
    path = home / "frames.pcapng"
    path.write_bytes(pcapng())
    wanted = [word for name in (*NAMES, *CHECKS, "frame.protocols") for word in ("-e", name)]
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-T", "fields", "-o", "udp.check_checksum:TRUE", *wanted],
        env=os.environ | {"WIRESHARK_CONFIG_DIR": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    names = (*NAMES, *CHECKS, "protocols")
    cells = [
        {n: c.split(",") if c else [] for n, c in zip(names, line, strict=True)} for line in lines
    ]
    return dict(zip(FRAMES, cells, strict=True))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tshark")


@pytest.mark.parametrize("name", FRAMES)
def test_tshark_sees_the_same(name: str, home: Path) -> None:
    frame, seen = FRAMES[name], told(home)[name]
    if name in NOT_READ:
        assert not seen["coap.token"], "tshark has learnt it"
        return
    assert seen["coap.token"] == [COAP[4:8].hex()], seen["protocols"]
    if name in DIFFERENCES:
        assert not seen["udp.srcport"]
        return
    six = ":" in frame.source
    assert seen["ipv6.src" if six else "ip.src"][-1] == frame.source
    assert seen["ipv6.dst" if six else "ip.dst"][-1] == frame.destination
    assert (int(seen["udp.srcport"][-1]), int(seen["udp.dstport"][-1])) == frame.ports


@pytest.mark.parametrize("name", FRAMES)
def test_tshark_judges_checksums_the_same(name: str, home: Path) -> None:
    frame, status = FRAMES[name], told(home)[name]["udp.checksum.status"]
    if name in NOT_READ or name in DIFFERENCES:
        return
    row = link.new_row()
    link.walk(memoryview(frame.data), 0, len(frame.data), frame.link_type, row)
    checksum.verify(memoryview(frame.data), row)
    if row[link.UNSURE] or row[link.UDP_CHECKSUM] < 0 or status[-1] == "3":
        assert row[link.CHECKSUM] == checksum.UNCHECKED
    else:
        assert row[link.CHECKSUM] == {"0": checksum.WRONG, "1": checksum.RIGHT}[status[-1]]


def test_every_link_type_is_tried() -> None:
    tried = {frame.link_type for frame in FRAMES.values()}
    elsewhere = {0, 1, 12, 14, 101, 108, 113, 228, 229, 276}
    assert tried | elsewhere == set(link.LINK_TYPES)
