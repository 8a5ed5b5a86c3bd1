# SPDX-License-Identifier: GPL-2.0-only
"""How fast DTLS is opened and TCP put together, beside tshark; and what flows cost that nobody can
open, beside foreign traffic.

    python tests/benchmarks/carriers.py [PACKETS]

All are timed by turns on captures generated here, and the medians told: registrations and their
answers of many UEs, each with a key of its own, half of them with AES-CCM-8, half with AES-GCM; the
same datagrams on a port that is nobody's; the same messages over TCP.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("benchmarks", "analyzer")] + [str(ROOT)]

from decryption.hellos import clear, client_hello, message, server_hello, vector  # noqa: E402
from decryption.sealing import beside, encrypted  # noqa: E402
from rules.connection import Connection  # noqa: E402
from rules.conversation import MILLISECOND, START, Address, Frame  # noqa: E402
from throughput import exchange  # noqa: E402

from analyzer.decryption.schedule import (  # noqa: E402
    master_secret,
    premaster_of_psk,
    pseudo_random,
)
from analyzer.decryption.suites import Suite, suite  # noqa: E402

PACKETS: Final = 300_000
UES: Final = 200
TURNS: Final = 3
CCM_8, GCM = 0xC0A8, 0x00A8
SERVER: Final = "198.51.100.1"
FOREIGN: Final = 40_443
KEY: Final = b"a pre-shared key"
FILE: Final = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
READ: Final = """
import sys
from analyzer.secrets.reading import read
from analyzer.session import Session
from analyzer.settings import Settings
secrets = read(sys.argv[2:], ()).secrets if len(sys.argv) > 2 else None
session = Session(Settings(secrets=secrets))
session.open([sys.argv[1]])
session.read_all()
print(len(session.messages), len(session.carriers.secured), session.counts.records)
"""


class Peer:
    """Protects what one end of an association sends."""

    def __init__(self, cipher: Suite, key: bytes, iv: bytes) -> None:
        self._suite, self._key, self._iv = cipher, key, iv
        self._sequence = 1 << 48

    def record(self, content: bytes, kind: int = 23) -> bytes:
        self._sequence += 1
        number = self._sequence.to_bytes(8, "big")
        covered = beside(kind, 0xFEFD, self._sequence, len(content), b"")
        sealed = encrypted(self._suite, self._key, self._iv + number, content, covered)
        return bytes([kind]) + b"\xfe\xfd" + number + vector(number + sealed, 2)


class Ue:
    """One association: its handshake, then its two ends."""

    def __init__(self, number: int) -> None:
        self.address = Address(f"192.0.2.{number % 250 + 1}", 40_000 + number)
        self.number = number
        cipher = suite(CCM_8 if number % 2 else GCM)
        assert cipher is not None
        mine, theirs = b"%032d" % number, b"%032d" % (number + UES)
        master = master_secret(premaster_of_psk(KEY), mine, theirs, cipher.hash)
        size = 2 * (cipher.key_length + cipher.iv_length)
        block = pseudo_random(master, b"key expansion", theirs + mine, size, cipher.hash)
        length, ivs = cipher.key_length, block[2 * cipher.key_length :]
        self.client = Peer(cipher, block[:length], ivs[: cipher.iv_length])
        self.server = Peer(cipher, block[length : 2 * length], ivs[cipher.iv_length :])
        identity = vector(b"ue-%d" % number, 2)
        changed = clear(b"\x01", 3, 20)
        self.handshake = [
            (True, clear(client_hello((cipher.number,), {}, random=mine), 1)),
            (False, clear(server_hello(cipher.number, {}, random=theirs), 1)),
            (False, clear(message(14, b"", 1), 2)),
            (True, clear(message(16, identity, 1), 2)),
            (True, changed + self.client.record(message(20, bytes(12), 2), 22)),
            (False, changed + self.server.record(message(20, bytes(12), 2), 22)),
        ]


def asked_and_answered(turn: int) -> tuple[bytes, bytes]:
    """A message, every fourth time a registration, and its answer, in clear."""
    (*_, asked), (*_, answer) = exchange(1 if turn // UES % 4 else 0, turn % UES, turn & 0xFFFF)
    return asked, answer


def streamed(data: bytes) -> bytes:
    """A message as it is framed over TCP (RFC 8323 clause 3.2); its token has four bytes."""
    rest = data[8:]
    if len(rest) < 13:
        head = bytes([len(rest) << 4 | 4])
    elif len(rest) < 269:
        head = bytes([0xD4, len(rest) - 13])
    else:
        head = bytes([0xE4]) + (len(rest) - 269).to_bytes(2, "big")
    return head + data[1:2] + data[4:]


def datagrams(packets: int) -> Iterator[tuple[Ue, bool, bytes]]:
    """Who, by the client, and the datagram."""
    ues = [Ue(number) for number in range(UES)]
    for step in range(6):
        yield from ((ue, *ue.handshake[step]) for ue in ues)
    for turn in range(packets // 2):
        ue, (asked, answer) = ues[turn % UES], asked_and_answered(turn)
        yield ue, True, ue.client.record(asked)
        yield ue, False, ue.server.record(answer)


def write_datagrams(secured: Path, foreign: Path, packets: int) -> None:
    """The same datagrams to the port of coaps and to another."""
    servers = Address(SERVER, 5684), Address(SERVER, FOREIGN)
    with secured.open("wb") as one, foreign.open("wb") as other:
        one.write(FILE)
        other.write(FILE)
        for number, (ue, forward, data) in enumerate(datagrams(packets)):
            for file, server in zip((one, other), servers, strict=True):
                ends = (ue.address, server) if forward else (server, ue.address)
                frame = Frame(START + number * MILLISECOND, *ends, data, number & 0xFFFF)
                file.write(frame.record(1))


def write_streams(path: Path, packets: int) -> None:
    """A connection for each UE."""
    clients = (Ue(number).address for number in range(UES))
    talks = [Connection(f"{one.host}:{one.port}", f"{SERVER}:5683") for one in clients]
    with path.open("wb") as file:
        for talk in talks:
            talk.agrees()
        for turn in range(packets // 2):
            talk, (asked, answer) = talks[turn % UES], asked_and_answered(turn)
            talk.segment(streamed(asked)).segment(streamed(answer), by="server")
        file.write(FILE)
        clock = START
        while any(talk.frames for talk in talks):
            for talk in talks:
                for frame in talk.frames[:2]:
                    clock += MILLISECOND
                    file.write(replace(frame, time=clock).record(1))
                del talk.frames[:2]


def timed(command: list[str], **environment: str) -> tuple[float, str]:
    begun = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | environment, cwd=ROOT
    )
    return time.perf_counter() - begun, done.stdout


def contestants(folder: Path, packets: int) -> dict[str, list[str]]:
    """Commands by what they are told as; their captures are written here."""
    secured, foreign, streams = (folder / f"{name}.pcap" for name in ("dtls", "udp", "tcp"))
    write_datagrams(secured, foreign, packets)
    write_streams(streams, packets)
    keys = folder / "keys"
    keys.write_text("".join(f"ue-{number}:{KEY.hex()}\n" for number in range(UES)))
    keys.chmod(0o600)
    ours = [sys.executable, "-c", READ]
    theirs = ["tshark", "-2", "-n", "-T", "fields", "-e", "coap.mid", "-e", "coap.token"]
    key = ("-o", f"dtls.psk:{KEY.hex()}")
    return {
        "DTLS opened": [*ours, str(secured), str(keys)],
        "DTLS opened by tshark": [*theirs, *key, "-r", str(secured)],
        "DTLS without keys": [*ours, str(secured)],
        "foreign UDP": [*ours, str(foreign)],
        "CoAP over TCP": [*ours, str(streams)],
        "CoAP over TCP by tshark": [*theirs, "-r", str(streams)],
    }


def run(packets: int, turns: int = TURNS) -> dict[str, tuple[float, str]]:
    """Median seconds, and what was printed, of each."""
    with tempfile.TemporaryDirectory() as folder:
        commands = contestants(Path(folder), packets)
        took: dict[str, list[float]] = {name: [] for name in commands}
        printed = dict.fromkeys(commands, "")
        for _ in range(turns):
            for name, command in commands.items():
                seconds, out = timed(command, WIRESHARK_CONFIG_DIR=folder)
                took[name].append(seconds)
                if command[0] == "tshark":
                    out = str(sum(bool(line.strip()) for line in out.splitlines()))
                printed[name] = out.strip()
    return {name: (median(of), printed[name]) for name, of in took.items()}


def main(packets: int) -> None:
    for name, (seconds, printed) in run(packets).items():
        print(f"{name:26}{seconds:8.2f} s {packets / seconds:12,.0f} packets/s  ({printed})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PACKETS)
