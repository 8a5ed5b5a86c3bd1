# SPDX-License-Identifier: GPL-2.0-only
"""Real peers on loopback, and tcpdump beside them: what tests with live traffic start and stop."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiocoap

TOOLS = ("tcpdump", "coap-client-notls", "coap-server-notls")
PATIENCE = 8.0
"""Seconds that one step may take."""


def missing() -> str | None:
    """What this machine lacks, None if nothing."""
    if tools := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"{tools[0]} is not installed"
    return None if os.getuid() == 0 else "only root records loopback"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def recorded(path: Path, ports: tuple[int, ...]) -> Iterator[list[str]]:
    """tcpdump on loopback; everything sent within is in the file afterwards.

    Yields a list that then holds what tcpdump said of it.
    """
    report: list[str] = []
    packets = " or ".join(f"udp port {port}" for port in ports)
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
    *command: str, stdout: int = asyncio.subprocess.DEVNULL
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program, ended where it has not ended by itself."""
    quiet = asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=stdout, stderr=quiet)
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
async def libcoap_server(port: int) -> AsyncIterator[None]:
    """libcoap's example server; PUT may create a few resources."""
    arguments = ("-A", "127.0.0.1", "-p", str(port), "-d", "20", "-v", "0")
    async with process("coap-server-notls", *arguments):
        await asyncio.sleep(0.4)
        yield


async def libcoap(*arguments: str, patience: float = PATIENCE) -> str:
    """libcoap's client, once; what it printed of the responses."""
    command = ("coap-client-notls", "-v", "0", "-w", "-B", str(int(patience) - 3), *arguments)
    async with process(*command, stdout=asyncio.subprocess.PIPE) as client:
        printed, _ = await asyncio.wait_for(client.communicate(), patience)
    return printed.decode()
