# SPDX-License-Identifier: GPL-2.0-only
# mypy: disable-error-code="import-untyped, import-not-found, misc"
"""The scene of ``pairing.pcapng``: answers that are not found by Message ID and token alone.

Two aiocoap servers, 127.0.0.3 and 127.0.0.4; each answer names what was asked, and of whom
(``/first at 127.0.0.3``), so that nobody needs to match it to know. Each stop has a client address
of its own, 127.0.4.N, and tokens and Message IDs of its choice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import aiocoap
from aiocoap import resource
from aiocoap.numbers.constants import Reliable, Unreliable
from coap_tour import TEXT, aiocoap_at, notified

SERVERS: Final = ("127.0.0.3", "127.0.0.4")
ONE, OTHER = SERVERS
PATHS: Final = ("first", "second", "state", "old", "new")
PATIENCE: Final = 10.0
SLOW: Final = 0.5
"""Seconds: aiocoap sends the Empty ACK after 0.1."""
FORGOTTEN: Final = 300.0
"""Seconds after which nothing is left of an exchange; EXCHANGE_LIFETIME is 247."""
NOTIFICATIONS: Final = 4


class Place(resource.Resource):
    """Says what was asked, and of whom."""

    def __init__(self, text: str, delay: float = 0.0) -> None:
        super().__init__()
        self.text = text
        self._delay = delay

    async def render_get(self, request: Any) -> Any:
        """Return the text, late where it is slow."""
        await asyncio.sleep(self._delay)
        return aiocoap.Message(payload=self.text.encode(), content_format=TEXT)


class Watched(Place, resource.ObservableResource):
    """Says it again five times a second while somebody observes it."""

    _ticking: asyncio.Task[None] | None = None

    def update_observation_count(self, newcount: int) -> None:
        """Start and stop with the first and last observer."""
        if newcount and self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        elif not newcount and self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            self.updated_state()


def site_of(address: str) -> Any:
    """Return all that the server of an address can be asked."""
    site = resource.Site()
    for path in PATHS:
        site.add_resource([path], Place(f"/{path} at {address}"))
    site.add_resource(["slow"], Place(f"/slow at {address}", SLOW))
    site.add_resource(["watched"], Watched(f"/watched at {address}"))
    return site


class Client:
    """An aiocoap client whose tokens and Message IDs are chosen for it."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._tokens = context.request_interfaces[0]

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, number: int) -> AsyncIterator[Client]:
        """Open the client of a stop; its port is 40000 + N."""
        async with aiocoap_at(f"127.0.4.{number}", 40000 + number) as context:
            yield cls(context)

    def start(self, path: str, token: bytes, mid: int, at: str = ONE, **more: Any) -> Any:
        """Send a request and return what will become of it."""
        self._tokens.next_token = lambda: token
        self._tokens.token_interface.message_id = mid
        tuning = more.pop("tuning", Reliable)()
        uri = f"coap://{at}/{path}"
        message = aiocoap.Message(code=aiocoap.GET, uri=uri, transport_tuning=tuning, **more)
        message.opt.uri_host = None
        return self._context.request(message)

    async def get(self, path: str, token: bytes, mid: int, at: str = ONE, **more: Any) -> None:
        """Send a request and wait for its answer, which has to be the right one."""
        pending = self.start(path, token, mid, at, **more)
        answer = await asyncio.wait_for(pending.response, PATIENCE)
        if answer.payload != f"/{path} at {at}".encode():
            raise RuntimeError(f"/{path} at {at} was answered by {answer.payload!r}")


async def separate() -> None:
    """The response comes after the Empty ACK, in a message of its own."""
    async with Client.at(1) as client:
        await client.get("slow", b"separate", 0x0101)


async def unconfirmed() -> None:
    """A NON response has a Message ID of its own, too."""
    async with Client.at(2) as client:
        await client.get("state", b"NON", 0x0201, tuning=Unreliable)


async def observed() -> None:
    """Every notification has the token of the request, and none its Message ID."""
    async with Client.at(3) as client:
        pending = client.start("watched", b"watched", 0x0301, observe=0)
        await asyncio.wait_for(pending.response, PATIENCE)
        async with asyncio.timeout(PATIENCE):
            await notified(pending.observation, NOTIFICATIONS)
        pending.observation.cancel()
        await asyncio.sleep(1.0)


async def without_token() -> None:
    """A token may be empty."""
    async with Client.at(4) as client:
        await client.get("state", b"", 0x0401)
        await client.get("slow", b"", 0x0402)


async def token_again() -> None:
    """A token is free again as soon as its request was answered."""
    async with Client.at(5) as client:
        await client.get("old", b"again", 0x0501)
        await client.get("new", b"again", 0x0502)


async def two_servers() -> None:
    """Tokens and Message IDs mean something else to another server."""
    async with Client.at(6) as client:
        await client.get("state", b"both", 0x0601, ONE)
        await client.get("state", b"both", 0x0601, OTHER)


async def play() -> None:
    """Make every stop, while the last one lets the lifetime of its exchange pass."""
    async with contextlib.AsyncExitStack() as stack:
        for address in SERVERS:
            await stack.enter_async_context(aiocoap_at(address, 5683, site_of(address)))
        client = await stack.enter_async_context(Client.at(7))
        await client.get("first", b"forgot", 0x0701)
        forgotten = asyncio.get_running_loop().time() + FORGOTTEN
        for stop in (separate, unconfirmed, observed, without_token, token_again, two_servers):
            await stop()
            await asyncio.sleep(0.2)
        await asyncio.sleep(forgotten - asyncio.get_running_loop().time())
        await client.get("second", b"forgot", 0x0701)
