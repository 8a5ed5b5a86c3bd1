# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces there are to record from, as libpcap lists them, or the system where it is missing."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from analyzer.recording.devices import ANY, link_type, number_of, of_system, told_of
from analyzer.recording.devices import traffic as traffic
from analyzer.recording.libpcap import binding
from analyzer.recording.wish import RecordingError

_LOOPBACK, _UP, _RUNNING = 1, 2, 4  # of pcap_if.flags, pcap_findalldevs(3PCAP)
_IFF_UP, _IFF_LOOPBACK = 0x1, 0x8  # netdevice(7)
_ERROR_SIZE: Final = 256


class NetworkInterface(NamedTuple):
    """An interface; `number` is what `-i` takes for it, as tshark's."""

    number: int
    name: str
    addresses: tuple[str, ...] = ()
    link_type: int | None = None  # LINKTYPE_ number; None: known once it is opened
    up: bool = False
    running: bool = False
    loopback: bool = False
    description: str = ""

    @property
    def link_type_name(self) -> str:
        """Such as `Ethernet`, "" where it is not known."""
        from dissectors.link import LINK_TYPES

        return LINK_TYPES.get(self.link_type, "") if self.link_type is not None else ""


def interfaces() -> list[NetworkInterface]:
    """Network interfaces, and `any`, in libpcap's order. Other sources of packets that libpcap has
    (Bluetooth, USB, D-Bus) carry no CoAP and have a number only."""
    try:
        return list(_of_libpcap())
    except RecordingError:
        names = [*of_system(), *([ANY] if sys.platform.startswith("linux") else [])]
        return [_described(number, name) for number, name in enumerate(names, 1)]


def resolved(asked: Sequence[str]) -> tuple[str, ...]:
    """Names of interfaces that were given by name or number. Raises RecordingError."""
    known = interfaces()
    return tuple(dict.fromkeys(_resolved(name, known) for name in asked))


def _resolved(asked: str, known: list[NetworkInterface]) -> str:
    for interface in known:
        if asked in (interface.name, str(interface.number)):
            return interface.name
    names = ", ".join(interface.name for interface in known)
    raise RecordingError(f"there is no interface {asked}; there are {names or 'none'}")


def link_types(names: Sequence[str]) -> set[int | None]:
    """The LINKTYPE_ numbers of interfaces, None among them for one that opening alone would tell.

    Nothing is opened, so no rights are needed.
    """
    return {link_type(name) for name in names}


# What libpcap and the system tell ---------------------------------------------------------------


def _of_libpcap() -> Iterator[NetworkInterface]:
    pcap = binding()
    first = ctypes.POINTER(pcap.pcap_if_t)()
    error = ctypes.create_string_buffer(_ERROR_SIZE)
    if pcap.pcap_findalldevs(ctypes.byref(first), error) < 0:
        raise RecordingError(error.value.decode("utf-8", "replace"))
    network = {ANY, *of_system()}
    try:
        number, at = 1, first
        while at:
            device = at.contents
            name = device.name.decode("utf-8", "surrogateescape")
            if name in network:
                yield NetworkInterface(
                    number,
                    name,
                    tuple(dict.fromkeys(_addresses(pcap, device))),
                    link_type(name),
                    bool(device.flags & _UP),
                    bool(device.flags & _RUNNING),
                    bool(device.flags & _LOOPBACK),
                    (device.description or b"").decode("utf-8", "replace"),
                )
            number, at = number + 1, device.next
    finally:
        pcap.pcap_freealldevs(first)


def _addresses(pcap: Any, device: Any) -> Iterator[str]:
    at = device.addresses
    kinds = {socket.AF_INET: pcap.sockaddr_in, socket.AF_INET6: pcap.sockaddr_in6}
    while at:
        if at.contents.addr:
            kind = kinds.get(at.contents.addr.contents.sa_family)
            if kind is pcap.sockaddr_in:
                found = ctypes.cast(at.contents.addr, ctypes.POINTER(kind)).contents.sin_addr
                yield str(ipaddress.IPv4Address(bytes(found)))
            elif kind is not None:
                found = ctypes.cast(at.contents.addr, ctypes.POINTER(kind)).contents.sin6_addr
                yield str(ipaddress.IPv6Address(bytes(found)))
        at = at.contents.next


def _described(number: int, name: str) -> NetworkInterface:
    flags = number_of(name, "flags")
    return NetworkInterface(
        number,
        name,
        link_type=link_type(name),
        up=name == ANY or bool(flags & _IFF_UP),
        running=name == ANY or told_of(name, "operstate") in ("up", "unknown"),
        loopback=bool(flags & _IFF_LOOPBACK),
    )
