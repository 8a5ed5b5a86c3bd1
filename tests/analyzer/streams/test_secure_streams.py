# SPDX-License-Identifier: GPL-2.0-only
"""CoAP inside TLS of real peers: opened, framed, and lost where segments are."""

from __future__ import annotations

import ssl
from functools import cache

import pytest
from decryption import tls_peers

from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.tls import TlsStream
from analyzer.secrets.model import Secrets
from analyzer.streams.connection import Connection
from analyzer.streams.model import FIN, FaultKind

from .segments import CSM, Peers, faults_of, get, message, messages_of

FORTH, BACK = True, False
ANSWER = message(0x45, b"\0\1", b"\xff" + b"x" * 5000)
SAID = [
    (FORTH, CSM),
    (BACK, CSM),
    (FORTH, get(1)[:5]),
    (FORTH, get(1)[5:] + get(2)),
    (BACK, ANSWER),
    (FORTH, get(3)),
    (BACK, ANSWER),
]

pytestmark = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@cache
def spoken(version: ssl.TLSVersion) -> tls_peers.Wire:
    return tls_peers.Peers(version).converse(SAID)


def taken(
    wire: tls_peers.Wire, keys: bool = True, size: int = 700, without: tuple[int, ...] = ()
) -> Peers:
    """The connection in segments of a size; some are lost, by their number."""
    secrets = Secrets()
    secrets.add_keylog(wire.keylog if keys else b"")
    two = Peers(Connection(lambda: TlsStream(secrets, SessionCache()), True)).open()
    for number, (part, forward) in enumerate(wire.chunks(size)):
        two.send(forward, part.data, lost=number in without)
    two.send(FORTH, flags=FIN | 16)
    two.close()
    return two


@pytest.mark.parametrize("size", [1 << 16, 700, 1])
def test_messages_in_records(version: ssl.TLSVersion, size: int) -> None:
    two = taken(spoken(version), size=size)
    assert messages_of(two.found, FORTH) == [CSM, get(1), get(2), get(3)]
    assert messages_of(two.found, BACK) == [CSM, ANSWER, ANSWER]
    assert faults_of(two.found) == []
    assert two.connection.protocol == "coaps+tcp"


def test_without_keys_nothing_is_read(version: ssl.TLSVersion) -> None:
    two = taken(spoken(version), keys=False)
    assert two.found == []
    assert two.connection.tls is not None
    assert two.connection.protocol == ""


def test_a_lost_segment_costs_the_messages_in_it(version: ssl.TLSVersion) -> None:
    wire = spoken(version)
    parts = [forward for _, forward in wire.chunks(700)]
    last = len(parts) - 1 - parts[::-1].index(BACK)  # inside the last answer
    two = taken(wire, without=(last - 1,))
    assert messages_of(two.found, FORTH) == [CSM, get(1), get(2), get(3)]
    assert messages_of(two.found, BACK) == [CSM, ANSWER]
    assert faults_of(two.found) == [FaultKind.LOST]
