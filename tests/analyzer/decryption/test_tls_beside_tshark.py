# SPDX-License-Identifier: GPL-2.0-only
"""tshark reads the same from TLS, with the secrets we write into a capture."""

from __future__ import annotations

import re
import ssl
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from tshark import needs_tshark, tshark

from analyzer.capture import Interface, Source, blocks
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.tls import TlsStream
from analyzer.secrets.model import Secrets

from .tls_peers import Peers, Wire

pytestmark = needs_tshark

RAW_IP = 101
CLIENT, SERVER = (40_000, 0x0A000001), (5684, 0x0A000002)


def packets(wire: Wire) -> Iterator[bytes]:
    """TCP over IPv4 without checksums, from the first SYN on."""
    numbers = {True: 1000, False: 9000}

    def packet(forward: bool, flags: int, data: bytes = b"") -> bytes:
        source, target = (CLIENT, SERVER) if forward else (SERVER, CLIENT)
        tcp = struct.pack(
            "!HHIIBBHHH",
            *(source[0], target[0], numbers[forward], numbers[not forward]),
            *(0x50, flags, 65535, 0, 0),
        )
        length = 20 + len(tcp + data)
        ip = struct.pack("!BBHHHBBHII", 0x45, 0, length, 0, 0, 64, 6, 0, source[1], target[1])
        numbers[forward] += len(data) + (flags >> 1 & 1)
        return ip + tcp + data

    yield packet(True, 2)
    yield packet(False, 18)
    for part, forward in wire.chunks(1000):
        yield packet(forward, 24, part.data)


def capture(path: Path, wire: Wire) -> Path:
    interface = Interface(0, RAW_IP, 0, 10**9)
    written = [blocks.section("msgshark"), blocks.secrets(wire.keylog)]
    written.append(blocks.description(interface))
    written += [blocks.packet(0, at, data, len(data)) for at, data in enumerate(packets(wire))]
    path.write_bytes(b"".join(written))
    return path


@pytest.mark.parametrize(
    ("version", "suite"),
    [
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-CCM8"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256"),
        (ssl.TLSVersion.TLSv1_3, ""),
    ],
)
def test_both_read_the_same(tmp_path: Path, version: ssl.TLSVersion, suite: str) -> None:
    said = [(True, b"a request"), (False, b"a response" * 500), (True, b"another")]
    wire = Peers(version, suite).converse(said)
    path = capture(tmp_path / "capture.pcapng", wire)

    shown = tshark("-r", str(path), "-q", "-z", "follow,tls,raw,0", home=tmp_path)
    # Which side it indents depends on who spoke first inside, tickets of 1.3 included.
    theirs = [bytes.fromhex(text) for text in re.findall(r"^\t?([0-9a-f]+)$", shown, re.MULTILINE)]

    secrets = Secrets()
    with Source([path]) as source:
        list(source.batches())
        for secret in source.secrets:
            secrets.add_keylog(secret.text)
    stream = TlsStream(secrets, SessionCache())
    ours = [
        (forward, plain.data)
        for part, forward in wire.chunks(1000)
        for plain in stream.feed(part, forward)
    ]
    assert ours == said
    assert [data for _, data in ours] == theirs
