# SPDX-License-Identifier: GPL-2.0-only
"""Sends CoAP exchanges over loopback, as fast as the machine does or at a rate.

    python tests/benchmarks/generator.py PORT PACKETS [RATE [CPU]]

Half of the packets are Confirmable requests to 127.0.0.1:PORT, half their piggybacked responses,
each with the time it was sent, ns since 1970 in eight bytes, as its payload. RATE is in packets/s,
0 for no pause; CPU is the one to run on. Prints the packets sent and the seconds it took.

Source: sendmmsg(2), which sends many datagrams for one call.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import socket
import struct
import time
from typing import Any, Final

BATCH: Final = 64
REQUEST: Final = struct.Struct("!BBHI8sQ")  # CON POST /live
RESPONSE: Final = struct.Struct("!BBHI3sQ")  # ACK 2.04
PATH: Final = b"\xb4live\x11\x2a\xff"  # and Content-Format application/octet-stream
OCTETS: Final = b"\xc1\x2a\xff"


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("header", _Header), ("sent", ctypes.c_uint))


class Datagrams:
    """Room for datagrams of one size that leave by a connected socket."""

    def __init__(self, sender: socket.socket, layout: struct.Struct, most: int) -> None:
        self._sender = sender
        self._layout = layout
        self._room = ctypes.create_string_buffer(most * layout.size)
        self._vectors = (_Vector * most)()
        self._messages = (_Message * most)()
        address = ctypes.addressof(self._room)
        for n in range(most):
            self._vectors[n].base = address + n * layout.size
            self._vectors[n].length = layout.size
            self._messages[n].header.vectors = ctypes.pointer(self._vectors[n])
            self._messages[n].header.count = 1
        self._send: Any = ctypes.CDLL(None, use_errno=True).sendmmsg

    def write(self, first: int, count: int, head: tuple[int, int], fixed: bytes) -> None:
        """Write datagrams number `first` and on."""
        now = time.time_ns()
        for n in range(count):
            number = first + n
            fields = (*head, number & 0xFFFF, number, fixed, now)
            self._layout.pack_into(self._room, n * self._layout.size, *fields)

    def send(self, first: int, count: int) -> None:
        """Send those at these places."""
        while count:
            at = ctypes.byref(self._messages, first * ctypes.sizeof(_Message))
            done = self._send(self._sender.fileno(), at, count, 0)
            if done < 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            first, count = first + done, count - done


def generate(port: int, packets: int, rate: float = 0) -> float:
    """Send so many; the seconds it took."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", port))
    client.connect(("127.0.0.1", port))
    server.connect(client.getsockname())
    exchanges = packets // 2
    most = BATCH if rate else exchanges
    requests, responses = Datagrams(client, REQUEST, most), Datagrams(server, RESPONSE, most)

    def write(first: int, count: int) -> None:
        requests.write(first, count, (0x44, 0x02), PATH)
        responses.write(first, count, (0x64, 0x44), OCTETS)

    if not rate:
        write(0, exchanges)
    began = time.monotonic()
    done = 0
    while done < exchanges:
        count = min(BATCH, exchanges - done)
        if rate:
            due = int((time.monotonic() - began) * rate / 2) + 1
            count = min(1, due - done)  # a client waits for its answer
            write(done, max(0, count))
        if count <= 0:
            time.sleep(0.0005)
            continue
        place = 0 if rate else done
        requests.send(place, count)
        responses.send(place, count)
        done += count
    return time.monotonic() - began


def main() -> None:
    """Send as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("packets", type=int)
    parser.add_argument("rate", type=float, nargs="?", default=0)
    parser.add_argument("cpu", type=int, nargs="?")
    asked = parser.parse_args()
    if asked.cpu is not None:
        os.sched_setaffinity(0, {asked.cpu})
    print(asked.packets // 2 * 2, generate(asked.port, asked.packets, asked.rate))


if __name__ == "__main__":
    main()
