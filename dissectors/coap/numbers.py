# SPDX-License-Identifier: GPL-2.0-only
"""CoAP registries as data: types, codes, options; Content-Formats stand in `media_types.py`, the
options of signalling messages in `signalling.py`.

Each entry names its RFC. Nothing here computes: the option walk (`wire.py`), the Scapy layers
(`layer.py`), the rules and the views all read these tables, so a number is declared once.
Sources: IANA "Constrained RESTful Environments (CoRE) Parameters"; RFC 7252, 7641, 7959, 7967,
8132, 8323, 8516, 8613, 8768, 8974, 9175, 9177, 9668; oneM2M TS-0008.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

COAP_PORT: Final = 5683
COAPS_PORT: Final = 5684
COMPRESSED_PORTS: Final = range(61616, 61632)
"""UDP ports that 6LoWPAN writes in 4 bits, which CoAP may use (RFC 7252 clause 7.1)."""
VERSION: Final = 1
PAYLOAD_MARKER: Final = 0xFF
EXPERIMENTAL_OPTIONS: Final = range(65000, 65536)
RESERVED_LOCATION_OPTIONS: Final = frozenset({128, 132, 136, 140})

# Content-Formats.
LINK_FORMAT: Final = 40
JSON: Final = 50
PROBLEM_DETAILS: Final = 257
MISSING_BLOCKS: Final = 272


class Type(IntEnum):
    """Message type, RFC 7252 clause 3; TCP stands for none: a message of a reliable transport
    (RFC 8323), with neither type nor Message ID."""

    CON = 0
    NON = 1
    ACK = 2
    RST = 3
    TCP = 4


CON, NON, ACK, RST, TCP = (int(kind) for kind in Type)
"""The types as plain numbers, for kernels."""

TYPE_NAMES: Final = {
    Type.CON: "Confirmable",
    Type.NON: "Non-Confirmable",
    Type.ACK: "Acknowledgement",
    Type.RST: "Reset",
    Type.TCP: "Reliable transport",
}


def type_name(kind: int) -> str:
    """`CON`; nothing for a message of a reliable transport, which has no type."""
    return "" if kind == TCP else Type(kind).name


class CodeSpec(NamedTuple):
    """One assigned code: the byte is class * 32 + detail."""

    code: int
    name: str
    reference: str
    safe: bool = False
    idempotent: bool = False

    @property
    def dotted(self) -> str:
        return dotted(self.code)


def dotted(code: int) -> str:
    """`c.dd` of a code byte, RFC 7252 clause 3."""
    return f"{code >> 5}.{code & 31:02d}"


def _codes(*rows: tuple[int, int, str, str]) -> dict[int, CodeSpec]:
    safe = {"GET", "FETCH"}
    idempotent = safe | {"PUT", "DELETE", "iPATCH"}
    return {
        (c << 5) | d: CodeSpec((c << 5) | d, name, ref, name in safe, name in idempotent)
        for c, d, name, ref in rows
    }


CODES: Final[dict[int, CodeSpec]] = _codes(
    (0, 0, "Empty", "RFC 7252"),
    (0, 1, "GET", "RFC 7252"),
    (0, 2, "POST", "RFC 7252"),
    (0, 3, "PUT", "RFC 7252"),
    (0, 4, "DELETE", "RFC 7252"),
    (0, 5, "FETCH", "RFC 8132"),
    (0, 6, "PATCH", "RFC 8132"),
    (0, 7, "iPATCH", "RFC 8132"),
    (2, 1, "Created", "RFC 7252"),
    (2, 2, "Deleted", "RFC 7252"),
    (2, 3, "Valid", "RFC 7252"),
    (2, 4, "Changed", "RFC 7252"),
    (2, 5, "Content", "RFC 7252"),
    (2, 31, "Continue", "RFC 7959"),
    (4, 0, "Bad Request", "RFC 7252"),
    (4, 1, "Unauthorized", "RFC 7252"),
    (4, 2, "Bad Option", "RFC 7252"),
    (4, 3, "Forbidden", "RFC 7252"),
    (4, 4, "Not Found", "RFC 7252"),
    (4, 5, "Method Not Allowed", "RFC 7252"),
    (4, 6, "Not Acceptable", "RFC 7252"),
    (4, 8, "Request Entity Incomplete", "RFC 7959"),
    (4, 9, "Conflict", "RFC 8132"),
    (4, 12, "Precondition Failed", "RFC 7252"),
    (4, 13, "Request Entity Too Large", "RFC 7252"),
    (4, 15, "Unsupported Content-Format", "RFC 7252"),
    (4, 22, "Unprocessable Entity", "RFC 8132"),
    (4, 29, "Too Many Requests", "RFC 8516"),
    (5, 0, "Internal Server Error", "RFC 7252"),
    (5, 1, "Not Implemented", "RFC 7252"),
    (5, 2, "Bad Gateway", "RFC 7252"),
    (5, 3, "Service Unavailable", "RFC 7252"),
    (5, 4, "Gateway Timeout", "RFC 7252"),
    (5, 5, "Proxying Not Supported", "RFC 7252"),
    (5, 8, "Hop Limit Reached", "RFC 8768"),
    (7, 1, "CSM", "RFC 8323"),
    (7, 2, "Ping", "RFC 8323"),
    (7, 3, "Pong", "RFC 8323"),
    (7, 4, "Release", "RFC 8323"),
    (7, 5, "Abort", "RFC 8323"),
)

EMPTY, GET, POST, PUT, DELETE, FETCH, PATCH, IPATCH = range(0x00, 0x08)
CREATED, DELETED, VALID, CHANGED, CONTENT = range(0x41, 0x46)
CONTINUE: Final = 0x5F
BAD_REQUEST, UNAUTHORIZED, BAD_OPTION = range(0x80, 0x83)
METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, INCOMPLETE = 0x85, 0x86, 0x88
TOO_LARGE, TOO_MANY_REQUESTS = 0x8D, 0x9D
NOT_IMPLEMENTED, SERVICE_UNAVAILABLE, HOP_LIMIT_REACHED = 0xA1, 0xA3, 0xA8


def is_request(code: int) -> bool:
    """A method code, assigned or not (class 0, detail not 0)."""
    return 0 < code < 0x20


def is_response(code: int) -> bool:
    """A response code of class 2, 4 or 5, assigned or not."""
    return code >> 5 in (2, 4, 5)


def code_name(code: int) -> str:
    """`2.05 Content`, `POST`, or `2.30 Unknown` for an unassigned code."""
    spec = CODES.get(code)
    if spec is None:
        return f"{dotted(code)} Unknown"
    return spec.name if code < 0x20 else f"{spec.dotted} {spec.name}"


def method_name(code: int) -> str:
    """What a request asks by its code; an Empty message that asks is a `ping` (clause 4.3)."""
    return "ping" if code == EMPTY else code_name(code)


class Format(IntEnum):
    """Value format of an option, RFC 7252 clause 3.2; block RFC 7959; oscore RFC 8613."""

    OPAQUE = 0
    EMPTY = 1
    UINT = 2
    STRING = 3
    BLOCK = 4
    OSCORE = 5


class Repeat(IntEnum):
    """May an option stand more than once in a message?"""

    NEVER = 0
    ALWAYS = 1
    REQUESTS = 2


ALL: Final = -1
"""Every method, or every response class."""

_METHOD = {spec.name: 1 << spec.code for spec in CODES.values() if 0 < spec.code < 0x20}


def methods(*names: str) -> int:
    """Bit mask of method codes: bit n stands for 0.n."""
    return sum(_METHOD[name] for name in names)


class OptionSpec(NamedTuple):
    """One option: number, format, allowed value length, repeatability, and where it may stand.

    `requests` is a mask of method codes (`methods()`), `responses` a mask of response classes
    (bit n for class n); `ALL` and 0 mean everywhere and nowhere. Class bits follow from the
    number (RFC 7252 clause 5.4.6).
    """

    number: int
    name: str
    format: Format
    min: int
    max: int
    repeat: Repeat = Repeat.NEVER
    requests: int = ALL
    responses: int = ALL
    reference: str = "RFC 7252"

    @property
    def critical(self) -> bool:
        return bool(self.number & 1)

    @property
    def unsafe(self) -> bool:
        return bool(self.number & 2)

    @property
    def no_cache_key(self) -> bool:
        return no_cache_key(self.number)


def no_cache_key(number: int) -> bool:
    """The option is no part of the cache key (RFC 7252 clause 5.4.6). A kernel."""
    return number & 0x1E == 0x1C


_R, _N = Repeat.ALWAYS, Repeat.NEVER
_OPAQUE, _EMPTY, _UINT = Format.OPAQUE, Format.EMPTY, Format.UINT
_STRING, _BLOCK = Format.STRING, Format.BLOCK
_READ = methods("GET", "FETCH")
_BODY = methods("POST", "PUT", "FETCH", "PATCH", "iPATCH")

IF_MATCH: Final = 1
URI_HOST, ETAG, IF_NONE_MATCH, OBSERVE, URI_PORT, LOCATION_PATH, OSCORE = range(3, 10)
URI_PATH: Final = 11
CONTENT_FORMAT: Final = 12
MAX_AGE: Final = 14
URI_QUERY: Final = 15
HOP_LIMIT: Final = 16
ACCEPT: Final = 17
Q_BLOCK1: Final = 19
LOCATION_QUERY: Final = 20
EDHOC: Final = 21
BLOCK2: Final = 23
BLOCK1: Final = 27
SIZE2: Final = 28
Q_BLOCK2: Final = 31
PROXY_URI: Final = 35
PROXY_SCHEME: Final = 39
SIZE1: Final = 60
ECHO: Final = 252
NO_RESPONSE: Final = 258
REQUEST_TAG: Final = 292

BLOCK_OPTIONS: Final = (BLOCK1, BLOCK2, Q_BLOCK1, Q_BLOCK2)

_OPTIONS: tuple[OptionSpec, ...] = (
    OptionSpec(1, "If-Match", _OPAQUE, 0, 8, _R, ALL, 0),
    OptionSpec(3, "Uri-Host", _STRING, 1, 255, _N, ALL, 0),
    OptionSpec(4, "ETag", _OPAQUE, 1, 8, Repeat.REQUESTS, _READ, ALL),
    OptionSpec(5, "If-None-Match", _EMPTY, 0, 0, _N, ALL, 0),
    OptionSpec(6, "Observe", _UINT, 0, 3, _N, _READ, 1 << 2, "RFC 7641"),
    OptionSpec(7, "Uri-Port", _UINT, 0, 2, _N, ALL, 0),
    OptionSpec(8, "Location-Path", _STRING, 0, 255, _R, 0, ALL),
    OptionSpec(9, "OSCORE", Format.OSCORE, 0, 255, _N, ALL, ALL, "RFC 8613"),
    OptionSpec(11, "Uri-Path", _STRING, 0, 255, _R, ALL, 0),
    OptionSpec(12, "Content-Format", _UINT, 0, 2),
    OptionSpec(14, "Max-Age", _UINT, 0, 4, _N, 0, ALL),
    OptionSpec(15, "Uri-Query", _STRING, 0, 255, _R, ALL, 0),
    OptionSpec(16, "Hop-Limit", _UINT, 1, 1, _N, ALL, 0, "RFC 8768"),
    OptionSpec(17, "Accept", _UINT, 0, 2, _N, ALL, 0),
    OptionSpec(19, "Q-Block1", _BLOCK, 0, 3, _N, _BODY, ALL, "RFC 9177"),
    OptionSpec(20, "Location-Query", _STRING, 0, 255, _R, 0, ALL),
    OptionSpec(21, "EDHOC", _EMPTY, 0, 0, _N, ALL, 0, "RFC 9668"),
    OptionSpec(23, "Block2", _BLOCK, 0, 3, _N, ALL, ALL, "RFC 7959"),
    OptionSpec(27, "Block1", _BLOCK, 0, 3, _N, _BODY, ALL, "RFC 7959"),
    OptionSpec(28, "Size2", _UINT, 0, 4, _N, ALL, ALL, "RFC 7959"),
    OptionSpec(31, "Q-Block2", _BLOCK, 0, 3, Repeat.REQUESTS, ALL, ALL, "RFC 9177"),
    OptionSpec(35, "Proxy-Uri", _STRING, 1, 1034, _N, ALL, 0),
    OptionSpec(39, "Proxy-Scheme", _STRING, 1, 255, _N, ALL, 0),
    OptionSpec(60, "Size1", _UINT, 0, 4, _N, _BODY, 1 << 4),
    OptionSpec(252, "Echo", _OPAQUE, 1, 40, _N, ALL, ALL, "RFC 9175"),
    OptionSpec(258, "No-Response", _UINT, 0, 1, _N, ALL, 0, "RFC 7967"),
    OptionSpec(292, "Request-Tag", _OPAQUE, 0, 8, _R, ALL, 0, "RFC 9175"),
    OptionSpec(2049, "OCF-Accept-Content-Format-Version", _UINT, 2, 2, _N, ALL, ALL, "OCF"),
    OptionSpec(2053, "OCF-Content-Format-Version", _UINT, 2, 2, _N, ALL, ALL, "OCF"),
)

OPTIONS: Final[dict[int, OptionSpec]] = {spec.number: spec for spec in _OPTIONS}
"""What IANA has registered."""

LONGEST_UINT: Final = max(spec.max for spec in _OPTIONS if spec.format == Format.UINT)
"""Bytes; a longer value is none of a registered uint option (RFC 7252 clause 5.4.3)."""

_ANY_LENGTH: Final = 0xFFFF + 269


def _onem2m(number: int, name: str, format: Format, most: int, least: int = 0) -> OptionSpec:
    return OptionSpec(number, f"oneM2M-{name}", format, least, most, reference="oneM2M TS-0008")


# Table 6.2.2.4.0-1 of TS-0008 (V3.9). A uint of 2 bytes is one of 2 at most, as leading zeros are
# left out (RFC 7252 clause 3.2). Times have 15 characters there, but TS-0004 lets them have
# fractions, or be durations. The last three are of later releases, their lengths not known.
_ONEM2M: Final = (
    _onem2m(259, "OT", _STRING, 255),
    _onem2m(263, "RTURI", _STRING, 512),  # 255 from Release 2 on
    _onem2m(267, "TY", _UINT, 2),
    _onem2m(271, "RVI", _STRING, 2, 1),
    _onem2m(275, "ASRI", _STRING, 255),
    _onem2m(279, "FR", _STRING, 255),
    _onem2m(283, "RQI", _STRING, 255),
    _onem2m(291, "RQET", _STRING, 255),
    _onem2m(295, "RSET", _STRING, 255),
    _onem2m(299, "OET", _STRING, 255),
    _onem2m(303, "EC", _UINT, 1),
    _onem2m(307, "RSC", _UINT, 2),
    _onem2m(311, "GID", _STRING, 255),
    _onem2m(319, "CTO", _UINT, 2),
    _onem2m(323, "CTS", _UINT, 2),
    _onem2m(327, "ATI", _STRING, 255),
    _onem2m(331, "VSI", _STRING, 255),
    _onem2m(335, "GTM", _STRING, 512),
    _onem2m(339, "AUS", _STRING, 255),
    _onem2m(343, "OMR", _STRING, _ANY_LENGTH),
    _onem2m(347, "PRPI", _STRING, _ANY_LENGTH),
    _onem2m(351, "MSU", _STRING, _ANY_LENGTH),
    # Numbers of Release 1, still in use (OM2M); its 258 (Name) is No-Response by now.
    _onem2m(256, "R1-FR", _STRING, 255),
    _onem2m(257, "R1-RQI", _STRING, 255),
    _onem2m(260, "R1-RQET", _STRING, 255),
    _onem2m(261, "R1-RSET", _STRING, 255),
    _onem2m(262, "R1-OET", _STRING, 255),
    _onem2m(264, "R1-EC", _UINT, 1),
    _onem2m(265, "R1-RSC", _UINT, 2),
    _onem2m(266, "R1-GID", _STRING, 255),
)

OPTION_SETS: Final[dict[str, tuple[OptionSpec, ...]]] = {"oneM2M": _ONEM2M}
"""Options that others than IANA have numbered, by who did. They have names for everybody; whether
the peers of a capture know them is for a spec profile to say."""

NAMED_OPTIONS: Final[dict[int, OptionSpec]] = OPTIONS | {
    spec.number: spec for specs in OPTION_SETS.values() for spec in specs
}
OPTIONS_BY_NAME: Final[dict[str, OptionSpec]] = {spec.name: spec for spec in NAMED_OPTIONS.values()}


def option_name(number: int) -> str:
    """Its name, or `Unknown critical 65001` / `Unknown elective 26`."""
    spec = NAMED_OPTIONS.get(number)
    if spec is not None:
        return spec.name
    if number in RESERVED_LOCATION_OPTIONS:
        return f"Reserved {number}"
    return f"Unknown {'critical' if number & 1 else 'elective'} {number}"
