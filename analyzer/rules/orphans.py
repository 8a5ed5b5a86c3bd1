# SPDX-License-Identifier: GPL-2.0-only
"""What answers nothing: ACKs, RSTs and responses without a message or a request of theirs.

RFC 7252 clauses 4.2, 4.4 and 5.3.2. Each is one finding per direction of a pair of endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import Orphaned
from analyzer.relations import Orphan
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe
from dissectors.coap.numbers import Type

_PERHAPS = ": what it answers may lie before or after the capture"


@rule(
    "COAP-7252-4.4-ACK-ORPHAN",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.4",
    title="Acknowledgement of nothing",
    what="An Empty ACK has a Message ID that its receiver sent no CON or NON with within "
    "EXCHANGE_LIFETIME (247 s by default). A note while that message may lie before or "
    "after the capture.",
    why="An ACK repeats the Message ID of what it acknowledges (clause 4.4). One that fits nothing "
    "is ignored: the message it was meant for stays unacknowledged and is sent again.",
    bad="CON 0x1234, acknowledged by ACK 0x3412.",
    good="CON 0x1234, acknowledged by ACK 0x1234.",
    fix="Copy the Message ID byte by byte, in network order. If the message is missing here but "
    "was sent, the capture is incomplete: look at the counters of dropped packets.",
)
def acknowledges_nothing(event: Orphaned, context: Context) -> Iterator[Breach]:
    if event.kind in (Orphan.ACK, Orphan.EARLY_ACK):
        early = event.kind is Orphan.EARLY_ACK
        yield _answers_nothing(event, early)


@rule(
    "COAP-7252-4.4-RST-ORPHAN",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.4",
    title="Reset of nothing",
    what="A RST has a Message ID that its receiver sent no CON or NON with within "
    "EXCHANGE_LIFETIME (247 s by default).",
    why="A RST rejects one message by its Message ID (clause 4.4). One that fits nothing is "
    "ignored; often the message it rejects came before the capture.",
    bad="NON 0x1234, rejected by RST 0x3412.",
    good="NON 0x1234, rejected by RST 0x1234.",
    fix="Copy the Message ID byte by byte, in network order. If the message was sent, look for "
    "packets that the capture dropped.",
)
def resets_nothing(event: Orphaned, context: Context) -> Iterator[Breach]:
    if event.kind is Orphan.RST:
        yield _answers_nothing(event, False)


def _answers_nothing(event: Orphaned, early: bool) -> Breach:
    message = event.message
    kind = Type(message.type).name
    return Breach(
        f"{kind} with Message ID {message.message_id}: {message.destination} sent no message with "
        f"it to {message.source}{_PERHAPS if early else ''}",
        message,
        seen=f"{kind} with Message ID {message.message_id}",
        expected="the Message ID of a CON or NON",
        span=(2, 4),
        severity=N if early else None,
    )


@rule(
    "COAP-7252-4.4-ACK-OTHER-ENDPOINT",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.4",
    title="Acknowledgement from another endpoint",
    what="An Empty ACK or RST has the Message ID of a message that went to another address or "
    "port, and of none that went to its source. Not for messages to groups.",
    why="The endpoint an ACK or RST comes from is part of what it is matched by (clause 4.4): the "
    "sender ignores this one and goes on retransmitting. UDP load balancers and servers with "
    "several addresses do this.",
    bad="CON 0x1234 to 10.0.0.1:5683, ACK 0x1234 from 10.0.0.9:5683.",
    good="CON 0x1234 to 10.0.0.1:5683, ACK 0x1234 from 10.0.0.1:5683.",
    fix="Answer from the socket that received the message: bind to one address, or set the source "
    "address of the answer; let the balancer translate both ways.",
)
def from_other_endpoint(event: Orphaned, context: Context) -> Iterator[Breach]:
    if event.kind is not Orphan.TO_OTHER or event.other is None:
        return
    message, asked = event.message, event.other
    kind = Type(message.type).name
    yield Breach(
        f"{describe(asked)} went to {asked.destination}; its {kind} comes from {message.source}",
        message,
        seen=str(message.source),
        expected=str(asked.destination),
        severity=W if message.translated or asked.translated else None,
        exchange=asked.exchange,
        frames=(asked.frame,),
        group=message.flow,
    )


@rule(
    "COAP-7252-4.2-ACK-TO-ACK",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    title="Acknowledgement of an acknowledgement",
    what="An ACK or RST has the Message ID of an ACK or RST that came the other way, and of no "
    "CON or NON. A warning while such a message may lie before the capture.",
    why="ACK and RST are never answered (clause 4.2): two endpoints that both do would send "
    "acknowledgements to and fro for ever.",
    bad="CON 0x1234, ACK 0x1234, and the client answers with RST 0x1234.",
    good="CON 0x1234, ACK 0x1234, and silence.",
    fix="Drop an ACK or RST that fits nothing without an answer; answer CON and NON only.",
)
def acknowledges_acknowledgement(event: Orphaned, context: Context) -> Iterator[Breach]:
    if event.kind is not Orphan.TO_ACK or event.other is None:
        return
    message, answered = event.message, event.other
    kind = Type(message.type).name
    yield Breach(
        f"{kind} answers the {Type(answered.type).name} in frame {answered.frame}",
        message,
        seen=f"{kind} with Message ID {message.message_id}",
        expected="no answer to an ACK or RST",
        span=(2, 4),
        severity=W if context.young(message.flow, message.time) else None,
        frames=(answered.frame,),
        group=message.flow,
    )


@rule(
    "COAP-7252-5.3.2-ORPHAN-RESPONSE",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.3.2",
    title="Response without a request",
    what="A response has a token that its receiver sent no request with. A note while the request "
    "may lie before or after the capture, for notifications, and for what is sent to a group.",
    why="A client matches a response to its request by the token (clause 5.3.2). It cannot use "
    "this one and rejects it; the request it was meant for stays unanswered.",
    bad="GET with token a1b2, answered with token b2a1.",
    good="GET with token a1b2, answered with token a1b2.",
    fix="Copy the token of the request, length included, into each response. If the request was "
    "sent, look for packets that the capture dropped.",
)
def responds_to_nothing(event: Orphaned, context: Context) -> Iterator[Breach]:
    early = event.kind in (Orphan.EARLY_RESPONSE, Orphan.NOTIFICATION)
    if not early and event.kind is not Orphan.RESPONSE:
        return
    message = event.message
    why = _PERHAPS if early else ""
    if message.destination.multicast:
        why = ", and it is sent to a group"
    yield Breach(
        f"{describe(message)}: {message.destination} asked {message.source} nothing with token "
        f"{message.token.hex() or '(empty)'}{why}",
        message,
        seen=f"token {message.token.hex() or '(empty)'}",
        expected="the token of a request",
        span=(message.coap.token_offset, message.coap.token_offset + len(message.token)),
        severity=N if why else None,
    )


@rule(
    "COAP-7252-5.3.2-ORPHAN-ACKED",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.3.2",
    causes=("COAP-7252-5.3.2-ORPHAN-RESPONSE",),
    title="Response to nothing acknowledged",
    what="A client acknowledges a Confirmable response with a token that it sent no request with. "
    "Not while that request may lie before or after the capture, nor for notifications.",
    why="A response that a client does not expect must be rejected by RST (clauses 4.2, 5.3.2): "
    "the ACK tells the server that it was understood, and it goes on sending.",
    bad="CON 2.05 with token b2a1 that nobody asked for, acknowledged by the client.",
    good="CON 2.05 with token b2a1 that nobody asked for, rejected by RST.",
    fix="In the client, look the token up before acknowledging, and send RST when it is unknown.",
)
def orphan_acknowledged(event: Orphaned, context: Context) -> Iterator[Breach]:
    if event.kind is not Orphan.ACKED:
        return
    message = event.message
    yield Breach(
        f"{describe(message)}: {message.destination} acknowledged it, but asked nothing with "
        f"token {message.token.hex() or '(empty)'}",
        message,
        seen="ACK",
        expected="RST",
    )
