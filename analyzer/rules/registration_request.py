# SPDX-License-Identifier: GPL-2.0-only
"""The registration request of the MSGin5G Client, TS 24.538 clause 6.3.1.1.1.

The CoAP message and the form of its payload; its elements: `registration_elements.py`. All rules
judge a request once, not each retransmission.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import RegistrationInClear, RegistrationRequested
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.media_types import content_format_name
from dissectors.coap.numbers import Type
from dissectors.msgin5g.elements import elements
from dissectors.msgin5g.payload import ERROR_TEXTS

SPEC: Final = "TS 24.538"
_MOST_NEAR: Final = 16
_REQUEST: Final = "6.3.1.1.1"
GOOD_BODY: Final = (
    '{"Message Type": "REG", "UE Service ID": "meter-1@example", '
    '"UE Credential Information": {"authentication type": "AKMA"}}'
)

_SERVER_ADDRESS: Final = (
    numbers.URI_HOST,
    numbers.URI_PORT,
    numbers.URI_PATH,
    numbers.URI_QUERY,
    numbers.PROXY_URI,
    numbers.PROXY_SCHEME,
)


@rule(
    "MSG-24538-6.3.1.1.1-METHOD",
    E,
    Scope.MESSAGE,
    SPEC,
    _REQUEST,
    causes=("COAP-7252-12.1-METHOD-UNASSIGNED",),
    title="Registration is not a POST",
    what="A request whose body names a registration uses another method than POST.",
    why="The client registers by a CoAP POST (6.3.1.1.1); a server routes by method and answers "
    "another one with 4.05 or takes it for something else.",
    bad='PUT /msgin5g/registration with {"Message Type": "REG", ...}',
    good='POST /msgin5g/registration with {"Message Type": "REG", ...}',
    fix="Send the registration with code 0.02 (POST).",
)
def method(event: RegistrationRequested, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code != numbers.POST:
        name = numbers.code_name(message.code)
        yield Breach(
            f"Registration sent with {name}",
            message,
            seen=name,
            expected="POST",
            span=message.coap.code_span,
        )


@rule(
    "MSG-24538-6.3.1.1.1.a-NOT-CONFIRMABLE",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 a)",
    profiles="rel17=W rel18=W",
    title="Registration is not Confirmable",
    what='The registration request is not a CON: its "T" field is not 0.',
    why="The client shall ask for an acknowledgement (a)); a NON that gets lost leaves the UE "
    "unregistered and nobody notices. Over TCP there is no such field.",
    bad="NON POST /msgin5g/registration",
    good="CON POST /msgin5g/registration",
    fix="Set the type to Confirmable (T = 0) and retransmit until the ACK comes.",
)
def not_confirmable(event: RegistrationRequested, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.type != Type.CON and not message.reliable:
        yield Breach(
            f"Registration sent as {Type(message.type).name}: no acknowledgement is asked for",
            message,
            seen=f"T = {message.type} ({Type(message.type).name})",
            expected="T = 0 (CON)",
            span=(0, 1),
        )


@rule(
    "MSG-24538-6.3.1.1.1.b-NO-SERVER-ADDRESS",
    W,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 b)",
    profiles="rel17=N rel18=N",
    title="No option names the server",
    what="The request has none of Uri-Host, Uri-Port, Uri-Path, Uri-Query, Proxy-Uri and "
    "Proxy-Scheme; or, where a server URI is configured, Uri-Path is another.",
    why="The client shall put the server's address in an option (b)). When the server's URI has no "
    "path and its host is the packet's destination, RFC 7252 clause 6.4 leaves nothing to send: "
    "hence a warning.",
    bad="CON POST without any Uri-* option",
    good="CON POST with Uri-Path msgin5g, Uri-Path registration",
    fix="Give the server a URI with a path (or send Uri-Host) and split it into options as "
    "RFC 7252 clause 6.4 says.",
)
def no_server_address(event: RegistrationRequested, context: Context) -> Iterator[Breach]:
    coap = event.message.coap
    if context.server_uri:
        path = event.message.path.strip("/")
        if path != context.server_uri.strip("/"):
            yield Breach(
                "Uri-Path is not the configured address of the MSGin5G Server",
                event.message,
                seen=path or "no Uri-Path",
                expected=context.server_uri,
            )
    elif not any(coap.first(number) for number in _SERVER_ADDRESS):
        yield Breach(
            "No option carries the address of the MSGin5G Server",
            event.message,
            seen=", ".join(option.name for option in coap.options) or "no options",
            expected="Uri-Path, Uri-Host or another option that names the server",
        )


@rule(
    "MSG-24538-6.3.1.1.1.c-CONTENT-FORMAT",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 c)",
    title="Content-Format is not 50",
    what="Content-Format is absent or is not 50. A value with leading zero bytes is a note.",
    why="The client shall set it to 50, application/json (c)); without it the server has to guess "
    "and may answer 4.15.",
    bad="POST without Content-Format, or with 0 (text/plain) or 60 (application/cbor)",
    good="POST with Content-Format 50, one byte 0x32",
    fix="Add option 12 with the value 50; send it in its shortest form, the one byte 0x32.",
)
def content_format(event: RegistrationRequested, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.option(numbers.CONTENT_FORMAT)
    if option is None:
        yield Breach(
            "Content-Format is absent", message, seen="absent", expected="50 (application/json)"
        )
        return
    value = message.content_format
    if value != numbers.JSON:
        shown = option.value.hex() if value is None else str(value)
        name = "" if value is None else f" ({content_format_name(value)})"
        yield Breach(
            f"Content-Format is {shown}{name}",
            message,
            seen=shown,
            expected="50 (application/json)",
            span=option.span,
        )
    elif len(option.value) > 1:
        yield Breach(
            f"Content-Format 50 takes {len(option.value)} bytes",
            message,
            seen=option.value.hex(),
            expected="32",
            span=option.span,
            severity=N,
        )


@rule(
    "MSG-24538-6.3.1.1.1.d-PAYLOAD",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)",
    causes=("COAP-7252-3-MARKER-NO-PAYLOAD", "COAP-7252-5.5.1-BODY-FORMAT"),
    title="No readable JSON object",
    what="The request has no payload, or one that is not UTF-8, not JSON (RFC 8259) or not an "
    "object. A member given twice, or nesting deeper than 64, is a warning.",
    why="The information elements of d) are members of one JSON object; what a server makes of a "
    "broken one, or of a member given twice, depends on its library.",
    bad='{"Message Type": "REG", "UE Service ID": }',
    good=GOOD_BODY,
    fix="Build the payload with a JSON library and check the length that the CoAP stack sends; "
    "give each element once.",
)
def payload(event: RegistrationRequested, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.cut:
        return
    data = message.payload
    if not data:
        yield Breach(
            "The registration has no payload", message, seen="no payload", expected="a JSON object"
        )
        return
    document = message.document
    if document.error:
        where = document.place(document.error_at)
        yield Breach(
            f"The payload is not JSON: {ERROR_TEXTS[document.error]}, {where}",
            message,
            seen=near(message, document.error_at),
            expected="a JSON object (RFC 8259)",
            within=(document.error_at, min(document.error_at + 1, len(data))),
        )
        return
    if not document.is_object:
        kind = document.root.kind.name.lower() if document.root else "nothing"
        yield Breach(
            f"The payload is JSON, but not an object: {kind}",
            message,
            seen=kind,
            expected="a JSON object",
            within=(0, len(data)),
        )
        return
    yield from _doubtful(message, context.profile.settings.json_depth)


def _doubtful(message: Message, most: int) -> Iterator[Breach]:
    """Legal JSON that readers take differently (RFC 8259 clauses 4 and 9)."""
    document = message.document
    for value in document.duplicates:
        yield Breach(
            f'Member "{value.key}" stands twice, again at {document.place(value.span[0])}',
            message,
            seen=f'"{value.key}" twice',
            expected="each member once",
            within=value.span,
            severity=W,
        )
    for element, value in message.elements.twice:
        yield Breach(
            f'{element.title} is given again as "{value.key}", {document.place(value.span[0])}',
            message,
            seen=f'"{value.key}"',
            expected="each element once",
            within=value.span,
            severity=W,
        )
    deep = document.deeper_than(most)
    if deep >= 0:
        yield Breach(
            f"Nested {document.depth} deep, past {most} at {document.place(deep)}",
            message,
            seen=f"depth {document.depth}",
            expected=f"at most {most}",
            within=(deep, deep + 1),
            severity=W,
        )


def near(message: Message, offset: int) -> str:
    """A few bytes before the place of an error, and the one there, unless they may be of a
    credential. What follows is not read, and could be one."""
    first, after = max(0, offset - _MOST_NEAR), offset + 1
    broken = message.elements.words.element_of(message.document.broken_key or "")
    hidden = broken is not None and broken.secret
    for name, (start, end) in message.elements.spans.items():
        element = elements().get(name.split(".")[0])
        if element is not None and element.secret and start < after and first < end:
            hidden = True
    return "(credential, not shown)" if hidden else repr(message.payload[first:after])[2:-1]


@rule(
    "MSG-33501-Y-CLEARTEXT",
    N,
    Scope.CONVERSATION,
    "TS 33.501",
    "Annex Y",
    title="Registration in clear text",
    what="A registration is readable on the wire. Told once per pair of endpoints.",
    why="MSGin5G-1 may be protected by TLS or DTLS with AKMA keys (Annex Y); in clear text the "
    "credentials can be read and replayed.",
    bad="CoAP on UDP 5683 with UE Credential Information in the body",
    good="The same inside DTLS, port 5684",
    fix="Use DTLS or TLS with keys from AKMA, unless this is a lab or the link is protected below.",
)
def clear_text(event: RegistrationInClear, context: Context) -> Iterator[Breach]:
    message = event.message
    yield Breach(
        f"Registration in clear text between {message.source} and {message.destination}",
        message,
        seen="CoAP without DTLS or OSCORE",
        expected="DTLS, TLS or OSCORE",
        group=message.flow,
    )
