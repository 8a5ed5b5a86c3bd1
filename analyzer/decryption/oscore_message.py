# SPDX-License-Identifier: GPL-2.0-only
"""The bytes of a message around OSCORE: finding the option, taking apart, putting together.

Datagrams (RFC 7252 clause 3) and streams (RFC 8323 clause 3.2). Never raises.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dissectors.coap import numbers
from dissectors.coap.oscore import HAS_CONTEXT, OUTER, UNPROTECTED, Compressed
from dissectors.coap.values import encode_options, encode_value

_MARKER: Final = 0xFF
_OSCORE: Final = numbers.OSCORE
_FIRST: Final = numbers.OSCORE << 4
"""The least first byte of OSCORE where it is the first option,"""
_PAST: Final = _FIRST + 16
"""and of an option behind it, where that is the first."""
_CODES: Final = frozenset((0, 2, 4, 5))
"""Classes of codes whose options are those of requests and responses."""

_EXTRA: Final = (0,) * 13 + (1, 2, 4)
"""Bytes of the extended length of a message over a stream, by Len (RFC 8323 clause 3.2)."""

_LEN_BASES: Final = (13, 269, 65_805)

Options = list[tuple[int, bytes]]
"""Numbers and values as they stand."""


class Outer(NamedTuple):
    """A message with the OSCORE option, taken apart. `head` is all before its options: in a
    datagram what makes a transmission (type, Message ID, token). `alone` tells that OSCORE is its
    only option: nothing else is to be looked for."""

    code_at: int
    code: int
    head: bytes
    token: bytes
    options: Options
    payload: bytes
    alone: bool

    def first(self, number: int) -> bytes | None:
        """The value of the first instance of an option."""
        for found, value in self.options:
            if found == number:
                return value
        return None


def options_at(message: bytes, reliable: bool) -> int:
    """Where the options of a message begin if OSCORE is one of them, else -1. Only deltas up to
    its number are read."""
    try:
        first = message[0]
        if reliable:
            code_at = 1 + _EXTRA[first >> 4]
            at = code_at + 1
        else:
            if first >> 6 != 1:
                return -1
            if first & 15 < 13 and message[4 + (first & 15)] >= _PAST:
                return -1  # as of nearly all: the first option is a later one, or there is none
            code_at, at = 1, 4
        code = message[code_at]
        if code == 0 or code >> 5 not in _CODES:
            return -1
        tkl = first & 15
        if tkl > 12:
            tkl, at = _extended(message, at, tkl)
        start = at = at + tkl
        number = 0
        while True:
            lead = message[at]
            delta, length = lead >> 4, lead & 15
            if delta > _OSCORE - number:
                return -1
            number += delta
            if number == _OSCORE:
                return start
            at += 1
            if length > 12:
                length, at = _extended(message, at, length)
            at += length
    except (IndexError, ValueError):
        return -1


def _extended(data: bytes, at: int, nibble: int) -> tuple[int, int]:
    """A length of more than 12, and where it ends. Raises ValueError and IndexError."""
    if nibble == 13:
        return data[at] + 13, at + 1
    if nibble == 14:
        return (data[at] << 8 | data[at + 1]) + 269, at + 2
    raise ValueError


def read_outer(message: bytes, start: int, reliable: bool) -> Outer | None:
    """A message whose options begin at `start`; None where they are malformed."""
    lead = message[start]
    end = start + 1 + (lead & 15)
    if _FIRST <= lead < _FIRST + 13 and message[end : end + 1] == b"\xff":  # as of nearly all
        options = [(_OSCORE, message[start + 1 : end])]
    else:
        read = read_options(message, start)
        if read is None:
            return None
        options, end = read
    code_at = 1 + _EXTRA[message[0] >> 4] if reliable else 1
    token_at = code_at + (1 if reliable else 3) + max(0, (message[0] & 15) - 12)
    head, token, payload = message[:start], message[token_at:start], message[end + 1 :]
    return Outer(code_at, message[code_at], head, token, options, payload, len(options) == 1)


def read_options(data: bytes, at: int) -> tuple[Options, int] | None:
    """The options from an offset on, and where the payload marker or the end is; None where
    they are malformed (RFC 7252 clause 3.1)."""
    options: Options = []
    number, size = 0, len(data)
    try:
        while at < size:
            lead = data[at]
            if lead == _MARKER:
                break
            at += 1
            delta, length = lead >> 4, lead & 15
            if delta > 12:
                delta, at = _extended(data, at, delta)
            if length > 12:
                length, at = _extended(data, at, length)
            number += delta
            end = at + length
            options.append((number, data[at:end]))
            at = end
    except (IndexError, ValueError):
        return None
    return None if at > size or number > 0xFFFF else (options, at)


_ORDINARY: Final = OUTER - {numbers.NO_RESPONSE, numbers.EDHOC}
_PLAIN_CODES: Final = (
    frozenset({numbers.POST, numbers.CHANGED}),
    frozenset({numbers.FETCH, numbers.CONTENT}),
)


def is_plain(outer: Outer, said: Compressed) -> bool:
    """Nothing outside that a rule would look at twice: code and OSCORE option are as most are, and
    no other options than may be there; no notification without Partial IV. `said` is its OSCORE
    option."""
    observes = False
    if not outer.alone:
        if not all(number in _ORDINARY for number, _ in outer.options):
            return False
        observes = outer.first(numbers.OBSERVE) is not None
    code, piv = outer.code, said.piv
    if observes and code >= 32 and not piv:
        return False
    if code not in _PLAIN_CODES[observes] or (len(piv) > 1 and piv[0] == 0):
        return False
    if said.flags:
        return code < 32 or not said.flags & HAS_CONTEXT
    return not outer.first(_OSCORE)


_KEPT: Final = UNPROTECTED - {_OSCORE, numbers.EDHOC}
_SINGULAR: Final = UNPROTECTED | {numbers.OBSERVE}


def compose(
    outer: Outer, plaintext: bytes, piv: int, reliable: bool
) -> tuple[bytes, tuple[int, ...]]:
    """The clear message of a plaintext of at least one byte, as if it had been sent so: type,
    Message ID and token of the outer one; code, options and payload of the plaintext, and the
    outer options of class U that it has not itself (clauses 8.2 and 8.4). `piv`: the Partial IV
    that the message has, below 0 for none. And the options of class U that were encrypted.

    Inner options that are malformed stay as they are, without outer ones.
    """
    read = read_options(plaintext, 1)
    if read is not None and outer.alone and _SINGULAR.isdisjoint(dict(read[0])):  # as nearly all
        return _framed(outer, plaintext[0], plaintext[1:], reliable), ()
    options, end = read or ([], len(plaintext))
    misplaced = tuple(sorted({number for number, _ in options if number in UNPROTECTED}))
    kept = [option for option in outer.options if option[0] in _KEPT and option[0] not in misplaced]
    notified = piv >= 0 and outer.code >= 32 and (numbers.OBSERVE, b"") in options
    if read is None or not (kept or notified):
        body = plaintext[1:]
    else:
        if notified:
            # Notifications are in the order of their Partial IVs, behind the one that has none
            # (clauses 4.1.3.5.2 and 7.4.1).
            order = encode_value(numbers.OBSERVE, (piv + 1) & 0xFFFFFF)
            options = [
                (number, order if number == numbers.OBSERVE else value) for number, value in options
            ]
        body = encode_options(options + kept) + plaintext[end:]
    return _framed(outer, plaintext[0], body, reliable), misplaced


def _framed(outer: Outer, code: int, body: bytes, reliable: bool) -> bytes:
    head, at = outer.head, outer.code_at
    if not reliable:
        return head[:at] + bytes([code]) + head[at + 1 :] + body
    nibble, more = _length(len(body))
    return bytes([nibble << 4 | head[0] & 15]) + more + bytes([code]) + head[at + 1 :] + body


def _length(length: int) -> tuple[int, bytes]:
    """Len and extended length of options and payload (RFC 8323 clause 3.2)."""
    if length < 13:
        return length, b""
    nibble = 13 + sum(length >= base for base in _LEN_BASES[1:])
    base = _LEN_BASES[nibble - 13]
    return nibble, (length - base).to_bytes(_EXTRA[nibble], "big")
