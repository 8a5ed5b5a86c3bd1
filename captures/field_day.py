# SPDX-License-Identifier: GPL-2.0-only
# mypy: disable-error-code="import-untyped, import-not-found"
"""The scene of ``field-day.pcapng``: a bad day in the field.

One UE for nearly each rule of the registration procedure; the UE 127.0.1.N is meter-00N.  What
must be found for each is in ``expected.toml``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

import aiocoap
from field_day_case import Case, service_id_of

from analyzer.demo.endpoint import change_message_id, change_token, first, lose, turn_into_reset
from analyzer.demo.server import Quirk, Server, encode
from analyzer.demo.ue import UE, Ask, Members, availability, registration

LENGTH: Final = 115.0
"""Seconds of readings: well over 100 after the first request that nobody answers."""
STAGGER: Final = 1.75
GATEWAY: Final = Case(11, registration(service_id_of(11)))
CONCENTRATOR: Final = Case(12, registration(service_id_of(12)))
HOSTILE_ID: Final = (
    "meter-0014\x1b[2J\x1b[31m\x1b]0;owned\x07 [bold red]urgent[/bold red] "
    "\u202egpj.exe@iot.example"
)


def _with(number: int, **more: Any) -> Members:
    """Return the registration of a UE with more, or fewer (None), elements."""
    return registration(service_id_of(number), **more)


def _available(number: int, **more: Any) -> Members:
    """Return a registration whose Communication Availability differs in these members."""
    return _with(number, MSGin5G_Client_Communication_Availability=availability(**more))


def _ends_well() -> Iterator[Case]:
    """Yield UEs that do it right, if not always at the first attempt."""
    yield Case(13, _with(13), on_answer=lose)  # nobody ever answers this one
    yield Case(14, registration(HOSTILE_ID), service_id=HOSTILE_ID)
    yield Case(15, _with(15), on_answer=first(3, lose), messages=1)
    yield Case(16, _with(16), on_answer=first(1, lose), messages=1)
    yield Case(17, _with(17), on_arrival=first(1, lose), messages=2)
    yield Case(18, _available(18, Data_size_indication=256), registrations=2)
    refusal = {"Registration result": "failure"}
    yield Case(19, _with(19), quirk=Quirk(code=aiocoap.UNAUTHORIZED, members=refusal))


def _broken_envelopes() -> Iterator[Case]:
    """Yield UEs whose request is wrong around its payload."""
    yield Case(20, _with(20), Ask(method=aiocoap.PUT))
    yield Case(21, _with(21), Ask(confirmable=False))
    yield Case(22, _with(22), Ask(path=()))
    yield Case(23, _with(23), Ask(content_format=None))
    yield Case(24, _with(24), Ask(content_format=0))


def _broken_payloads() -> Iterator[Case]:
    """Yield UEs whose payload is no JSON object that can be relied on."""
    named: Members = {"MSGin5G UE ID": "zähler-29", "MSGin5G Client Ports": [5683]}
    deep: list[Any] = []
    for _ in range(99):
        deep = [deep]
    yield Case(25, b"")
    yield Case(26, b"REG meter-0026@iot.example AKMA")
    yield Case(27, encode(_with(27))[:-25])
    yield Case(28, b"[" + encode(_with(28)) + b"]")
    yield Case(29, encode({**_with(29), **named}).decode().encode("latin-1"))
    twice = _with(30, MSGin5G_UE_ID="external-0030", MSGin5G_Client_Ports=[5683])
    yield Case(30, b'{"MSGin5G UE ID": "external-0031", ' + encode(twice)[1:])
    yield Case(31, _with(31, Vendor_Data=deep))


def _broken_elements() -> Iterator[Case]:
    """Yield UEs whose elements are missing or wrong."""
    ident = {"MSGin5G_UE_ID": "external-0038@iot.example"}
    yield Case(32, _with(32, Message_Type=None))
    yield Case(33, _with(33, UE_Service_ID=None))
    yield Case(34, _with(34, UE_Service_ID=""))
    yield Case(35, _with(35, UE_Service_ID=35))
    yield Case(36, _with(36, UE_Credential_Information=None))
    yield Case(37, _with(37, UE_Credential_Information={"A-KID": "rid0001.37@5gc.example"}))
    yield Case(38, _with(38, MSGin5G_Client_Ports=[5683, 70000], **ident))
    yield Case(39, _with(39, MSGin5G_Client_Communication_Availability="always"))
    yield Case(40, _available(40, Scheduled_communication_time=None))
    yield Case(41, _available(41, Communication_duration_time=None))
    yield Case(42, _available(42, Communication_duration_time=0))
    yield Case(43, _available(43, Periodic_communication_interval=None))
    on = {"Periodic_communication_indicator": True}
    yield Case(44, _available(44, **on, Periodic_communication_interval=None))
    yield Case(45, _available(45, Periodic_communication_indicator=None))
    yield Case(46, _available(46, Data_size_indication=False))
    yield Case(47, _with(47, Firmware_Version="4.2.1"))
    yield Case(69, _with(69, MSGin5G_Client_Ports=[5683]))
    aliases = {"messageType": "REG", "ueServiceId": service_id_of(48)}
    aliases |= {"ueCredentialInformation": _with(48)["UE Credential Information"]}
    yield Case(48, aliases)


def _broken_answers() -> Iterator[Case]:
    """Yield UEs that do it right and get a wrong answer."""
    yield Case(49, _with(49), on_answer=turn_into_reset)
    yield Case(50, _with(50), quirk=Quirk(delay=1.0))
    yield Case(51, _with(51), on_answer=first(1, change_message_id), messages=2)
    yield Case(52, _with(52), Ask(patience=8.0), on_answer=first(1, change_token))
    yield Case(53, _with(53), quirk=Quirk(payload=b""))
    yield Case(54, _with(54), quirk=Quirk(payload=b'{"UE Service ID": "meter-0054@iot.exam'))
    yield Case(55, _with(55), quirk=Quirk(content_format=0))
    yield Case(56, _with(56), quirk=Quirk(members={"UE Service ID": None}))
    yield Case(57, _with(57), quirk=Quirk(members={"UE Service ID": service_id_of(75)}))
    yield Case(58, _with(58), quirk=Quirk(members={"Registration result": None}))
    yield Case(59, _with(59), quirk=Quirk(members={"Registration result": "perhaps"}))
    yield Case(60, _with(60), quirk=Quirk(code=aiocoap.FORBIDDEN))
    yield Case(61, _with(61), quirk=Quirk(code=aiocoap.CONTENT))
    yield Case(62, _with(62), quirk=Quirk(code=aiocoap.DELETED))
    yield Case(63, _with(63), quirk=Quirk(always_new=True), registrations=2)
    yield Case(64, _with(64), quirk=Quirk(options={"uri_host": "127.0.1.64"}))
    yield Case(65, _with(65), on_arrival=first(1, lose), forgetful=True, messages=2)


def cases() -> list[Case]:
    """Return all the UEs that register once or twice, in the order of their start."""
    groups = (
        _ends_well(),
        _broken_envelopes(),
        _broken_payloads(),
        _broken_elements(),
        _broken_answers(),
    )
    return [case for group in groups for case in group]


async def play() -> None:
    """Let every UE have its day, with meter readings all along."""
    broken = cases()
    twins = [Case(66, _with(66)), Case(67, _with(66), service_id=service_id_of(66))]
    moved = Case(68, _with(68))
    everybody = [GATEWAY, CONCENTRATOR, *broken, *twins, moved]
    server = Server({case.address: case.service_id for case in everybody})
    async with contextlib.AsyncExitStack() as stack:
        await server.open()
        stack.push_async_callback(server.close)
        for case in broken:
            case.prepare(server)

        async def ready(case: Case) -> UE:
            ue = case.ue()
            await ue.open()
            stack.push_async_callback(ue.close)
            return ue

        scenes = [_readings(await ready(GATEWAY), await ready(CONCENTRATOR))]
        for turn, case in enumerate(broken):
            ue = await ready(case)
            scenes.append(case.play(ue, CONCENTRATOR.service_id, 0.8 + turn * STAGGER))
        scenes.append(_collide([await ready(twin) for twin in twins]))
        scenes.append(_move(await ready(moved), await ready(moved)))
        async with asyncio.TaskGroup() as together:
            for scene in scenes:
                together.create_task(scene)


async def _readings(gateway: UE, concentrator: UE) -> None:
    """Register two UEs and send readings from one to the other until the end."""
    until = asyncio.get_running_loop().time() + LENGTH
    await gateway.register(_with(11))
    await concentrator.register(_with(12))
    kilowatt_hours = 1873.4
    while asyncio.get_running_loop().time() < until:
        await gateway.say(concentrator.service_id, f"energy={kilowatt_hours:.1f} kWh", report=True)
        await asyncio.sleep(0.5)
        await concentrator.confirm(
            next(
                message
                for message in reversed(concentrator.received)
                if message["Originating UE Service ID"] == gateway.service_id
            )
        )
        kilowatt_hours += 0.3
        await asyncio.sleep(6.5)


async def _collide(twins: list[UE]) -> None:
    """Let two UEs with one UE Service ID register in turns."""
    await asyncio.sleep(40)
    for turn in range(6):
        await twins[turn % 2].register(_with(66))
        await asyncio.sleep(4)


async def _move(before: UE, after: UE) -> None:
    """Let a UE go on from another port, as behind a NAT that forgot it."""
    await asyncio.sleep(30)
    await before.register(_with(68))
    await asyncio.sleep(20)
    await after.register(_with(68))
