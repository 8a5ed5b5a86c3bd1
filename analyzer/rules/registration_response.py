# SPDX-License-Identifier: GPL-2.0-only
"""The registration response of the MSGin5G Server, TS 24.538 clause 6.3.1.2.1.

The message; what its payload carries: `registration_response_elements.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Acknowledged, AnsweredAgain, RegistrationAnswered, Unanswered
from analyzer.relations import Match
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe, seconds
from analyzer.rules.registration_request import SPEC
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

_ANSWER: Final = "6.3.1.2.1"
_CLIENT_ADDRESS: Final = (
    numbers.URI_HOST,
    numbers.URI_PORT,
    numbers.URI_PATH,
    numbers.URI_QUERY,
)


@rule(
    "MSG-24538-6.3.1.2.1-UNANSWERED",
    W,
    Scope.EXCHANGE,
    SPEC,
    _ANSWER,
    causes=("COAP-7252-4.2-CON-UNANSWERED", "COAP-CAP-ICMP", "COAP-7252-5.3.2-OTHER-ENDPOINT"),
    absence=True,
    title="Registration unanswered",
    what="A registration got no response within MAX_TRANSMIT_WAIT (93 s by default). An Empty ACK "
    "alone is no answer. Near the end of a capture it is a note.",
    why="The server shall return an acknowledge message (6.3.1.2.1); the UE stays unregistered and "
    "unreachable.",
    bad="CON POST registration, sent five times in 36 s, nothing from the server",
    good="CON POST registration, ACK 2.01 a few milliseconds later",
    fix="Check address, port, firewall and NAT on the way to the server, and the server's log; "
    "capture beside the server to see whether the request arrives.",
)
def unanswered(event: Unanswered, context: Context) -> Iterator[Breach]:
    exchange = event.exchange
    if not exchange.registration or event.one_way:
        return
    copies = exchange.transmission.copies + 1
    times = "once" if copies == 1 else f"{copies} times"
    acked = ", acknowledged without a response" if exchange.ack else ""
    icmp = f"; {exchange.icmp}" if exchange.icmp else ""
    ended = " before the capture ends: still open" if event.ended else ""
    yield Breach(
        f"Registration sent {times}{acked}, no answer{ended}{icmp}",
        exchange.request,
        seen=f"{copies} transmission{'s' if copies > 1 else ''}, no response",
        expected=f"a response within {seconds(context.timers.max_transmit_wait)}",
        severity=N if event.ended else None,
    )


@rule(
    "MSG-24538-6.3.1.2.1-RESET",
    W,
    Scope.EXCHANGE,
    SPEC,
    _ANSWER,
    title="Registration answered by a Reset",
    what="The server answered a registration with an RST.",
    why="A Reset says that the message could not be processed at all (RFC 7252 clause 4.2): the UE "
    "is not registered, and the server does not say why.",
    bad="CON POST registration, answered by RST",
    good="CON POST registration, answered by ACK 2.01",
    fix="Look at the server: no registration service behind that port, a format it refuses, or a "
    "restart in between.",
)
def reset(event: Acknowledged, context: Context) -> Iterator[Breach]:
    exchange = event.transmission.exchange
    message = event.message
    if exchange is None or not exchange.registration or message.type != Type.RST:
        return
    if event.transmission.message == exchange.request:
        yield Breach(
            f"{describe(exchange.request)} was answered by a Reset",
            message,
            seen="RST",
            expected="ACK with 2.01 or 2.04",
            frames=(exchange.request.frame,),
        )


@rule(
    "MSG-24538-6.3.1.2.1.a-NOT-PIGGYBACKED",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 a)",
    profiles="rel17=W rel18=W",
    causes=("MSG-24538-6.3.1.1.1.a-NOT-CONFIRMABLE",),
    title="Response does not ride in the acknowledgement",
    what="The response to a registration came as a CON or NON of its own.",
    why="The server answers in the acknowledge message and repeats the request's Message ID (a)). "
    "A separate response is legal CoAP, but has a Message ID of its own.",
    bad="CON POST 0x1234, Empty ACK 0x1234, then CON 2.01 0x9abc",
    good="CON POST 0x1234, ACK 2.01 0x1234",
    fix="Answer within the server's ACK delay so that the response is piggybacked; when the "
    "request was a NON, make the client send a CON.",
)
def not_piggybacked(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.type == Type.ACK or message.reliable:
        return
    kind = Type(message.type).name
    asked = " to a NON request" if event.exchange.request.type == Type.NON else ""
    yield Breach(
        f"Registration response sent as {kind} with Message ID {message.message_id}{asked}",
        message,
        seen=f"{kind}, Message ID {message.message_id}",
        expected=f"ACK, Message ID {event.exchange.request.message_id}",
        span=(0, 4),
        frames=(event.exchange.request.frame,),
    )


@rule(
    "MSG-24538-6.3.1.2.1.a-MESSAGE-ID",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 a)",
    causes=("COAP-7252-5.3.2-PIGGY-MID",),
    title="Acknowledgement with another Message ID",
    what="An ACK carries the token of the registration and another Message ID.",
    why="The server shall set the Message ID to that of the POST (a)); the client does not take "
    "the ACK for its request, retransmits and gives up.",
    bad="CON POST 0x1234 token a1b2, ACK 2.01 0x1235 token a1b2",
    good="CON POST 0x1234 token a1b2, ACK 2.01 0x1234 token a1b2",
    fix="Copy the Message ID from the request into the ACK, byte order included.",
)
def message_id(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    if event.match is not Match.OTHER_MID:
        return
    request, answer = event.exchange.request, event.message
    yield Breach(
        f"The ACK carries Message ID {answer.message_id}, the registration has "
        f"Message ID {request.message_id}",
        answer,
        seen=f"Message ID {answer.message_id}",
        expected=f"Message ID {request.message_id}",
        span=(2, 4),
        frames=(request.frame,),
    )


@rule(
    "MSG-24538-6.3.1.2.1.a-TOKEN",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 a)",
    causes=("COAP-7252-5.3.2-PIGGY-TOKEN",),
    title="Acknowledgement with another token",
    what="The ACK with the Message ID of the registration carries another token.",
    why="The server shall set the Token to that of the POST (a)); the client drops the response.",
    bad="CON POST 0x1234 token a1b2, ACK 2.01 0x1234 token a1b3",
    good="CON POST 0x1234 token a1b2, ACK 2.01 0x1234 token a1b2",
    fix="Copy token and token length from the request into the response.",
)
def token(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    if event.match is not Match.OTHER_TOKEN:
        return
    request, answer = event.exchange.request, event.message
    yield Breach(
        "The ACK carries another token than the registration",
        answer,
        seen=answer.token.hex() or "(empty)",
        expected=request.token.hex() or "(empty)",
        span=(answer.coap.token_offset, answer.coap.token_offset + len(answer.token)),
        frames=(request.frame,),
    )


@rule(
    "MSG-24538-6.3.1.2.1.b-CLIENT-ADDRESS",
    N,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.2.1 b)",
    causes=("COAP-7252-5.4-CONTEXT-RESP",),
    title="Uri option in the response",
    what="The response carries Uri-Host, Uri-Port, Uri-Path or Uri-Query.",
    why="b) allows the client's address in an option of the response, but RFC 7252 clause 5.4.1 "
    "makes a receiver reject a response with these critical options.",
    bad="ACK 2.01 with Uri-Host 10.0.0.7",
    good="ACK 2.01 without Uri-* options",
    fix="Leave the client's address out; a 2.01 may carry Location-Path.",
)
def client_address(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    for number in _CLIENT_ADDRESS:
        option = event.message.coap.first(number)
        if option is not None:
            yield Breach(
                f"{option.name} in the registration response",
                event.message,
                seen=option.name,
                expected="no Uri-* option",
                span=option.span,
            )
            return


@rule(
    "MSG-24538-6.3.1.2.1.d-CODE",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 d)",
    profiles="rel17=W rel18=W",
    causes=("COAP-7252-5.9-CODE-METHOD",),
    title="Response code is neither 2.01 nor 2.04",
    what="The response code of a registration is not 2.01 (Created) or 2.04 (Changed). A refusal, "
    "4.xx or 5.xx, is a warning; where OSCORE itself refuses, it is not judged.",
    why="The server shall send 2.01 or 2.04 (d)). What it sends when it refuses is not described.",
    bad="ACK 2.05 (Content)",
    good="ACK 2.01 (Created)",
    fix="Answer a first registration with 2.01, a repeated one with 2.04. On a refusal, check the "
    "credentials and the server's reason.",
)
def code(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code in (numbers.CREATED, numbers.CHANGED) or message.protected:
        return
    if event.exchange.request.unwrapped and not message.unwrapped:  # OSCORE itself refuses
        return
    name = numbers.code_name(message.code)
    refused = message.code >> 5 in (4, 5)
    yield Breach(
        f"Registration {'refused' if refused else 'answered'} with {name}",
        message,
        seen=name,
        expected="2.01 Created or 2.04 Changed",
        span=message.coap.code_span,
        severity=W if refused else None,
        frames=(event.exchange.request.frame,),
    )


@rule(
    "MSG-24538-DOUBLE-REGISTRATION",
    W,
    Scope.EXCHANGE,
    SPEC,
    _ANSWER,
    causes=("COAP-7252-4.5-ACK-DIFFERS",),
    title="Registration executed twice",
    what="Two answers to copies of one registration differ.",
    why="The server took a retransmission for a new request; it must recognise it by its Message "
    "ID and repeat the answer (RFC 7252 clause 4.5).",
    bad="CON POST 0x1234 twice, ACK 2.01 to the first and ACK 2.04 to the second",
    good="CON POST 0x1234 twice, the same ACK 2.01 to both",
    fix="Keep the answer for EXCHANGE_LIFETIME (247 s by default) and send it again for a known "
    "Message ID.",
)
def double_registration(event: AnsweredAgain, context: Context) -> Iterator[Breach]:
    exchange = event.exchange
    if exchange is None or not exchange.registration or not event.differs:
        return
    first, again = event.first, event.message
    yield Breach(
        f"Answered {numbers.code_name(first.code)} first and {numbers.code_name(again.code)} then"
        if first.code != again.code
        else "Two different answers to one registration",
        again,
        seen=numbers.code_name(again.code),
        expected=f"the answer of frame {first.frame} again",
        frames=(first.frame, exchange.request.frame),
    )
