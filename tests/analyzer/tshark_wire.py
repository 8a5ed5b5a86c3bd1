# SPDX-License-Identifier: GPL-2.0-only
"""What tshark and our option walk tell of one message, and where they are known to differ.

Only the dissectors are asked; what belongs to an exchange is compared in `test_tshark`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tshark import (
    MISSING,
    Difference,
    Layers,
)

from dissectors.coap import numbers
from dissectors.coap.media_types import CONTENT_FORMATS
from dissectors.coap.message import Message, Option
from dissectors.coap.numbers import Format
from dissectors.coap.wire import Defect
from dissectors.fields import fields

OPTION_FIELDS = {
    int(field.source.partition(":")[2]): field.name
    for field in fields().values()
    if field.source.startswith("option:")
}
"""Field of an option by its number, as users type it."""

BLOCKS = (numbers.BLOCK1, numbers.BLOCK2)
HEADER = ("coap.version", "coap.type", "coap.token_len", "coap.code", "coap.mid", "coap.token")
ENCODING = tuple(f"coap.opt.{name}" for name in ("delta", "delta_ext", "length", "length_ext"))
BLOCK = tuple(f"coap.opt.block_{name}" for name in ("number", "mflag", "size"))
EXPERT = (
    "coap.invalid_option_range",
    "coap.unknown_option_number",
    "coap.option_length_bad",
)
REST = (
    "coap.opt.desc",
    "coap.opt.unknown",
    "coap.opt.end_marker",
    "coap.opt.uri_path_recon",
    "coap.payload_length",
)


# What each says --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contrast:
    """A field of one message with different values."""

    name: str
    ours: list[Any]
    theirs: list[Any]
    message: Message
    in_ascii: list[Any]
    malformed: bool

    def has(self, *kinds: Defect) -> bool:
        return any(flaw.kind in kinds for flaw in self.message.flaws)

    def __str__(self) -> str:
        data = self.message.data
        return f"{self.name}: {self.ours} is {self.theirs} to tshark in {data[:200].hex()}"


def described(number: int) -> str:
    """Number and class of an option as Wireshark writes them (RFC 7252 clause 5.4.6)."""
    spec = numbers.OptionSpec(number, "", Format.OPAQUE, 0, 0)
    text = "Critical" if spec.critical else "Elective"
    text += ", Unsafe" if spec.unsafe else ", Safe"
    return f"Type {number}, {text}" + (", NoCacheKey" if spec.no_cache_key else "")


def encoding(option: Option, data: bytes) -> dict[str, int]:
    """Delta and length of an option as they stand on the wire."""
    at = option.offset
    delta, length = data[at] >> 4, data[at] & 15
    found = {"delta": delta, "length": length}
    at += 1
    for name, nibble in (("delta_ext", delta), ("length_ext", length)):
        size = {13: 1, 14: 2}.get(nibble, 0)
        if size:
            found[name] = int.from_bytes(data[at : at + size], "big")
        at += size
    return {f"coap.opt.{name}": value for name, value in found.items()}


def option_value(option: Option, charset: str) -> Any:
    """The value as its field has it, None for a uint that is too long to be one."""
    spec, value = option.spec, option.value
    if spec is None or spec.format in (Format.OPAQUE, Format.OSCORE, Format.EMPTY):
        return value.hex()
    if spec.format == Format.STRING:
        return value.decode(charset, "replace")
    if len(value) > 4:
        return None
    number = int.from_bytes(value, "big")
    if option.number in (numbers.CONTENT_FORMAT, numbers.ACCEPT):
        return CONTENT_FORMATS.get(number, f"Unknown Type {number}")
    return number


def uri(message: Message, charset: str, end: str = "") -> str:
    """Uri-Host, Uri-Port and Uri-Path put together; `end` ends a value, as NUL does in C."""
    forms = {numbers.URI_HOST: "coap://{}", numbers.URI_PORT: ":{}", numbers.URI_PATH: "/{}"}
    shown = ((o.number, option_value(o, charset)) for o in message.options if o.number in forms)
    texts = ((number, str(value)) for number, value in shown if value is not None)
    return "".join(forms[n].format(v.partition(end)[0] if end else v) for n, v in texts)


def told_by_us(
    message: Message, known: frozenset[str], charset: str = "utf-8"
) -> dict[str, list[Any]]:
    """Every compared field of a message."""
    head = (message.version, message.type, message.tkl, message.code, message.message_id)
    told: dict[str, list[Any]] = {name: [value] for name, value in zip(HEADER, head, strict=False)}
    told["coap.token"] = [message.token.hex()] if message.token else []
    for option in message.options:
        told.setdefault("coap.opt.desc", []).append(described(option.number))
        for name, part in encoding(option, message.data).items():
            told.setdefault(name, []).append(part)
        value = option_value(option, charset)
        field = OPTION_FIELDS.get(option.number, "")
        if option.number in BLOCKS:
            if value is not None:
                for name, part in zip(BLOCK, (value >> 4, value >> 3 & 1, value & 7), strict=True):
                    told.setdefault(name, []).append(part)
        elif field in known:
            if value is not None:
                told.setdefault(field, []).append(value)
        elif option.number not in UNNAMED:
            told.setdefault("coap.opt.unknown", []).append(option.value.hex())
    if message.payload_offset >= 0:
        told["coap.opt.end_marker"] = [0xFF]
    if message.payload:
        told["coap.payload_length"] = [len(message.payload)]
    if path := uri(message, charset):
        told["coap.opt.uri_path_recon"] = [path]
    kinds = {flaw.kind for flaw in message.flaws}
    for name, wanted in zip(EXPERT, EXPERT_KINDS, strict=True):
        told[name] = [1] if kinds & wanted else []
    return told


SIZE2 = 28
UNNAMED = frozenset({numbers.OSCORE, 5, SIZE2})
"""Options that tshark knows, without a field for their value."""

EXPERT_KINDS = (
    {Defect.LENGTH_CRITICAL, Defect.LENGTH_ELECTIVE},
    {Defect.CRITICAL_UNKNOWN, Defect.ELECTIVE_UNKNOWN, Defect.RESERVED_LOCATION},
    {Defect.VALUE_TRUNCATED, Defect.OPTION_TRUNCATED, Defect.DELTA_15, Defect.LENGTH_15},
)
NEWER = frozenset({19, 21, 31, 252, 258, 292, 2049, 2053})
UNKNOWN = ("coap.unknown_option_number", "coap.invalid_option_number")
"""tshark's own two, for critical options and others."""


def compared_fields(known: frozenset[str]) -> tuple[str, ...]:
    options = [name for name in OPTION_FIELDS.values() if name in known]
    return (*HEADER, *ENCODING, *BLOCK, *EXPERT, *REST, *options)


def told_by_tshark(layers: Layers, name: str) -> list[Any]:
    values = layers.get(name, [])
    if name in UNKNOWN:
        values = [value for either in UNKNOWN for value in layers.get(either, [])]
    if name in EXPERT:
        return [1] if values else []
    text = name == "coap.opt.desc" or (name in fields() and fields()[name].type == "string")
    if name in ("coap.token", "coap.opt.unknown") or (
        name in fields() and fields()[name].type == "bytes"
    ):
        return ["" if value == MISSING else value.replace(":", "") for value in values]
    return list(values) if text else [int(value) for value in values]


# Where they differ, and why --------------------------------------------------------------------


def number_of(media_type: str) -> int:
    """Content-Format of a media type, -1 for a name that is none."""
    return next((n for n, name in CONTENT_FORMATS.items() if name == media_type), -1)


def alike(ours: Any, theirs: Any) -> bool:
    """Equal, but for how Wireshark 4.0 names a Content-Format."""
    if theirs == "(null)":
        return bool(ours == CONTENT_FORMATS[0])
    newer = isinstance(ours, str) and theirs == f"Unknown Type {number_of(ours)}"
    return newer or ours == theirs


def begins(c: Contrast, less: int = 99) -> bool:
    """Theirs is ours up to where they stopped, at most `less` values earlier."""
    return 0 <= len(c.in_ascii) - len(c.theirs) <= less and all(map(alike, c.in_ascii, c.theirs))


TOO_LONG = 0xFFFFFFFF
FORMAT_ERRORS = (
    Defect.VALUE_TRUNCATED,
    Defect.OPTION_TRUNCATED,
    Defect.DELTA_15,
    Defect.LENGTH_15,
    Defect.NUMBER_OVERFLOW,
)


def shows_too_long(c: Contrast) -> bool:
    """Theirs is ours without what stands for a number of more than 4 bytes."""
    if c.name == "coap.opt.uri_path_recon":
        stripped = [str(value).replace(f":{TOO_LONG}", "") for value in c.theirs]
        return stripped != c.theirs and stripped == (c.in_ascii or [""])
    kept = [v for v in c.theirs if v not in (TOO_LONG, f"Unknown Type {TOO_LONG}")]
    cut = c.has(Defect.VALUE_TRUNCATED)
    return kept != c.theirs and kept in (c.ours, c.ours[:-1] if cut else c.ours)


def ended_by_nul(c: Contrast) -> bool:
    """Theirs is ours up to the first NUL of each value."""
    if c.name == "coap.opt.uri_path_recon":
        return c.theirs == [uri(c.message, "ascii", end="\0")]
    return c.theirs == [str(value).partition("\0")[0] for value in c.in_ascii]


def only_newer(c: Contrast) -> bool:
    """Every option of a wrong length is one that Wireshark does not know."""
    wrong = (Defect.LENGTH_CRITICAL, Defect.LENGTH_ELECTIVE)
    return all(flaw.detail in NEWER for flaw in c.message.flaws if flaw.kind in wrong)


def lists(c: Contrast, number: int) -> bool:
    return c.message.first(number) is not None


DIFFERENCES: dict[str, Difference[Contrast]] = {
    "version": Difference(
        "coap.*",
        "RFC 7252 clause 3: a message of an unknown version is ignored; Wireshark reads on.",
        lambda c: c.has(Defect.VERSION),
    ),
    "extended token": Difference(
        "coap.*",
        "RFC 8974 clause 2.1: TKL 13 and 14 announce an extended length, 15 is an error; "
        "Wireshark 4.0 takes them for 13, 14 and 15 bytes of token.",
        lambda c: c.message.tkl >= 13,
    ),
    "Empty message": Difference(
        "coap.*",
        "RFC 7252 clause 4.1: whatever follows the Message ID of an Empty message is one format "
        "error; Wireshark reads it as token and options.",
        lambda c: c.has(Defect.EMPTY_EXTRA),
    ),
    "number past 65535": Difference(
        "coap.*",
        "RFC 7252 clause 12.2: option numbers end at 65535; Wireshark reads on past it.",
        lambda c: c.has(Defect.NUMBER_OVERFLOW) and c.ours == c.theirs[: len(c.ours)],
    ),
    "code of no message on UDP": Difference(
        " ".join(EXPERT),
        "RFC 8323 clause 5.2: signalling codes number their options anew; RFC 7252 clause 12.1: "
        "classes 1, 3 and 6 are reserved. Wireshark judges their options as those of a request.",
        lambda c: c.message.code >> 5 in (1, 3, 6, 7) and c.ours == [],
    ),
    "shortened value": Difference(
        "coap.opt.* coap.token",
        "RFC 7252 clauses 3, 3.1: token length, option number and length are known before the "
        "value; we show what there is of it, with the defect, Wireshark does not.",
        lambda c: c.has(Defect.VALUE_TRUNCATED, Defect.TOKEN_TRUNCATED) and begins(c, less=1),
    ),
    "extension bytes missing": Difference(
        "coap.option_length_bad",
        "RFC 7252 clause 3.1: nibbles 13 and 14 want one and two bytes more; where there are none, "
        "Wireshark's dissection ends without saying that an option is at fault.",
        lambda c: (
            c.theirs == [] and c.malformed and c.has(Defect.OPTION_TRUNCATED, Defect.LENGTH_15)
        ),
    ),
    "path of a malformed message": Difference(
        "coap.opt.uri_path_recon",
        "RFC 7252 clause 3.1: options before the broken one are whole; we put the path together "
        "from them, Wireshark does not.",
        lambda c: c.theirs == [] and c.has(*FORMAT_ERRORS),
    ),
    "OSCORE option": Difference(
        "coap.*",
        "RFC 7252 clause 3.1: delta and length alone lead to the next option. An OSCORE value "
        "that Wireshark cannot read ends its dissection of the message.",
        lambda c: c.malformed and lists(c, numbers.OSCORE) and begins(c),
    ),
    "UTF-8": Difference(
        "coap.opt.*",
        "RFC 7252 clause 3.2: a string is UTF-8; Wireshark 4.0 reads ASCII.",
        lambda c: c.ours != c.in_ascii == c.theirs,
    ),
    "zero": Difference(
        "coap.opt.accept coap.opt.ctype",
        "RFC 7252 clause 3.2: no bytes are the number 0, text/plain; Wireshark 4.0 says (null).",
        lambda c: "(null)" in c.theirs and begins(c, less=0),
    ),
    "newer content formats": Difference(
        "coap.opt.accept coap.opt.ctype",
        "IANA registered these media types after Wireshark 4.0.",
        lambda c: begins(c, less=0),
    ),
    "number too long": Difference(
        "coap.opt.*",
        "RFC 7252 clause 5.4.3: a value longer than its option allows is none; Wireshark shows "
        "4294967295 for every number of more than 4 bytes.",
        shows_too_long,
    ),
    "block too long": Difference(
        "coap.opt.block_*",
        "RFC 7959 clause 2.2: a Block value has 0 to 3 bytes; the same, seen in its parts.",
        lambda c: any(len(o.value) > 3 for n in BLOCKS for o in c.message.all(n)),
    ),
    "NUL": Difference(
        "coap.opt.*",
        "RFC 7252 clause 3.1: its length ends a string, not a NUL.",
        ended_by_nul,
    ),
    "newer options": Difference(
        f"{UNKNOWN[0]} coap.invalid_option_range",
        "IANA registered these options after Wireshark 4.0, or it knows their names alone.",
        lambda c: (
            any(o.number in NEWER for o in c.message.options) and c.theirs == [1]
            if c.name == UNKNOWN[0]
            else c.theirs == [] and only_newer(c)
        ),
    ),
    "empty Uri-Query": Difference(
        "coap.invalid_option_range",
        "RFC 7252 clause 5.10: Uri-Query has 0 to 255 bytes; Wireshark wants 1.",
        lambda c: c.theirs == [1] and any(o.value == b"" for o in c.message.all(15)),
    ),
    "block payload": Difference(
        "coap.payload_length",
        "RFC 7252 clause 3: the payload extends to the end of the datagram. Wireshark tells the "
        "length of the reassembled body, at its last block, and none before.",
        lambda c: c.theirs == [] and any(lists(c, number) for number in BLOCKS),
    ),
    "Size2": Difference(
        "coap.opt.block_size",
        "RFC 7959 clause 4: Size2 is a size in bytes; Wireshark shows it as a block size.",
        lambda c: lists(c, SIZE2) and len(c.theirs) > len(c.ours),
    ),
    "colon in Uri-Host": Difference(
        "coap.opt.uri_path_recon",
        "RFC 7252 clause 5.10.1: an IP literal brings its brackets along; Wireshark puts some "
        "around every host with a colon.",
        lambda c: c.theirs != [] and "coap://[" in c.theirs[0],
    ),
}
