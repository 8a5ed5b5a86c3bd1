# SPDX-License-Identifier: GPL-2.0-only
"""The CoAP layer as nodes: header fields, each option, flaws, and what follows the marker."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from analyzer.views.detail.nodes import Node
from analyzer.views.escape import escape
from analyzer.views.info import Line, code_ink
from analyzer.views.inks import line
from analyzer.views.places import Span
from dissectors.coap.numbers import TYPE_NAMES, Type
from dissectors.coap.values import (
    code_text,
    decode_value,
    describe_flaw,
    describe_number,
    describe_value,
)
from dissectors.fields import fields

if TYPE_CHECKING:
    from dissectors import CoAP


def coap_node(coap: CoAP, at: int, generated: tuple[Node, ...]) -> Node:
    """The layer and its fields; `at` is its first byte in the packet."""
    spans = {name: (at + first, at + after) for name, (first, after) in coap.spans.items()}
    children = (
        *_header(coap, spans),
        *_options(coap, spans),
        *_rest(coap, spans),
        *_flaws(coap, at),
        *generated,
    )
    code = coap.code
    heading: Line = (
        ("Constrained Application Protocol, ", ""),
        (Type(coap.type).name, ""),
        *((f", {code_text(code)}", code_ink(code)) for _ in range(code is not None)),
        *((f", MID:{coap.message_id}", "") for _ in range(coap.message_id is not None)),
    )
    ends = [end for _, end in spans.values()]
    span = (at, max(ends, default=at))
    return Node(heading, span, children, key="coap", expanded=True, field="coap")


def named(title: str, value: str, ink: str = "") -> Line:
    """`Title: value`."""
    return ((f"{title}: ", "dim"), (value, ink))


def _header(coap: CoAP, spans: dict[str, Span]) -> Iterator[Node]:
    kind = Type(coap.type)
    token = bytes(coap.token)
    values: tuple[tuple[str, str, Any, str], ...] = (
        ("version", "Version", coap.version, ""),
        ("type", "Type", f"{TYPE_NAMES[kind]} ({kind.name}, {kind.value})", ""),
        ("token_length", "Token length", coap.token_length, ""),
        ("code", "Code", code_text(coap.code or 0), code_ink(coap.code or 0)),
        ("message_id", "Message ID", f"{coap.message_id} (0x{coap.message_id or 0:04x})", ""),
        ("token", "Token", token[:64].hex(" ") or "(empty)", ""),
    )
    for name, title, value, ink in values:
        if name in spans:
            shown = named(title, str(value), ink)
            field = "coap.token_len" if name == "token" and not token else _FIELDS[name]
            yield Node(shown, spans[name], key=name, field=field)


_FIELDS: Final = {
    "version": "coap.version",
    "type": "coap.type",
    "token_length": "coap.token_len",
    "code": "coap.code",
    "message_id": "coap.mid",
    "token": "coap.token",
}


@cache
def _option_fields() -> dict[int, str]:
    """By the number of an option."""
    sources = ((*field.source.partition(":"), field.name) for field in fields().values())
    return {int(key): name for kind, _, key, name in sources if kind == "option"}


def _options(coap: CoAP, spans: dict[str, Span]) -> Iterator[Node]:
    seen: dict[int, int] = {}
    for index, option in enumerate(coap.options):
        span, value_span = spans[f"options[{index}]"], spans[f"options[{index}].value"]
        number, value = option.number, bytes(option.value)
        shown = option_text(number, value)
        field, nth = _option_fields().get(number, ""), seen.get(number, 0)
        seen[number] = nth + 1
        head = (span[0], value_span[0])
        children = (
            Node(named("Option", describe_number(number)), head, key="number"),
            Node(named("Length", str(len(value))), head, key="length"),
            Node(named("Value", shown), value_span, key="value", field=field, nth=nth),
        )
        key = f"{number}.{nth + 1}"
        heading = named(escape(option.name), shown, "path")
        yield Node(heading, span, children, key=key, field=field, nth=nth)


def option_text(number: int, value: bytes) -> str:
    """The decoded value; text of the packet escaped."""
    decoded = decode_value(number, value)
    if isinstance(decoded, str):
        return escape(decoded) or "(empty)"
    return escape(describe_value(number, value))


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
