# SPDX-License-Identifier: GPL-2.0-only
"""The scene of ``registration.pcapng``: eight UEs, and everybody does it right."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from analyzer.demo.server import Server
from analyzer.demo.ue import UE, Ask, Members, availability, registration

PAUSE: Final = 0.4
SCHEDULE: Final = {
    "daysOfWeek": [1, 3, 5],
    "timeOfDayStart": "06:00:00",
    "timeOfDayEnd": "07:00:00",
}


def bodies() -> dict[str, Members]:
    """Return the registration of each UE, by its UE Service ID."""
    listed = [
        registration("meter-0001@iot.example"),
        registration(
            "meter-0002@iot.example",
            MSGin5G_UE_ID="external-0002@iot.example",
            MSGin5G_Client_Ports=[5683, 49152],
            MSGin5G_Client_Communication_Availability=availability(
                Data_size_indication=512, Store_and_forward_option=True
            ),
        ),
        registration(
            "pump-0003@iot.example",
            MSGin5G_Client_Communication_Availability=availability(
                Periodic_communication_indicator="ON_DEMAND", Periodic_communication_interval=None
            ),
        ),
        registration(
            "meter-0004@iot.example",
            MSGin5G_UE_ID="external-0004@iot.example",
            MSGin5G_Client_Ports=[5683],
        ),
        registration(
            "gate-0005@iot.example",
            MSGin5G_Client_Communication_Availability=availability(
                Scheduled_communication_time=SCHEDULE,
                Periodic_communication_indicator=None,
                Periodic_communication_interval=None,
            ),
        ),
        registration("lamp-0006@iot.example"),
        registration(
            "tracker-0007@iot.example",
            MSGin5G_UE_ID="external-0007@iot.example",
            MSGin5G_Client_Ports=[61616],
        ),
        registration("concentrator-0008@iot.example"),
    ]
    return {body["UE Service ID"]: body for body in listed}


async def play() -> None:
    """Register eight UEs; then one again, one off, and some messages."""
    registrations = bodies()
    ues = [
        UE(f"127.0.1.{number}", service_id, token_length)
        for number, (service_id, token_length) in enumerate(
            zip(registrations, (4, 8, 5, 6, 7, 4, 8, 8), strict=True), start=1
        )
    ]
    server = Server({ue.address: ue.service_id for ue in ues})
    # The server has known the concentrator since before the recording: it answers 2.04.
    server.registered["concentrator-0008@iot.example"] = "127.0.1.8:5683"
    async with contextlib.AsyncExitStack() as stack:
        await server.open()
        stack.push_async_callback(server.close)
        for ue in ues:
            await ue.open()
            stack.push_async_callback(ue.close)
        for ue in ues:
            host = Ask(host="msgin5g.example") if ue.service_id.startswith("gate") else Ask()
            await ue.register(registrations[ue.service_id], host)
            await asyncio.sleep(PAUSE)
        meter, lamp, tracker, concentrator = ues[3], ues[5], ues[6], ues[7]
        await meter.register(registrations[meter.service_id])
        await lamp.deregister()
        await asyncio.sleep(PAUSE)
        await meter.say(concentrator.service_id, "energy=1873.4 kWh", report=True)
        await asyncio.sleep(PAUSE)
        await concentrator.confirm(concentrator.received[-1])
        await tracker.say(concentrator.service_id, "position=48.137,11.575")
        await asyncio.sleep(PAUSE)
        await lamp.register(registrations[lamp.service_id])
        await concentrator.say(lamp.service_id, "level=40")
        await asyncio.sleep(PAUSE)
