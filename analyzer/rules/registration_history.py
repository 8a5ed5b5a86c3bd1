# SPDX-License-Identifier: GPL-2.0-only
"""Registrations of one UE over time, TS 24.538 clause 6.3.1."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import RegistrationAnswered, UeCollision, UeMoved
from analyzer.rules.catalogue import Breach, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import seconds
from analyzer.rules.registration_request import SPEC
from dissectors.coap import numbers


@rule(
    "MSG-24538-6.3.1.2.1.d-CREATED-AGAIN",
    N,
    Scope.CONVERSATION,
    SPEC,
    "6.3.1.2.1 d)",
    title="Created although registered",
    what="A registration is answered 2.01 (Created) while an earlier one of this UE stands.",
    why="2.04 (Changed) fits a registration that exists already; 2.01 may mean that the server "
    "keeps two, or has lost the first.",
    bad="ACK 2.01 for meter-1, ten minutes later again ACK 2.01 for meter-1",
    good="ACK 2.01 for meter-1, ten minutes later ACK 2.04 for meter-1",
    fix="Check that the server finds the existing registration by UE Service ID.",
)
def created_again(event: RegistrationAnswered, context: Context) -> Iterator[Breach]:
    if event.stood and event.message.code == numbers.CREATED:
        yield Breach(
            "2.01 Created for a UE that is registered already",
            event.message,
            seen="2.01 Created",
            expected="2.04 Changed",
            span=event.message.coap.code_span,
        )


@rule(
    "MSG-24538-ADDRESS-CHANGED",
    N,
    Scope.CONVERSATION,
    SPEC,
    "6.3.1.1.1",
    title="UE continues from another address",
    what="A UE Service ID seen from one address and port goes on from another.",
    why="A NAT binding that expired, a new PDU session or a restart changes the address; messages "
    "to the old one are lost until the UE registers again.",
    bad="meter-1 from 10.0.0.7:40001, 95 s later from 10.0.0.7:40733",
    good="meter-1 from 10.0.0.7:40001 each time",
    fix="If it follows silence of about the same length each time, keep the NAT binding alive or "
    "use DTLS with Connection ID; register again after each change.",
)
def address_changed(event: UeMoved, context: Context) -> Iterator[Breach]:
    yield Breach(
        f"Was {event.before}, continues from {event.message.source} after {seconds(event.gap)}",
        event.message,
        seen=str(event.message.source),
        expected=str(event.before),
        ue=event.ue,
    )


@rule(
    "MSG-24538-UE-COLLISION",
    W,
    Scope.CONVERSATION,
    SPEC,
    "6.3.1.1.1 d)2)",
    title="Two endpoints use one UE Service ID",
    what="One UE Service ID registers from an endpoint, then from another, then from the first "
    "again.",
    why="Two devices with the same identity take each other's registration away; messages reach "
    "one of them by chance.",
    bad="meter-1 registers from 10.0.0.7, then from 10.0.0.9, then from 10.0.0.7",
    good="meter-1 registers from 10.0.0.7 alone",
    fix="Give each device its own UE Service ID; look for cloned configuration.",
)
def ue_collision(event: UeCollision, context: Context) -> Iterator[Breach]:
    yield Breach(
        f"Registers from {event.message.source} again, after {event.other}",
        event.message,
        seen=f"{event.message.source} and {event.other}",
        expected="one endpoint",
        ue=event.ue,
        group=event.ue,
    )
