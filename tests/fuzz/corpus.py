# SPDX-License-Identifier: GPL-2.0-only
"""The corpus of each target, a folder of small files: where it comes from, how it stays small.

`seeds` makes inputs with the generators and from the shipped captures; `smallest` keeps those
that reach code no smaller one does. Files named `found-...` failed once and always stay.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from fuzz.targets import target

FOLDER = Path(__file__).parent / "corpus"
CAPTURES = Path(__file__).parents[2] / "captures"
MOST = 48
"""Files of one target at most, `found-...` aside."""
FEWER = {"protected": 18}
"""Of targets that take long."""


def inputs(name: str) -> dict[str, bytes]:
    """The corpus of a target by file name."""
    return {path.name: path.read_bytes() for path in sorted((FOLDER / name).iterdir())}


def adopt(name: str, *folders: Path) -> int:
    """Take new inputs into the corpus, keep the smallest that reach all they reach together."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    old = inputs(name)
    new = [path.read_bytes() for source in folders for path in source.iterdir() if path.is_file()]
    kept = smallest(name, [*old.values(), *new, *seeds(name)])
    for file, data in old.items():
        if data not in kept and not file.startswith("found-"):
            (folder / file).unlink()
    for data in kept:
        if data not in old.values():
            (folder / sha256(data).hexdigest()[:12]).write_bytes(data)
    return len(inputs(name))


def smallest(name: str, candidates: Iterable[bytes]) -> list[bytes]:
    """Inputs, short ones first, each of which takes a step through the code that none before did.

    Past `MOST` (`FEWER`) those that brought the least are left out.
    """
    run = target(name)
    seen: set[Any] = set()
    kept: list[tuple[int, bytes]] = []
    for data in sorted(set(candidates), key=lambda data: (len(data), data)):
        new = steps(run, data) - seen
        if new:
            seen |= new
            kept.append((len(new), data))
    kept.sort(key=lambda item: -item[0])
    return [data for _, data in kept[: FEWER.get(name, MOST)]]


def steps(run: Any, data: bytes) -> set[Any]:
    """Pairs of consecutive lines that an input runs through in our packages, and how often."""
    found: Counter[Any] = Counter()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        file = frame.f_code.co_filename
        if ("/dissectors/" not in file and "/analyzer/" not in file) or "/tests/" in file:
            return None
        last = 0

        def line(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal last
            found[file, last, frame.f_lineno] += 1
            last = frame.f_lineno
            return line

        return line

    sys.settrace(trace)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return {(step, count.bit_length()) for step, count in found.items()}


# Where inputs come from ------------------------------------------------------------------------


def seeds(name: str) -> Iterator[bytes]:
    """Inputs that the generators and the shipped captures give."""
    from coap.near_valid import messages
    from msgin5g.near_valid import bodies

    choose = Random(name)
    match name:
        case "records":
            yield from _captures()
        case "link":
            for number, frame in enumerate(_frames()):
                yield bytes([number % 11]) + frame
                yield b"\x01" + frame
        case "options" | "layers":
            yield from (data for data in messages(1, 800) if len(data) < 400)
            yield from (_registration(body) for body in islice(bodies(1, 200), 200))
        case "json" | "elements":
            yield from (data for data in bodies(2, 600) if len(data) < 900)
        case "session":
            yield from (data for data in _captures() if len(data) < 2000)
            for number in range(60):
                talk = messages(number, choose.randint(1, 8))
                yield b"".join(
                    bytes([choose.randrange(256), len(data)]) + data
                    for data in talk
                    if len(data) < 256
                )
        case "streams":
            yield from _streams(choose)
        case "tls":
            yield from _handshakes()
        case "associations" | "oscore" | "protected":
            yield from _edits(choose)
        case "key_files":
            yield from _key_files()


def _registration(body: bytes) -> bytes:
    return b"\x41\x02\x00\x01\x2a\xb8register\x11\x32\xff" + body


def _captures() -> Iterator[bytes]:
    """The beginnings of the shipped captures, whole and cut inside a block."""
    for path in sorted(CAPTURES.glob("*.pcapng")):
        data = path.read_bytes()
        for size in (300, 301, 700, 1200, 1800):
            yield data[:size]
    yield from _written()


def _written() -> Iterator[bytes]:
    """Captures of both formats, byte orders and all kinds of blocks, as tests write them."""
    from capture.writing import PACKET, pcap, sample

    for big in (False, True):
        for magic in (0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34):
            yield pcap([(1, 2, PACKET, 32), (2, 3, PACKET[:20], 32)], big=big, magic=magic)
        data = sample(big)
        yield data
        for at in range(30, len(data), 40):
            yield data[:at] + b"\xff" + data[at + 1 :]


def _frames() -> Iterator[bytes]:
    """Frames of the shipped captures, each also cut somewhere and with another protocol."""
    from analyzer.capture import ROW, CaptureFile

    choose = Random(1)
    for path in sorted(CAPTURES.glob("*.pcapng")):
        with CaptureFile(path) as capture:
            for batch in capture.batches(40):
                for row in range(0, batch.count * ROW, 4 * ROW):
                    at, captured = batch.rows[row], batch.rows[row + 1]
                    frame = bytes(batch.data[at : at + min(captured, 90)])
                    yield frame
                    yield frame[: choose.randint(0, len(frame))]
                    place = choose.randint(12, 40)
                    byte = choose.choice([0, 1, 44, 51, 58, 60, 0x45, 0x60, 0x81, 0xFF])
                    yield frame[:place] + bytes([byte]) + frame[place + 1 :]


def _streams(choose: Random) -> Iterator[bytes]:
    """Messages in segments of any size, behind a handshake of TCP or without one."""
    from streams.segments import CSM, get

    shaken = b"\x05\0\x04\0\x01\0"
    for number in range(40):
        opened = bytes([choose.choice([0, 0, 1])]) + choose.choice([shaken, shaken, b""])
        segments = b""
        for flags in (1, 0):
            talk = CSM + b"".join(get(each) for each in range(choose.randrange(number + 1)))
            while talk:
                size = choose.choice([1, 7, 40, 200])
                more = choose.choice([0] * 8 + [2, 8, 16, 0x20, 0x40])
                segments += bytes([flags | more, len(talk[:size])]) + talk[:size]
                talk = talk[size:]
        yield opened + segments
    for request in (b"GET /.well-known/coap HTTP/1.1\r\n\r\n", b"\x16\x03\x01\0\x05\x01\0\0\x01\0"):
        yield b"\0" + shaken + bytes([1, len(request)]) + request


def _handshakes() -> Iterator[bytes]:
    """Datagrams of the recorded handshakes, and the messages in them behind their types."""
    from decryption import recorded

    from dissectors.tls.handshake import dtls_fragments
    from dissectors.tls.numbers import HANDSHAKE
    from dissectors.tls.records import dtls_records

    for name in recorded.NAMES:
        for one in recorded.datagrams(name):
            yield one.data
            yield b"\x16\x03\x03" + len(one.data).to_bytes(2, "big") + one.data
            for record in dtls_records(one.data):
                if record.content_type == HANDSHAKE and not record.epoch:
                    for part in dtls_fragments(one.data, record.body, record.end):
                        yield bytes([part.kind]) + one.data[part.body : part.end]


def _edits(choose: Random) -> Iterator[bytes]:
    """Each recording as it is, then changed in a few places."""
    for number in range(120):
        script = bytes([number % 20])
        for _ in range(number // 20):
            kind, value = choose.randrange(11), choose.choice([0, 1, 13, 22, 32, 255])
            place = choose.randrange(200).to_bytes(2, "big")
            script += bytes([kind, choose.randrange(40), *place, value])
            script += choose.randbytes(value) if kind == 10 else b""
        yield script


def _key_files() -> Iterator[bytes]:
    """A file of each form."""
    secret = "0102030405060708090a0b0c0d0e0f10"
    lines = [
        f"ue-1:{secret}",
        f"#75652d31:{secret}",
        'ue-2:"text"',
        secret,
        f"0x75:{secret}",
        "ue-3",
    ]
    yield from (b"\0" + line.encode() for line in lines)
    yield b"\0" + "\n".join(lines[:5]).encode()
    for label in ("CLIENT_RANDOM", "CLIENT_TRAFFIC_SECRET_0", "RSA", "# no"):
        for size in (32, 48):
            yield b"\1" + f"{label} {'0a' * 32} {'0b' * size}\n".encode()
    toml = (CAPTURES / "oscore-context.toml").read_bytes()
    yield from (b"\2" + toml[: len(toml) // part] for part in (1, 2, 3))
    yield b'\2[[context]]\nmaster_secret = "' + secret.encode() + b'"\nclient_id = "01"\n'
    settings = f'{{"sender-id_hex": "01", "recipient-id_ascii": "a", "secret_hex": "{secret}"}}'
    yield from (b"\3" + text.encode() for text in (settings, settings[:-1], "[]", "{}"))
    row = f'"01","","{secret}","","","AES-CCM-16-64-128 (CCM*)"\n'
    yield from (b"\4" + text.encode() for text in (row, row * 2, "# none\n", row[:30]))
