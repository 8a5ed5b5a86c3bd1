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

    Past `MOST` those that brought the least are left out.
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
    return [data for _, data in kept[:MOST]]


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
