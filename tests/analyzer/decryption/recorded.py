# SPDX-License-Identifier: GPL-2.0-only
"""The handshakes recorded beside this, as datagrams, and what opens them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from analyzer.decryption.dtls import Association
from analyzer.decryption.epoch_keys import Opened
from analyzer.decryption.sessions import SessionCache
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from analyzer.secrets.psk import Identities

FOLDER = Path(__file__).with_name("handshakes")
NAMES = sorted(path.stem for path in FOLDER.glob("*.pcap"))
PORT = 15684
KEY = b"secretPSK"
_UDP = 34  # Ethernet, IPv4 without options


class Datagram(NamedTuple):
    frame: int
    time: int
    port: int
    """The client's."""
    forward: bool
    data: bytes
    at: int
    """Where it stands in its frame."""


def path(name: str) -> Path:
    return FOLDER / f"{name}.pcap"


def datagrams(name: str) -> list[Datagram]:
    data = path(name).read_bytes()
    found = []
    at = 24
    while at < len(data):
        seconds, micros, length, _ = struct.unpack_from("<IIII", data, at)
        packet = data[at + 16 : at + 16 + length]
        source, target = struct.unpack_from(">HH", packet, _UDP)
        forward = target == PORT
        found.append(
            Datagram(
                len(found) + 1,
                (seconds * 1_000_000 + micros) * 1000,
                source if forward else target,
                forward,
                packet[_UDP + 8 :],
                _UDP + 8,
            )
        )
        at += 16 + length
    return found


def secrets(name: str = "", *, key: bytes | None = KEY) -> Secrets:
    """The key of the identity `ue-1`, and the key log that was written with a recording."""
    identities = Identities()
    if key is not None:
        identities.keys[b"ue-1"] = key
    log = KeyLog()
    written = FOLDER / f"{name}.keys"
    if written.exists():
        log.add(written.read_bytes())
    return Secrets(identities, keylog=log)


class Read(NamedTuple):
    """What came out: by frame, and the associations in the order they began."""

    opened: list[tuple[int, Opened]]
    associations: list[Association]

    @property
    def texts(self) -> list[bytes]:
        return [opened.plaintext for _, opened in self.opened]


def read(sent: list[Datagram], given: Secrets | None) -> Read:
    cache = SessionCache()
    associations: dict[int, Association] = {}
    opened = []
    for one in sent:
        association = associations.get(one.port)
        if association is None:
            association = associations[one.port] = Association(given, cache)
        for found in association.take(one.data, one.forward, one.frame, one.time):
            opened.append((one.frame, found))
    return Read(opened, list(associations.values()))
