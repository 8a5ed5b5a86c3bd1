# SPDX-License-Identifier: GPL-2.0-only
"""Record the captures of this directory anew: ``python captures/make.py [NAME ...]``.

Everything runs in a network namespace of its own, so nothing but this traffic is on its loopback
and the loopback of the host stays as it is.  tcpdump records, editcap writes pcapng.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
SCENES: Final = {
    "registration": ("registration", 60.0),
    "field-day": ("field_day", 240.0),
    "coap-tour": ("coap_tour", 120.0),
    "pairing": ("pairing", 330.0),
    "oscore": ("oscore", 30.0),
    "streams": ("streams", 90.0),
}
"""Capture name to the module that plays it and the seconds it may take."""
TOOLS: Final = (
    "unshare",
    "ip",
    "timeout",
    "tcpdump",
    "editcap",
    "coap-client-notls",
    "coap-server-notls",
)
START_PATIENCE: Final = 10.0
STOP_PATIENCE: Final = 10.0
NAMESPACE: Final = Path("/proc/self/ns/net")


def missing() -> str | None:
    """Say what this machine lacks, None if nothing."""
    tools = [tool for tool in TOOLS if shutil.which(tool) is None]
    if tools:
        return "not installed: " + ", ".join(tools)
    if importlib.util.find_spec("websockets") is None:
        return "websockets, by which aiocoap speaks WebSocket, is not installed (pip install it)"
    if importlib.util.find_spec("analyzer") is None:
        return "msgshark, which has the server and the UEs, is not installed (pip install -e .)"
    if os.geteuid() != 0:
        return "recording needs root (a network namespace and tcpdump)"
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, timeout=10)
    if probe.returncode != 0:
        return "this system does not allow a network namespace"
    return None


def enter_namespace(names: list[str]) -> None:
    """Start this script again in a network namespace of its own; does not return."""
    outside = os.readlink(NAMESPACE)
    again = [sys.executable, str(Path(__file__).resolve()), "--outside", outside, *names]
    os.execvp("unshare", ["unshare", "--net", "--", *again])


def raise_loopback() -> None:
    """Bring up the loopback interface of the namespace."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)


async def ended(process: asyncio.subprocess.Process) -> None:
    """Wait for a process that has been told to end, and kill it if it does not."""
    try:
        await asyncio.wait_for(process.wait(), STOP_PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def recording(file: Path, seconds: float) -> AsyncIterator[None]:
    """Record UDP, TCP, ICMP on loopback into a file; tcpdump ends by itself after the seconds."""
    process = await asyncio.create_subprocess_exec(
        *("timeout", str(seconds)),
        *("tcpdump", "-i", "lo", "-n", "-U", "-Z", "root", "-w", str(file), "udp or tcp or icmp"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await asyncio.wait_for(_listening(process), START_PATIENCE)
        yield
        await asyncio.sleep(1.5)  # the kernel hands over a buffer once a second
    finally:
        if process.returncode is None:
            process.terminate()
        await ended(process)


async def _listening(process: asyncio.subprocess.Process) -> None:
    """Wait until tcpdump says that it listens."""
    if process.stderr is None:
        raise RuntimeError("tcpdump has no standard error")
    async for line in process.stderr:
        if b"listening on" in line:
            return
    raise RuntimeError("tcpdump did not start")


async def record(name: str, scratch: Path) -> Path:
    """Play one scene while recording it, and return the recording."""
    module, seconds = SCENES[name]
    raw = scratch / f"{name}.pcap"
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with recording(raw, START_PATIENCE + seconds + STOP_PATIENCE):
        await asyncio.wait_for(importlib.import_module(module).play(), seconds)
    return raw


def convert(raw: Path, scratch: Path) -> Path:
    """Write a recording as pcapng."""
    file = scratch / f"{raw.stem}.pcapng"
    command = ["editcap", "-F", "pcapng", str(raw), str(file)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    return file


def make(names: list[str]) -> None:
    """Make the captures of these names, each whole or not at all."""
    raise_loopback()
    with tempfile.TemporaryDirectory(prefix="captures-") as directory:
        for name in names:
            print(f"{name}: recording", flush=True)
            scratch = Path(directory)
            file = convert(asyncio.run(record(name, scratch)), scratch)
            partial = HERE / f".{file.name}.part"
            shutil.copyfile(file, partial)
            partial.replace(HERE / file.name)
            print(f"{name}: {file.stat().st_size} bytes", flush=True)


def main() -> int:
    """Parse the command line, enter the namespace and make the captures."""
    parser = argparse.ArgumentParser(description="Record the captures of this directory anew.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCENES))
    parser.add_argument("--outside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in SCENES]
    if unknown:
        parser.error(f"no such capture: {', '.join(unknown)} (there are {', '.join(SCENES)})")
    lack = missing()
    if lack is not None:
        print(f"make.py: {lack}", file=sys.stderr)
        return 2
    names = arguments.names or list(SCENES)
    if arguments.outside is None:
        enter_namespace(names)
    interfaces = [name for _, name in socket.if_nameindex()]
    if os.readlink(NAMESPACE) == arguments.outside or "lo" not in interfaces:
        print("make.py: not in a network namespace of its own", file=sys.stderr)
        return 2
    try:
        make(names)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("make.py: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
