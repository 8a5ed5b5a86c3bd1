# SPDX-License-Identifier: GPL-2.0-only
"""Token length: RFC 7252 clause 3, and extended tokens, RFC 8974 clause 2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from analyzer import facts
from analyzer.events import Acknowledged, Seen
from analyzer.rules.catalogue import (
    Breach,
    E,
    N,
    Scope,
    Severity,
    W,
    defect_rule,
    predicate,
    rule,
)
from analyzer.rules.context import Context
from analyzer.subjects import Message
from dissectors.coap.message import Flaw
from dissectors.coap.numbers import Type
from dissectors.coap.wire import Defect

LONGEST_TOKEN: Final = 8
"""Bytes of a token under RFC 7252 alone."""

_MOST_PEERS: Final = 1 << 16

T = TypeVar("T")

defect_rule(
    Defect.TKL_15,
    "COAP-8974-2.1-TKL-15",
    E,
    "RFC 8974",
    "2.1",
    title="Token length 15",
    what="The token length field is 15.",
    why="15 is reserved, with extended tokens too (RFC 8974 clause 2.1). Nobody can tell where "
    "the options begin, so the message is a format error and is rejected.",
    bad="4f 01 12 34 aa bb cc dd  TKL 15",
    good="44 01 12 34 aa bb cc dd  TKL 4",
    fix="Write the number of token bytes, 0 to 8, into the low four bits of the first byte.",
    says="Token length 15 is reserved",
    expected="0 to 8, or 9 to 14 between endpoints with extended tokens",
)


def _extends(message: Message, flaw: Flaw, context: Context) -> Severity | None:
    """A peer that repeated an extended token speaks RFC 8974; so does who repeats one now."""
    if message.is_response:
        return N if _echoes(message) else None
    return N if message.destination in context.extended_tokens else None


defect_rule(
    Defect.TKL_RESERVED,
    "COAP-7252-3-TKL-RESERVED",
    W,
    "RFC 7252",
    "3",
    title="Token length 9 to 14",
    what="The token length field is 9 to 14: an extended token (RFC 8974). Only a note once the "
    "server has repeated such a token in a response.",
    why="RFC 7252 clause 3 reserves these values, and an endpoint without RFC 8974 rejects the "
    "message as a format error. With RFC 8974, 9 to 12 are lengths, 13 and 14 announce one or two "
    "more length bytes.",
    bad="49 01 12 34 01 02 03 04 05 06 07 08 09  TKL 9 to a server that nothing is known of",
    good="48 01 12 34 01 02 03 04 05 06 07 08  TKL 8",
    fix="Use tokens of at most 8 bytes unless the server supports extended ones; find out with a "
    "Confirmable request (RFC 8974 clause 2.2.2). If no long token was meant, correct the TKL.",
    says="Token length field {detail}, reserved by RFC 7252, extended token under RFC 8974",
    expected="a token of 0 to 8 bytes",
    adjust=_extends,
)


@rule(
    "COAP-8974-2.2.2-PROBE-NON",
    W,
    Scope.CONVERSATION,
    "RFC 8974",
    "2.2.2",
    when=facts.LONG_TOKEN,
    causes=("COAP-7252-3-TKL-RESERVED",),
    title="Extended token tried with a NON",
    what="The first request with a token longer than 8 bytes to a server is Non-confirmable. A "
    "note while the first one may lie before the capture.",
    why="Whether a server supports long tokens shows by its ACK or RST, so trial must use a "
    "Confirmable request (RFC 8974 clause 2.2.2). A NON that is not understood is dropped, and "
    "the client learns nothing.",
    bad="NON GET with a token of 12 bytes as the first request to a server.",
    good="CON GET with a token of 12 bytes, answered 2.05 with that token; NON from then on.",
    fix="Send the first request with a long token as CON, and go back to 8 bytes when it is "
    "rejected or answered 4.00.",
)
def probed_by_non(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    if not _long(message):
        return
    if _echoes(message):
        _remember(context.extended_tokens, message.source)
    if not message.is_request or message.destination.multicast:
        return
    pair = message.source, message.destination
    first = pair not in context.extended_tried
    _remember(context.extended_tried, pair)
    if first and message.type == Type.NON and message.destination not in context.extended_tokens:
        yield Breach(
            f"First request with a token of {len(message.token)} bytes to {message.destination} "
            "is Non-confirmable",
            message,
            seen="NON",
            expected="CON, until the server has repeated such a token",
            span=(0, 1),
            severity=N if context.young(message.flow, message.time) else None,
        )


@rule(
    "COAP-8974-2.2.2-AFTER-RST",
    W,
    Scope.CONVERSATION,
    "RFC 8974",
    "2.2.2",
    when=facts.LONG_TOKEN,
    causes=("COAP-7252-3-TKL-RESERVED",),
    title="Extended token sent again after a Reset",
    what="A client goes on sending tokens longer than 8 bytes to a server that answered such a "
    "Confirmable request with RST.",
    why="The RST says that the server does not support them (RFC 8974 clause 2.2.2): every "
    "further request fails the same way, after a round trip each.",
    bad="CON GET with a token of 12 bytes, RST, and the next GET has 12 bytes again.",
    good="CON GET with a token of 12 bytes, RST, and the next GET has a token of 8 bytes.",
    fix="Remember per server that long tokens are not supported, and use at most 8 bytes there.",
)
def sent_after_reset(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    pair = message.source, message.destination
    if not message.is_request or not _long(message) or pair not in context.extended_rejected:
        return
    if message.destination not in context.extended_tokens:
        yield Breach(
            f"{message.source} sends a token of {len(message.token)} bytes again, which "
            f"{message.destination} rejected before",
            message,
            seen=f"{len(message.token)} bytes",
            expected=f"at most {LONGEST_TOKEN} bytes",
            group=pair,
        )


@predicate()
def extended_token_rejected(event: Acknowledged, context: Context) -> Iterator[Breach]:
    """Remember the rejection; it breaks no rule."""
    sent = event.transmission
    request = sent.message
    rejected = event.message.type == Type.RST and sent.confirmable
    if rejected and request.is_request and _long(request):
        _remember(context.extended_rejected, (request.source, request.destination))
    yield from ()


defect_rule(
    Defect.TOKEN_TRUNCATED,
    "COAP-7252-3-TOKEN-TRUNC",
    E,
    "RFC 7252",
    "3",
    title="Token longer than the message",
    what="The token length field promises more bytes than the datagram has.",
    why="The message is a format error and must be rejected (clauses 3 and 4.2): neither token "
    "nor options can be read.",
    bad="44 01 12 34 aa bb  TKL 4, two bytes follow",
    good="44 01 12 34 aa bb cc dd  TKL 4, four bytes follow",
    fix="Compare the TKL with the token really written, and the length handed to the socket with "
    "the length of the message.",
    says="Token of {detail} bytes runs past the end of the datagram",
    expected="as many token bytes as the token length field says",
)


def _long(message: Message) -> bool:
    return message.coap.readable and len(message.token) > LONGEST_TOKEN


def _echoes(message: Message) -> bool:
    """A response with the long token of its request: this server supports them."""
    exchange = message.exchange
    same = exchange is not None and exchange.token == message.token
    return message.is_response and same and _long(message)


def _remember(known: set[T], peer: T) -> None:
    if len(known) < _MOST_PEERS:
        known.add(peer)
