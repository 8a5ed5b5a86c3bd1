# SPDX-License-Identifier: GPL-2.0-only
"""Subject, issuer and validity as `cryptography` reads them, and whatever the bytes are."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors.tls.certificate import read_certificate

STEADY = settings(derandomize=True, deadline=None, max_examples=300)
BEFORE = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
AFTER = datetime(2055, 1, 2, 3, 4, 5, tzinfo=UTC)


def certificate(common: str = "ue-17.example", organization: str = "Ärzte, Söhne+Co") -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(0x1234)
        .not_valid_before(BEFORE)
        .not_valid_after(AFTER)
        .sign(key, None)
    )
    return made.public_bytes(serialization.Encoding.DER)


DER = certificate()


def test_what_a_certificate_says_of_itself() -> None:
    read = read_certificate(DER)
    assert read.subject == r"CN=ue-17.example,O=Ärzte\, Söhne\+Co,C=DE"
    assert read.subject == x509.load_der_x509_certificate(DER).subject.rfc4514_string()
    assert (read.issuer, read.serial, read.error) == ("CN=root", 0x1234, "")
    assert read.not_before == BEFORE.timestamp()
    assert read.not_after == AFTER.timestamp()


def test_every_truncation_is_told() -> None:
    for size in range(len(DER)):
        assert read_certificate(DER[:size]).error


@STEADY
@given(st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_every_change_is_read(at: int, octet: int) -> None:
    changed = bytearray(DER)
    changed[at] = octet
    read_certificate(bytes(changed))


@STEADY
@given(st.binary(max_size=80))
def test_any_bytes_are_read(data: bytes) -> None:
    assert read_certificate(data).error
