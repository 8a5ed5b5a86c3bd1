# SPDX-License-Identifier: GPL-2.0-only
"""What the values of a field are to a filter: their kind, the operators it has, the words for them.

Fields are those of `dissectors.fields`; the protocols beside them only exist or do not.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final

from analyzer.exchanges.model import State
from analyzer.filters.model import Op
from analyzer.messages import Role
from analyzer.relations import Confidence, Match
from analyzer.rules.catalogue import Severity, load
from dissectors.coap import numbers
from dissectors.coap.media_types import CONTENT_FORMATS
from dissectors.fields import Field, fields
from dissectors.msgin5g.elements import MessageType, elements
from dissectors.tls.numbers import CIPHER_SUITES, VERSIONS


class Kind(StrEnum):
    """Of the values of a field, in words."""

    NUMBER = "a number"
    TIME = "a time in seconds"
    MOMENT = "a time of day"
    STRING = "a string"
    BYTES = "bytes"
    IPV4 = "an IPv4 address"
    IPV6 = "an IPv6 address"
    ADDRESS = "an IP address"
    BOOLEAN = "true or false"
    SEVERITY = "a severity"
    PROTOCOL = "a protocol"


PROTOCOL: Final = "protocol"
PROTOCOLS: Final = {
    name: Field(name, PROTOCOL, help, f"protocol:{name}")
    for name, help in (
        ("frame", "Every message"),
        ("ip", "IPv4"),
        ("ipv6", "IPv6"),
        ("udp", "UDP"),
        ("tcp", "TCP"),
        ("tls", "TLS"),
        ("dtls", "DTLS"),
        ("websocket", "WebSocket"),
        ("oscore", "OSCORE that was opened"),
        ("coap", "CoAP"),
        ("msgin5g", "MSGin5G: a Message Type or UE Service ID is known"),
    )
}
"""Names that are true of a message or not."""

_OF_TYPE: Final = {
    "uint": Kind.NUMBER,
    "integer": Kind.NUMBER,
    "number": Kind.NUMBER,
    "frame": Kind.NUMBER,
    "time": Kind.TIME,
    "string": Kind.STRING,
    "object": Kind.STRING,
    "array": Kind.STRING,
    "bytes": Kind.BYTES,
    "boolean": Kind.BOOLEAN,
    PROTOCOL: Kind.PROTOCOL,
}
_MOMENTS: Final = frozenset(
    (
        *("frame.time", "frame.time_epoch", "exchange.request_time"),
        *("finding.first_time", "finding.last_time"),
    )
)

_EQUAL: Final = (Op.EQ, Op.NE, Op.ALL_EQ, Op.ANY_NE, Op.IN)
_ORDERED: Final = (*_EQUAL, Op.LT, Op.GT, Op.LE, Op.GE)
_TEXTUAL: Final = (*_ORDERED, Op.CONTAINS, Op.MATCHES)
_OPS: Final = {
    Kind.STRING: _TEXTUAL,
    Kind.BYTES: _TEXTUAL,
    Kind.BOOLEAN: _EQUAL,
    Kind.PROTOCOL: (),
}


def known_fields() -> dict[str, Field]:
    """Every name a filter may have, protocols first."""
    return PROTOCOLS | fields()


def kind_of(field: Field) -> Kind:
    """What its values are."""
    if field.name == "finding.severity":
        return Kind.SEVERITY
    if field.name in _MOMENTS:
        return Kind.MOMENT
    if field.type == "address":
        family = field.name.partition(".")[0]
        return {"ip": Kind.IPV4, "ipv6": Kind.IPV6}.get(family, Kind.ADDRESS)
    return _OF_TYPE[field.type]


def ops_of(kind: Kind) -> tuple[Op, ...]:
    """The operators that values of a kind have."""
    return _OPS.get(kind, _ORDERED)


# Words ------------------------------------------------------------------------------------------

_TYPES: Final = (
    ("CON", "Confirmable"),
    ("NON", "Non-Confirmable"),
    ("ACK", "Acknowledgement"),
    ("RST", "Reset"),
)

CLOSED: Final = frozenset(
    (
        *("exchange.state", "exchange.role", "exchange.matched_by", "exchange.confidence"),
        *("exchange.message_type", "msgin5g.message_type", "_ws.col.protocol", "finding.rule"),
        *("finding.severity",),
    )
)
"""Fields that have no value but their words."""


@cache
def words_of(field: Field) -> dict[str, int | str]:
    """Words for values of a field, and what each stands for; {} where any value may come."""
    name = field.name
    if name == "coap.type":
        return {word: number for number, words in enumerate(_TYPES) for word in words}
    if name == "coap.code":
        return _codes()
    if name.endswith("tls.handshake.version"):
        return {text: number for number, text in VERSIONS.items() if _of_transport(name, text)}
    if name.endswith("tls.handshake.ciphersuite"):
        return {text: number for number, text in CIPHER_SUITES.items()}
    if name == "finding.severity":
        return {severity.label: int(severity) for severity in reversed(Severity)}
    return {text: text for text in _texts(name)}


def _of_transport(field: str, version: str) -> bool:
    return version.startswith("DTLS") == field.startswith("dtls")


def _codes() -> dict[str, int | str]:
    """`GET`, `2.05`, `2.05 Content`."""
    found: dict[str, int | str] = {}
    for code in numbers.CODES:
        found[numbers.code_name(code)] = found[numbers.dotted(code)] = code
    return found


def _texts(name: str) -> tuple[str, ...]:
    if name == "exchange.state":
        return tuple(state.label for state in State)
    if name == "exchange.role":
        return tuple(role.label for role in Role if role != Role.UNCONFIRMED)
    if name == "exchange.method":
        return (*(numbers.code_name(code) for code in numbers.CODES if 0 < code < 0x20), "ping")
    if name == "exchange.response_code":
        return tuple(map(numbers.dotted, filter(numbers.is_response, numbers.CODES)))
    if name in ("exchange.message_type", "msgin5g.message_type"):
        return tuple(MessageType)
    if name == "exchange.matched_by":
        return tuple(Match)
    if name == "exchange.confidence":
        return tuple(Confidence)
    if name == "_ws.col.protocol":
        return ("CoAP", "MSGin5G")
    if name == "finding.rule":
        return tuple(load())
    if name in ("coap.opt.ctype", "coap.opt.accept"):
        return tuple(CONTENT_FORMATS.values())
    element = elements().get(name.removeprefix("msgin5g."))
    return tuple(meaning for meaning, _ in element.values) if element else ()
