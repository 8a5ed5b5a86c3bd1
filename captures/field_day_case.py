# SPDX-License-Identifier: GPL-2.0-only
"""One UE of ``field-day.pcapng`` and what goes wrong with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from analyzer.demo.endpoint import Fault
from analyzer.demo.server import SERVER, Quirk, Server
from analyzer.demo.ue import REGISTER, UE, Ask, Members


def service_id_of(number: int) -> str:
    """Return the UE Service ID of a UE by its number."""
    return f"meter-{number:04}@iot.example"


@dataclass
class Case:
    """A UE, what it sends, and how it or the server fails.

    ``on_answer`` is a fault of what the server sends to the UE, ``on_arrival`` one of what the UE
    receives; a ``forgetful`` server executes retransmissions again.  The UE registers so many
    times, then sends so many messages.
    """

    number: int
    body: Members | bytes
    ask: Ask = REGISTER
    quirk: Quirk | None = None
    on_answer: Fault | None = None
    on_arrival: Fault | None = None
    forgetful: bool = False
    registrations: int = 1
    messages: int = 0
    service_id: str = ""

    def __post_init__(self) -> None:
        self.service_id = self.service_id or service_id_of(self.number)

    @property
    def address(self) -> str:
        """The UE's own address."""
        return f"127.0.1.{self.number}"

    def ue(self) -> UE:
        """Make the UE; token lengths differ from one to the next."""
        return UE(self.address, self.service_id, 4 + self.number % 5)

    def prepare(self, server: Server) -> None:
        """Tell the server how to fail this UE."""
        server.fail(self.address, self.quirk, self.on_answer, self.forgetful)

    async def play(self, ue: UE, recipient: str, start: float) -> None:
        """Wait for the start, register, and send the messages."""
        if self.on_arrival is not None:
            ue.endpoint.incoming[SERVER] = self.on_arrival
        await asyncio.sleep(start)
        for _ in range(self.registrations):
            await ue.register(self.body, self.ask)
            await asyncio.sleep(2)
        for reading in range(self.messages):
            await ue.say(recipient, f"reading {reading}")
            await asyncio.sleep(2)
