# SPDX-License-Identifier: GPL-2.0-only
"""Network devices, as the system tells of them to anybody."""

from __future__ import annotations

import socket
from typing import Final

ANY: Final = "any"
"""All interfaces at once, on Linux."""

LINUX_SLL2: Final = 276
_LINK_TYPES: Final = {1: 1, 772: 1, 65534: 101, 519: 101, 801: 105, 803: 127, 804: 230}
"""ARPHRD_ of linux/if_arp.h -> LINKTYPE_, for the devices that libpcap opens so."""


def of_system() -> list[str]:
    """Names of network interfaces by the system's list."""
    try:
        return [name for _, name in socket.if_nameindex()]
    except (OSError, AttributeError):
        return []


def is_down(name: str) -> bool:
    """Whether the system says that an interface is down."""
    return told_of(name, "operstate") == "down"


def traffic(name: str) -> tuple[int, int]:
    """Packets and bytes that an interface has received and sent since it came up; of `any` those
    of all; zeros where the system does not tell."""
    if name == ANY:
        counted = [traffic(each) for each in of_system()]
        return sum(packets for packets, _ in counted), sum(octets for _, octets in counted)
    packets, octets = (
        sum(number_of(name, f"statistics/{way}_{what}") for way in ("rx", "tx"))
        for what in ("packets", "bytes")
    )
    return packets, octets


def link_type(name: str) -> int | None:
    """The LINKTYPE_ number of an interface; None where opening it alone would tell."""
    if name == ANY:
        return LINUX_SLL2
    return _LINK_TYPES.get(number_of(name, "type"))


def told_of(name: str, what: str) -> str:
    """What /sys/class/net says of an interface, "" for nothing."""
    try:
        with open(f"/sys/class/net/{name}/{what}", encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def number_of(name: str, what: str) -> int:
    """A number that /sys/class/net tells of an interface, 0 for none."""
    try:
        return int(told_of(name, what), 0)
    except ValueError:
        return 0
