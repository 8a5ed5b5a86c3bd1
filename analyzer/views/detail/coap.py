# SPDX-License-Identifier: GPL-2.0-only
"""The CoAP layer as nodes: header fields, each option, flaws, and what follows the marker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from analyzer.views.detail.nodes import Node
from analyzer.views.escape import escape
from analyzer.views.info import Line, code_ink
from analyzer.views.inks import line
from analyzer.views.places import Span
from dissectors.coap import numbers
from dissectors.coap.numbers import TYPE_NAMES, Type
from dissectors.coap.oscore import read_oscore
from dissectors.coap.signalling import is_signalling
from dissectors.coap.values import (
    code_text,
    decode_value,
    describe_flaw,
    describe_number,
    describe_value,
)
from dissectors.coap.wire import DATAGRAM
from dissectors.fields import named_by_source

if TYPE_CHECKING:
    from dissectors import CoAP

TITLE: Final = "Constrained Application Protocol"

_FIELDS: Final = {
    "length": "coap.length",
    "version": "coap.version",
    "type": "coap.type",
    "token_length": "coap.token_len",
    "code": "coap.code",
    "message_id": "coap.mid",
    "token": "coap.token",
}
"""Names of the fields of the header by those of the layer."""


def coap_node(coap: CoAP, at: int, generated: tuple[Node, ...], title: str = TITLE) -> Node:
    """The layer and its fields; `at` is its first byte in the packet."""
    spans = {name: (at + first, at + after) for name, (first, after) in coap.spans.items()}
    children = (
        *_header(coap, spans),
        *_options(coap, spans),
        *_rest(coap, spans),
        *_flaws(coap, at),
        *generated,
    )
    code, datagram = coap.code, coap.framing == DATAGRAM
    heading: Line = (
        (title, ""),
        *((f", {Type(coap.type).name}", "") for _ in range(datagram)),
        *((f", {code_text(code)}", code_ink(code)) for _ in range(code is not None)),
        *((f", MID:{coap.message_id}", "") for _ in range(datagram and code is not None)),
    )
    ends = [end for _, end in spans.values()]
    span = (at, max(ends, default=at))
    return Node(heading, span, children, key="coap", expanded=True, field="coap")


def named(title: str, value: str, ink: str = "") -> Line:
    """`Title: value`."""
    return ((f"{title}: ", "dim"), (value, ink))


def _header(coap: CoAP, spans: dict[str, Span]) -> Iterator[Node]:
    token = bytes(coap.token)
    values: list[tuple[str, str, Any, str]] = [
        ("token_length", "Token length", coap.token_length, ""),
        ("code", "Code", code_text(coap.code or 0), code_ink(coap.code or 0)),
        ("token", "Token", token[:64].hex(" ") or "(empty)", ""),
    ]
    if coap.framing == DATAGRAM:
        kind, number = Type(coap.type), coap.message_id or 0
        values[:0] = (
            ("version", "Version", coap.version, ""),
            ("type", "Type", f"{TYPE_NAMES[kind]} ({kind.name}, {kind.value})", ""),
        )
        values.insert(-1, ("message_id", "Message ID", f"{number} (0x{number:04x})", ""))
    else:
        values.insert(0, ("length", "Length", coap.length, ""))
    for name, title, value, ink in values:
        if name in spans:
            shown = named(title, str(value), ink)
            field = "coap.token_len" if name == "token" and not token else _FIELDS[name]
            yield Node(shown, spans[name], key=name, field=field)


def _options(coap: CoAP, spans: dict[str, Span]) -> Iterator[Node]:
    seen: dict[int, int] = {}
    signals = is_signalling(coap.code or 0)
    for index, option in enumerate(coap.options):
        span, value_span = spans[f"options[{index}]"], spans[f"options[{index}].value"]
        number, value = option.number, bytes(option.value)
        shown = option_text(number, value, coap.code or 0)
        nth = seen.get(number, 0)
        seen[number] = nth + 1
        head = (span[0], value_span[0])
        field = "" if signals else named_by_source().get(f"option:{number}", "")
        children = (
            Node(named("Option", describe_number(number, coap.code or 0)), head, key="number"),
            Node(named("Length", str(len(value))), head, key="length"),
            Node(named("Value", shown), value_span, key="value", field=field, nth=nth),
            *(_compressed(value, value_span) if number == numbers.OSCORE and not signals else ()),
        )
        key = f"{number}.{nth + 1}"
        heading = named(escape(option.name), shown, "path")
        yield Node(heading, span, children, key=key, field=field, nth=nth)


def _compressed(value: bytes, span: Span) -> Iterator[Node]:
    """What an OSCORE option says (RFC 8613 clause 6.1)."""
    told = read_oscore(value)
    parts = (("Partial IV", told.piv or None), ("KID context", told.kid_context), ("KID", told.kid))
    for title, part in parts:
        if part is not None:
            yield Node(named(title, part.hex() or "(empty)"), span, key=title)


def option_text(number: int, value: bytes, code: int = 0) -> str:
    """The decoded value, in messages of a code; text of the packet escaped."""
    decoded = decode_value(number, value, code)
    if isinstance(decoded, str):
        return escape(decoded) or "(empty)"
    return escape(describe_value(number, value, code))


def _rest(coap: CoAP, spans: dict[str, Span]) -> Iterator[Node]:
    if "undecoded" in spans:
        first, after = spans["undecoded"]
        words = f"Undecoded: {after - first} bytes"
        yield Node(line(words, "error"), spans["undecoded"], key="undecoded")
    if "payload_marker" in spans:
        yield Node(
            named("End of options", "0xff", "dim"), spans["payload_marker"], key="payload_marker"
        )
    if "payload" in spans:
        first, after = spans["payload"]
        shown = named("Payload", f"{after - first} bytes")
        yield Node(shown, spans["payload"], key="payload", field="coap.payload_length")


def _flaws(coap: CoAP, at: int) -> Iterator[Node]:
    for number, flaw in enumerate(coap.defects):
        words = f"[Flaw: {escape(describe_flaw(flaw))}]"
        yield Node(line(words, "warning"), (at + flaw.offset, at + flaw.end), key=f"flaw {number}")
