# SPDX-License-Identifier: GPL-2.0-only
"""Records open to what was sealed, and to nothing when anything about them is otherwise."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as Ciphering
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from analyzer.decryption.records import Opener, Tampered, TrafficOpener, inner
from analyzer.decryption.schedule import connection_openers, expand_label, traffic_opener
from analyzer.decryption.suites import Suite, suite

from .sealing import CLIENT_RANDOM, DTLS12, MASTER, SERVER_RANDOM, Sealer, traffic

SUITES = {
    "CCM_8": 0xC0A8,
    "CCM": 0xC0A4,
    "GCM_SHA256": 0x00A8,
    "GCM_SHA384": 0x00A9,
    "CHACHA20": 0xCCAB,
    "CBC_SHA": 0x008C,
    "CBC_SHA256": 0x00AE,
    "CBC_SHA384": 0x00AF,
    "NULL": 0x00B0,
}
SEQUENCE = (1 << 48) + 7


def known(number: int) -> Suite:
    found = suite(number)
    assert found is not None
    return found


def client(of: Suite, encrypt_then_mac: bool = False) -> Opener:
    opener, server = connection_openers(
        MASTER, CLIENT_RANDOM, SERVER_RANDOM, of, encrypt_then_mac=encrypt_then_mac, dtls=True
    )
    assert type(opener) is type(server)
    return opener


@pytest.mark.parametrize("cid", [b"", b"\x01", b"connection"], ids=["no cid", "short", "long"])
@pytest.mark.parametrize("around", [False, True], ids=["", "encrypt-then-mac"])
@pytest.mark.parametrize("number", SUITES.values(), ids=SUITES)
def test_what_was_sealed_opens(number: int, around: bool, cid: bytes) -> None:
    of = known(number)
    sealer, opener = Sealer(of, encrypt_then_mac=around), client(of, around)
    for sequence in (SEQUENCE, SEQUENCE + 9, SEQUENCE - 3):  # as datagrams come
        for content in (b"", b"x", b"a message of some length" * 9):
            sealed = sealer.seal(23, DTLS12, sequence, content, cid)
            assert opener.open(23, DTLS12, sequence, sealed, cid=cid) == content


@pytest.mark.parametrize("around", [False, True], ids=["", "encrypt-then-mac"])
@pytest.mark.parametrize("number", SUITES.values(), ids=SUITES)
def test_what_is_otherwise_does_not(number: int, around: bool) -> None:
    of = known(number)
    opener = client(of, around)
    cid = b"id"
    sealed = Sealer(of, encrypt_then_mac=around).seal(23, DTLS12, SEQUENCE, b"content", cid)
    assert opener.open(23, DTLS12, SEQUENCE, sealed, cid=cid) == b"content"
    for version, sequence, other in (
        (0x0303, SEQUENCE, cid),
        (DTLS12, SEQUENCE + 1, cid),
        (DTLS12, SEQUENCE, b"di"),
        (DTLS12, SEQUENCE, b""),
    ):
        with pytest.raises(Tampered):
            opener.open(23, version, sequence, sealed, cid=other)
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(Tampered):
            opener.open(23, DTLS12, SEQUENCE, changed, cid=cid)
        with pytest.raises(Tampered):
            opener.open(23, DTLS12, SEQUENCE, sealed[:at], cid=cid)
    assert opener.open(23, DTLS12, SEQUENCE, sealed, cid=cid) == b"content"


@given(st.sampled_from([*SUITES.values(), 0x1301, 0x1303, 0x1305]), st.booleans(), st.binary())
def test_noise_is_tampered(number: int, around: bool, noise: bytes) -> None:
    of = known(number)
    opener = client(of, around) if of.key_exchange else traffic_opener(bytes(32), of, dtls=True)
    with pytest.raises(Tampered):
        opener.open(23, DTLS12, SEQUENCE, noise)


@pytest.mark.parametrize("dtls", [False, True], ids=["TLS", "DTLS"])
@pytest.mark.parametrize("number", range(0x1301, 0x1306))
def test_what_1_3_sealed_opens_and_goes_on_behind_an_update(number: int, dtls: bool) -> None:
    of = known(number)
    length = 48 if of.hash == "sha384" else 32
    secret = b"t" * length
    opener = traffic_opener(secret, of, dtls=dtls)
    for _ in range(3):
        sealed = traffic(of, secret, 5, b"content\x17\0\0", b"header", dtls=dtls)
        opened = opener.open(23, 0x0303, 5, sealed, header=b"header")
        assert inner(opened) == (23, b"content")
        with pytest.raises(Tampered):
            opener.open(23, 0x0303, 6, sealed, header=b"header")
        with pytest.raises(Tampered):
            opener.open(23, 0x0303, 5, sealed, header=b"Header")
        secret = expand_label(secret, b"traffic upd", b"", length, of.hash, dtls=dtls)
        opener = opener.next()


def test_nothing_but_zeros_has_no_type() -> None:
    assert inner(b"\0\0") == (0, b"")
    assert inner(b"") == (0, b"")


def test_numbers_of_dtls_1_3_are_hidden_by_the_cipher() -> None:
    """RFC 9147 clause 4.2.3."""
    sample = bytes(range(16))
    key = expand_label(b"t" * 32, b"sn", b"", 16, "sha256", dtls=True)
    block = Ciphering(algorithms.AES(key), modes.ECB()).encryptor()
    opener = traffic_opener(b"t" * 32, known(0x1305), dtls=True)
    assert opener.sequence_mask(sample) == opener.sequence_mask(sample) == block.update(sample)

    key = expand_label(b"t" * 32, b"sn", b"", 32, "sha256", dtls=True)
    stream = Ciphering(algorithms.ChaCha20(key, sample), None).encryptor()
    opener = traffic_opener(b"t" * 32, known(0x1303), dtls=True)
    assert opener.sequence_mask(sample)[:16] == stream.update(bytes(16))


def test_tls_hides_no_numbers_and_a_sample_is_a_block() -> None:
    for opener, sample in (
        (traffic_opener(b"t" * 32, known(0x1301), dtls=False), bytes(16)),
        (traffic_opener(b"t" * 32, known(0x1301), dtls=True), bytes(15)),
    ):
        with pytest.raises(ValueError, match="16 bytes"):
            opener.sequence_mask(sample)


def test_no_key_is_shown() -> None:
    of = known(0xC0A8)
    for opener in (client(of), traffic_opener(b"t" * 32, known(0x1301), dtls=False)):
        assert repr(opener) == f"<{type(opener).__name__}>"
        assert isinstance(opener, TrafficOpener) or not hasattr(opener, "__dict__")
