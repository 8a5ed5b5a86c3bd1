# SPDX-License-Identifier: GPL-2.0-only
"""Whole captures of CoAP in streams and protected CoAP: each message is what tshark shows of it
with the same secrets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from beside_tshark import DIFFERENCES, Given, differences, shown, write_contexts
from decryption import recorded
from decryption.libcoap_tls import fetched, needs_libcoap
from decryption.test_tls_beside_tshark import capture
from tshark import cites_a_clause, needs_tshark

from analyzer.messages import SECURED, UNWRAPPED
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from analyzer.secrets.oscore_files import read_contexts
from analyzer.session import Session
from analyzer.settings import Settings

pytestmark = needs_tshark

CAPTURES = Path(__file__).parents[2] / "captures"


def read(path: Path, settings: Settings) -> Session:
    session = Session(settings)
    session.open([path])
    session.read_all()
    return session


LESS = {
    "coap-gnutls": {"ChaCha20 in DTLS": 2},
    "dtls13-ccm8-cid": {"DTLS 1.3": 6},
    "dtls13-gcm": {"DTLS 1.3": 6},
    "psk-renegotiated": {"renegotiated": 1},
}
"""What tshark does not show of the recorded handshakes."""

OPAQUE = ("coap-openssl", "coap-wrong-key")
"""Nothing to read: a suite that wants a key log, and a client with another key."""


@pytest.mark.parametrize("name", sorted({*recorded.NAMES} - {*OPAQUE}))
def test_recorded_dtls(name: str, tmp_path: Path) -> None:
    """Where peers said no CoAP, both take what they said for such."""
    path, log = recorded.path(name), recorded.FOLDER / f"{name}.keys"
    ports = frozenset({recorded.PORT})
    session = read(path, Settings(secrets=recorded.secrets(name), dtls_ports=ports))
    assert all(flags & SECURED for flags in session.messages["flags"].tolist())
    given = Given(dtls=ports, key=recorded.KEY, keylog=log if log.exists() else None)
    assert differences(session, shown(path, tmp_path, given)) == LESS.get(name, {})


@pytest.mark.parametrize("name", OPAQUE)
def test_neither_reads_more_than_the_other(name: str, tmp_path: Path) -> None:
    path, ports = recorded.path(name), frozenset({recorded.PORT})
    session = read(path, Settings(secrets=recorded.secrets(name), dtls_ports=ports))
    assert not len(session.messages)
    assert shown(path, tmp_path, Given(dtls=ports, key=recorded.KEY)) == {}


@needs_libcoap
def test_tls_of_libcoap(tmp_path: Path) -> None:
    wire = fetched(tmp_path / "keys.log")
    path = capture(tmp_path / "capture.pcapng", wire)
    log = KeyLog()
    log.add(wire.keylog)
    session = read(path, Settings(secrets=Secrets(keylog=log)))
    assert session.messages["code"].tolist() == [225, 225, 1, 69]
    found = differences(session, shown(path, tmp_path))
    assert found.keys() <= {"behind the first"}  # how OpenSSL cuts records is its own


def test_streams(tmp_path: Path) -> None:
    """CoAP over TCP and WebSocket on one port: tshark is told which it is, server by server."""
    path, web = CAPTURES / "streams.pcapng", "ip.addr == 127.0.0.8"
    tcp = shown(path, tmp_path, Given(where=f"coap and not {web}"))
    websocket = shown(path, tmp_path, Given(http=[5683], where=f"coap and {web}"))
    assert len(websocket) > 8
    found = differences(read(path, Settings()), tcp | websocket)
    assert found == {"behind the first": 4}


def test_datagrams(tmp_path: Path) -> None:
    path = CAPTURES / "coap-tour.pcapng"
    assert differences(read(path, Settings()), shown(path, tmp_path)) == {}


def test_oscore(tmp_path: Path) -> None:
    """Wireshark's table of contexts is read as well as ours; it knows one algorithm."""
    path, toml = CAPTURES / "oscore.pcapng", str(CAPTURES / "oscore-context.toml")
    contexts = read_contexts(toml)
    table = write_contexts(tmp_path, contexts)
    known = read_contexts(str(table))
    assert 0 < len(known) < len(contexts)
    theirs = shown(path, tmp_path)
    session = read(path, Settings(secrets=Secrets(oscore=known)))
    assert differences(session, theirs) == {}
    opened = Counter(bool(flags & UNWRAPPED) for flags in session.messages["flags"].tolist())
    assert opened[True] == 6
    session = read(path, Settings(secrets=Secrets(oscore=contexts)))
    assert differences(session, theirs).keys() == {"OSCORE algorithm"}


def test_one_byte_that_differs_is_seen(tmp_path: Path) -> None:
    path, ports = recorded.path("coap-ccm8"), frozenset({recorded.PORT})
    session = read(path, Settings(secrets=recorded.secrets(), dtls_ports=ports))
    theirs = shown(path, tmp_path, Given(dtls=ports, key=recorded.KEY))
    (asked, answered) = (said for (said,) in theirs.values())
    for other in (
        answered._replace(payload=answered.payload[:-1] + b"?"),
        answered._replace(options=((14, b"\2"),)),
        answered._replace(options=()),
        answered._replace(token=b"t"),
        answered._replace(message_id=1),
        answered._replace(type=0),
        answered._replace(code=68),
    ):
        with pytest.raises(AssertionError):
            differences(session, theirs | {answered.frame: [other]})
    with pytest.raises(AssertionError):
        differences(session, {asked.frame: [asked]})
    with pytest.raises(AssertionError):
        differences(session, theirs | {99: [asked._replace(frame=99)]})


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_cites_what_decides(name: str) -> None:
    assert cites_a_clause(DIFFERENCES[name])
