# SPDX-License-Identifier: GPL-2.0-only
"""Which keys follow from a handshake: what recorded ones do not show, by messages written here."""

from __future__ import annotations

import pytest

from analyzer.decryption import schedule
from analyzer.decryption.dtls import Association
from analyzer.decryption.handshake import MOST_TRANSCRIPT, Negotiation
from analyzer.decryption.security import Reason, Security
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.steps import Room, Steps
from analyzer.decryption.suites import suite
from analyzer.secrets.model import Secrets
from analyzer.secrets.psk import Identities
from decryption import sealing
from decryption.hellos import clear, client_hello, message, server_hello, vector

CCM8 = 0xC0A8
KEY = b"secretPSK"
DONE = message(14, b"", 1)
IDENTITY = message(16, vector(b"ue-1", 2), 1)


def known() -> Secrets:
    identities = Identities()
    identities.keys[b"ue-1"] = KEY
    return Secrets(identities)


def talk(association: Association, *sent: tuple[bytes, bool]) -> None:
    for number, (content, forward) in enumerate(sent):
        association.take(clear(content, number), forward, number, 0)


def record(content: bytes, kind: int = 23, epoch: int = 1, number: int = 1) -> bytes:
    """By the keys of `sealing.MASTER`."""
    cipher = suite(CCM8)
    assert cipher is not None
    sequence = epoch << 48 | number
    sealed = sealing.Sealer(cipher).seal(kind, sealing.DTLS12, sequence, content)
    head = bytes([kind]) + b"\xfe\xfd" + sequence.to_bytes(8, "big")
    return head + vector(sealed, 2)


@pytest.fixture
def master(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The master secret without the extension; records are protected with it."""
    premaster = schedule.premaster_of_psk(KEY)
    made = schedule.master_secret(premaster, sealing.CLIENT_RANDOM, sealing.SERVER_RANDOM, "sha256")
    monkeypatch.setattr(sealing, "MASTER", made)
    return made


def full(ticket: bytes = b"", session_id: bytes = b"") -> list[tuple[bytes, bool]]:
    given = {35: b""} if ticket else {}
    sent = [
        (client_hello([CCM8], given), True),
        (server_hello(CCM8, given, session_id=session_id), False),
        (DONE, False),
        (IDENTITY, True),
    ]
    if ticket:
        sent.append((message(4, bytes(4) + vector(ticket, 2), 2), False))
    return sent


@pytest.mark.usefixtures("master")
def test_peers_that_know_no_extended_master_secret() -> None:
    association = Association(known(), SessionCache())
    talk(association, *full())
    (opened,) = association.take(record(b"coap"), True, 9, 0)
    assert opened.plaintext == b"coap"
    assert not association.security.extended_master_secret


@pytest.mark.usefixtures("master")
@pytest.mark.parametrize("echoed", [b"", b"any"])
def test_a_ticket_resumes_with_and_without_a_session_id(echoed: bytes) -> None:
    """RFC 5077 clause 3.4: a server that takes a ticket echoes the session ID the client made."""
    cache = SessionCache()
    first = Association(known(), cache)
    talk(first, *full(ticket=b"a ticket"))
    assert first.take(record(b"coap"), True, 9, 0)
    second = Association(known(), cache)
    talk(
        second,
        (client_hello([CCM8], {35: b"a ticket"}, session_id=echoed), True),
        (server_hello(CCM8, {}, session_id=echoed), False),
    )
    assert second.take(record(b"coap"), True, 9, 0)
    assert second.security.resumed
    assert second.security.psk_identity == b"ue-1"


@pytest.mark.usefixtures("master")
def test_a_ticket_that_is_refused_resumes_nothing() -> None:
    association = Association(known(), SessionCache())
    talk(
        association,
        (client_hello([CCM8], {35: b"another"}), True),
        (server_hello(CCM8, {}), False),
        (DONE, False),
        (IDENTITY, True),
    )
    assert association.take(record(b"coap"), True, 9, 0)
    assert not association.security.resumed


def test_a_session_without_key_says_whose_it_is() -> None:
    cache = SessionCache()
    identities = Identities()
    identities.keys[b"ue-2"] = KEY
    first = Association(Secrets(identities), cache)
    talk(first, *full(ticket=b"a ticket"))
    assert not first.take(record(b"coap"), True, 9, 0)
    assert first.security.detail == 'identity "ue-1" has no key'
    second = Association(Secrets(identities), cache)
    talk(
        second,
        (client_hello([CCM8], {35: b"a ticket"}), True),
        (server_hello(CCM8, {}), False),
    )
    assert not second.take(record(b"coap"), True, 9, 0)
    assert second.security.reason is Reason.NO_SECRET
    assert second.security.detail == 'the session of identity "ue-1" it resumes has no key'


def test_the_key_of_others_opens_nothing_of_ecdhe() -> None:
    """RFC 5489: an ECDHE_PSK key takes more than the pre-shared one."""
    association = Association(known(), SessionCache())
    talk(
        association,
        (client_hello([0xD005], {}), True),
        (server_hello(0xD005, {}), False),
        (DONE, False),
        (message(16, vector(b"ue-1", 2) + vector(b"point", 1), 1), True),
    )
    assert not association.take(record(b"coap"), True, 9, 0)
    security = association.security
    assert (security.reason, security.psk_identity) == (Reason.NO_SECRET, b"ue-1")


def test_what_is_kept_for_the_session_hash_is_bounded() -> None:
    security = Security("DTLS", Steps(Room()))
    negotiation = Negotiation(known(), SessionCache(), security, dtls=True)
    agreed = {23: b""}
    for hello, forward in (
        (client_hello([CCM8], agreed), True),
        (server_hello(CCM8, agreed), False),
    ):
        negotiation.take(hello[0], hello[12:], hello[:12], forward)
    for _ in range(20):
        negotiation.take(11, bytes(MOST_TRANSCRIPT // 10), bytes(4), False)
    assert negotiation.holes
    assert not negotiation._server_sent
    negotiation.take(14, b"", bytes(4), False)
    negotiation.take(16, IDENTITY[12:], bytes(4), True)
    assert negotiation.openers() is None
    assert security.reason is Reason.CUT


def test_older_versions_are_not_supported() -> None:
    association = Association(known(), SessionCache())
    sent = [(content.replace(b"\xfe\xfd", b"\xfe\xff", 1), forward) for content, forward in full()]
    talk(association, *sent)
    assert not association.take(record(b"coap"), True, 9, 0)
    assert association.security.detail == "DTLS 1.0 is not supported"
