# SPDX-License-Identifier: GPL-2.0-only
"""CoAP messages that are valid, or nearly: built from their parts by a seeded generator.

Random bytes seldom get past the header, and one changed byte seldom meets the byte that matters.
So a message is made of pieces (header, token, each option, marker with payload), encoded here
without our own code, and the mutations know what a piece is: they touch nibbles, extension bytes,
order and ends. Fast, and the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from dissectors.coap import numbers
from dissectors.coap.numbers import Format, OptionSpec, Repeat

BOUNDARIES: Final = (0, 1, 2, 8, 12, 13, 14, 268, 269, 270, 1034)
"""Lengths at which the encoding or a registered limit changes (RFC 7252 clauses 3.1, 5.10)."""

LETTERS: Final = "abcXYZ019-._~!$&'()*+,;=:@/ é€\u4e2d\U0001f600"
PAYLOADS: Final = (b"", b"", b"x", b"\xff", b"22.3 C", b"{}", b'{"n":1}', b"\x00" * 64)
METHODS: Final = [code for code in numbers.CODES if numbers.is_request(code)]
RESPONSES: Final = [code for code in numbers.CODES if numbers.is_response(code)]
CON, NON, ACK, RST = range(4)

Pieces = list[bytes]
"""Header, extended length and token, each option, and the marker with the payload."""


@dataclass
class Made:
    """A message by its parts."""

    kind: int
    code: int
    mid: int = 0
    token: bytes = b""
    options: list[tuple[int, bytes]] = field(default_factory=list)
    payload: bytes = b""

    def pieces(self) -> Pieces:
        """RFC 7252 clause 3; the token's length by RFC 8974 clause 2.1."""
        tkl, longer = extended(len(self.token))
        head = bytes([1 << 6 | self.kind << 4 | tkl, self.code]) + self.mid.to_bytes(2, "big")
        pieces = [head, longer + self.token]
        last = 0
        for number, value in self.options:
            pieces.append(option_piece(number - last, value))
            last = number
        return [*pieces, b"\xff" + self.payload if self.payload else b""]

    def data(self) -> bytes:
        return b"".join(self.pieces())


def extended(n: int) -> tuple[int, bytes]:
    """Nibble and extension bytes of a delta or length, RFC 7252 clause 3.1."""
    if n < 13:
        return n, b""
    return (13, bytes([n - 13])) if n < 269 else (14, (n - 269).to_bytes(2, "big"))


def option_piece(delta: int, value: bytes) -> bytes:
    """One option on the wire."""
    (high, delta_more), (low, length_more) = extended(delta), extended(len(value))
    return bytes([high << 4 | low]) + delta_more + length_more + value


# Valid messages --------------------------------------------------------------------------------


def allowed(spec: OptionSpec, code: int) -> bool:
    """The registry lets the option stand in a message of this code."""
    mask, bit = (spec.requests, code) if code < 32 else (spec.responses, code >> 5)
    return mask == numbers.ALL or bool(mask >> bit & 1)


def lengths(spec: OptionSpec) -> list[int]:
    """Lengths of a value at which something changes."""
    return sorted({n for n in (*BOUNDARIES, spec.min, spec.max) if spec.min <= n <= spec.max})


def value(choose: Random, spec: OptionSpec, length: int) -> bytes:
    """A value of the option's format and exactly this length."""
    match spec.format:
        case Format.STRING:
            text = "".join(choose.choices(LETTERS, k=length)).encode()[:length]
            text = text.decode(errors="ignore").encode()
            return text + b"." * (length - len(text))
        case Format.UINT | Format.BLOCK if length > spec.min:  # clause 3.2: no leading zero
            return bytes([choose.randint(1, 255)]) + choose.randbytes(length - 1)
        case Format.OSCORE if length:  # RFC 8613 clause 6.1: flags k and n, Partial IV, kid
            piv = min(length - 1, 5)
            return bytes([0x08 | piv]) + choose.randbytes(length - 1)
        case _:
            return choose.randbytes(length)


def usual_length(choose: Random, spec: OptionSpec) -> int:
    """Mostly short, now and then at a boundary."""
    if choose.random() < 0.1:
        return choose.choice(lengths(spec))
    return choose.randint(spec.min, min(spec.max, spec.min + 12))


def valid(choose: Random) -> Made:
    """A message in which nothing is wrong."""
    if choose.random() < 0.05:
        return Made(choose.choice([CON, ACK, RST]), numbers.EMPTY, choose.randrange(1 << 16))
    request = choose.random() < 0.5
    code = choose.choice(METHODS if request else RESPONSES)
    fit = [spec for spec in numbers.OPTIONS.values() if allowed(spec, code)]
    options = []
    for spec in choose.sample(fit, k=choose.randint(0, 6)):
        again = spec.repeat == Repeat.ALWAYS or (request and spec.repeat == Repeat.REQUESTS)
        for _ in range(choose.randint(1, 3) if again else 1):
            options.append((spec.number, value(choose, spec, usual_length(choose, spec))))
    return Made(
        kind=choose.choice([CON, NON] if request else [CON, NON, ACK]),
        code=code,
        mid=choose.randrange(1 << 16),
        token=choose.randbytes(choose.randint(0, 8)),
        options=sorted(options, key=lambda option: option[0]),
        payload=choose.choice(PAYLOADS),
    )


def each_option(choose: Random) -> Iterator[Made]:
    """Every code with every option it may have, at every length at which something changes."""
    for code in (*METHODS, *RESPONSES):
        for spec in numbers.OPTIONS.values():
            if allowed(spec, code):
                for length in lengths(spec):
                    option = (spec.number, value(choose, spec, length))
                    yield Made(CON, code, 1, b"\1", [option], b"x")


# Mutations -------------------------------------------------------------------------------------

Mutation = Callable[[Random, Pieces], Pieces]


def _first_option(pieces: Pieces) -> int:
    return min(2, len(pieces) - 1)


def _any_option(choose: Random, pieces: Pieces) -> int:
    """Index of an option, or of whatever stands where one would."""
    return choose.randint(_first_option(pieces), len(pieces) - 1)


def _split(choose: Random, data: bytes) -> tuple[bytes, bytes]:
    at = choose.randint(0, len(data))
    return data[:at], data[at:]


def _bytewise(change: Callable[[Random, bytes], bytes]) -> Mutation:
    def mutation(choose: Random, pieces: Pieces) -> Pieces:
        at = choose.randrange(len(pieces))
        return [*pieces[:at], change(choose, pieces[at]), *pieces[at + 1 :]]

    mutation.__name__ = change.__name__
    return mutation


@_bytewise
def flip_bit(choose: Random, piece: bytes) -> bytes:
    place = choose.randrange(8 * len(piece)) if piece else 0
    at = place // 8
    return piece[:at] + bytes(b ^ 1 << place % 8 for b in piece[at : at + 1]) + piece[at + 1 :]


@_bytewise
def set_byte(choose: Random, piece: bytes) -> bytes:
    before, after = _split(choose, piece)
    byte = choose.choice(b"\x00\x01\x0d\x0e\x0f\x1f\x7f\x80\xc3\xd0\xdd\xe0\xed\xee\xf0\xfe\xff")
    return before + bytes([byte]) + after[1:]


@_bytewise
def lose_byte(choose: Random, piece: bytes) -> bytes:
    before, after = _split(choose, piece)
    return before + after[1:]


@_bytewise
def add_bytes(choose: Random, piece: bytes) -> bytes:
    before, after = _split(choose, piece)
    return before + choose.randbytes(choose.randint(1, 3)) + after


def truncate(choose: Random, pieces: Pieces) -> Pieces:
    return [_split(choose, b"".join(pieces))[0]]


def truncate_after_piece(choose: Random, pieces: Pieces) -> Pieces:
    """Where a message could end; one byte into the next piece, where none can."""
    kept = choose.randint(1, len(pieces))
    rest = b"".join(pieces[kept:])
    return [*pieces[:kept], rest[: choose.randint(0, 1)]]


def nibbles(choose: Random, pieces: Pieces) -> Pieces:
    """Another delta or length nibble, 13 to 15 above all; what follows stays."""
    at = _any_option(choose, pieces)
    if not pieces[at]:
        return pieces
    nibble, shift = choose.choice([0, 1, 12, 13, 14, 15]), choose.choice([0, 4])
    head = pieces[at][0] & (0xF0 if shift == 0 else 0x0F) | nibble << shift
    return [*pieces[:at], bytes([head]) + pieces[at][1:], *pieces[at + 1 :]]


def duplicate(choose: Random, pieces: Pieces) -> Pieces:
    """An option once more: by its delta another number further on, unless that is 0."""
    at = _any_option(choose, pieces)
    return [*pieces[: at + 1], pieces[at], *pieces[at + 1 :]]


def repeat(choose: Random, pieces: Pieces) -> Pieces:
    """The same option again, with delta 0."""
    at = _any_option(choose, pieces)
    again = option_piece(0, choose.randbytes(choose.randint(0, 9)))
    return [*pieces[: at + 1], *[again] * choose.randint(1, 4), *pieces[at + 1 :]]


def reorder(choose: Random, pieces: Pieces) -> Pieces:
    shuffled = pieces[2:]
    choose.shuffle(shuffled)
    return [*pieces[:2], *shuffled]


def drop(choose: Random, pieces: Pieces) -> Pieces:
    at = choose.randrange(len(pieces))
    return pieces[:at] + pieces[at + 1 :]


def token_length(choose: Random, pieces: Pieces) -> Pieces:
    """Another TKL: 9 to 12 literal, 13 and 14 extended (RFC 8974), 15 reserved."""
    if not pieces[0]:
        return pieces
    tkl = choose.choice([0, 1, 8, 9, 12, 13, 14, 15])
    size = {13: 1, 14: 2}.get(tkl, 0)
    longer = choose.choice([bytes(size), b"\xff" * size, choose.randbytes(size), b""])
    token = choose.randbytes(choose.choice([0, 1, tkl, tkl + 1, 13, 14, 268, 269, 300]))
    return [bytes([pieces[0][0] & 0xF0 | tkl]) + pieces[0][1:], longer + token, *pieces[2:]]


def long_token(choose: Random, pieces: Pieces) -> Pieces:
    """An extended token as it should be."""
    token = choose.randbytes(choose.choice([9, 12, 13, 14, 268, 269, 270, 600]))
    tkl, longer = extended(len(token))
    first = bytes(b & 0xF0 | tkl for b in pieces[0][:1])
    return [first + pieces[0][1:], longer + token, *pieces[2:]]


def marker(choose: Random, pieces: Pieces) -> Pieces:
    """The payload marker twice, alone, early, or not at all (clause 3)."""
    match choose.randrange(4):
        case 0:
            return [*pieces[:-1], b"\xff" + pieces[-1]]
        case 1:
            return [*pieces[:-1], b"\xff"]
        case 2:
            at = choose.randint(_first_option(pieces), len(pieces))
            return [*pieces[:at], b"\xff", *pieces[at:]]
        case _:
            return [*pieces[:-1], pieces[-1][1:]]


def huge_option(choose: Random, pieces: Pieces) -> Pieces:
    """A long value, announced rightly, too short, or too long by a byte."""
    length = choose.choice([255, 256, 268, 269, 270, 1034, 1035, 1036, choose.randint(0, 65000)])
    piece = option_piece(choose.choice([0, 1, 11, 300]), choose.randbytes(length))
    piece = piece[: len(piece) - choose.choice([0, 0, 1, length])]
    return [*pieces[:-1], piece + choose.choice([b"", b"\0"]), pieces[-1]]


def far_option(choose: Random, pieces: Pieces) -> Pieces:
    """Option numbers up to the largest, 65535, and past it."""
    deltas = [12, 13, 14, 268, 269, 64999, 65000, 65535, 65536, 0xFFFF + 269]
    more = [option_piece(choose.choice(deltas), b"") for _ in range(choose.randint(1, 3))]
    return [*pieces[:-1], *more, pieces[-1]]


def other_option(choose: Random, pieces: Pieces) -> Pieces:
    """Any option, registered or not, with a value of the wrong length or format."""
    spec = choose.choice(list(numbers.OPTIONS.values()))
    length = choose.choice([0, max(0, spec.min - 1), spec.max, spec.max + 1, choose.randint(0, 9)])
    filled = choose.choice([bytes(length), b"\xff" * length, choose.randbytes(length)])
    number = choose.choice([spec.number] * 4 + [*numbers.RESERVED_LOCATION_OPTIONS, 2, 10, 65001])
    return [*pieces[:2], option_piece(number, filled), *pieces[2:]]


def other_head(choose: Random, pieces: Pieces) -> Pieces:
    """Any type and any code, so that options stand where they may not."""
    if len(pieces[0]) < 4:
        return pieces
    code = choose.choice([*numbers.CODES, *numbers.CODES, choose.randrange(256)])
    first = choose.randrange(4) << 4 | 0x40 | pieces[0][0] & 15
    return [bytes([first, code]) + pieces[0][2:], *pieces[1:]]


def garbage(choose: Random, pieces: Pieces) -> Pieces:
    return [*pieces, choose.randbytes(choose.randint(1, 20))]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    flip_bit,
    set_byte,
    lose_byte,
    add_bytes,
    truncate,
    truncate_after_piece,
    nibbles,
    duplicate,
    repeat,
    reorder,
    drop,
    token_length,
    long_token,
    marker,
    huge_option,
    far_option,
    other_option,
    other_head,
    garbage,
)


def mutated(choose: Random, pieces: Pieces) -> Pieces:
    """One mutation, now and then more."""
    for _ in range(choose.choice([1, 1, 1, 2, 2, 4])):
        pieces = choose.choice(MUTATIONS)(choose, pieces) or [b""]
    return pieces


def near_valid(choose: Random) -> bytes:
    return b"".join(mutated(choose, valid(choose).pieces()))


def messages(seed: int, count: int) -> Iterator[bytes]:
    """`count` messages, a third of them valid."""
    choose = Random(seed)
    for number in range(count):
        yield near_valid(choose) if number % 3 else valid(choose).data()
