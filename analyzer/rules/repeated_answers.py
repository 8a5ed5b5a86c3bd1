# SPDX-License-Identifier: GPL-2.0-only
"""Messages and requests that are answered twice, differently, or not again.

RFC 7252 clauses 4.2, 4.5 and 5.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import Acknowledged, AnsweredAgain, CopiesIgnored, Responded
from analyzer.relations import How, Match
from analyzer.rules.catalogue import Alike, Breach, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.numbers import CODES, Type


@rule(
    "COAP-7252-4.5-ACK-DIFFERS",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.5",
    title="Copies answered differently",
    what="Two ACKs, or two RSTs, for one Message ID differ in more than Max-Age and Observe. A "
    "note where the request may be repeated without harm: GET, FETCH, PUT, DELETE, iPATCH.",
    why="A receiver processes a message once and answers its copies alike (clause 4.5). A "
    "different answer to a POST or PATCH shows that it was executed twice.",
    bad="CON POST 0x1234, ACK 2.01, CON POST 0x1234 again, ACK 4.09.",
    good="CON POST 0x1234, ACK 2.01, CON POST 0x1234 again, ACK 2.01.",
    fix="Keep the answer to each CON for EXCHANGE_LIFETIME and send it again for copies; know them "
    "by endpoint and Message ID.",
)
def answers_differ(event: AnsweredAgain, context: Context) -> Iterator[Breach]:
    if not event.differs:
        return
    message = event.transmission.message
    spec = CODES.get(message.code) if message.is_request else None
    yield Breach(
        f"{describe(message)}: answered by {describe(event.first)}, and then by "
        f"{describe(event.message)} with other content",
        event.message,
        seen=event.message.data[:16].hex(" "),
        expected=event.first.data[:16].hex(" "),
        severity=N if spec is not None and spec.idempotent else None,
        exchange=event.exchange,
        frames=(event.first.frame, message.frame),
        group=event.transmission,
    )


@rule(
    "COAP-7252-4.5-ACK-SURPLUS",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.5",
    title="More acknowledgements than transmissions",
    what="A message is acknowledged or rejected more often than it was sent, as far as captured. "
    "All of one endpoint to another are one finding.",
    why="Each copy is acknowledged once (clause 4.5). The surplus is harmless: a stack that "
    "acknowledges twice, or copies that were lost before the tap.",
    bad="CON 0x1234, ACK 0x1234, ACK 0x1234.",
    good="CON 0x1234, ACK 0x1234.",
    fix="Look in the receiver for two layers that both acknowledge.",
)
def surplus(event: AnsweredAgain, context: Context) -> Iterator[Breach]:
    if event.differs:
        return
    sent = event.transmission
    yield Breach(
        f"{describe(sent.message)}: {sent.acks} acknowledgements for {sent.copies + 1} "
        f"transmission{'s' if sent.copies else ''}",
        event.message,
        seen=f"{sent.acks} acknowledgements",
        expected=f"{sent.copies + 1}",
        exchange=event.exchange,
        frames=(event.first.frame, sent.message.frame),
    )


@rule(
    "COAP-7252-4.5-ACK-MISSING-FOR-DUP",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.5",
    absence=True,
    title="Copies not acknowledged",
    what="A CON was acknowledged or rejected once, then sent again, and no later copy was "
    "acknowledged.",
    why="Each copy should be acknowledged (clause 4.5): the first ACK was lost, and as the copies "
    "are ignored the sender believes that nothing arrived.",
    bad="CON 0x1234, ACK 0x1234, CON 0x1234 again, and silence.",
    good="CON 0x1234, ACK 0x1234, CON 0x1234, ACK 0x1234.",
    fix="In the receiver, answer copies with the answer kept, instead of dropping them.",
)
def copies_ignored(event: CopiesIgnored, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    if event.ended:
        return
    yield Breach(
        f"{describe(sent.message)}: {sent.copies + 1} transmissions, acknowledged once and before "
        "the last",
        sent.message,
        seen="1 acknowledgement",
        expected="one for each copy",
        exchange=sent.exchange,
        group=sent.message.flow,
    )


@rule(
    "COAP-7252-5.2-EXTRA-RESPONSE",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.2",
    title="Second response to one request",
    what="A request that is no observation and went to no group gets a second response under a new "
    "Message ID. A note where the request was sent more than once: the server may have answered "
    "each copy.",
    why="A request has one response (clause 5.2). The client has freed the token and rejects the "
    "second one, or takes it for that to a later request.",
    bad="CON GET with token a1b2, ACK 2.05, and 1 s later CON 2.05 with token a1b2.",
    good="CON GET with token a1b2, ACK 2.05.",
    fix="In the server, end the exchange with its first response; look for a handler that answers "
    "both at once and later. To send news, support Observe.",
)
def second_response(event: Responded, context: Context) -> Iterator[Breach]:
    expected = How.FIRST | How.NOTIFIES | How.OBSERVED
    if event.how & expected or event.match is Match.MULTICAST:
        return
    request, answer = event.exchange.request, event.message
    same_id = answer.type == Type.ACK and answer.message_id == request.message_id
    if same_id or _of_another_block(request, answer):
        return
    yield Breach(
        f"{describe(request)} was answered before {describe(answer)}",
        answer,
        seen=describe(answer),
        expected="one response to a request",
        severity=N if How.RETRANSMITTED in event.how else None,
        frames=(request.frame,),
        group=Alike(answer.flow, How.RETRANSMITTED in event.how),
    )


def _of_another_block(request: Message, answer: Message) -> bool:
    """The response is one of several that carry a body (RFC 9177), or another block than asked
    for."""
    if any(answer.coap.first(number) for number in (numbers.Q_BLOCK1, numbers.Q_BLOCK2)):
        return True
    asked, given = (message.coap.uint(numbers.BLOCK2) for message in (request, answer))
    return given is not None and given >> 4 != (asked or 0) >> 4


@rule(
    "COAP-7252-4.2-RST-AND-RESPONSE",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    title="Request rejected and answered",
    what="A request was rejected by RST and also got a response. A note where the RST came "
    "last, and the request was sent more than once or was answered from another endpoint.",
    why="A RST says that the request was not processed (clause 4.2): the client gives up, though "
    "the server acted on it. A server that lost its state between two copies does this too.",
    bad="CON POST 0x1234, RST 0x1234, and CON 2.04 with the token of the request.",
    good="CON POST 0x1234, ACK 2.04 0x1234.",
    fix="In the server, look for a second listener or layer that rejects what another one takes, "
    "and keep answers across restarts where requests must not be executed twice.",
)
def rejected_and_answered(event: Acknowledged | Responded, context: Context) -> Iterator[Breach]:
    if isinstance(event, Responded):
        if How.RESET in event.how and How.NOTIFIES not in event.how:
            yield _both(event.exchange.request, event.message, False)
        return
    sent = event.transmission
    if event.message.type != Type.RST or sent.exchange is None or not sent.message.is_request:
        return
    answer = sent.exchange.response
    if answer is None or answer.row >= event.message.row or sent.message.destination.multicast:
        return
    other = answer.source != event.message.source
    yield _both(sent.message, event.message, other or sent.copies > 0)


def _both(request: Message, last: Message, explained: bool) -> Breach:
    first = "answered" if last.type == Type.RST else "rejected by RST"
    return Breach(
        f"{describe(request)} was {first} before {describe(last)}",
        last,
        seen=describe(last),
        expected="either a response or a RST",
        severity=N if explained else None,
        exchange=request.exchange,
        frames=(request.frame,),
    )
