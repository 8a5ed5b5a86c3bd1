# SPDX-License-Identifier: GPL-2.0-only
"""Mutations that know nothing of the format, for runs without a fuzzer; the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from fuzz.corpus import inputs

LONGEST = 2048


def mutations(name: str, count: int) -> Iterator[bytes]:
    """Inputs of the corpus, damaged in a few places or joined; the same every time."""
    choose, corpus = Random(name), list(inputs(name).values())
    for _ in range(count):
        data = choose.choice(corpus)
        for _ in range(choose.choice([1, 1, 2, 4])):
            data = mutated(choose, data, choose.choice(corpus))
        yield data[:LONGEST]


def mutated(choose: Random, data: bytes, other: bytes) -> bytes:
    at = choose.randint(0, len(data))
    match choose.randrange(6):
        case 0:
            return data[:at] + bytes([choose.randrange(256)]) + data[at + 1 :]
        case 1:
            return data[:at] + choose.choice([b"\0", b"\xff", b"\x7f", b"\x80"]) + data[at:]
        case 2:
            return data[:at] + data[at + choose.choice([1, 2, 4, 12]) :]
        case 3:
            return data[:at]
        case 4:
            return data[:at] + other[choose.randint(0, len(other)) :]
        case _:
            flipped = bytes(byte ^ 1 << choose.randrange(8) for byte in data[at : at + 1])
            return data[:at] + flipped + data[at + 1 :]
