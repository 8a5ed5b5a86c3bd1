# SPDX-License-Identifier: GPL-2.0-only
"""The URI in its options: path, host and port. RFC 7252 clauses 5.10.1, 5.10.7 and 6."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from analyzer import facts
from analyzer.events import Formed, Seen
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import shown
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Option, uint

_SPEC: Final = "RFC 7252"
_ESCAPE: Final = re.compile(rb"%[0-9A-Fa-f]{2}")
_NAME: Final = re.compile(rb"[a-z0-9._~!$&'()*+,;=\x80-\xff-]+")
"""A reg-name (RFC 3986 clause 3.2.2) without what is percent-encoded: in the option it stands as
UTF-8."""


def _segments(message: Message) -> Iterator[Option]:
    """Path segments: of Uri-Path in a request, of Location-Path in a response."""
    if message.is_request:
        return message.coap.all(numbers.URI_PATH)
    return message.coap.all(numbers.LOCATION_PATH if message.is_response else -1)


@rule(
    "COAP-7252-5.10.1-DOT-SEGMENT",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5.10.1",
    reads_values=True,
    title="Path segment `.` or `..`",
    what="A Uri-Path or Location-Path option holds one dot or two dots.",
    why="The options give an absolute path, from which dots were removed before (clause 5.10.1 "
    "forbids both values). A server that maps segments to files may be led out of its folder.",
    bad="40 01 12 34 b2 2e 2e  Uri-Path `..`",
    good="40 01 12 34 b1 61  Uri-Path `a`",
    fix="Resolve the URI reference to an absolute one (RFC 3986 clause 5.2) before it is split "
    "into options; let the server refuse such segments.",
)
def dot_segment(event: Formed, context: Context) -> Iterator[Breach]:
    for option in _segments(event.message):
        if option.value in (b".", b".."):
            yield Breach(
                f"{option.name} is `{option.value.decode()}`",
                event.message,
                seen=option.value.decode(),
                expected="a path without dot segments",
                span=option.span,
            )


@rule(
    "COAP-7252-5.10.1-PATH-SLASH",
    W,
    Scope.MESSAGE,
    _SPEC,
    "5.10.1",
    reads_values=True,
    title="Slash in a path segment",
    what="One Uri-Path or Location-Path option has a `/` in it.",
    why="Each option is one segment (clause 5.10.1). A slash in it is legal and stands for an "
    "escaped one, `%2F`: `/a%2Fb` is another resource than `/a/b`. Nearly always a whole path was "
    "put into one option, and the server answers 4.04.",
    bad="40 01 12 34 b3 61 2f 62  one Uri-Path `a/b`",
    good="40 01 12 34 b1 61 01 62  Uri-Path `a` and Uri-Path `b`",
    fix="Split the path at its slashes and add one option for each segment, without the leading "
    "slash.",
)
def path_slash(event: Formed, context: Context) -> Iterator[Breach]:
    for option in _segments(event.message):
        if b"/" in option.value:
            yield Breach(
                f"{option.name} `{shown(option.value)}` is one segment with a slash in it",
                event.message,
                seen=shown(option.value),
                expected="one option for each segment",
                span=option.span,
            )


@rule(
    "COAP-7252-5.10.1-PATH-PERCENT",
    N,
    Scope.MESSAGE,
    _SPEC,
    "5.10.1",
    reads_values=True,
    title="Percent-encoding in a path segment",
    what="A Uri-Path or Location-Path option has `%` and two hexadecimal digits in it.",
    why="Options carry the octets themselves (clause 5.10.1); what is percent-encoded in a URI is "
    "decoded on the way into an option (clause 6.4). `%20` in an option means these three "
    "characters, and a server that compares segments does not find the resource.",
    bad="40 01 12 34 b5 61 25 32 30 62  Uri-Path `a%20b`",
    good="40 01 12 34 b3 61 20 62  Uri-Path `a b`",
    fix="Decode each segment before it becomes an option.",
)
def path_percent(event: Formed, context: Context) -> Iterator[Breach]:
    for option in _segments(event.message):
        found = _ESCAPE.search(option.value)
        if found:
            yield Breach(
                f"{option.name} `{shown(option.value)}` is percent-encoded",
                event.message,
                seen=shown(option.value),
                expected=f"the octet itself instead of {found.group().decode()}",
                span=option.span,
            )


@rule(
    "COAP-7252-6.4-EMPTY-PATH",
    N,
    Scope.MESSAGE,
    _SPEC,
    "6.4",
    title="Path of one empty segment",
    what="A request has exactly one Uri-Path option, and it is empty.",
    why="No URI gives that: `coap://host` and `coap://host/` both have no Uri-Path at all (clause "
    "6.4). Servers differ in whether they take it for the root.",
    bad="40 01 12 34 b0  one empty Uri-Path",
    good="40 01 12 34 b1 61 00  `/a/`: an empty segment after another",
    fix="Leave Uri-Path out for the root; look for code that splits `/` into an empty string.",
)
def empty_path(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    segments = list(message.coap.all(numbers.URI_PATH)) if message.is_request else []
    if len(segments) == 1 and not segments[0].value:
        yield Breach(
            "The only Uri-Path is empty",
            message,
            seen="one empty Uri-Path",
            expected="no Uri-Path",
            span=segments[0].span,
            group=(message.flow, "empty path"),
        )


@rule(
    "COAP-7252-5.10.1-HOST-FORM",
    W,
    Scope.MESSAGE,
    _SPEC,
    "5.10.1",
    reads_values=True,
    title="Uri-Host is no host",
    what="Uri-Host is neither a name in lower case nor an IPv4 address nor an IPv6 address in "
    "brackets: it has capitals, `%`, a port, a user, a slash or a blank in it.",
    why="Uri-Host is the host of the URI alone, in lower case and with percent-encoding undone "
    "(clauses 5.10.1 and 6.4). Servers and proxies compare it byte by byte: a virtual host is not "
    "found, a cache keeps things twice.",
    bad="40 01 12 34 34 48 6f 73 74  Uri-Host `Host`",
    good="40 01 12 34 34 68 6f 73 74  Uri-Host `host`",
    fix="Write the host in lower case, an IPv6 address in brackets, and the port into Uri-Port.",
)
def host_form(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.URI_HOST) if message.is_request else None
    why = _host_fault(option.value) if option is not None else ""
    if option is not None and why:
        yield Breach(
            f"Uri-Host `{shown(option.value)}`: {why}",
            message,
            seen=shown(option.value),
            expected="a name in lower case or an IP address",
            span=option.span,
            group=(message.flow, option.value),
        )


def _host_fault(host: bytes) -> str:
    """What keeps a host from being a reg-name or an IP literal; `""` for nothing."""
    if not host or _NAME.fullmatch(host):
        return ""
    if host.startswith(b"[") and host.endswith(b"]") and _address(host) is not None:
        return "" if host == host.lower() else "not in lower case"
    if _address(host) is not None:
        return "an IPv6 address without brackets"
    for byte, why in (
        (b"%", "percent-encoded"),
        (b":", "a port or an address without brackets in it"),
        (b"/", "a slash in it"),
        (b"@", "a user in it"),
    ):
        if byte in host:
            return why
    if any(byte <= 0x20 or byte == 0x7F for byte in host):
        return "a blank or control character in it"
    return "not in lower case" if _NAME.fullmatch(host.lower()) else "not a host name"


def _address(host: bytes) -> str | None:
    """An IP literal as it is written normally; None for a name."""
    try:
        return str(ipaddress.ip_address(host.decode().removeprefix("[").removesuffix("]")))
    except ValueError:
        return None


@rule(
    "COAP-7252-5.10.1-HOST-IP-DIFFERS",
    N,
    Scope.MESSAGE,
    _SPEC,
    "5.10.1",
    when=facts.DEFAULT_VALUE,
    title="Uri-Host is another address",
    what="Uri-Host is an IP address, but not the one the request was sent to. Not looked at with "
    "Proxy-Scheme, and not where an address translator shows in the capture, or the switch "
    "behind-nat is on.",
    why="Without Uri-Host the destination address counts (clause 5.10.1). Another one points to a "
    "NAT, a proxy or a virtual host, or to an address that changed and is still configured.",
    bad="40 01 12 34 38 31 30 2e 30 2e 30 2e 31  Uri-Host `10.0.0.1`, sent to 192.0.2.2",
    good="40 01 12 34  no Uri-Host, sent to 192.0.2.2",
    fix="Leave Uri-Host out unless the server tells hosts apart by it.",
)
def host_ip_differs(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.URI_HOST) if message.is_request else None
    translated = message.translated or context.profile.translated
    if option is None or translated or message.coap.first(numbers.PROXY_SCHEME):
        return
    address = _address(option.value)
    if address is not None and address != message.destination.address:
        yield Breach(
            f"Uri-Host is {address}, the request went to {message.destination.address}",
            message,
            seen=address,
            expected=f"{message.destination.address}, or no Uri-Host",
            span=option.span,
            group=(message.flow, option.value),
        )


@rule(
    "COAP-7252-5.10.1-PORT-ZERO",
    W,
    Scope.MESSAGE,
    _SPEC,
    "5.10.1",
    title="Uri-Port 0",
    what="Uri-Port has the value 0, or no value, which is the same.",
    why="Uri-Port is the port of the resource (clause 5.10.1), and no UDP server has port 0. A "
    "server that compares it finds nothing.",
    bad="40 01 12 34 70  Uri-Port 0",
    good="40 01 12 34 72 16 34  Uri-Port 5684",
    fix="Leave Uri-Port out where the destination port of the datagram is meant.",
)
def port_zero(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.URI_PORT) if message.is_request else None
    if option is not None and uint(option) == 0:
        yield Breach(
            "Uri-Port is 0",
            message,
            seen="0",
            expected="1 to 65535, or no Uri-Port",
            span=option.span,
            group=(message.flow, "port"),
        )
