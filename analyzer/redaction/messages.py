# SPDX-License-Identifier: GPL-2.0-only
"""CoAP messages: header, token and the form of options stay, what they say of anybody does not.

Which option may show what follows from its format in the registry (`dissectors.coap.numbers`):
numbers, blocks and flags stay, strings and opaque values are replaced. Of bytes that could not be
read as options only the one that says so is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from analyzer.redaction.words import Words
from dissectors.coap import numbers
from dissectors.coap.message import Message, Walker
from dissectors.coap.numbers import Format
from dissectors.coap.values import undecoded
from dissectors.coap.wire import Defect, OptionTable

WELL_KNOWN: Final = frozenset(
    (
        *("coap", "coaps", "http", "https", "tcp", "ws"),  # schemes, RFC 7252, 8323
        *("5683", "5684"),
        *("well-known", "core", "rd", "edhoc"),  # RFC 6690, 9176, 9528
        *("rt", "if", "ct", "sz", "rel", "href", "anchor", "title", "obs", "page", "count"),
        *("lt", "ep", "d", "base", "et", "con", "ins", "exp"),  # RFC 6690, 9176
        *("msgin5g", "MSGin5G", "register", "registration", "deregistration"),
        *("registrationrequest", "registerrequest", "regreq"),
    )
)
"""Words of paths and queries that belong to a protocol, not to anybody's devices."""

_EXACT: Final = frozenset({Defect.DELTA_15, Defect.LENGTH_15, Defect.NUMBER_OVERFLOW})
_SHORT: Final = frozenset({Defect.OPTION_TRUNCATED, Defect.CUT})
_TWEAKS: Final = {numbers.IF_MATCH: b"etag", numbers.ETAG: b"etag"}
_FLAGS_PIV: Final = 7
_FLAGS_CONTEXT: Final = 0x10


class Messages:
    """Replaces messages with the pseudonyms of `words`; not thread-safe. What an option holds is
    known of those in `options` alone: another device may mean something else by the rest."""

    def __init__(self, words: Words, options: OptionTable) -> None:
        self._words = words
        self._known = options.index
        self._walker = Walker(table=options)

    def read(self, data: bytes, cut: bool) -> Message:
        """The message as it is; `cut`: its end was not captured."""
        return self._walker.message(data, cut)

    def replaced(self, message: Message, payload: Callable[[Message], bytes]) -> bytes:
        """The message that may be shown, of the same length; `payload` replaces its payload."""
        out = bytearray(message.data)
        for option in message.options:
            end = option.value_offset + len(option.value)
            if option.value:
                out[option.value_offset : end] = self._value(option.number, option.value)
        first, after = undecoded(message)
        if first < after:
            kept = _kept(message, first)
            out[kept:after] = self._words.opaque(message.data[kept:after])
        if message.payload_offset >= 0 and message.payload:
            out[message.payload_offset :] = payload(message)
        return bytes(out)

    def _value(self, number: int, value: bytes) -> bytes:
        spec = numbers.NAMED_OPTIONS[number] if self._known[number] else None
        form = spec.format if spec is not None else Format.OPAQUE
        match form:
            case Format.UINT | Format.BLOCK if len(value) <= numbers.LONGEST_UINT:
                return value
            case Format.STRING:
                keep = number != numbers.URI_HOST
                return self._words.octets(value, keep, number == numbers.URI_HOST)
            case Format.OSCORE:
                return self._oscore(value)
        return self._words.opaque(value, _TWEAKS.get(number, b"%d" % number))

    def _oscore(self, value: bytes) -> bytes:
        """Flags, Partial IV and lengths stay, kid context and kid do not (RFC 8613 clause 6.1)."""
        at = 1 + (value[0] & _FLAGS_PIV)
        context = b""
        if value[0] & _FLAGS_CONTEXT and at < len(value):
            length = value[at]
            context = value[at : at + 1] + self._words.opaque(
                value[at + 1 : at + 1 + length], b"context"
            )
        before = value[:at] + context
        return before + self._words.opaque(value[len(before) :], b"kid")


def _kept(message: Message, first: int) -> int:
    """Where what could not be read, and begins at `first`, stops to tell why."""
    for flaw in message.flaws:
        if flaw.offset == first and flaw.kind in _EXACT:
            return flaw.end
        if flaw.offset == first and flaw.kind in _SHORT:
            return min(first + 1, flaw.end)
    return first
