# SPDX-License-Identifier: GPL-2.0-only
"""Endpoints (IP address and UDP port) and how they are written."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import NamedTuple


class Endpoint(NamedTuple):
    """One UDP endpoint; `packed` holds 4 or 16 address bytes, IPv4-mapped IPv6 as IPv4.

    A tuple: millions are hashed, and most captures have as many endpoints as devices.
    """

    packed: bytes
    port: int

    @property
    def address(self) -> str:
        """The address alone, as Wireshark writes it."""
        return _address(self.packed)

    @property
    def version(self) -> int:
        """4 or 6."""
        return 4 if len(self.packed) == 4 else 6

    @property
    def multicast(self) -> bool:
        """An IP multicast or limited broadcast address (gate G-MC)."""
        if len(self.packed) == 16:
            return self.packed[0] == 0xFF
        return self.packed[0] >> 4 == 0xE or self.packed == b"\xff\xff\xff\xff"

    def __str__(self) -> str:
        host = self.address if self.version == 4 else f"[{self.address}]"
        return f"{host}:{self.port}"


@lru_cache(1 << 12)
def _address(packed: bytes) -> str:
    return str(ipaddress.ip_address(packed))


_MAPPED = bytes(10) + b"\xff\xff"

NOWHERE = Endpoint(b"\0\0\0\0", 0)
"""Stands for no endpoint."""


def endpoint(packed: bytes, port: int) -> Endpoint:
    """An endpoint from packed address bytes; IPv4-mapped IPv6 becomes IPv4."""
    if len(packed) == 16 and packed[:12] == _MAPPED:
        packed = packed[12:]
    return Endpoint(packed, port)
