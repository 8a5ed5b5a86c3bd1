# SPDX-License-Identifier: GPL-2.0-only
"""Pseudonyms of IP and MAC addresses.

A part of an address (an octet of IPv4, 16 bits of IPv6) is permuted by all parts before it, so what
shared a prefix shares one afterwards. It keeps its length in digits: an address in a text can be
replaced there. Special networks keep their prefix: private stays private, link-local link-local,
multicast multicast; and what is the same everywhere (loopback, broadcast, the groups of RFC 7252
clause 12.8) stays as it is. Sources: the registries of IPv4 and IPv6 special-purpose addresses
(RFC 6890), RFC 4291, RFC 5771, RFC 7042.
"""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias

from analyzer.redaction.cipher import Cipher

_Network: TypeAlias = IPv4Network | IPv6Network


def _networks_of(text: str) -> tuple[_Network, ...]:
    return tuple(map(ip_network, text.split()))


_SPECIAL: Final = {
    4: _networks_of(
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 "
        "192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
        "224.0.0.0/4 239.0.0.0/8 240.0.0.0/4"
    ),
    6: _networks_of(
        "::/16 64:ff9b::/32 2000::/3 2001::/32 2001:db8::/32 2002::/16 fc00::/8 fd00::/8 fe80::/64 "
        "fe80::/10 ff00::/8"
    ),
}
"""Networks that an address does not leave."""

_KEPT: Final = {
    4: _networks_of("0.0.0.0/32 127.0.0.0/8 224.0.0.0/23 255.255.255.255/32"),
    6: _networks_of("::/127"),
}
_PARTS: Final = {4: (1, (0, 1, 10, 100, 255, 256)), 6: (2, (0, 1, 0x10, 0x100, 0x1000, 0x10000))}
"""Bytes of a part, and where the classes begin that it does not leave."""

_MAPPED: Final = bytes(10) + b"\xff\xff"
_BROADCAST: Final = b"\xff" * 6
_LOCAL: Final = 0x02


class Addresses:
    """The pseudonyms of one key."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self.known: dict[bytes, bytes] = {}
        """Every IP address met, packed, with its pseudonym."""

    def ip(self, packed: bytes) -> bytes:
        """The pseudonym of an address of 4 or 16 bytes."""
        known = self.known.get(packed)
        if known is None:
            known = self.known[packed] = self._ip(packed)
        return known

    def mac(self, packed: bytes) -> bytes:
        """That of a MAC address, locally administered: it names no maker."""
        if packed in (_BROADCAST, bytes(6)):
            return packed
        group = packed[0] & 1
        return bytes([_LOCAL | group]) + self._cipher.stream(b"mac|" + packed, 5)

    def _ip(self, packed: bytes) -> bytes:
        if packed[:12] == _MAPPED and len(packed) == 16:
            return _MAPPED + self.ip(packed[12:])
        version = 4 if len(packed) == 4 else 6
        if _well_known(packed, version):
            return packed
        size, _ = _PARTS[version]
        out = b""
        for at in range(0, len(packed), size):
            value = int.from_bytes(packed[at : at + size], "big")
            permuted = self._part(packed[:at], value, version)
            out += permuted.to_bytes(size, "big")
        return out

    def _part(self, before: bytes, value: int, version: int) -> int:
        """Permute a part among those of its length in the same special networks."""
        if version == 6 and not before and value >= 0xFF00:
            return value  # flags and scope of a group (RFC 4291 clause 2.7)
        first, after = _alike(before, value, version)
        return first + self._below(value - first, after - first, b"ip|" + before)

    def _below(self, value: int, size: int, tweak: bytes) -> int:
        """Permute the numbers below `size`."""
        if size <= 256:
            return self._cipher.symbols([value], [size], tweak)[0]
        while True:
            high, low = self._cipher.symbols([value >> 8, value & 255], [256, 256], tweak)
            value = high << 8 | low
            if value < size:
                return value


@cache
def _bounds(network: _Network) -> tuple[bytes, bytes]:
    return network.network_address.packed, network.broadcast_address.packed


def _alike(before: bytes, value: int, version: int) -> tuple[int, int]:
    """The values of a part behind those before it that are as long and in the same special
    networks: first, and after the last."""
    size, classes = _PARTS[version]
    at = len(before)
    bounds = list(classes)
    for low, high in map(_bounds, _SPECIAL[version]):
        if low[:at] <= before <= high[:at]:
            if before == low[:at]:
                bounds.append(int.from_bytes(low[at : at + size], "big"))
            if before == high[:at]:
                bounds.append(int.from_bytes(high[at : at + size], "big") + 1)
    return (
        max(bound for bound in bounds if bound <= value),
        min(bound for bound in bounds if bound > value),
    )


def _well_known(packed: bytes, version: int) -> bool:
    if any(low <= packed <= high for low, high in map(_bounds, _KEPT[version])):
        return True
    # Permanent groups of any scope: all nodes, all routers, All CoAP Nodes (RFC 4291 clause 2.7).
    return version == 6 and packed[0] == 0xFF and packed[1] < 0x10 and not any(packed[2:14])
