# SPDX-License-Identifier: GPL-2.0-only
"""Every name a user can type for a value of a message: Wireshark's where it has one.

`source` says where the value is: `column:` of the messages table, `option:` number, `element:`
name, or `value:` a computed one. Options and MSGin5G elements come from their registries, so a new
one is a field at once.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from dissectors.coap.numbers import OPTIONS, Format
from dissectors.msgin5g.elements import elements


class Field(NamedTuple):
    """One field: name, type as filters see it, a few words, and where its value comes from."""

    name: str
    type: str
    help: str
    source: str
    repeated: bool = False


_FIXED: Final = (
    Field("frame.number", "uint", "Frame number, from 1", "column:frame"),
    Field("frame.time_epoch", "time", "Capture time, seconds since 1970", "value:time"),
    Field("frame.time_relative", "time", "Seconds since the first packet", "value:relative_time"),
    Field("frame.len", "uint", "Bytes on the wire", "column:wire"),
    Field("frame.cap_len", "uint", "Bytes captured", "column:captured"),
    Field("frame.interface_id", "uint", "Interface, from 0", "column:interface"),
    Field("ip.src", "address", "IPv4 source address", "value:ip_source"),
    Field("ip.dst", "address", "IPv4 destination address", "value:ip_destination"),
    Field("ipv6.src", "address", "IPv6 source address", "value:ipv6_source"),
    Field("ipv6.dst", "address", "IPv6 destination address", "value:ipv6_destination"),
    Field("udp.srcport", "uint", "UDP source port", "value:source_port"),
    Field("udp.dstport", "uint", "UDP destination port", "value:destination_port"),
    Field("coap.version", "uint", "Version", "value:version"),
    Field("coap.type", "uint", "Type: 0 CON, 1 NON, 2 ACK, 3 RST", "column:type"),
    Field("coap.token_len", "uint", "Token length field", "value:token_length"),
    Field("coap.code", "uint", "Code byte: class * 32 + detail", "column:code"),
    Field("coap.mid", "uint", "Message ID", "column:message_id"),
    Field("coap.token", "bytes", "Token", "value:token"),
    Field("coap.payload_length", "uint", "Payload length", "value:payload_length"),
    Field("coap.block.reassembled.in", "frame", "Frame that made the body whole", "value:whole"),
    Field("coap.block.reassembled.length", "uint", "Bytes of the whole body", "value:body_length"),
    Field("coap.block.count", "uint", "Blocks of the whole body", "value:block_count"),
    Field("coap.opt.uri_path_recon", "string", "Uri options put together", "value:uri"),
    Field("coap.response_in", "frame", "Frame of the response", "value:response_in"),
    Field("coap.response_to", "frame", "Frame of the request", "value:response_to"),
    Field("coap.response_time", "time", "Seconds from request to response", "value:response_time"),
    Field("coap.request_first_in", "frame", "First copy of this request", "value:first_request"),
    Field("coap.response_first_in", "frame", "First copy of this response", "value:first_response"),
    Field("exchange.id", "uint", "Exchange, from 1", "column:exchange"),
    Field(
        "exchange.operation",
        "uint",
        "First exchange of the block-wise operation or observation",
        "value:operation",
    ),
    Field(
        "exchange.nearest",
        "string",
        "The request that a message without one was probably meant for, and the key that differs",
        "value:nearest",
    ),
    Field("exchange.nearest_frame", "frame", "Frame of that request", "value:nearest_frame"),
    Field("exchange.role", "string", "What the message is in its exchange", "value:role"),
    Field("msgin5g.message_type", "string", "Message Type by its meaning", "value:message_type"),
    Field("finding.severity", "string", "Worst finding about the message", "value:severity"),
)

_WIRESHARK_OPTION: Final = {"content_format": "ctype"}
_TYPES: Final = {
    Format.UINT: "uint",
    Format.STRING: "string",
    Format.OPAQUE: "bytes",
    Format.EMPTY: "boolean",
    Format.BLOCK: "uint",
    Format.OSCORE: "bytes",
}


@cache
def fields() -> dict[str, Field]:
    """Every field by name, in the order views show them."""
    found = {field.name: field for field in _FIXED}
    for spec in OPTIONS.values():
        name = spec.name.lower().replace("-", "_")
        name = f"coap.opt.{_WIRESHARK_OPTION.get(name, name)}"
        kind = "string" if spec.name in ("Content-Format", "Accept") else _TYPES[spec.format]
        source = f"option:{spec.number}"
        found[name] = Field(
            name, kind, f"{spec.name} ({spec.reference})", source, bool(spec.repeat)
        )
    for element in elements().values():
        if not element.container:
            name = f"msgin5g.{element.name}"
            found.setdefault(
                name, Field(name, element.types[0], element.title, f"element:{element.name}")
            )
    return found
