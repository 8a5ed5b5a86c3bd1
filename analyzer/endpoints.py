# SPDX-License-Identifier: GPL-2.0-only
"""Endpoints (IP address and UDP port) and how they are written."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Endpoint:
    """One UDP endpoint; `packed` holds 4 or 16 address bytes, IPv4-mapped IPv6 as IPv4."""

    packed: bytes
    port: int

    @cached_property
    def address(self) -> str:
        """The address alone, as Wireshark writes it."""
        return str(ipaddress.ip_address(self.packed)) if self.packed else ""

    @property
    def version(self) -> int:
        """4 or 6."""
        return 4 if len(self.packed) == 4 else 6

    @cached_property
    def multicast(self) -> bool:
        """An IP multicast or limited broadcast address (gate G-MC)."""
        ip = ipaddress.ip_address(self.packed)
        return ip.is_multicast or self.packed == b"\xff\xff\xff\xff"

    def __str__(self) -> str:
        host = self.address if self.version == 4 else f"[{self.address}]"
        return f"{host}:{self.port}"


_MAPPED = bytes(10) + b"\xff\xff"

NOWHERE = Endpoint(b"\0\0\0\0", 0)
"""Stands for no endpoint."""


def endpoint(packed: bytes, port: int) -> Endpoint:
    """An endpoint from packed address bytes; IPv4-mapped IPv6 becomes IPv4."""
    if len(packed) == 16 and packed[:12] == _MAPPED:
        packed = packed[12:]
    return Endpoint(packed, port)
