# SPDX-License-Identifier: GPL-2.0-only
"""Connection IDs (RFC 9146): by a handshake made here, with records protected step by step, and
between Mbed TLS's client and server, recorded."""

from __future__ import annotations

import pytest

from analyzer.decryption.dtls import Association
from analyzer.decryption.epoch_keys import Opened
from analyzer.decryption.security import Reason
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.suites import suite
from analyzer.report import exchange_entries
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from analyzer.session import Session
from analyzer.settings import Settings
from decryption.hellos import clear, client_hello, server_hello
from decryption.recorded import PORT, datagrams, path, secrets
from decryption.sealing import CLIENT_RANDOM, DTLS12, MASTER, Sealer

CCM8 = 0xC0A8
CID = b"cid-1"
MOVED = "COAP-CAP-CLIENT-MOVED"


def known() -> Secrets:
    log = KeyLog()
    log.add(f"CLIENT_RANDOM {CLIENT_RANDOM.hex()} {MASTER.hex()}\n".encode())
    return Secrets(keylog=log)


def extension(cid: bytes) -> dict[int, bytes]:
    return {54: bytes([len(cid)]) + cid}


def with_cid(sequence: int, content: bytes, kind: int = 23, cid: bytes = CID) -> bytes:
    """A tls12_cid record: type and padding are inside (clause 4)."""
    cipher = suite(CCM8)
    assert cipher is not None
    number = 1 << 48 | sequence
    sealed = Sealer(cipher).seal(25, DTLS12, number, content + bytes([kind, 0, 0]), cid)
    head = b"\x19\xfe\xfd" + number.to_bytes(8, "big") + cid
    return head + len(sealed).to_bytes(2, "big") + sealed


def agreed(mine: bytes | None, theirs: bytes | None) -> Association:
    """Both hellos seen; what the client wants to be called, and what the server does."""
    association = Association(known(), SessionCache())
    first = client_hello((CCM8,), {} if mine is None else extension(mine))
    second = server_hello(CCM8, {} if theirs is None else extension(theirs))
    association.take(clear(first, 1), True, 1, 0)
    association.take(clear(second, 2), False, 2, 0)
    return association


def test_a_record_names_its_connection() -> None:
    association = agreed(b"", CID)
    assert association.security.client_cid == b""
    assert association.security.server_cid == CID
    record = with_cid(7, b"coap")
    assert association.take(record, True, 3, 0) == [Opened(b"coap", 1, 7, 0, len(record))]


def test_records_stand_one_behind_the_other() -> None:
    one, two = with_cid(7, b"one"), with_cid(8, b"two")
    opened = agreed(b"", CID).take(one + two, True, 3, 0)
    assert [(found.plaintext, found.offset) for found in opened] == [
        (b"one", 0),
        (b"two", len(one)),
    ]


def test_alerts_are_inside() -> None:
    association = agreed(b"", CID)
    assert not association.take(with_cid(7, b"\x01\x00", kind=21), True, 3, 0)
    assert [alert.text for alert in association.security.alerts] == ["Warning: Close Notify"]


def test_it_takes_both_to_agree() -> None:
    association = agreed(None, CID)
    assert association.security.server_cid is None
    assert not association.take(with_cid(7, b"coap"), True, 3, 0)
    assert association.security.opaque == 1


def test_a_connection_nobody_knows_says_so() -> None:
    association = Association(known(), SessionCache())
    assert not association.take(with_cid(7, b"coap"), True, 1, 0)
    security = association.security
    assert (security.reason, security.opaque) == (Reason.UNKNOWN_CID, 1)


@pytest.mark.parametrize(
    ("name", "client"),
    [
        ("cid-psk-ccm8", b""),
        ("cid-psk-cbc", b"cl"),
        ("cid-psk-cbc-mac-inside", b"cl"),
        ("cid-ecdsa-keylog", b""),
    ],
)
def test_mbed_tls_comes_back_from_another_port(name: str, client: bytes) -> None:
    """Each way to authenticate a record (clauses 5.1 to 5.3); the client moves half-way."""
    session = Session(Settings(dtls_ports=frozenset({PORT}), secrets=secrets(name)))
    session.open([path(name)])
    session.read_all()
    (flow,) = session.carriers.secured
    security = flow.security
    assert (security.client_cid, security.server_cid) == (client, b"server")
    assert (flow.opened, flow.opaque, security.tampered) == (8, 0, 0)
    assert security.encrypt_then_mac == (name == "cid-psk-cbc")
    entries = list(exchange_entries(session))
    assert [(entry["uri"], entry["state"]) for entry in entries] == [("/time", "answered")] * 4
    assert len({str(entry["client"]) for entry in entries}) == 1
    moved = [finding.count for finding in session.findings if finding.rule.id == MOVED]
    assert moved == [1]


def test_without_keys_what_comes_first_is_finished() -> None:
    """Records that name a connection hide what they are: one more is the alert that closes."""
    session = Session(Settings(dtls_ports=frozenset({PORT})))
    session.open([path("cid-psk-ccm8")])
    session.read_all()
    (flow,) = session.carriers.secured
    assert (flow.opened, flow.opaque) == (0, 9)
    association = Association(None, SessionCache())
    for one in datagrams("cid-psk-ccm8")[:6]:
        association.take(one.data, one.forward, one.frame, one.time)
    assert association.progress.over
    assert not association.security.established
    assert association.security.opaque == 0


def test_a_handshake_that_stops_behind_finished_is_not_over() -> None:
    association = Association(None, SessionCache())
    for one in datagrams("cid-psk-ccm8")[:5]:
        association.take(one.data, one.forward, one.frame, one.time)
    progress = association.progress
    assert not progress.over
    assert progress.stopped == "Finished of the client"
