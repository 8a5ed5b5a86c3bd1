# SPDX-License-Identifier: GPL-2.0-only
"""Real peers on loopback, and tcpdump beside them: what tests with live traffic start and stop."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiocoap
from aiocoap import resource

TOOLS = ("tcpdump", "coap-client-notls", "coap-server-notls")
PATIENCE = 8.0
"""Seconds that one step may take."""


def missing(*more: str) -> str | None:
    """What this machine lacks of `TOOLS` and more, None if nothing."""
    if tools := [tool for tool in (*TOOLS, *more) if shutil.which(tool) is None]:
        return f"{tools[0]} is not installed"
    return None if os.getuid() == 0 else "only root records loopback"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def free_ports(*above: int) -> int:
    """A port that is free for UDP and TCP, as are those so much above it; below those that systems
    give to clients."""
    for _ in range(100):
        port = random.randrange(18_000, 29_000)
        with ExitStack() as stack, suppress(OSError):
            for number in {port, *(port + more for more in above)}:
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
                    probe.bind(("127.0.0.1", number))
            return port
    raise OSError("no ports are free")


@contextmanager
def recorded(path: Path, ports: tuple[int, ...]) -> Iterator[list[str]]:
    """tcpdump on loopback; everything sent within is in the file afterwards.

    Yields a list that then holds what tcpdump said of it.
    """
    report: list[str] = []
    packets = " or ".join(f"port {port}" for port in ports)
    command = [
        "tcpdump",
        "-i",
        "lo",
        "-U",
        "-B",
        "16384",
        "-Z",
        "root",
        "-w",
        str(path),
        packets,
    ]
    tcpdump = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert tcpdump.stderr is not None
        assert any("listening on" in line for line in tcpdump.stderr)
        yield report
    finally:
        time.sleep(1.5)  # the kernel hands over a buffer once a second
        tcpdump.terminate()
        report.append("\n" + tcpdump.communicate(timeout=PATIENCE)[1])


@asynccontextmanager
async def process(
    *command: str,
    stdout: int = asyncio.subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program, ended where it has not ended by itself; `environment` adds to ours."""
    quiet = asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=quiet,
        stdout=stdout,
        stderr=quiet,
        env=os.environ | (environment or {}),
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


@asynccontextmanager
async def aiocoap_endpoint(
    port: int = 0, site: Any = None, transports: tuple[str, ...] = ("udp6",)
) -> AsyncIterator[Any]:
    """An aiocoap context, client and server at once."""
    context = await aiocoap.Context.create_server_context(
        site, bind=("127.0.0.1", port), transports=list(transports)
    )
    try:
        yield context
    finally:
        await context.shutdown()


@asynccontextmanager
async def libcoap_server(
    port: int,
    *arguments: str,
    build: str = "notls",
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[None]:
    """libcoap's example server of a build; PUT may create a few resources. One that knows TLS is at
    the next port, too."""
    command = (f"coap-server-{build}", "-A", "127.0.0.1", "-p", str(port), "-d", "20", "-v", "0")
    async with process(*command, *arguments, environment=environment):
        await asyncio.sleep(0.4)
        yield


async def libcoap(
    *arguments: str,
    patience: float = PATIENCE,
    build: str = "notls",
    environment: Mapping[str, str] | None = None,
) -> str:
    """libcoap's client of a build, once; what it printed of the responses."""
    command = (f"coap-client-{build}", "-v", "0", "-w", "-B", str(int(patience) - 3), *arguments)
    piped = asyncio.subprocess.PIPE
    async with process(*command, stdout=piped, environment=environment) as client:
        printed, _ = await asyncio.wait_for(client.communicate(), patience)
    return printed.decode()


# What aiocoap serves ---------------------------------------------------------------------------


class Text(resource.Resource):
    """A text that can be read and replaced, in blocks where it is long."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.text = text

    async def render_get(self, request: Any) -> Any:
        return aiocoap.Message(payload=self.text)

    async def render_put(self, request: Any) -> Any:
        self.text = request.payload
        return aiocoap.Message(code=aiocoap.CHANGED)


class Counter(resource.ObservableResource):
    """Changes again and again while somebody observes it."""

    count = 0
    ticking: asyncio.Task[None] | None = None

    def __init__(self, every: float = 0.2) -> None:
        super().__init__()
        self.every = every

    def update_observation_count(self, newcount: int) -> None:
        if newcount and self.ticking is None:
            self.ticking = asyncio.create_task(self._tick())
        elif not newcount and self.ticking is not None:
            self.ticking.cancel()
            self.ticking = None

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            self.count += 1
            self.updated_state()

    async def render_get(self, request: Any) -> Any:
        return aiocoap.Message(payload=str(self.count).encode())
