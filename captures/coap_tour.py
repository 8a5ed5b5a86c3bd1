# SPDX-License-Identifier: GPL-2.0-only
# mypy: disable-error-code="import-untyped, import-not-found, misc"
"""The scene of ``coap-tour.pcapng``: CoAP in general, by libcoap and aiocoap with each other.

libcoap's server is 127.0.0.2, aiocoap's is 127.0.0.3; each stop of the tour has a client address
of its own, 127.0.2.N for libcoap's client and 127.0.3.N for aiocoap's.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiocoap
from aiocoap import resource
from aiocoap.numbers.constants import Reliable, Unreliable

LIBCOAP: Final = "127.0.0.2"
AIOCOAP: Final = "127.0.0.3"
CLIENT_SECONDS: Final = 30.0
SERVER_SECONDS: Final = 120
TEXT: Final = 0
LINES: Final = "".join(f"{number:04} the quick brown fox\n" for number in range(60)).encode()

Stop = tuple[str, ...]
LIBCOAP_STOPS: Final[tuple[Stop, ...]] = (
    ("-m", "get", f"coap://{LIBCOAP}/.well-known/core"),
    ("-m", "get", f"coap://{LIBCOAP}/time?ticks"),
    ("-m", "put", "-t", "0", "-e", "21.5", f"coap://{LIBCOAP}/building/3/floor/2/temperature"),
    ("-m", "get", f"coap://{LIBCOAP}/building/3/floor/2/temperature"),
    ("-m", "put", "-t", "0", "-e", "22.0", f"coap://{LIBCOAP}/building/3/floor/2/temperature"),
    ("-m", "delete", f"coap://{LIBCOAP}/building/3/floor/2/temperature"),
    ("-m", "get", f"coap://{LIBCOAP}/building/3/floor/2/temperature"),
    ("-m", "post", "-t", "0", "-e", "no", f"coap://{LIBCOAP}/example_data"),
    ("-m", "get", f"coap://{LIBCOAP}/async?3"),
    ("-m", "get", "-N", f"coap://{LIBCOAP}/time"),
    ("-m", "get", "-s", "5", f"coap://{LIBCOAP}/time"),
    ("-m", "get", "-b", "256", f"coap://{LIBCOAP}/example_data"),
    ("-m", "put", "-t", "0", "-b", "128", "-f", "{lines}", f"coap://{LIBCOAP}/example_data"),
    # An observation of what does not change, with a CoAP ping each second of silence.
    ("-m", "get", "-K", "1", "-s", "3", f"coap://{LIBCOAP}/example_data"),
    ("-m", "fetch", "-t", "0", "-e", "last", f"coap://{AIOCOAP}/readings/power"),
    ("-m", "put", "-t", "0", "-b", "256", "-f", "{lines}", f"coap://{AIOCOAP}/firmware/notes"),
    ("-m", "get", f"coap://{AIOCOAP}/firmware/notes"),
    # No-Response 26: the server may keep every response to itself (RFC 7967).
    ("-m", "put", "-N", "-t", "0", "-e", "on", "-O", "258,0x1a", "-B", "2",
     f"coap://{AIOCOAP}/firmware/notes"),
)  # fmt: skip


class Notes(resource.Resource):
    """A text that can be read and replaced, in blocks when it is long."""

    def __init__(self) -> None:
        super().__init__()
        self._text = b""

    async def render_get(self, request: Any) -> Any:
        """Return the text."""
        return aiocoap.Message(payload=self._text, content_format=TEXT)

    async def render_put(self, request: Any) -> Any:
        """Replace the text."""
        self._text = request.payload
        return aiocoap.Message(code=aiocoap.CHANGED)


class Power(resource.ObservableResource):
    """A reading that changes twice a second while somebody observes it."""

    def __init__(self) -> None:
        super().__init__()
        self._watts = 230
        self._ticking: asyncio.Task[None] | None = None

    def update_observation_count(self, newcount: int) -> None:
        """Start and stop changing with the first and last observer."""
        if newcount and self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        elif not newcount and self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._watts += 7
            self.updated_state()

    async def render_get(self, request: Any) -> Any:
        """Return the reading."""
        return aiocoap.Message(payload=str(self._watts).encode(), content_format=TEXT)

    async def render_fetch(self, request: Any) -> Any:
        """Return the reading that was asked for."""
        answer = f"{request.payload.decode()}={self._watts}"
        return aiocoap.Message(payload=answer.encode(), content_format=TEXT)


@contextlib.asynccontextmanager
async def libcoap_server() -> AsyncIterator[None]:
    """Run libcoap's example server, for a bounded time; it may create up to ten resources."""
    server = await asyncio.create_subprocess_exec(
        *("timeout", "--kill-after=1", str(SERVER_SECONDS)),
        *("coap-server-notls", "-A", LIBCOAP, "-p", "5683", "-d", "10", "-v", "0"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.sleep(0.5)
        yield
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()


@contextlib.asynccontextmanager
async def aiocoap_at(address: str, port: int, site: Any = None) -> AsyncIterator[Any]:
    """Run an aiocoap endpoint at an address."""
    context = await aiocoap.Context.create_server_context(
        site, bind=(address, port), transports=["udp6"]
    )
    try:
        yield context
    finally:
        await context.shutdown()


async def libcoap_client(number: int, stop: Stop, lines: Path) -> None:
    """Run libcoap's client once, from an address and with a token of this stop."""
    arguments = [argument.format(lines=lines) for argument in stop]
    client = await asyncio.create_subprocess_exec(
        *("coap-client-notls", "-v", "0", "-a", f"127.0.2.{number}", "-T", f"tour{number:02}"),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.wait_for(client.wait(), CLIENT_SECONDS)
    finally:
        if client.returncode is None:
            client.kill()
            await client.wait()


async def aiocoap_client(number: int, code: Any, uri: str, **more: Any) -> None:
    """Send one request by aiocoap's client from an address of this stop."""
    payload = more.pop("payload", b"")
    tuning = more.pop("tuning", Reliable)()
    message = aiocoap.Message(code=code, uri=uri, payload=payload, transport_tuning=tuning, **more)
    async with aiocoap_at(f"127.0.3.{number}", 0) as context:
        await asyncio.wait_for(context.request(message).response, CLIENT_SECONDS)


async def notified(observation: Any, times: int) -> None:
    """Wait for so many notifications."""
    left = times
    async for _ in observation:
        left -= 1
        if not left:
            break


async def observe(number: int, notifications: int) -> None:
    """Observe aiocoap's reading by aiocoap, then lose interest: the next one is rejected."""
    message = aiocoap.Message(code=aiocoap.GET, uri=f"coap://{AIOCOAP}/readings/power", observe=0)
    async with aiocoap_at(f"127.0.3.{number}", 0) as context:
        request = context.request(message)
        await asyncio.wait_for(request.response, CLIENT_SECONDS)
        async with asyncio.timeout(CLIENT_SECONDS):
            await notified(request.observation, notifications)
        request.observation.cancel()
        await asyncio.sleep(1.5)


async def play() -> None:
    """Make every stop of the tour."""
    site = resource.Site()
    site.add_resource(["readings", "power"], Power())
    site.add_resource(["firmware", "notes"], Notes())
    site.add_resource(
        [".well-known", "core"], resource.WKCResource(site.get_resources_as_linkheader)
    )
    with tempfile.TemporaryDirectory(prefix="coap-tour-") as directory:
        lines = Path(directory, "lines.txt")
        lines.write_bytes(LINES)
        async with libcoap_server(), aiocoap_at(AIOCOAP, 5683, site):
            for number, stop in enumerate(LIBCOAP_STOPS, start=1):
                await libcoap_client(number, stop, lines)
                await asyncio.sleep(0.2)
            core = f"coap://{LIBCOAP}/.well-known/core"
            notes = f"coap://{AIOCOAP}/firmware/notes"
            await aiocoap_client(1, aiocoap.GET, core)
            await aiocoap_client(2, aiocoap.GET, f"coap://{LIBCOAP}/time", tuning=Unreliable)
            await aiocoap_client(3, aiocoap.GET, f"coap://{LIBCOAP}/example_data")
            await aiocoap_client(4, aiocoap.PUT, notes, payload=LINES * 2, content_format=TEXT)
            await aiocoap_client(5, aiocoap.GET, notes)
            await aiocoap_client(6, aiocoap.DELETE, notes)
            await aiocoap_client(7, aiocoap.GET, f"coap://{AIOCOAP}/no/such/thing")
            await observe(8, 4)
