# SPDX-License-Identifier: GPL-2.0-only
"""Values, names and places of a message between bytes and what people read and type; no Scapy.

Decoding and describing never raise. Encoding takes what a person gives and raises ValueError
where that cannot be sent. RFC 7252 clauses 3.1, 3.2; RFC 7959 clause 2.2 (block values).
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from dissectors.coap import numbers, signalling
from dissectors.coap.media_types import CONTENT_FORMATS, content_format_name
from dissectors.coap.message import Flaw, Message
from dissectors.coap.numbers import Format, OptionSpec
from dissectors.coap.stream import body_length
from dissectors.coap.wire import HEADER, Defect

MAX_EXTENDED: Final = 0xFFFF + 269
"""Largest option delta, option length (RFC 7252 clause 3.1) and token length (RFC 8974)."""

_LONGEST_UINT: Final = 8
"""Bytes of the longest value still read as a number; registered uints have at most 4."""

_OPTION_DEFECTS: Final = range(Defect.VALUE_TRUNCATED, Defect.CONTEXT_METHOD + 1)
"""Defects whose detail is an option number."""

_FORMATS: Final = (numbers.CONTENT_FORMAT, numbers.ACCEPT)
_BITS: Final = ((0x1, "critical"), (0x2, "unsafe"))


class Block(NamedTuple):
    """Value of a Block option, RFC 7959 clause 2.2."""

    num: int
    more: bool
    szx: int

    @property
    def size(self) -> int:
        """Bytes of one block; 1024 for the reserved 7, which is BERT over TCP (RFC 8323)."""
        return 16 << min(self.szx, 6)

    def __str__(self) -> str:
        more = "more follow" if self.more else "last"
        return f"NUM {self.num}, M {int(self.more)} ({more}), SZX {self.szx} ({self.size} bytes)"


Decoded = int | str | bytes | Block | None
"""uint, string, opaque (or not what the format wants), block, empty."""


Span = tuple[int, int]
"""First byte and byte after the last."""


def _letters(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def code_text(code: int) -> str:
    """`0.02 POST`, `2.05 Content`, `2.30 Unknown`."""
    spec = numbers.CODES.get(code)
    return f"{numbers.dotted(code)} {spec.name if spec else 'Unknown'}"


_OPTIONS: Final = {_letters(spec.name): spec.number for spec in numbers.NAMED_OPTIONS.values()}
_MEDIA_TYPES: Final = {_letters(name): n for n, name in CONTENT_FORMATS.items()}
_CODES: Final = {
    _letters(text): code
    for code, spec in numbers.CODES.items()
    for text in (spec.name, code_text(code))
}
_SIGNALLING: Final = {
    _letters(spec.name): (code, spec.number)
    for code, specs in reversed(signalling.OPTIONS.items())
    for spec in specs.values()
}
"""By name: the first code that has the option, and its number there."""


def _number_of(name: str, table: dict[str, int], what: str) -> int:
    """Number of a name or decimal; case and separators do not matter."""
    if name.strip().isdecimal():
        return int(name)
    found = table.get(_letters(name))
    if found is not None:
        return found
    near = ", ".join(get_close_matches(_letters(name), table, 3))
    raise ValueError(f"unknown {what} {name!r}" + (f"; near: {near}" if near else ""))


def option_number(name: str) -> int:
    """Number of `Uri-Path`, `uri_path` or `11`; of a signalling option, that in its own code."""
    signal = _SIGNALLING.get(_letters(name))
    return signal[1] if signal else _number_of(name, _OPTIONS, "option")


def signalling_code(name: str) -> int:
    """A code whose messages have the signalling option of a name; 0 for other names."""
    return _SIGNALLING.get(_letters(name), (0, 0))[0]


def option_spec(number: int, code: int = 0) -> OptionSpec | None:
    """The option of a number in messages of a code: signalling numbers its options anew."""
    if signalling.is_signalling(code):
        return signalling.OPTIONS.get(code, {}).get(number)
    return numbers.NAMED_OPTIONS.get(number)


def option_name(number: int, code: int = 0) -> str:
    """Its name in messages of a code."""
    if signalling.is_signalling(code):
        return signalling.option_name(code, number)
    return numbers.option_name(number)


def code_number(name: str) -> int:
    """Code byte of `POST`, `2.05`, `Content` or `2.05 Content`."""
    code_class, dot, detail = name.strip().partition(".")
    if dot and code_class.isdecimal() and detail.isdecimal() and len(detail) == 2:
        code = int(code_class) << 5 | int(detail)
        if int(code_class) > 7 or int(detail) > 31:
            raise ValueError(f"no code {name}: class 0 to 7, detail 00 to 31")
        return code
    return _number_of(name, _CODES, "code")


def decode_value(number: int, value: bytes, code: int = 0) -> Decoded:
    """The value of an option, in messages of a code, by its registered format; as bytes where it
    does not fit that."""
    spec = option_spec(number, code)
    match spec.format if spec else Format.OPAQUE:
        case Format.EMPTY if not value:
            return None
        case Format.STRING:
            try:
                return value.decode()
            except UnicodeDecodeError:
                return value
        case Format.UINT if len(value) <= _LONGEST_UINT:
            return int.from_bytes(value, "big")
        case Format.BLOCK if len(value) <= _LONGEST_UINT:
            block = int.from_bytes(value, "big")
            return Block(block >> 4, bool(block & 8), block & 7)
    return value


def encode_value(number: int, value: Any, code: int = 0) -> bytes:
    """Bytes of an option value: bytes as they are, text as UTF-8, numbers in the fewest bytes.

    A Block option also takes (num, more, szx); Content-Format and Accept a media type.
    """
    spec = option_spec(number, code)
    wanted = spec.format if spec else Format.OPAQUE
    if isinstance(value, tuple):
        num, more, szx = value
        value = num << 4 | bool(more) << 3 | szx
    if isinstance(value, str) and wanted in (Format.UINT, Format.BLOCK):
        value = _number_of(value, _MEDIA_TYPES, "number or media type")
    if isinstance(value, int) and wanted == Format.STRING:
        value = str(value)
    if isinstance(value, int):
        return value.to_bytes((value.bit_length() + 7) // 8, "big")
    return value.encode() if isinstance(value, str) else bytes(value or b"")


def describe_value(number: int, value: bytes, code: int = 0) -> str:
    """The decoded value for a screen: nothing from the packet reaches it unescaped."""
    decoded = decode_value(number, value, code)
    match decoded:
        case None:
            return "(empty)"
        case str():
            return repr(decoded)
        case bytes():
            return f"0x{decoded.hex()}" if decoded else "(empty)"
        case int() if number in _FORMATS and not signalling.is_signalling(code):
            return f"{decoded} ({content_format_name(decoded)})"
    return str(decoded)


def describe_number(number: int, code: int = 0) -> str:
    """`11 (Uri-Path, critical, unsafe)`; signalling options are critical or not, no more."""
    known = option_spec(number, code) is not None
    told = _BITS[:1] if signalling.is_signalling(code) else _BITS
    bits = [word for bit, word in told if number & bit and known]
    return f"{number} ({', '.join([option_name(number, code), *bits])})"


def describe_flaw(flaw: Flaw) -> str:
    """`value truncated, bytes 5-6 (Uri-Path)`; bytes count from 0."""
    place = f"byte {flaw.offset}"
    if flaw.end - flaw.offset > 1:
        place = f"bytes {flaw.offset}-{flaw.end - 1}"
    option = f" ({numbers.option_name(flaw.detail)})" if flaw.kind in _OPTION_DEFECTS else ""
    return f"{flaw.kind.name.lower().replace('_', ' ')}, {place}{option}"


def extended(value: int, what: str) -> tuple[int, bytes]:
    """A delta or length as its nibble and extension bytes, RFC 7252 clause 3.1."""
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    if value > MAX_EXTENDED:
        raise ValueError(f"{what} {value} is more than {MAX_EXTENDED}")
    return 14, (value - 269).to_bytes(2, "big")


def encode_options(options: Iterable[tuple[int, bytes]]) -> bytes:
    """(number, value) pairs in canonical order: by number, equal numbers as they stand."""
    out = bytearray()
    previous = 0
    for number, value in sorted(options, key=lambda option: option[0]):
        delta, delta_more = extended(number - previous, "option delta")
        length, length_more = extended(len(value), "option length")
        out += bytes([delta << 4 | length]) + delta_more + length_more + value
        previous = number
    return bytes(out)


def stated_length(message: Message) -> int:
    """Len of a message of a reliable transport, as far as it stands there (RFC 8323 clause 3.2)."""
    data = message.data
    if not data or message.code_span[0] > len(data):
        return 0
    return body_length(data, 0)


def undecoded(message: Message) -> Span:
    """The bytes between where dissection stopped and the payload marker or the end."""
    size = len(message.data)
    if not _header_read(message):
        return 1, size  # of the header only the first byte was read
    start = message.token_offset + len(message.token)
    if message.options:
        last = message.options[-1]
        start = last.value_offset + len(last.value)
    return start, size if message.payload_offset < 0 else message.payload_offset - 1


def _header_read(message: Message) -> bool:
    if message.reliable:
        return message.code_span[1] <= len(message.data)
    return message.version == numbers.VERSION and message.token_offset >= HEADER


def field_spans(message: Message) -> dict[str, Span]:
    """Where each field stands, counted from the first byte of the message.

    Options are `options[0]`, their values `options[0].value`; what was not read is left out. A
    message of a reliable transport has a `length` in place of version, type and `message_id`.
    """
    size = len(message.data)
    spans: dict[str, Span] = {}
    if size and message.reliable:
        spans |= {"length": (0, min(message.code_span[0], size)), "token_length": (0, 1)}
    elif size:
        spans |= {"version": (0, 1), "type": (0, 1), "token_length": (0, 1)}
    start, end = undecoded(message)
    if _header_read(message):
        token_end = message.token_offset + len(message.token)
        spans["code"] = message.code_span
        if not message.reliable:
            spans["message_id"] = (2, 4)
        spans["token"] = (message.token_offset, token_end)
    for index, option in enumerate(message.options):
        after = option.value_offset + len(option.value)
        spans[f"options[{index}]"] = (option.offset, after)
        spans[f"options[{index}].value"] = (option.value_offset, after)
    if start < end:
        spans["undecoded"] = (start, end)
    if message.payload_offset >= 0:
        spans["payload_marker"] = (message.payload_offset - 1, message.payload_offset)
        spans["payload"] = (message.payload_offset, size)
    return spans
