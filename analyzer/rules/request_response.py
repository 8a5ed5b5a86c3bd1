# SPDX-License-Identifier: GPL-2.0-only
"""Request/response layer: which response belongs to which request, RFC 7252 clause 5."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import Responded
from analyzer.relations import Match
from analyzer.rules.catalogue import Breach, E, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe


@rule(
    "COAP-7252-5.3.2-PIGGY-TOKEN",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.3.2",
    title="Piggybacked response with another token",
    what="An ACK with a response has the Message ID and the endpoints of a request, but not its "
    "token.",
    why="A client matches a response by its token (clause 5.3.2): it drops this one and "
    "retransmits, though it was answered.",
    bad="CON POST 0x1234 token a1b2, answered by ACK 2.04 0x1234 token a1b3.",
    good="CON POST 0x1234 token a1b2, answered by ACK 2.04 0x1234 token a1b2.",
    fix="Copy the token of the request, length included, into every response to it. An empty token "
    "is a token: answer it with an empty one.",
)
def piggybacked_other_token(event: Responded, context: Context) -> Iterator[Breach]:
    if event.match is not Match.OTHER_TOKEN:
        return
    request, answer = event.exchange.request, event.message
    yield Breach(
        f"The ACK to {describe(request)} carries token {_token(answer.token)}, the request "
        f"{_token(request.token)}",
        answer,
        seen=_token(answer.token),
        expected=_token(request.token),
        span=(answer.coap.token_offset, answer.coap.token_offset + len(answer.token)),
        frames=(request.frame,),
    )


@rule(
    "COAP-7252-5.3.2-PIGGY-MID",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.3.2",
    title="Piggybacked response with another Message ID",
    what="An ACK with a response has the token of an open request of that client, but its Message "
    "ID matches no request. A warning while the request it means may lie before the capture.",
    why="A piggybacked response must match Message ID and token (clause 5.3.2); the client does "
    "not take this ACK for its request and retransmits it.",
    bad="CON POST 0x1234 token a1b2, answered by ACK 2.04 0x1235 token a1b2.",
    good="CON POST 0x1234 token a1b2, answered by ACK 2.04 0x1234 token a1b2.",
    fix="Copy the Message ID of the request into its ACK; a response sent on its own is a CON or "
    "NON with a Message ID of the server's.",
)
def piggybacked_other_mid(event: Responded, context: Context) -> Iterator[Breach]:
    if event.match is not Match.OTHER_MID:
        return
    request, answer = event.exchange.request, event.message
    yield Breach(
        f"ACK with Message ID {answer.message_id} carries the token of {describe(request)}",
        answer,
        seen=f"Message ID {answer.message_id}",
        expected=f"Message ID {request.message_id}",
        span=(2, 4),
        severity=W if context.young(answer.flow, answer.time) else None,
        frames=(request.frame,),
    )


@rule(
    "COAP-7252-5.3.2-OTHER-ENDPOINT",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.3.2",
    title="Response from another endpoint",
    what="A response carries the token of an open request of that client, but comes from another "
    "address or port than the request went to. A warning when the token is shorter than 2 bytes: "
    "it may be chance.",
    why="A response must come from the endpoint the request was sent to (clause 5.3.2); a client "
    "drops this one, and behind a NAT or firewall it does not even arrive.",
    bad="POST to 10.0.0.1:5683 with token a1b2, answered with token a1b2 from 10.0.0.9:5683.",
    good="POST to 10.0.0.1:5683 with token a1b2, answered with token a1b2 from 10.0.0.1:5683.",
    fix="Answer from the socket that received the request: bind to one address, or set the source "
    "address of the answer; check load balancers and NAT between the two.",
)
def other_endpoint(event: Responded, context: Context) -> Iterator[Breach]:
    if event.match is not Match.OTHER_ENDPOINT:
        return
    request, answer = event.exchange.request, event.message
    yield Breach(
        f"{describe(request)} went to {request.destination} and was answered from {answer.source}",
        answer,
        seen=str(answer.source),
        expected=str(request.destination),
        severity=W if len(answer.token) < 2 else None,
        frames=(request.frame,),
    )


def _token(token: bytes) -> str:
    return token.hex() or "(empty)"
