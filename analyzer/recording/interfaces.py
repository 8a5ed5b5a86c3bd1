# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces there are to record from, as libpcap lists them, or the system where it is missing."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from analyzer.recording.libpcap import binding
from analyzer.recording.wish import RecordingError

ANY: Final = "any"
"""All interfaces at once, on Linux."""

_LOOPBACK, _UP, _RUNNING = 1, 2, 4  # of pcap_if.flags, pcap_findalldevs(3PCAP)
_IFF_UP, _IFF_LOOPBACK, _IFF_RUNNING = 0x1, 0x8, 0x40  # netdevice(7)
_ERROR_SIZE: Final = 256

LINUX_SLL2: Final = 276
_LINK_TYPES: Final = {1: 1, 772: 1, 65534: 101, 519: 101, 801: 105, 803: 127, 804: 230}
"""ARPHRD_ of linux/if_arp.h -> LINKTYPE_, for the devices that libpcap opens so."""


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


def of_system() -> list[str]:
    """Names of network interfaces by the system's list."""
    try:
        return [name for _, name in socket.if_nameindex()]
    except (OSError, AttributeError):
        return []


def is_down(name: str) -> bool:
    """Whether the system says that an interface is down."""
    return _told_of(name, "operstate") == "down"


def traffic(name: str) -> tuple[int, int]:
    """Packets and bytes that an interface has received and sent since it came up; of `any` those
    of all; zeros where the system does not tell."""
    if name == ANY:
        counted = [traffic(each) for each in of_system()]
        return sum(packets for packets, _ in counted), sum(octets for _, octets in counted)
    packets, octets = (
        sum(_number(_told_of(name, f"statistics/{way}_{what}")) for way in ("rx", "tx"))
        for what in ("packets", "bytes")
    )
    return packets, octets


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
    return {_link_type(name) for name in names}


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
                    _link_type(name),
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
    flags = _number(_told_of(name, "flags"))
    return NetworkInterface(
        number,
        name,
        link_type=_link_type(name),
        up=name == ANY or bool(flags & _IFF_UP),
        running=name == ANY or bool(flags & _IFF_RUNNING),
        loopback=bool(flags & _IFF_LOOPBACK),
    )


def _link_type(name: str) -> int | None:
    if name == ANY:
        return LINUX_SLL2
    return _LINK_TYPES.get(_number(_told_of(name, "type")))


def _told_of(name: str, what: str) -> str:
    """What /sys/class/net says of an interface, "" for nothing."""
    try:
        with open(f"/sys/class/net/{name}/{what}", encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return 0
