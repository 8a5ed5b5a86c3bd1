# SPDX-License-Identifier: GPL-2.0-only
"""What tests of recording need: packets on loopback, interfaces that come and go."""

from __future__ import annotations

import ctypes.util
import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from analyzer.capture import Source
from analyzer.doctor import rights

PATIENCE = 10.0
"""Seconds that one step may take."""

REQUEST = bytes.fromhex("40010001 b568656c6c6f")  # CON GET /hello

_numbers = itertools.count()


def missing(*programs: str) -> str | None:
    """What this machine lacks for recording, None if nothing."""
    if not sys.platform.startswith("linux"):
        return "AF_PACKET is Linux's"
    if ctypes.util.find_library("pcap") is None:
        return "libpcap is not installed"
    for program in programs:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None if rights.own().effective & rights.NET_RAW else "this user may not capture"


class Traffic:
    """A port on loopback that nobody else uses, and datagrams to it."""

    def __init__(self) -> None:
        self.receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver.bind(("127.0.0.1", 0))
        self.port: int = self.receiver.getsockname()[1]
        self.filter = f"udp port {self.port}"
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sender.connect(("127.0.0.1", self.port))

    def send(self, count: int, data: bytes = REQUEST) -> None:
        for _ in range(count):
            self._sender.send(data)

    def close(self) -> None:
        self.receiver.close()
        self._sender.close()


@contextmanager
def traffic() -> Iterator[Traffic]:
    made = Traffic()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def veth() -> Iterator[tuple[str, Callable[[int], None]]]:
    """An interface, and what sends datagrams out by it; gone afterwards."""
    number = next(_numbers)
    name, peer = f"ms{os.getpid() % 100000}a{number}", f"ms{os.getpid() % 100000}b{number}"
    net = f"10.{os.getpid() % 200 + 20}.{number}"
    _ip("link", "add", name, "type", "veth", "peer", "name", peer)
    try:
        _ip("link", "set", name, "up")
        _ip("link", "set", peer, "up")
        _ip("addr", "add", f"{net}.1/24", "dev", name)
        _ip("neigh", "add", f"{net}.2", "lladdr", "02:00:00:00:00:01", "dev", name)

        def send(count: int) -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for _ in range(count):
                    sender.sendto(REQUEST, (f"{net}.2", 5683))

        yield name, send
    finally:
        subprocess.run(["ip", "link", "del", name], stderr=subprocess.DEVNULL, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def wait_for(what: Callable[[], object]) -> None:
    """Until it is so; a failure when it never comes."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def packets(path: str | Path) -> int:
    """Packets in a capture, which has no defect."""
    with Source([path]) as source:
        count = sum(batch.count for batch in source.batches())
        assert source.notices == []
    return count
