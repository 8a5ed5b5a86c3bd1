# SPDX-License-Identifier: GPL-2.0-only
# mypy: disable-error-code="import-untyped, import-not-found, misc"
"""The scene of ``streams.pcapng``: CoAP over TCP and WebSocket (RFC 8323).

libcoap's server is 127.0.0.6, aiocoap's WebSocket server 127.0.0.8, each on port 5683. 127.0.0.7 is
a server of this script, which writes to its sockets what RFC 8323 lets a peer write and no stack
here does: messages of one segment, of several, signalling, and breaches. Its clients are 127.0.5.N;
libcoap's client is 127.0.6.N, aiocoap's where the kernel puts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import aiocoap
from aiocoap import resource

LIBCOAP: Final = "127.0.0.6"
SCRIPT: Final = "127.0.0.7"
WEBSOCKET: Final = "127.0.0.8"
PORT: Final = 5683
WEBSOCKET_PORTS: Final = 3000
"""aiocoap serves WebSocket so much above the port it is told."""
CLIENT_SECONDS: Final = 20.0
SERVER_SECONDS: Final = 60
PAUSE: Final = 0.1
LINES: Final = "".join(f"{number:04} the quick brown fox\n" for number in range(160)).encode()

POST, GET, CREATED, CONTENT = 0x02, 0x01, 0x41, 0x45
CSM, PING, PONG, RELEASE, ABORT = range(0xE1, 0xE6)
URI_PATH, CONTENT_FORMAT = 11, 12
JSON: Final = 50

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def message(
    code: int,
    token: bytes = b"",
    options: list[tuple[int, bytes]] | None = None,
    payload: bytes = b"",
) -> bytes:
    """Write a message as RFC 8323 clause 3.2 does; tokens and options are short."""
    body, last = b"", 0
    for number, value in options or []:
        long = len(value) > 12
        body += bytes([number - last << 4 | (13 if long else len(value))])
        body += (bytes([len(value) - 13]) if long else b"") + value
        last = number
    body += b"\xff" + payload if payload else b""
    size = len(body)
    if size > 268:
        head = bytes([0xE0 | len(token)]) + (size - 269).to_bytes(2, "big")
    elif size > 12:
        head = bytes([0xD0 | len(token), size - 13])
    else:
        head = bytes([size << 4 | len(token)])
    return head + bytes([code]) + token + body


def path(*segments: str) -> list[tuple[int, bytes]]:
    """Uri-Path options."""
    return [(URI_PATH, segment.encode()) for segment in segments]


HELLO: Final = message(CSM, options=[(2, (8192).to_bytes(2, "big")), (4, b"")])


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The server of this script: a CSM, then an answer to whatever can be answered."""
    writer.write(HELLO)
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            code, token, body = await _read(reader)
            if code == POST:
                answer = json.dumps({"UE Service ID": "meter-001@iot.example",
                                     "Registration result": "success"})  # fmt: skip
                writer.write(message(CREATED, token, [(12, bytes([JSON]))], answer.encode()))
            elif code == GET:
                writer.write(message(CONTENT, token, payload=b"%d bytes asked" % len(body)))
            elif code == PING:
                writer.write(message(PONG, token))
            elif code == RELEASE:
                break
    writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    first = (await reader.readexactly(1))[0]
    size = first >> 4
    if size > 12:
        more = await reader.readexactly((1, 2, 4)[size - 13])
        size = int.from_bytes(more, "big") + (13, 269, 65805)[size - 13]
    code = (await reader.readexactly(1))[0]
    token = await reader.readexactly(first & 15)
    return code, token, await reader.readexactly(size)


@contextlib.asynccontextmanager
async def connected(number: int) -> AsyncIterator[Peer]:
    """A client of this script, whose writes are segments of their own."""
    reader, writer = await asyncio.open_connection(
        SCRIPT, PORT, local_addr=(f"127.0.5.{number}", 0)
    )
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def write(writer: asyncio.StreamWriter, *segments: bytes) -> None:
    """Write each segment, and let it go before the next."""
    for data in segments:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(PAUSE)


REGISTRATION: Final = json.dumps(
    {
        "Message Type": "REG",
        "UE Service ID": "meter-001@iot.example",
        "Credential Information": {"Token": "c2VjcmV0"},
        "MSGin5G Client Ports": [5683],
    }
).encode()


async def register(peer: Peer) -> None:
    """A UE registers, and releases its connection."""
    asked = message(
        POST, b"r1", [*path("msgin5g", "registration"), (12, bytes([JSON]))], REGISTRATION
    )
    await write(peer[1], HELLO, asked, message(RELEASE, options=[(4, b"\x1e")]))


async def several(peer: Peer) -> None:
    """Four messages in a segment; then one in three segments, the last with another behind it."""
    first = [message(GET, b"s%d" % number, path("a")) for number in (1, 2, 3)]
    long = message(GET, b"s4", path("a", "segment", "of", "a", "long", "path"), b"x" * 300)
    last = message(GET, b"s5", path("b"))
    await write(peer[1], HELLO + b"".join(first), long[:2], long[2:100], long[100:] + last)


async def ping(peer: Peer) -> None:
    """Two Pings, one with Custody; and two Empty messages, which keep a connection alive."""
    await write(peer[1], HELLO, message(PING, b"p1"), message(PING, b"p2", [(2, b"")]))
    await write(peer[1], message(0) * 2)


async def abort(peer: Peer) -> None:
    """An Abort with the CSM option that was bad, and a diagnostic payload."""
    await write(peer[1], HELLO, message(ABORT, options=[(2, b"\x09")], payload=b"not this one"))


async def cut(peer: Peer) -> None:
    """The connection ends inside a message."""
    await write(peer[1], HELLO, message(GET, b"c1", path("a", "b"))[:5])


async def reserved(peer: Peer) -> None:
    """A token length of 15, with which no message can begin."""
    await write(peer[1], HELLO, bytes([0x0F, GET]))


STOPS: Final[tuple[Callable[[Peer], Awaitable[None]], ...]] = (
    register,
    several,
    ping,
    abort,
    cut,
    reserved,
)

LIBCOAP_STOPS: Final = (
    ("-m", "get", f"coap+tcp://{LIBCOAP}/time"),
    ("-m", "put", "-t", "0", "-e", "21.5", f"coap+tcp://{LIBCOAP}/building/3/temperature"),
    ("-m", "get", f"coap+tcp://{LIBCOAP}/.well-known/core"),
    ("-m", "put", "-t", "0", "-f", "{lines}", f"coap+tcp://{LIBCOAP}/example_data"),
    ("-m", "get", f"coap+tcp://{LIBCOAP}/example_data"),
    ("-m", "get", "-s", "3", f"coap+tcp://{LIBCOAP}/time"),
)


@contextlib.asynccontextmanager
async def libcoap_server() -> AsyncIterator[None]:
    """libcoap's example server, for a bounded time."""
    server = await asyncio.create_subprocess_exec(
        *("timeout", "--kill-after=1", str(SERVER_SECONDS)),
        *("coap-server-notls", "-A", LIBCOAP, "-p", str(PORT), "-d", "10", "-v", "0"),
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


async def libcoap_client(number: int, stop: tuple[str, ...], lines: Path) -> None:
    """libcoap's client once, from an address of this stop."""
    arguments = [argument.format(lines=lines) for argument in stop]
    client = await asyncio.create_subprocess_exec(
        *("timeout", "--kill-after=1", str(CLIENT_SECONDS)),
        *("coap-client-notls", "-v", "0", "-a", f"127.0.6.{number}", "-B", "5", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await client.wait()


class Notes(resource.Resource):
    """A text that can be read and replaced."""

    def __init__(self) -> None:
        super().__init__()
        self._text = b"nothing yet"

    async def render_get(self, request: Any) -> Any:
        """Return the text."""
        return aiocoap.Message(payload=self._text, content_format=0)

    async def render_put(self, request: Any) -> Any:
        """Replace the text."""
        self._text = request.payload
        return aiocoap.Message(code=aiocoap.CHANGED)


async def aiocoap_client(transport: str, *requests: Any) -> None:
    """Send requests over one connection."""
    context = await aiocoap.Context.create_client_context(transports=[transport])
    try:
        for request in requests:
            await asyncio.wait_for(context.request(request).response, CLIENT_SECONDS)
            await asyncio.sleep(PAUSE)
    finally:
        await context.shutdown()


async def over_websocket() -> None:
    """aiocoap with itself over WebSocket, compressed as its library does."""
    site = resource.Site()
    site.add_resource(["notes"], Notes())
    server = await aiocoap.Context.create_server_context(
        site, bind=(WEBSOCKET, PORT - WEBSOCKET_PORTS), transports=["ws"]
    )
    notes = f"coap+ws://{WEBSOCKET}:{PORT}/notes"
    try:
        await aiocoap_client(
            "ws",
            aiocoap.Message(code=aiocoap.GET, uri=notes),
            aiocoap.Message(code=aiocoap.PUT, uri=notes, payload=LINES[:700], content_format=0),
            aiocoap.Message(code=aiocoap.GET, uri=notes),
            aiocoap.Message(code=aiocoap.GET, uri=f"coap+ws://{WEBSOCKET}:{PORT}/no/such/thing"),
        )
    finally:
        await server.shutdown()


async def play() -> None:
    """Make every stop."""
    server = await asyncio.start_server(_answer, SCRIPT, PORT)
    for number, stop in enumerate(STOPS, start=1):
        async with connected(number) as peer:
            await stop(peer)
    server.close()
    with tempfile.TemporaryDirectory(prefix="streams-") as directory:
        lines = Path(directory, "lines.txt")
        lines.write_bytes(LINES)
        async with libcoap_server():
            for number, libcoap_stop in enumerate(LIBCOAP_STOPS, start=1):
                await libcoap_client(number, libcoap_stop, lines)
            time = f"coap+tcp://{LIBCOAP}/time"
            core = f"coap+tcp://{LIBCOAP}/.well-known/core"
            await aiocoap_client(
                "tcpclient",
                aiocoap.Message(code=aiocoap.GET, uri=time),
                aiocoap.Message(code=aiocoap.GET, uri=core),
            )
    await over_websocket()
