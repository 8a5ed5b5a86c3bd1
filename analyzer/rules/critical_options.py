# SPDX-License-Identifier: GPL-2.0-only
"""Critical options that nobody may pass over, accepted nevertheless: RFC 7252 clause 5.4.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Acknowledged, Responded
from analyzer.relations import How
from analyzer.rules.catalogue import Alike, Breach, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe
from analyzer.subjects import Message
from dissectors.coap.message import Flaw
from dissectors.coap.numbers import Type, option_name
from dissectors.coap.wire import Defect

_WRONG: Final = frozenset(
    {Defect.CRITICAL_UNKNOWN, Defect.EXPERIMENTAL, Defect.LENGTH_CRITICAL, Defect.REPEATED}
)
_CRITICAL: Final = 1
_MOST_SHOWN: Final = 16


def critical_flaws(message: Message) -> list[Flaw]:
    """Critical options that are unknown, of a wrong length, or once too often there."""
    return [f for f in message.coap.flaws if f.kind in _WRONG and f.detail & _CRITICAL]


@rule(
    "COAP-7252-5.4.1-BADOPT-ACCEPTED",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.4.1",
    title="Request with a wrong critical option accepted",
    what="A request with a critical option that is unknown, has a wrong length or stands once too "
    "often is answered by a success.",
    why="A server must refuse such a request by 4.02 Bad Option (clause 5.4.1). Either it knows an "
    "option that msgshark does not, or it ignores the rule and does what the client did not ask "
    "for.",
    bad="GET with option 25, answered by 2.05.",
    good="GET with option 25, answered by 4.02.",
    fix="In the server, refuse requests with critical options that it does not process; in the "
    "client, correct the option.",
)
def request_accepted(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if answer.code >> 5 != 2 or How.NOTIFIES in event.how:
        return
    for flaw in critical_flaws(request)[:1]:
        yield Breach(
            f"{describe(request)} is answered by a success, though its option "
            f"{option_name(flaw.detail)} is wrong",
            answer,
            seen=describe(answer),
            expected="4.02 Bad Option",
            span=answer.coap.code_span,
            frames=(request.frame,),
            group=Alike(answer.flow),
        )


@rule(
    "COAP-7252-5.4.1-CRIT-RESP-ACCEPTED",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.4.1",
    title="Response with a wrong critical option acknowledged",
    what="A client acknowledges a Confirmable response with a critical option that is unknown, "
    "has a wrong length or stands once too often.",
    why="Such a response must be rejected by RST (clause 5.4.1). Either the client knows an option "
    "that msgshark does not, or it ignores the rule and uses what it cannot understand.",
    bad="CON 2.05 with option 25, acknowledged by the client.",
    good="CON 2.05 with option 25, rejected by RST.",
    fix="Reject responses with critical options that cannot be processed; in the server, send none "
    "that the client has not shown to know.",
)
def critical_acknowledged(event: Acknowledged, context: Context) -> Iterator[Breach]:
    message = event.transmission.message
    if event.message.type != Type.ACK or not message.is_response:
        return
    for flaw in critical_flaws(message)[:1]:
        yield Breach(
            f"{describe(message)} is acknowledged, though it has a wrong critical option",
            event.message,
            seen=message.coap.data[flaw.offset : flaw.end][:_MOST_SHOWN].hex(" "),
            expected="RST",
            exchange=message.exchange,
            frames=(message.frame,),
            group=event.message.flow,
        )
