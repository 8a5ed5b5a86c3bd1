# SPDX-License-Identifier: GPL-2.0-only
"""The UEs of the demo: how each behaves, and the rules it must be found to break."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiocoap

from analyzer.demo.endpoint import Fault, alternately, change_token, lose
from analyzer.demo.server import Quirk, encode
from analyzer.demo.ue import REGISTER, UE, Ask, Members, availability, registration

GATEWAY: Final = "gateway-01@demo.example"
"""Receives what the others measure."""


@dataclass(frozen=True)
class Part:
    """A UE: what it does, in words and in deed, and how the server fails it.

    ``on_answer`` is a fault of what the server sends to the UE, ``on_arrival`` one of what the UE
    receives; a ``forgetful`` server executes retransmissions again. ``must`` are the rules that
    its first registration has to raise, ``may`` those that may be raised besides; of one without
    ``must`` there may be notes alone.
    """

    service_id: str
    what: str
    body: Members | bytes
    ask: Ask = REGISTER
    quirk: Quirk | None = None
    on_answer: Fault | None = None
    on_arrival: Fault | None = None
    forgetful: bool = False
    goes_on: Callable[[UE, Part], Awaitable[None]] | None = None
    """What a UE that behaves does once it is registered, again and again."""
    must: tuple[str, ...] = ()
    may: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The UE Service ID without its domain."""
        return self.service_id.partition("@")[0]


# What those that behave do ----------------------------------------------------------------------


async def _confirm(ue: UE, part: Part) -> None:
    """Report the delivery of what came."""
    await asyncio.sleep(0.5)
    while ue.received:
        await ue.confirm(ue.received.pop(0))


async def _measure(ue: UE, part: Part) -> None:
    """Send a temperature, then register again to stay known."""
    for tenth in (4, 5, 7, 6):
        await ue.say(GATEWAY, f"temperature=20.{tenth} C", report=True)
        await asyncio.sleep(4)
    ue.received.clear()
    await ue.register(part.body)


async def _come_and_go(ue: UE, part: Part) -> None:
    """Take the registration back, and register anew."""
    await asyncio.sleep(7)
    await ue.deregister()
    await asyncio.sleep(3)
    await ue.register(part.body)


# The cast ---------------------------------------------------------------------------------------


def _named(name: str) -> str:
    return f"{name}@demo.example"


def _body(name: str, **more: object) -> Members:
    """The registration of a UE with more, or fewer (None), elements."""
    return registration(_named(name), **more)


def _twice(name: str) -> bytes:
    """A registration with one member in it twice."""
    return b'{"Message Type": "MSG", ' + encode(_body(name))[1:]


CAST: Final = (
    Part(
        GATEWAY,
        "registers, receives measurements and reports their delivery",
        registration(GATEWAY),
        goes_on=_confirm,
    ),
    Part(
        _named("thermostat-01"),
        "registers with its availability and sends temperatures",
        _body("thermostat-01", MSGin5G_Client_Communication_Availability=availability()),
        goes_on=_measure,
    ),
    Part(
        _named("lamp-01"),
        "registers, de-registers and registers anew",
        _body("lamp-01"),
        goes_on=_come_and_go,
    ),
    Part(
        _named("valve-01"),
        "is never answered: retransmits, the gaps doubling, and gives up",
        _body("valve-01"),
        on_answer=lose,
        must=("COAP-7252-4.2-RETRANSMISSION",),
        may=("COAP-7252-4.2-CON-UNANSWERED", "MSG-24538-6.3.1.2.1-UNANSWERED"),
    ),
    Part(
        _named("alarm-01"),
        "loses the answer and asks again: registered twice",
        _body("alarm-01"),
        on_arrival=alternately(lose),
        forgetful=True,
        must=("MSG-24538-DOUBLE-REGISTRATION", "COAP-7252-4.5-ACK-DIFFERS"),
    ),
    Part(
        _named("thermostat-02"),
        "does not say its UE Service ID",
        _body("thermostat-02", UE_Service_ID=None),
        must=("MSG-24538-6.3.1.1.1.d2-UE-SERVICE-ID",),
    ),
    Part(
        _named("lock-01"),
        "is answered with another token",
        _body("lock-01"),
        Ask(patience=4),
        on_answer=change_token,
        must=("MSG-24538-6.3.1.2.1.a-TOKEN", "COAP-7252-5.3.2-PIGGY-TOKEN"),
    ),
    Part(
        _named("meter-01"),
        "registers by PUT",
        _body("meter-01"),
        Ask(method=aiocoap.PUT),
        must=("MSG-24538-6.3.1.1.1-METHOD",),
    ),
    Part(
        _named("doorbell-01"),
        "asks again after half a second",
        _body("doorbell-01"),
        Ask(ack_timeout=0.4),
        on_answer=alternately(lose),
        must=("COAP-7252-4.2-RETR-EARLY",),
    ),
    Part(
        _named("camera-01"),
        "sends a JSON member twice",
        _twice("camera-01"),
        must=("MSG-24538-6.3.1.1.1.d-PAYLOAD",),
        may=("COAP-7252-5.5.1-BODY-FORMAT",),
    ),
    Part(
        _named("pump-01"),
        'is told the result "perhaps"',
        _body("pump-01"),
        quirk=Quirk(members={"Registration result": "perhaps"}),
        must=("MSG-24538-6.3.1.2.1.c2-RESULT",),
    ),
    Part(
        _named("tracker-01"),
        "is answered late, by an Empty ACK and a separate response",
        _body("tracker-01"),
        quirk=Quirk(delay=0.6),
        must=("MSG-24538-6.3.1.2.1.a-NOT-PIGGYBACKED",),
    ),
)
