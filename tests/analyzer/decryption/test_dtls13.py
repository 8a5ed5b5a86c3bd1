# SPDX-License-Identifier: GPL-2.0-only
"""DTLS 1.3 (RFC 9147): records protected step by step, opened by the secrets of a key log."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as Ciphering
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from analyzer.decryption.dtls import Association
from analyzer.decryption.schedule import expand_label
from analyzer.decryption.security import Reason
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.suites import suite
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from decryption.hellos import clear, client_hello, message, server_hello, vector
from decryption.recorded import datagrams, read, secrets
from decryption.sealing import CLIENT_RANDOM, traffic
from dissectors.tls.numbers import RETRY_RANDOM

GCM, CHACHA = 0x1301, 0x1303
SECRETS = {
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET": b"a" * 32,
    "SERVER_HANDSHAKE_TRAFFIC_SECRET": b"b" * 32,
    "CLIENT_TRAFFIC_SECRET_0": b"c" * 32,
    "SERVER_TRAFFIC_SECRET_0": b"d" * 32,
}
VERSION = {43: b"\xfe\xfc"}


def known(*labels: str) -> Secrets:
    log = KeyLog()
    for label in labels or SECRETS:
        log.add(f"{label} {CLIENT_RANDOM.hex()} {SECRETS[label].hex()}\n".encode())
    return Secrets(keylog=log)


def updated(secret: bytes) -> bytes:
    """RFC 8446 clause 7.2, with the label prefix of DTLS."""
    return expand_label(secret, b"traffic upd", b"", 32, "sha256", dtls=True)


class Sender:
    """Protects what one peer sends in one epoch."""

    def __init__(self, secret: bytes, epoch: int, number: int = GCM, cid: bytes = b"") -> None:
        found = suite(number)
        assert found is not None
        self.suite, self.secret, self.epoch, self.cid = found, secret, epoch, cid
        self.hiding = expand_label(secret, b"sn", b"", found.key_length, found.hash, dtls=True)

    def record(
        self,
        sequence: int,
        content: bytes,
        kind: int = 23,
        *,
        long: bool = True,
        last: bool = False,
    ) -> bytes:
        """`long` for 16 bits of sequence number, `last` for a record without a length."""
        inner = content + bytes([kind, 0])
        size = 2 if long else 1
        low = sequence % (1 << 8 * size)
        flags = 0x20 | (0x10 if self.cid else 0) | (8 if long else 0) | (0 if last else 4)
        head = bytes([flags | self.epoch & 3]) + self.cid
        tail = b"" if last else (len(inner) + self.suite.tag_length).to_bytes(2, "big")
        header = head + low.to_bytes(size, "big") + tail
        sealed = traffic(self.suite, self.secret, sequence, inner, header, dtls=True)
        mask = self._mask(sealed[:16])
        hidden = bytes(a ^ b for a, b in zip(low.to_bytes(size, "big"), mask, strict=False))
        return head + hidden + tail + sealed

    def _mask(self, sample: bytes) -> bytes:
        if self.suite.number == CHACHA:
            cipher = Ciphering(algorithms.ChaCha20(self.hiding, sample), mode=None)
            return cipher.encryptor().update(bytes(16))
        return Ciphering(algorithms.AES(self.hiding), modes.ECB()).encryptor().update(sample)


def begun(
    given: Secrets | None = None, number: int = GCM, cids: tuple[bytes, bytes] | None = None
) -> Association:
    """Hellos and an encrypted flight of the server in one datagram."""
    association = Association(given or known(), SessionCache())
    mine, theirs = ({54: vector(cid, 1)} for cid in cids) if cids else ({}, {})
    hello = client_hello((number,), {43: b"\x02\xfe\xfc", **mine})
    association.take(clear(hello, 0), True, 1, 0)
    names = message(8, vector(b"\0\x10" + vector(vector(vector(b"coap", 1), 2), 2), 2), 1)
    sender = Sender(SECRETS["SERVER_HANDSHAKE_TRAFFIC_SECRET"], 2, number, cids[0] if cids else b"")
    answer = clear(server_hello(number, {**VERSION, **theirs}), 0)
    association.take(answer + sender.record(0, names, 22), False, 2, 0)
    return association


def client(number: int = GCM, cid: bytes = b"") -> Sender:
    return Sender(SECRETS["CLIENT_TRAFFIC_SECRET_0"], 3, number, cid)


@pytest.mark.parametrize("number", [GCM, CHACHA])
@pytest.mark.parametrize("long", [True, False])
def test_records_are_opened(number: int, long: bool) -> None:
    association = begun(number=number)
    sender = client(number)
    for sequence in (0, 1, 2):
        record = sender.record(sequence, b"coap", long=long)
        (opened,) = association.take(record, True, 3, 0)
        assert (opened.plaintext, opened.epoch, opened.sequence) == (b"coap", 3, sequence)
        assert (opened.offset, opened.end) == (0, len(record))
    security = association.security
    assert (security.version_name, security.opened, security.opaque) == ("DTLS 1.3", 3, 0)
    assert security.established
    assert security.reason is None


def test_the_encrypted_handshake_is_read() -> None:
    assert begun().security.alpn == (b"coap",)


def test_a_record_without_length_is_the_last() -> None:
    sender = client()
    both = sender.record(0, b"one") + sender.record(1, b"two", last=True)
    opened = begun().take(both, True, 3, 0)
    assert [found.plaintext for found in opened] == [b"one", b"two"]


def test_the_number_is_found_from_few_bits() -> None:
    association = begun()
    sender = client()
    sent = [0, 100, 220, 300, 299, 410, 300, 500]
    for sequence in sent:
        (opened,) = association.take(sender.record(sequence, b"x", long=False), True, 3, 0)
        assert opened.sequence == sequence


def test_key_updates_are_followed() -> None:
    association = begun()
    secret = SECRETS["CLIENT_TRAFFIC_SECRET_0"]
    for epoch in range(3, 10):
        (opened,) = association.take(Sender(secret, epoch).record(0, b"x"), True, 3, 0)
        assert opened.epoch == epoch
        secret, old = updated(secret), secret
        late = Sender(old, epoch).record(1, b"late")
        assert [found.epoch for found in association.take(late, True, 3, 0)] == [epoch]
    assert association.security.tampered == 0


def test_one_that_comes_late_is_of_the_epoch_before() -> None:
    association = begun()
    first = SECRETS["CLIENT_TRAFFIC_SECRET_0"]
    association.take(Sender(first, 3).record(0, b"x"), True, 3, 0)
    association.take(Sender(updated(first), 4).record(0, b"x"), True, 3, 0)
    (late,) = association.take(Sender(first, 3).record(1, b"late"), True, 3, 0)
    assert (late.epoch, late.sequence) == (3, 1)


def test_both_directions_have_connection_ids() -> None:
    association = begun(cids=(b"to-client", b"s"))
    assert association.security.alpn == (b"coap",)
    assert len(association.take(client(cid=b"s").record(0, b"x"), True, 3, 0)) == 1
    sender = Sender(SECRETS["SERVER_TRAFFIC_SECRET_0"], 3, cid=b"to-client")
    assert len(association.take(sender.record(0, b"x"), False, 4, 0)) == 1


def test_a_hello_retry_request_asks_for_a_cookie() -> None:
    association = Association(known(), SessionCache())
    first = client_hello((GCM,), {43: b"\x02\xfe\xfc"})
    retry = server_hello(GCM, {**VERSION, 44: vector(b"cookie", 2)}, random=RETRY_RANDOM)
    second = client_hello((GCM,), {43: b"\x02\xfe\xfc", 44: vector(b"cookie", 2)}, number=1)
    answer = server_hello(GCM, VERSION, number=1)
    for frame, (sent, forward) in enumerate(
        ((first, True), (retry, False), (second, True), (answer, False))
    ):
        association.take(clear(sent, frame), forward, frame, 0)
    assert association.take(client().record(0, b"x"), True, 5, 0)
    assert association.security.cookie_exchanges == 1
    assert association.security.handshakes == 1
    assert association.security.handshake_retransmissions == 0


def test_acknowledgements_and_alerts_are_no_messages() -> None:
    association = begun()
    assert not association.take(client().record(0, b"\0\0", 26), True, 3, 0)
    assert not association.take(client().record(1, b"\x01\0", 21), True, 4, 0)
    assert [alert.text for alert in association.security.alerts] == ["Warning: Close Notify"]


def test_it_says_why_not() -> None:
    labels = [label for label in SECRETS if "HANDSHAKE" in label]
    association = begun(known(*labels))
    assert not association.take(client().record(0, b"x"), True, 3, 0)
    security = association.security
    assert security.reason is Reason.NO_SECRET
    assert security.detail == "the key log has no CLIENT_TRAFFIC_SECRET_0 of it"
    assert security.opaque == 1
    assert association.muted


def test_a_server_hello_may_come_late() -> None:
    association = Association(known(), SessionCache())
    association.take(clear(client_hello((GCM,), {43: b"\x02\xfe\xfc"}), 0), True, 1, 0)
    sender = Sender(SECRETS["SERVER_TRAFFIC_SECRET_0"], 3)
    assert not association.take(sender.record(0, b"early"), False, 2, 0)
    assert association.security.reason is Reason.NO_HANDSHAKE
    association.take(clear(server_hello(GCM, VERSION), 0), False, 3, 0)
    assert association.take(sender.record(1, b"x"), False, 4, 0)


def test_a_wrong_secret_is_told() -> None:
    association = begun()
    wrong = Sender(hashlib.sha256(b"other").digest(), 3)
    assert not association.take(wrong.record(0, b"x"), True, 3, 0)
    assert association.security.tampered == 1
    assert association.security.opaque == 1
    assert association.take(client().record(0, b"x"), True, 3, 0)
    assert association.security.reason is None


PEERS = [b"@\x01\x12\x30\xb4time", b"`E\x12\x30\xffnoon"]


@pytest.mark.parametrize("name", ["dtls13-gcm", "dtls13-ccm8-cid"])
def test_peers_of_wolfssl_are_read(name: str) -> None:
    """A cookie, an update of keys, and in one of them a Connection ID."""
    found = read(datagrams(name), secrets(name))
    assert found.texts[:2] == PEERS
    assert len(found.texts) == 6
    (association,) = found.associations
    security = association.security
    assert (security.version_name, security.cookie_exchanges) == ("DTLS 1.3", 1)
    assert security.server_subject.startswith("emailAddress=info@wolfssl.com,CN=www.wolfssl.com,")
    assert security.opaque == security.tampered == 0
    assert security.reason is None
    assert security.client_cid == (b"cl" if name.endswith("cid") else None)
