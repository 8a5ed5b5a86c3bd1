# SPDX-License-Identifier: GPL-2.0-only
"""Connection IDs (RFC 9146): by a handshake made here, with records protected step by step."""

from __future__ import annotations

from analyzer.decryption.dtls import Association, Opened
from analyzer.decryption.security import Reason
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.suites import suite
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from decryption.hellos import clear, client_hello, server_hello
from decryption.sealing import CLIENT_RANDOM, DTLS12, MASTER, Sealer

CCM8 = 0xC0A8
CID = b"cid-1"


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
