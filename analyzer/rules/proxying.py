# SPDX-License-Identifier: GPL-2.0-only
"""Requests to a proxy: RFC 7252 clauses 5.7 and 5.10.2, Hop-Limit of RFC 8768."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import has, shown
from dissectors.coap import numbers

_SPEC: Final = "RFC 7252"
_SCHEME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:.")
"""Beginning of an absolute URI (RFC 3986 clause 4.3)."""

_URI: Final = (numbers.URI_HOST, numbers.URI_PORT, numbers.URI_PATH, numbers.URI_QUERY)


@rule(
    "COAP-7252-5.10.2-PROXYURI-MIXED",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5.10.2",
    title="Proxy-Uri with Uri options",
    what="A request has Proxy-Uri and also Uri-Host, Uri-Port, Uri-Path or Uri-Query.",
    why="Proxy-Uri is the whole URI and takes precedence; none of the others may stand beside it "
    "(clause 5.10.2). A proxy that looks at them fetches another resource.",
    bad="40 01 12 34 b1 61 d8 0b 63 6f 61 70 3a 2f 2f 68  Uri-Path `a`, Proxy-Uri `coap://h`",
    good="40 01 12 34 d8 16 63 6f 61 70 3a 2f 2f 68  Proxy-Uri `coap://h`",
    fix="Send Proxy-Uri alone, or Proxy-Scheme with the Uri options.",
)
def proxy_uri_mixed(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.PROXY_URI) if message.is_request else None
    if option is not None and has(message, *_URI):
        others = dict.fromkeys(o.name for o in message.coap.options if o.number in _URI)
        yield Breach(
            f"Proxy-Uri stands beside {', '.join(others)}",
            message,
            seen=f"Proxy-Uri, {', '.join(others)}",
            expected="Proxy-Uri alone",
            span=option.span,
        )


@rule(
    "COAP-7252-5.10.2-PROXYURI-FORM",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5.10.2",
    reads_values=True,
    title="Proxy-Uri is no absolute URI",
    what="Proxy-Uri does not begin with a scheme and a colon, or has a fragment (`#`).",
    why="Proxy-Uri holds an absolute URI (clause 5.10.2, RFC 3986 clause 4.3): a proxy needs the "
    "scheme to know whom to ask and how, and a fragment is never sent to a server.",
    bad="40 01 12 34 d4 16 2f 61 2f 62  Proxy-Uri `/a/b`",
    good="40 01 12 34 d8 16 63 6f 61 70 3a 2f 2f 68  Proxy-Uri `coap://h`",
    fix="Give the whole URI, such as `coap://host/path`, and cut the fragment off.",
)
def proxy_uri_form(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.PROXY_URI) if message.is_request else None
    if option is None or (_SCHEME.match(option.value) and b"#" not in option.value):
        return
    wrong = "has a fragment" if _SCHEME.match(option.value) else "has no scheme"
    yield Breach(
        f"Proxy-Uri `{shown(option.value)}` {wrong}",
        message,
        seen=shown(option.value),
        expected="an absolute URI",
        span=option.span,
    )


@rule(
    "COAP-7252-5.10.2-PROXYSCHEME-NOHOST",
    W,
    Scope.MESSAGE,
    _SPEC,
    "5.10.2",
    title="Proxy-Scheme without Uri-Host",
    what="A request has Proxy-Scheme, but no Uri-Host.",
    why="With Proxy-Scheme the URI is put together from the Uri options (clause 5.10.2); without "
    "Uri-Host its host is the proxy itself, which hardly anybody means.",
    bad="40 01 12 34 d4 1a 63 6f 61 70  Proxy-Scheme `coap`",
    good="40 01 12 34 31 68 d4 17 63 6f 61 70  Uri-Host `h`, Proxy-Scheme `coap`",
    fix="Name the origin server by Uri-Host, and its port by Uri-Port.",
)
def proxy_scheme_no_host(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.PROXY_SCHEME) if message.is_request else None
    if option is not None and not has(message, numbers.URI_HOST, numbers.PROXY_URI):
        yield Breach(
            f"Proxy-Scheme `{shown(option.value)}` without Uri-Host: the proxy is asked for itself",
            message,
            seen="no Uri-Host",
            expected="Uri-Host of the origin server",
            span=option.span,
        )


@rule(
    "COAP-7252-5.10.2-PROXY-BOTH",
    W,
    Scope.MESSAGE,
    _SPEC,
    "5.10.2",
    title="Proxy-Uri and Proxy-Scheme together",
    what="A request has both Proxy-Uri and Proxy-Scheme.",
    why="Each of the two tells the scheme (clause 5.10.2); Proxy-Uri takes precedence over the "
    "options that Proxy-Scheme needs, so the other is of no use, or contradicts it.",
    bad="40 01 12 34 d8 16 63 6f 61 70 3a 2f 2f 68 44 68 74 74 70  Proxy-Uri, Proxy-Scheme `http`",
    good="40 01 12 34 d8 16 63 6f 61 70 3a 2f 2f 68  Proxy-Uri `coap://h`",
    fix="Send one of the two.",
)
def proxy_both(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.PROXY_SCHEME) if message.is_request else None
    if option is not None and has(message, numbers.PROXY_URI):
        yield Breach(
            "Proxy-Uri and Proxy-Scheme in one request",
            message,
            seen="both",
            expected="one of the two",
            span=option.span,
        )


@rule(
    "COAP-8768-3-RANGE",
    E,
    Scope.MESSAGE,
    "RFC 8768",
    "3",
    title="Hop-Limit out of range",
    what="Hop-Limit is 0, or is not exactly one byte long.",
    why="Hop-Limit is one byte from 1 to 255 (clause 3); a proxy refuses anything else with 4.00. "
    "At 0 the request should have ended one hop before, with 5.08.",
    bad="40 01 12 34 d1 03 00  Hop-Limit 0",
    good="40 01 12 34 d1 03 10  Hop-Limit 16",
    fix="Send one byte, 16 where nothing else is known; let a proxy answer 5.08 instead of "
    "forwarding with 0.",
)
def hop_limit_range(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.HOP_LIMIT) if message.is_request else None
    if option is not None and (len(option.value) != 1 or option.value == b"\0"):
        yield Breach(
            f"Hop-Limit is {option.value.hex() or 'empty'}",
            message,
            seen=option.value.hex() or "(empty)",
            expected="one byte, 01 to ff",
            span=option.span,
        )
