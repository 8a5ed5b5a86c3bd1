# SPDX-License-Identifier: GPL-2.0-only
"""The registration response of the MSGin5G Server, TS 24.538 clause 6.3.1.2.1.

A refusal (4.xx, 5.xx) is not described by the clause: what it carries is judged only where it
carries something.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Acknowledged, AnsweredAgain, Match, Unanswered
from analyzer.messages import Message
from analyzer.registrations import RegistrationAnswered
from analyzer.rules.catalogue import Breach, E, N, Scope, W, declare, predicate, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe, seconds
from analyzer.rules.registration_elements import shown, violation_breach
from analyzer.rules.registration_request import SPEC, near
from dissectors.coap import numbers
from dissectors.coap.numbers import Type
from dissectors.msgin5g.payload import ERROR_TEXTS
from dissectors.msgin5g.schema import violations

_ANSWER: Final = "6.3.1.2.1"
_GOOD_BODY: Final = '{"UE Service ID": "meter-1@example", "Registration result": "success"}'
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
    title="Registration unanswered",
    what="A registration got no response within MAX_TRANSMIT_WAIT (93 s). An Empty ACK alone is no "
    "answer. Near the end of a capture it is a note.",
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
    if event.transmission.message is exchange.request:
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
    if message.type == Type.ACK:
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
        f"The ACK carries Message ID {answer.message_id}, the registration {request.message_id}",
        answer,
        seen=str(answer.message_id),
        expected=str(request.message_id),
        span=(2, 4),
        frames=(request.frame,),
    )


@rule(
    "MSG-24538-6.3.1.2.1.a-TOKEN",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 a)",
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
                span=(option.offset, option.value_offset + len(option.value)),
            )
            return


@rule(
    "MSG-24538-6.3.1.2.1.c-PAYLOAD",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.2.1 c)",
    title="Response without a readable JSON object",
    what="The response to a registration has no payload, or one that is no JSON object.",
    why="The server shall include UE Service ID and Registration result (c)); without them the UE "
    "does not know whether it is registered.",
    bad="ACK 2.01 without payload",
    good="ACK 2.01 with " + _GOOD_BODY,
    fix="Send the two elements as a JSON object.",
)
def payload(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    message = event.message
    if not _described(message) or message.document.is_object:
        return
    data, at = message.coap.payload, message.coap.payload_offset
    document = message.document
    if not data:
        text, seen, span = "The response has no payload", "no payload", None
    elif document.error:
        where = document.place(document.error_at)
        text = f"The payload is not JSON: {ERROR_TEXTS[document.error]}, {where}"
        seen = near(message, document.error_at)
        span = (at + document.error_at, at + min(document.error_at + 1, len(data)))
    else:
        seen = document.root.kind.name.lower() if document.root else "nothing"
        text, span = f"The payload is JSON, but not an object: {seen}", (at, at + len(data))
    yield Breach(text, message, seen=seen, expected="a JSON object", span=span)


@rule(
    "MSG-24538-6.3.1.2.1.c-CONTENT-FORMAT",
    N,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.2.1 c)",
    title="Content-Format of the response",
    what="The response has a JSON payload and no Content-Format; another one than 50 is a warning.",
    why="The clause does not ask for it, but a client that goes by Content-Format cannot read the "
    "result (RFC 7252 clause 5.5.1).",
    bad="ACK 2.01 with a JSON payload and Content-Format 0",
    good="ACK 2.01 with a JSON payload and Content-Format 50",
    fix="Add Content-Format 50 to the response.",
)
def content_format(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.cut or message.in_blocks or not message.document.is_object:
        return
    option = message.coap.first(numbers.CONTENT_FORMAT)
    if option is None:
        yield Breach(
            "JSON payload without Content-Format",
            message,
            seen="absent",
            expected="50 (application/json)",
        )
    elif message.content_format != numbers.JSON:
        value = message.content_format
        yield Breach(
            f"JSON payload with Content-Format {value}",
            message,
            seen=str(value),
            expected="50 (application/json)",
            span=(option.offset, option.value_offset + len(option.value)),
            severity=W,
        )


declare(
    "MSG-24538-6.3.1.2.1.c1-UE-SERVICE-ID",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 c)1)",
    title="UE Service ID missing or another one",
    what="The response has no UE Service ID, or not that of the request.",
    why="It tells which UE the result is for (c)1)); behind a gateway a wrong one registers the "
    "wrong device.",
    bad='{"Registration result": "success"}',
    good=_GOOD_BODY,
    fix="Copy the UE Service ID of the request into the response.",
)

declare(
    "MSG-24538-6.3.1.2.1.c2-RESULT",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 c)2)",
    title="Registration result missing or unclear",
    what="The response has no Registration result, or one that says neither success nor failure.",
    why="The UE learns from it whether it is registered (c)2)).",
    bad='{"UE Service ID": "meter-1@example", "Registration result": "maybe"}',
    good=_GOOD_BODY,
    fix="Send Registration result with the value success or failure.",
)

declare(
    "MSG-24538-6.3.1.2.1.c2-CONTRADICTION",
    W,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 c)2)",
    title="Result and response code contradict",
    what="Registration result says success in a 4.xx or 5.xx. Failure in a 2.xx is a note.",
    why="A client that goes by the code and one that goes by the element come to different "
    "conclusions.",
    bad="ACK 4.01 with Registration result success",
    good="ACK 2.01 with Registration result success",
    fix="Make the code and the element say the same.",
)


@predicate
def information_elements(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    """The elements of c), by their schema and against the request and the code."""
    message = event.message
    if message.cut or message.in_blocks or not message.document.is_object:
        return
    values = message.elements.values
    for violation in violations("registration_response", values):
        if _described(message) or not violation.missing:
            yield violation_breach(violation, message)
    asked = event.exchange.request.elements.text("ue_service_id")
    answered = message.elements.text("ue_service_id")
    if asked and answered and asked != answered:
        yield Breach(
            "The response names another UE than the request",
            message,
            seen=answered,
            expected=asked,
            span=_span(message, "ue_service_id"),
            frames=(event.exchange.request.frame,),
            rule="MSG-24538-6.3.1.2.1.c1-UE-SERVICE-ID",
        )
    result = values.get("registration_result")
    success = message.code >> 5 == 2
    if result in ("success", "failure") and success != (result == "success"):
        yield Breach(
            f"Registration result is {result} in a {numbers.code_name(message.code)}",
            message,
            seen=shown(message, "registration_result"),
            expected="a code and a result that agree",
            span=_span(message, "registration_result"),
            severity=N if success else None,
            rule="MSG-24538-6.3.1.2.1.c2-CONTRADICTION",
        )


@rule(
    "MSG-24538-6.3.1.2.1.d-CODE",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 d)",
    profiles="rel17=W rel18=W",
    title="Response code is neither 2.01 nor 2.04",
    what="The response code of a registration is not 2.01 (Created) or 2.04 (Changed). A refusal, "
    "4.xx or 5.xx, is a warning.",
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
    name = numbers.code_name(message.code)
    refused = message.code >> 5 in (4, 5)
    yield Breach(
        f"Registration {'refused' if refused else 'answered'} with {name}",
        message,
        seen=name,
        expected="2.01 Created or 2.04 Changed",
        span=(1, 2),
        severity=W if refused else None,
        frames=(event.exchange.request.frame,),
    )


@rule(
    "MSG-24538-DOUBLE-REGISTRATION",
    W,
    Scope.EXCHANGE,
    SPEC,
    _ANSWER,
    title="Registration executed twice",
    what="Two answers to copies of one registration differ.",
    why="The server took a retransmission for a new request; it must recognise it by its Message "
    "ID and repeat the answer (RFC 7252 clause 4.5).",
    bad="CON POST 0x1234 twice, ACK 2.01 to the first and ACK 2.04 to the second",
    good="CON POST 0x1234 twice, the same ACK 2.01 to both",
    fix="Keep the answer for EXCHANGE_LIFETIME (247 s) and send it again for a known Message ID.",
)
def double_registration(event: AnsweredAgain, context: Context) -> Iterator[Breach]:
    if not event.exchange.registration or not event.differs:
        return
    first, again = event.first, event.message
    yield Breach(
        f"Answered {numbers.code_name(first.code)} first and {numbers.code_name(again.code)} then"
        if first.code != again.code
        else "Two different answers to one registration",
        again,
        seen=numbers.code_name(again.code),
        expected=f"the answer of frame {first.frame} again",
        frames=(first.frame, event.exchange.request.frame),
    )


def _described(message: Message) -> bool:
    """The clause says what this response carries, and all of it was captured."""
    return message.code >> 5 == 2 and not (message.cut or message.in_blocks or message.protected)


def _span(message: Message, path: str) -> tuple[int, int] | None:
    span = message.elements.spans.get(path)
    at = message.coap.payload_offset
    return (at + span[0], at + span[1]) if span else None
