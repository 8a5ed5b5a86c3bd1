# SPDX-License-Identifier: GPL-2.0-only
"""Scapy's sockets as the source of packets, for systems where libpcap cannot be used.

Slow: some Python runs for each packet, and what comes faster is dropped and counted.
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from analyzer.capture import blocks
from analyzer.recording.devices import ANY, of_system
from analyzer.recording.libpcap import Counters, GoneError
from analyzer.recording.own import Tell, record
from analyzer.recording.wish import Means, RecordingError, RightsError, Wish
from dissectors.link import RAW_IP

_SOL_PACKET, _STATISTICS, _IGNORE_OUTGOING = 263, 6, 23  # linux/if_packet.h
_SO_RCVBUFFORCE: Final = 33  # asm-generic/socket.h
_BUFFER: Final = 16 << 20
"""Bytes that may wait in a socket."""

_OVERHEAD: Final = 64
"""Bytes of a block beyond those of its packet, at most."""

_LINK_TYPES: Final = {12: RAW_IP, 14: RAW_IP}
_NS: Final = 10**9


def run(wish: Wish, tell: Tell, stopped: Callable[[], bool]) -> None:
    """Record as `own.run` does."""
    names = dict.fromkeys(wish.interfaces)
    if ANY in names:
        names = dict.fromkeys(of_system())
    taps: list[_SocketTap] = []
    try:
        for name in names:
            taps.append(_SocketTap(name, len(taps), wish))
    except BaseException:
        for tap in taps:
            tap.close()
        raise
    record(Means.SCAPY, taps, wish, tell, stopped)


class _SocketTap:
    """An interface open by a socket of Scapy's; see own.Fetching. Raises RecordingError."""

    def __init__(self, name: str, index: int, wish: Wish) -> None:
        from scapy.all import conf  # by way of all: it has the sockets of this system, and layers
        from scapy.error import Scapy_Exception

        self.name = name
        self.index = index
        self.snap_length = wish.snap_length
        self._counted = Counters()
        try:
            self._socket: Any = conf.L2listen(
                iface=name, promisc=wish.promiscuous, filter=wish.filter or None
            )
        except PermissionError as failure:
            raise RightsError(f"{name} may not be captured on ({failure.strerror})") from None
        except Scapy_Exception as failure:
            raise RecordingError(f"{name}: {failure}; -f '' records everything") from None
        except (OSError, ValueError) as failure:
            raise RecordingError(f"{name} cannot be opened ({failure})") from None
        found = conf.l2types.layer2num.get(self._socket.LL, RAW_IP)
        self.link_type: int = _LINK_TYPES.get(found, found)
        self.fd: int = self._socket.fileno()
        if hasattr(socket, "AF_PACKET"):
            self._set_up(self._socket.ins)

    def _set_up(self, packets: socket.socket) -> None:
        if self.name == "lo":  # what is sent there is received, too
            packets.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        try:
            packets.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except OSError:  # no CAP_NET_ADMIN: as much as the system grants
            packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        packets.getsockopt(_SOL_PACKET, _STATISTICS, 8)  # what it dropped before it had a filter

    def take(self, buffer: int, room: int, most: int) -> tuple[int, int]:
        """As libpcap.Tap."""
        used = packets = 0
        while packets < most and room - used >= self.snap_length + _OVERHEAD and self._waiting:
            try:
                _, data, time = self._socket.recv_raw()
            except OSError as failure:
                raise GoneError(str(failure)) from None
            if data is None:
                continue
            block = blocks.packet(
                self.index, round(time * _NS), data[: self.snap_length], len(data)
            )
            ctypes.memmove(buffer + used, block, len(block))
            used += len(block)
            packets += 1
        return used, packets

    @property
    def _waiting(self) -> bool:
        return bool(select.select([self.fd], [], [], 0)[0])

    def counters(self) -> Counters:
        """As libpcap.Tap; where the system does not tell, nothing."""
        try:
            told = self._socket.ins.getsockopt(_SOL_PACKET, _STATISTICS, 8)
        except (OSError, AttributeError):
            return self._counted
        received, dropped = struct.unpack("=II", told)  # since it was asked last
        before = self._counted
        self._counted = Counters(before.received + received, before.dropped + dropped)
        return self._counted

    def close(self) -> None:
        """Give the interface up."""
        self._socket.close()
