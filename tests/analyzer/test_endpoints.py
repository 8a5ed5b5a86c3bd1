# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from ipaddress import ip_address

import pytest

from analyzer.endpoints import endpoint


@pytest.mark.parametrize(
    ("address", "text", "version"),
    [
        ("192.0.2.1", "192.0.2.1:5683", 4),
        ("2001:db8::1", "[2001:db8::1]:5683", 6),
        ("::ffff:192.0.2.1", "192.0.2.1:5683", 4),
        ("::", "[::]:5683", 6),
    ],
)
def test_written_as_uris_have_them(address: str, text: str, version: int) -> None:
    found = endpoint(ip_address(address).packed, 5683)
    assert (str(found), found.version) == (text, version)


@pytest.mark.parametrize(
    ("address", "multicast"),
    [
        ("224.0.1.187", True),
        ("239.255.0.1", True),
        ("255.255.255.255", True),
        ("ff02::fd", True),
        ("223.255.255.255", False),
        ("192.0.2.255", False),
        ("fe80::1", False),
    ],
)
def test_groups(address: str, multicast: bool) -> None:
    assert endpoint(ip_address(address).packed, 5683).multicast is multicast


def test_equal_endpoints_are_one_key() -> None:
    assert endpoint(b"\xc0\0\2\1", 1) == endpoint(bytes(10) + b"\xff\xff\xc0\0\2\1", 1)
    assert len({endpoint(b"\xc0\0\2\1", port) for port in (1, 1, 2)}) == 2
