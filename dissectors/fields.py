# SPDX-License-Identifier: GPL-2.0-only
"""Every name a user can type for a value of a message, exchange or finding: Wireshark's where it
has one.

`source` says where the value is: `column:` of the table, `option:` number, `element:` name,
`value:` a computed one, or `shown:` what views write. Options and MSGin5G elements come from their
registries, so a new one is a field at once.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from dissectors.coap.numbers import NAMED_OPTIONS, Format
from dissectors.msgin5g.elements import elements


class Table(StrEnum):
    """The tables whose rows have fields, each by the command that prints it."""

    MESSAGES = "messages"
    EXCHANGES = "exchanges"
    FINDINGS = "findings"


class Field(NamedTuple):
    """One field: name, type as filters see it, a few words, where its value comes from, and the
    table it is `of`. One that is `repeated` has a list of values."""

    name: str
    type: str
    help: str
    source: str
    repeated: bool = False
    of: Table = Table.MESSAGES


_FIXED: Final = (
    Field("frame.number", "uint", "Frame number, from 1", "column:frame"),
    Field(
        "frame.time", "string", "Capture time, local, as Wireshark writes it", "value:local_time"
    ),
    Field("frame.time_epoch", "time", "Capture time, seconds since 1970", "value:time"),
    Field("frame.time_relative", "time", "Seconds since the first packet", "value:relative_time"),
    Field("frame.len", "uint", "Bytes on the wire", "column:wire"),
    Field("frame.cap_len", "uint", "Bytes captured", "value:captured"),
    Field("frame.comment", "string", "Comments: of the file, and your own", "value:comment", True),
    Field("frame.marked", "boolean", "Whether you marked it", "value:frame_marked"),
    Field("marked", "boolean", "True of packets you marked, none of others", "value:marked"),
    Field("frame.interface_id", "uint", "Interface, from 0", "column:interface"),
    Field("frame.interface_name", "string", "Name of the interface", "value:interface_name"),
    Field("_ws.col.def_src", "address", "Source address, IPv4 or IPv6", "value:source"),
    Field("_ws.col.def_dst", "address", "Destination address, IPv4 or IPv6", "value:destination"),
    Field("_ws.col.protocol", "string", "CoAP or MSGin5G", "value:protocol"),
    Field("_ws.col.info", "string", "The message in a line, escaped", "shown:info"),
    Field("ip.src", "address", "IPv4 source address", "value:ip_source"),
    Field("ip.dst", "address", "IPv4 destination address", "value:ip_destination"),
    Field("ip.addr", "address", "Both IPv4 addresses", "value:ip_both", True),
    Field("ipv6.src", "address", "IPv6 source address", "value:ipv6_source"),
    Field("ipv6.dst", "address", "IPv6 destination address", "value:ipv6_destination"),
    Field("ipv6.addr", "address", "Both IPv6 addresses", "value:ipv6_both", True),
    Field("udp.srcport", "uint", "UDP source port", "value:udp_source_port"),
    Field("udp.dstport", "uint", "UDP destination port", "value:udp_destination_port"),
    Field("udp.port", "uint", "Both UDP ports", "value:udp_both_ports", True),
    Field("tcp.srcport", "uint", "TCP source port", "value:tcp_source_port"),
    Field("tcp.dstport", "uint", "TCP destination port", "value:tcp_destination_port"),
    Field("tcp.port", "uint", "Both TCP ports", "value:tcp_both_ports", True),
    Field("connection.id", "uint", "TCP connection or DTLS flow, from 1", "value:connection"),
    Field("coap.version", "uint", "Version", "value:version"),
    Field("coap.type", "uint", "Type: 0 CON, 1 NON, 2 ACK, 3 RST; over TCP none", "value:type"),
    Field("coap.token_len", "uint", "Token length field", "value:token_length"),
    Field("coap.length", "uint", "Length field; only over TCP", "value:length"),
    Field("coap.code", "uint", "Code byte: class * 32 + detail", "column:code"),
    Field("coap.mid", "uint", "Message ID; over TCP none", "value:message_id"),
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
    Field("exchange.role", "string", "What the message is in its exchange", "value:role"),
    Field("msgin5g.message_type", "string", "Message Type by its meaning", "value:message_type"),
)

_AGREED: Final = (
    ("handshake.version", "uint", "Version agreed on", "version"),
    ("handshake.ciphersuite", "uint", "Cipher suite agreed on", "suite"),
    ("handshake.identity", "bytes", "PSK identity of the client", "identity"),
    ("handshake.extensions_server_name", "string", "Server Name of the client", "server_name"),
    ("resumed", "boolean", "Whether it resumed a session", "resumed"),
)
"""What the handshake of a connection says, which is shown of each of its messages."""

_SECURED: Final = tuple(
    Field(f"{transport}.{name}", type, f"{help} ({transport.upper()})", f"value:{transport}_{key}")
    for transport in ("dtls", "tls")
    for name, type, help, key in _AGREED
)

_LISTS: Final = ("frames", "notifications", "retransmitted_in")

_EXCHANGE: Final = tuple(
    Field(f"exchange.{name}", type, help, f"value:{name}", name in _LISTS, Table.EXCHANGES)
    for name, type, help in (
        ("id", "uint", "Exchange, from 1"),
        ("state", "string", "Where it stands: open, answered, unanswered, ..."),
        ("method", "string", "Method of the request, or ping"),
        ("uri", "string", "Path and query of the request"),
        ("token", "bytes", "Token of the request"),
        ("mid", "uint", "Message ID of the request"),
        ("client", "string", "Address and port that asks"),
        ("server", "string", "Address and port that is asked"),
        ("ue_service_id", "string", "UE Service ID it is about"),
        ("message_type", "string", "Message Type of MSGin5G"),
        ("request_in", "frame", "Frame of the request"),
        ("ack_in", "frame", "Frame of the first ACK"),
        ("response_in", "frame", "Frame of the first response"),
        ("reset_in", "frame", "Frame of the Reset"),
        ("response_code", "string", "Code of the first response, as in 2.05"),
        ("request_time", "time", "Capture time of the request, seconds since 1970"),
        ("response_time", "time", "Seconds from request to response"),
        ("ack_time", "time", "Seconds from request to ACK"),
        ("retransmissions", "uint", "Copies of the request and of responses"),
        ("retransmitted_in", "frame", "Frames of these copies"),
        ("notifications", "frame", "Frames of notifications"),
        ("matched_by", "string", "Keys that pair the response: mid+token, token, ..."),
        ("confidence", "string", "How sure that is: exact, token, low, ..."),
        ("reason", "string", "Why it is as sure as that"),
        ("operation", "uint", "First exchange of its block-wise transfer or observation"),
        ("ended_in", "frame", "Frame that ended its observation"),
        ("nearest", "string", "What an answer or request not seen probably is, and how it differs"),
        ("nearest_frame", "frame", "Frame of that message"),
    )
)
_FINDING: Final = tuple(
    Field(f"finding.{name}", type, help, f"value:{name}", name in _LISTS, Table.FINDINGS)
    for name, type, help in (
        ("id", "uint", "Finding, from 1, in the order they were made"),
        ("rule", "string", "Rule that is broken; msgshark explain tells of it"),
        ("severity", "string", "error, warning or note"),
        ("spec", "string", "Specification: RFC 7252, TS 24.538, ..."),
        ("clause", "string", "Clause of it"),
        ("title", "string", "Rule in a few words"),
        ("frame", "frame", "Frame it points at"),
        ("frames", "frame", "All its frames, 1000 at most"),
        ("exchange", "uint", "Exchange it is about"),
        ("ue_service_id", "string", "UE Service ID it is about"),
        ("text", "string", "What is wrong, in a sentence"),
        ("seen", "string", "What the capture has"),
        ("expected", "string", "What the specification wants"),
        ("fix", "string", "What to do"),
        ("offset", "uint", "First byte it is about, in the CoAP message"),
        ("length", "uint", "How many bytes"),
        ("count", "uint", "How often it happened"),
        ("first_time", "time", "Capture time of the first, since 1970"),
        ("last_time", "time", "Capture time of the last, since 1970"),
    )
)

_AGAIN: Final = frozenset(
    ("frame.marked", "marked", "frame.time", "ip.addr", "ipv6.addr", "udp.port", "tcp.port")
)
"""What other fields of a message tell too, as columns do: shown when asked for."""

_BESIDE: Final = {
    Table.MESSAGES: (
        "exchange.id",
        "exchange.operation",
        "exchange.nearest",
        "exchange.nearest_frame",
        "finding.rule",
        "finding.severity",
    )
}
"""Fields of other tables that a whole row shows as well."""

_REACHED: Final = {
    Table.MESSAGES: frozenset(Table),
    Table.EXCHANGES: frozenset((Table.EXCHANGES, Table.FINDINGS)),
    Table.FINDINGS: frozenset(Table),
}
"""Tables that a row leads to: its exchange and findings, the message a finding points at."""

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
    """Every field by name, in the order views show them: of messages, exchanges, findings."""
    found = {field.name: field for field in (*_FIXED, *_SECURED)}
    for spec in NAMED_OPTIONS.values():
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
    found.update((field.name, field) for field in (*_EXCHANGE, *_FINDING))
    return found


@cache
def named_by_source() -> dict[str, str]:
    """The name of a message's field by where its value is: `option:11`, `element:message_id`."""
    return {field.source: name for name, field in fields().items() if field.of == Table.MESSAGES}


def fields_of(table: Table) -> dict[str, Field]:
    """What can be asked of a row of a table, by name."""
    reached = _REACHED[table]
    return {name: field for name, field in fields().items() if field.of in reached}


def commands(field: Field) -> tuple[Table, ...]:
    """Where a field can be asked for: the tables whose rows lead to it."""
    return tuple(table for table in Table if field.of in _REACHED[table])


@cache
def shown_fields(table: Table) -> tuple[Field, ...]:
    """What a row of a table shows when nothing else is asked for."""
    beside = _BESIDE.get(table, ())
    found = (f for name, f in fields().items() if f.of == table or name in beside)
    return tuple(f for f in found if f.name not in _AGAIN and not f.name.startswith("_ws."))


def is_repeated(field: Field, table: Table) -> bool:
    """A row of the table has a list of values; messages and exchanges may have many findings."""
    return field.repeated or (field.of == Table.FINDINGS and table != Table.FINDINGS)


_USUAL: Final = {
    Table.MESSAGES: "frame.number frame.time_epoch _ws.col.def_src udp.srcport _ws.col.def_dst "
    "udp.dstport tcp.srcport tcp.dstport _ws.col.protocol frame.len coap.type coap.code coap.mid "
    "coap.token exchange.id exchange.role exchange.uri exchange.ue_service_id coap.response_time "
    "finding.rule _ws.col.info",
    Table.EXCHANGES: "exchange.id exchange.state exchange.method exchange.uri exchange.client "
    "exchange.server exchange.token exchange.mid exchange.ue_service_id exchange.request_in "
    "exchange.ack_in exchange.response_in exchange.response_code exchange.request_time "
    "exchange.response_time exchange.ack_time exchange.retransmissions exchange.matched_by "
    "exchange.confidence finding.rule",
    Table.FINDINGS: "finding.id finding.severity finding.rule finding.spec finding.clause "
    "finding.frame finding.exchange finding.ue_service_id finding.count finding.first_time "
    "finding.last_time finding.text finding.seen finding.expected",
}


def usual_fields(table: Table) -> tuple[Field, ...]:
    """The columns of a table for people who name none."""
    return tuple(fields()[name] for name in _USUAL[table].split())
