# SPDX-License-Identifier: GPL-2.0-only
"""Cipher suites as what their records are opened with; their numbers and names are the dissector's.

The algorithms stand in the name (RFC 5246 clause A.5, RFC 8446 clause B.4):

    TLS_<key exchange>_WITH_<cipher>_<hash>     TLS 1.2 and DTLS 1.2
    TLS_<cipher>_<hash>                         1.3
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from dissectors.tls.cipher_suites import CIPHER_SUITES


class Cipher(StrEnum):
    """How records are protected."""

    CCM = "CCM"
    GCM = "GCM"
    CHACHA20_POLY1305 = "ChaCha20-Poly1305"
    CBC = "CBC"
    NULL = "NULL"
    """Nothing is secret, a MAC proves who sent it (RFC 4785)."""


class Suite(NamedTuple):
    """What a cipher suite says about keys and records; lengths in bytes."""

    number: int
    name: str
    key_exchange: str
    """As the name has it, `ECDHE_PSK`; empty for suites of 1.3, which leave it open."""
    hash: str
    """Of the key schedule, as hashlib names it."""
    cipher: Cipher
    key_length: int
    iv_length: int
    """Of the part of the nonce that comes from the key schedule."""
    tag_length: int
    mac_hash: str
    """Of the MAC, as hashlib names it; empty for an AEAD."""
    mac_length: int

    @property
    def aead(self) -> bool:
        return not self.mac_hash

    @property
    def cbc(self) -> bool:
        return self.cipher is Cipher.CBC


class _Protection(NamedTuple):
    cipher: Cipher
    key_length: int
    tag_length: int = 0


_CIPHERS: Final = {
    "AES_128_CCM": _Protection(Cipher.CCM, 16, 16),
    "AES_256_CCM": _Protection(Cipher.CCM, 32, 16),
    "AES_128_CCM_8": _Protection(Cipher.CCM, 16, 8),
    "AES_256_CCM_8": _Protection(Cipher.CCM, 32, 8),
    "AES_128_GCM": _Protection(Cipher.GCM, 16, 16),
    "AES_256_GCM": _Protection(Cipher.GCM, 32, 16),
    "CHACHA20_POLY1305": _Protection(Cipher.CHACHA20_POLY1305, 32, 16),
    "AES_128_CBC": _Protection(Cipher.CBC, 16),
    "AES_256_CBC": _Protection(Cipher.CBC, 32),
    "NULL": _Protection(Cipher.NULL, 0),
}
_HASHES: Final = {
    "MD5": ("md5", 16),
    "SHA": ("sha1", 20),
    "SHA256": ("sha256", 32),
    "SHA384": ("sha384", 48),
}
_NONCE: Final = 12
_SALT: Final = 4


@cache
def suite(number: int) -> Suite | None:
    """The suite of a number; None where records of it cannot be opened."""
    name = CIPHER_SUITES.get(number)
    return None if name is None else of_name(number, name)


def of_name(number: int, name: str) -> Suite | None:
    """The suite of a name of the IANA registry; None where records of it cannot be opened."""
    exchange, old, protection = name.removeprefix("TLS_").rpartition("_WITH_")
    cipher, _, digest = protection.rpartition("_")
    if digest not in _HASHES:  # the CCM suites of RFC 6655 and 7251 leave SHA-256 out
        cipher, digest = protection, "SHA256"
    if cipher not in _CIPHERS:
        return None
    kind, key_length, tag_length = _CIPHERS[cipher]
    hash_name, hash_length = _HASHES[digest]
    mac = not tag_length
    if mac and not old:
        return None
    # TLS 1.2 has SHA-256 in its schedule, but where the suite names a longer hash.
    schedule = hash_name if digest == "SHA384" else "sha256"
    whole_nonce = not old or kind is Cipher.CHACHA20_POLY1305
    return Suite(
        number,
        name,
        exchange,
        schedule,
        kind,
        key_length,
        0 if mac else _NONCE if whole_nonce else _SALT,
        tag_length,
        hash_name if mac else "",
        hash_length if mac else 0,
    )
