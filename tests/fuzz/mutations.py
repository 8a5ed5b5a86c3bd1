# SPDX-License-Identifier: GPL-2.0-only
"""Mutations for runs without a fuzzer: a few pieces of each format, the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from fuzz.corpus import inputs

LONGEST = 2048
_NUMBERS: Final = (b"\0", b"\1", b"\x7f", b"\x80", b"\xff", b"\xff\xff\xff\xff", bytes(4))
_COAP: Final = (b"\x4d", b"\x4e", b"\x4f", b"\xd0", b"\xe0", b"\xed\xff", b"\xdd", b"\xf0", b"\xb0")
_JSON: Final = (
    *(b"\xef\xbb\xbf", b"\\u12", b"\\", b'"', b"01", b"-", b"1e", b"1.", b"{", b"}", b"[", b"]"),
    *(b":", b",", b"null", b"fals", b"tru", b"\xc3", b"\xf0\x9f\x98", b"\xed\xa0\x80"),
)
_IP: Final = (
    b"\x45",
    b"\x46",
    b"\x60",
    b"\x08\0",
    b"\x86\xdd",
    b"\x81\0",
    b"\x2c",
    b"\x11",
    b"\x3a",
)
_FILE: Final = (
    b"\x0a\x0d\x0d\x0a",
    b"\x06\0\0\0",
    b"\x03\0\0\0",
    b"\x02\0\0\0",
    b"\x1a\x2b\x3c\x4d",
)
_RECORDS: Final = (
    *(b"\x16\xfe\xfd", b"\x17\xfe\xfd\0\1", b"\x19\xfe\xfd\0\1", b"\x14\xfe\xfd", b"\x16\x03\x03"),
    *(b"\x2c", b"\x3f", b"\x02\0\0", b"\0\x36", b"\x00\x2b\x00\x02\xfe\xfc", b"\xc0\xa8"),
)
TOKENS: Final = {
    "records": (*_NUMBERS, *_FILE),
    "link": (*_NUMBERS, *_IP),
    "options": (*_NUMBERS, *_COAP),
    "json": _JSON,
    "elements": (*_JSON, b'"Message Type":', b'"UE Service ID":', b'"DEREG"'),
    "layers": (*_COAP, *_JSON),
    "session": (*_NUMBERS, *_COAP, *_FILE),
    "streams": (*_NUMBERS, *_COAP, *_RECORDS, b"\x05\0", b"\0\xe1", b"\x82\x7e"),
    "tls": (*_NUMBERS, *_RECORDS),
    "associations": (*_NUMBERS, *_RECORDS),
    "oscore": (*_NUMBERS, *_COAP),
    "protected": (*_NUMBERS, *_RECORDS),
    "key_files": (
        *_JSON,
        b"CLIENT_RANDOM ",
        b":",
        b"0x",
        b"[[context]]\n",
        b"=",
        b'"',
        b",",
        b"\n",
    ),
}
"""What a format gives a meaning to."""


def mutations(name: str, count: int) -> Iterator[bytes]:
    """Inputs of the corpus, damaged in a few places or joined."""
    choose, corpus = Random(name), list(inputs(name).values())
    for _ in range(count):
        data = choose.choice(corpus)
        for _ in range(choose.choice([1, 1, 2, 4])):
            data = mutated(choose, data, choose.choice(corpus), choose.choice(TOKENS[name]))
        yield data[:LONGEST]


def mutated(choose: Random, data: bytes, other: bytes, token: bytes) -> bytes:
    at = choose.choice([0, len(data), *[choose.randint(0, len(data))] * 4])
    match choose.randrange(8):
        case 0:
            return data[:at] + bytes([choose.randrange(256)]) + data[at + 1 :]
        case 1:
            return data[:at] + token + data[at:]
        case 2:
            return data[:at] + token + data[at + len(token) :]
        case 3:
            return data[:at] + token
        case 4:
            return data[:at] + data[at + choose.choice([1, 2, 4, 12]) :]
        case 5:
            return data[:at]
        case 6:
            return data[:at] + other[choose.randint(0, len(other)) :]
        case _:
            flipped = bytes(byte ^ 1 << choose.randrange(8) for byte in data[at : at + 1])
            return data[:at] + flipped + data[at + 1 :]
