# SPDX-License-Identifier: GPL-2.0-only
"""Codes, and what code may stand with what type. RFC 7252 clauses 3, 4.1 to 4.3, 12.1."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer import facts
from analyzer.events import Seen
from analyzer.messages import Role
from analyzer.rules.catalogue import Breach, E, N, Scope, W, defect_rule, rule
from analyzer.rules.context import Context
from analyzer.subjects import Message
from dissectors.coap.numbers import Type
from dissectors.coap.wire import Defect

_MOST_SHOWN = 16

defect_rule(
    Defect.CODE_CLASS,
    "COAP-7252-3-CODE-CLASS",
    E,
    "RFC 7252",
    "3",
    title="Reserved code class",
    what="The code is of class 1, 3 or 6.",
    why="Only class 0 (requests), 2, 4 and 5 (responses) have a meaning over UDP (clause 3). What "
    "carries another class must be rejected or ignored (clauses 4.2, 4.3). Class 3 often is an "
    "HTTP redirect mapped one to one.",
    bad="40 61 12 34  code 3.01",
    good="40 01 12 34  code 0.01 GET",
    fix="Write class << 5 | detail into the second byte: 2.05 is 0x45. Do not pass on an "
    "HTTP 3xx: CoAP has no redirects.",
    says="Code {code}: its class is reserved",
    expected="class 0, 2, 4 or 5",
)

defect_rule(
    Defect.SIGNAL_ON_UDP,
    "COAP-8323-5-SIGNAL-ON-UDP",
    E,
    "RFC 8323",
    "5",
    title="Signalling message over UDP",
    what="A message with a code of class 7 (CSM, Ping, Pong, Release, Abort) came over UDP.",
    why="Signalling belongs to the reliable transports, TCP, TLS and WebSocket (RFC 8323 "
    "clause 5). Over UDP class 7 is reserved, and the receiver drops or rejects it.",
    bad="40 e1 12 34  7.01 CSM in a CON",
    good="40 00 12 34  CoAP ping: the Empty CON",
    fix="Use the messages of UDP: an Empty CON as ping, no capability exchange. Check that the "
    "stack was told the right transport.",
    says="{code} is a signalling message of CoAP over TCP",
    expected="a request, a response or an Empty message",
)

defect_rule(
    Defect.METHOD_UNASSIGNED,
    "COAP-7252-12.1-METHOD-UNASSIGNED",
    W,
    "RFC 7252",
    "12.1",
    title="Unassigned method",
    what="A request has a method code that is not registered, 0.08 to 0.31.",
    why="No server can know the method: it answers 4.05 Method Not Allowed (clause 5.8).",
    bad="40 08 12 34  code 0.08",
    good="40 05 12 34  code 0.05 FETCH",
    fix="Use a registered method: GET, POST, PUT, DELETE, FETCH, PATCH or iPATCH. Check the second "
    "byte for a response code whose class was lost.",
    says="Method code {code} is not assigned",
    expected="0.01 to 0.07",
)

defect_rule(
    Defect.RESPONSE_UNASSIGNED,
    "COAP-7252-12.1-RESPONSE-UNASSIGNED",
    N,
    "RFC 7252",
    "12.1",
    title="Unassigned response code",
    what="A response has a code of class 2, 4 or 5 that is not registered.",
    why="A client takes it for the x.00 of its class (clause 5.9): it knows success from failure "
    "and nothing more. Legal, and often a mistake in a detail number.",
    bad="60 5e 12 34  code 2.30",
    good="60 45 12 34  code 2.05 Content",
    fix="Use a registered code. If a new specification defines this one, nothing needs to be done.",
    says="Response code {code} is not assigned",
    expected="a registered response code",
)


@rule(
    "COAP-7252-4.1-EMPTY-EXTRA",
    E,
    Scope.MESSAGE,
    "RFC 7252",
    "4.1",
    when=facts.DEFECT,
    title="Empty message that is not empty",
    what="A message with code 0.00 has a token or any byte after the Message ID. ACK-TOKEN marks "
    "the common case: an Empty ACK that repeats the token of what it acknowledges.",
    why="An Empty message is the 4-byte header alone (clause 4.1); anything more is a format "
    "error. A receiver that follows the clause drops such an ACK, and its peer goes on "
    "retransmitting what was received long ago.",
    bad="60 00 12 34 aa bb  Empty ACK with two more bytes",
    good="60 00 12 34  Empty ACK",
    fix="Build Empty ACK, RST and ping from type, code 0.00 and Message ID alone, with TKL 0. The "
    "token belongs to the response, which comes on its own.",
)
def empty_with_extra(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    flaw = next((f for f in message.coap.flaws if f.kind == Defect.EMPTY_EXTRA), None)
    if flaw is None:
        return
    extra = message.coap.data[4:]
    kind = Type(message.type).name
    text = f"{kind} with code 0.00 has {len(extra)} bytes after the Message ID"
    if _repeats_token(message, extra):
        text = f"ACK-TOKEN: Empty ACK repeats the token {extra.hex()} of what it acknowledges"
    elif not extra:
        text = f"{kind} with code 0.00 has token length {message.coap.tkl}"
    yield Breach(
        text,
        message,
        seen=message.coap.data[:_MOST_SHOWN].hex(" "),
        expected="4 bytes: token length 0 and nothing after the Message ID",
        span=(flaw.offset, flaw.end),
    )


def _repeats_token(message: Message, extra: bytes) -> bool:
    if message.type != Type.ACK or message.exchange is None or not extra:
        return False
    return extra == message.exchange.token


defect_rule(
    Defect.ACK_CLASS,
    "COAP-7252-4.2-ACK-CLASS",
    E,
    "RFC 7252",
    "4.2",
    title="Acknowledgement with a reserved code class",
    what="An ACK carries a code of class 1, 3 or 6.",
    why="An acknowledgement is Empty or carries a response; with a reserved class it must be "
    "ignored (clause 4.2), so the request counts as unacknowledged and is sent again.",
    bad="60 61 12 34  ACK with code 3.01",
    good="60 45 12 34  ACK with code 2.05 Content",
    fix="Answer with a code of class 2, 4 or 5, or with an Empty ACK and a response on its own.",
    says="ACK carries the code {code} of a reserved class",
    expected="code 0.00, or class 2, 4 or 5",
)


@rule(
    "COAP-7252-4.3-PING",
    N,
    Scope.MESSAGE,
    "RFC 7252",
    "4.3",
    when=facts.PING,
    title="CoAP ping",
    what="A Confirmable message with the code 0.00. All pings of one sender to one peer are one "
    "finding.",
    why="It asks nothing; the peer answers with RST, which shows that it lives and keeps NAT "
    "bindings open (clause 4.3). Many of them cost a battery.",
    bad="40 00 12 34  CoAP ping, answered by 70 00 12 34",
    good="40 01 12 34  a request",
    fix="Nothing is wrong. If there are more pings than needed, raise the keepalive interval, or "
    "use a DTLS Connection ID, which needs none.",
)
def ping(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.role == Role.PING:
        yield Breach(
            f"CoAP ping from {message.source} to {message.destination}",
            message,
            seen="CON with code 0.00",
            expected="an RST in answer",
            group=(message.source, message.destination),
        )
