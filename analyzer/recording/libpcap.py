# SPDX-License-Identifier: GPL-2.0-only
"""libpcap, by the binding that Scapy keeps: interfaces open for capture.

On Linux libpcap has the kernel write packets into a ring shared with this process (AF_PACKET,
TPACKET_V3), knows the link type of every device, puts VLAN tags back that the kernel took out, and
drops the copy of what was sent on loopback, where the same packet is received.
"""

from __future__ import annotations

import ctypes
import os
import socket
from typing import Any, Final, NamedTuple

from analyzer.recording.devices import LINUX_SLL2
from analyzer.recording.keeping import Sink
from analyzer.recording.wish import RecordingError, RightsError

RING: Final = 64 << 20
"""Bytes of the kernel's ring of an interface: a second of the fastest traffic, at least."""

TIMEOUT: Final = 20
"""ms after which the kernel hands over a block of the ring that is not full."""

_NETMASK_UNKNOWN: Final = 0xFFFFFFFF
_NANOSECONDS: Final = 1
_ERROR_SIZE: Final = 256
_WIDTH: Final = 1 << 32
_LOOPBACK: Final = 8  # IFF_LOOPBACK
_SOL_PACKET: Final = 263
_PACKET_IGNORE_OUTGOING: Final = 23

_NO_RIGHTS: Final = (-8, -11)  # PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED
_NO_DEVICE: Final = (-5,)  # PCAP_ERROR_NO_SUCH_DEVICE


class GoneError(Exception):
    """An interface gives no packets any more; the message is libpcap's."""


def binding() -> Any:
    """Scapy's binding of the system's libpcap. Raises RecordingError where there is none."""
    try:
        from scapy.libs import winpcapy
    except OSError:
        raise RecordingError(
            "libpcap is not installed; install it (Debian: libpcap0.8, Fedora: libpcap)"
        ) from None
    return winpcapy


def compiled(handle: Any, text: str) -> Any:
    """The program of a capture filter, to be freed. Raises RecordingError with libpcap's words."""
    pcap = binding()
    program = pcap.bpf_program()
    words = text.encode("utf-8", "surrogateescape")
    if pcap.pcap_compile(handle, ctypes.byref(program), words, 1, _NETMASK_UNKNOWN):
        told = _text(pcap.pcap_geterr(handle))
        raise RecordingError(f"-f {text!r} is no capture filter: {told}; see pcap-filter(7)")
    return program


class Counters(NamedTuple):
    """Of an interface since it was opened (pcap_stats(3PCAP))."""

    received: int = 0  # that passed the filter, lost ones with them
    dropped: int = 0  # for want of room in the ring
    interface_dropped: int = 0


class Tap:
    """An interface open for capture, whose packets go to a sink. Raises RecordingError."""

    def __init__(
        self, name: str, index: int, snap_length: int, promiscuous: bool, ring: int = RING
    ) -> None:
        self.name = name
        self.index = index
        self._pcap = binding()
        self._sink = Sink(interface=index)
        self._counted = Counters()
        error = ctypes.create_string_buffer(_ERROR_SIZE)
        self._handle = self._pcap.pcap_create(name.encode("utf-8", "surrogateescape"), error)
        if not self._handle:
            raise RecordingError(f"{name}: {_text(error.value)}")
        try:
            self._activate(snap_length, promiscuous, ring)
        except BaseException:
            self.close()
            raise

    def _activate(self, snap_length: int, promiscuous: bool, ring: int) -> None:
        pcap, handle = self._pcap, self._handle
        pcap.pcap_set_snaplen(handle, snap_length)
        pcap.pcap_set_promisc(handle, int(promiscuous))
        pcap.pcap_set_timeout(handle, TIMEOUT)
        pcap.pcap_set_buffer_size(handle, ring)
        precise = pcap._lib.pcap_set_tstamp_precision(handle, _NANOSECONDS) == 0
        self._sink.ns_per_tick = 1 if precise else 1000
        status = pcap.pcap_activate(handle)
        if status < 0:
            self._refuse(status)
        pcap.pcap_set_datalink(handle, LINUX_SLL2)  # where there is a choice, on "any"
        self.link_type: int = _LINK_TYPES.get(found := pcap.pcap_datalink(handle), found)
        self.snap_length: int = pcap.pcap_snapshot(handle)
        error = ctypes.create_string_buffer(_ERROR_SIZE)
        if pcap.pcap_setnonblock(handle, 1, error) < 0:
            raise RecordingError(f"{self.name}: {_text(error.value)}")
        self.fd: int = pcap.pcap_get_selectable_fd(handle)
        if _is_loopback(self.name):
            _ignore_outgoing(self.fd)
        self._handler: Any = None

    def _refuse(self, status: int) -> None:
        told = _text(self._pcap.pcap_geterr(self._handle))
        meant = _text(self._pcap.pcap_statustostr(status))
        if status in _NO_RIGHTS:
            raise RightsError(f"{self.name} may not be captured on ({told or meant})")
        if status in _NO_DEVICE:
            raise RecordingError(f"there is no interface {self.name}; msgshark -D lists them")
        raise RecordingError(f"{self.name}: {told or meant}")

    def filter(self, text: str) -> None:
        """Let only what passes through. Raises RecordingError with libpcap's words."""
        pcap, program = self._pcap, compiled(self._handle, text)
        failed = pcap.pcap_setfilter(self._handle, ctypes.byref(program))
        pcap.pcap_freecode(ctypes.byref(program))
        if failed:
            raise RecordingError(f"{self.name}: {_text(pcap.pcap_geterr(self._handle))}")

    def keep_with(self, function: int) -> None:
        """Have this called for each packet: the address that `keeping.keep` gave."""
        self._handler = self._pcap.pcap_handler(function)

    def take(self, buffer: int, room: int, most: int) -> tuple[int, int]:
        """Append up to `most` waiting packets to the `room` bytes at `buffer`, where each has
        place; the bytes used and the packets. Raises GoneError."""
        sink = self._sink
        sink.buffer, sink.room, sink.used, sink.packets = buffer, room, 0, 0
        user = ctypes.cast(ctypes.byref(sink), ctypes.POINTER(self._pcap.u_char))
        if self._pcap.pcap_dispatch(self._handle, most, self._handler, user) < 0:
            raise GoneError(_text(self._pcap.pcap_geterr(self._handle)))
        if sink.refused:
            raise ValueError(f"no place for {sink.refused} of {most} packets")
        return sink.used, sink.packets

    def counters(self) -> Counters:
        """What the system counted; libpcap's numbers of 32 bits, told on beyond."""
        told = self._pcap.pcap_stat()
        if self._pcap.pcap_stats(self._handle, ctypes.byref(told)) == 0:
            now = (told.ps_recv, told.ps_drop, told.ps_ifdrop)
            self._counted = Counters(
                *(
                    count + (new - count) % _WIDTH
                    for count, new in zip(self._counted, now, strict=True)
                )
            )
        return self._counted

    def close(self) -> None:
        """Give the interface up; further calls do nothing."""
        if self._handle:
            self._pcap.pcap_close(self._handle)
            self._handle = None


_LINK_TYPES: Final = {12: 101, 14: 101}
"""LINKTYPE_ numbers where DLT_ ones differ (pcap-linktype(7)): raw IP."""


def _ignore_outgoing(fd: int) -> None:
    """Have the kernel leave out what goes out: libpcap would do so after it took room in the ring,
    and was counted where it found none. Linux 4.20 can (packet(7))."""
    with socket.socket(fileno=os.dup(fd)) as packets:
        try:
            packets.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        except OSError:
            return


def _is_loopback(name: str) -> bool:
    """Whether Linux says so of an interface."""
    try:
        with open(f"/sys/class/net/{name}/flags", encoding="ascii") as flags:
            return bool(int(flags.read(), 16) & _LOOPBACK)
    except (OSError, ValueError):
        return False


def _text(told: bytes | None) -> str:
    return (told or b"").decode("utf-8", "replace").strip()
