# SPDX-License-Identifier: GPL-2.0-only
"""A network that loses, doubles, delays and so reorders datagrams, the same ones in every run.

A relay stands between clients and a server on loopback. What becomes of a datagram depends on
nothing but who sends it and how many that peer sent before, so no peer loses two in a row.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

Address = tuple[str, int]


class Fate(StrEnum):
    """What becomes of a datagram."""

    PASS = "passed"
    LOSE = "lost"
    TWICE = "doubled"
    LATE = "late"


FATES = (Fate.PASS, Fate.LOSE, Fate.PASS, Fate.TWICE, Fate.PASS, Fate.LATE, Fate.PASS)
TWICE_AFTER = 0.05
"""Seconds to the second copy: beyond what one transmission recorded twice would need."""
LATE_BY = 0.4


class Relay(asyncio.DatagramProtocol):
    """One address for clients, and a socket towards the server for each of them."""

    def __init__(self, server: Address) -> None:
        self.fates: Counter[Fate] = Counter()
        self.from_clients = self.to_clients = self.from_server = self.to_server = 0
        self._server = server
        self._sent: Counter[tuple[str, bool]] = Counter()
        self._legs: dict[Address, asyncio.Task[Any]] = {}

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, client: Address) -> None:
        """A client sends."""
        self.from_clients += 1
        self._decide(client[0], True, lambda: self._to_server(data, client))

    def back(self, data: bytes, client: Address) -> None:
        """The server sends."""
        self.from_server += 1
        self._decide(client[0], False, lambda: self._to_client(data, client))

    def _decide(self, host: str, forth: bool, send: Any) -> None:
        number = self._sent[host, forth]
        self._sent[host, forth] += 1
        start = zlib.crc32(f"{host} {forth}".encode())
        fate = FATES[(start + number) % len(FATES)]
        self.fates[fate] += 1
        later = asyncio.get_running_loop().call_later
        if fate == Fate.LATE:
            later(LATE_BY, send)
        elif fate != Fate.LOSE:
            send()
        if fate == Fate.TWICE:
            later(TWICE_AFTER, send)

    def _to_client(self, data: bytes, client: Address) -> None:
        if not self._transport.is_closing():
            self.to_clients += 1
            self._transport.sendto(data, client)

    def _to_server(self, data: bytes, client: Address) -> None:
        if client not in self._legs:
            self._legs[client] = asyncio.create_task(self._leg(client))
        self._legs[client].add_done_callback(lambda leg: self._forward(leg, data))

    async def _leg(self, client: Address) -> Any:
        loop = asyncio.get_running_loop()
        leg, _ = await loop.create_datagram_endpoint(
            lambda: _Leg(self, client), remote_addr=self._server
        )
        return leg

    def _forward(self, leg: asyncio.Task[Any], data: bytes) -> None:
        if not leg.result().is_closing():
            self.to_server += 1
            leg.result().sendto(data)

    def close(self) -> None:
        """Close every socket."""
        self._transport.close()
        for leg in filter(asyncio.Task.done, self._legs.values()):
            leg.result().close()


class _Leg(asyncio.DatagramProtocol):
    """The socket towards the server for one client."""

    def __init__(self, relay: Relay, client: Address) -> None:
        self._relay, self._client = relay, client

    def datagram_received(self, data: bytes, server: Address) -> None:
        self._relay.back(data, self._client)


@asynccontextmanager
async def relayed(port: int, server_port: int) -> AsyncIterator[Relay]:
    """A relay at a port of loopback before a server at another."""
    relay = Relay(("127.0.0.1", server_port))
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: relay, local_addr=("127.0.0.1", port))
    try:
        yield relay
    finally:
        relay.close()
