# SPDX-License-Identifier: GPL-2.0-only
"""AEAD algorithms of COSE that OSCORE may use: RFC 9053 clause 4, RFC 8613 clause 3.2.1."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class Cipher(Enum):
    """What an algorithm is made of."""

    AES_CCM = "AES-CCM"
    AES_GCM = "AES-GCM"
    CHACHA20_POLY1305 = "ChaCha20-Poly1305"


class Algorithm(NamedTuple):
    """One algorithm; lengths in bytes."""

    name: str
    number: int
    cipher: Cipher
    key: int
    nonce: int
    tag: int

    @property
    def longest_id(self) -> int:
        """Bytes that the id of an end may have (RFC 8613 clause 3.3)."""
        return self.nonce - 6


def _ccm(name: str, number: int, key: int, nonce: int, tag: int) -> Algorithm:
    return Algorithm(f"AES-CCM-{name}", number, Cipher.AES_CCM, key, nonce, tag)


def _gcm(number: int, key: int) -> Algorithm:
    return Algorithm(f"AES-GCM-{key * 8}", number, Cipher.AES_GCM, key, 12, 16)


DEFAULT: Final = _ccm("16-64-128", 10, 16, 13, 8)

ALGORITHMS: Final = {
    algorithm.name: algorithm
    for algorithm in (
        DEFAULT,
        _ccm("16-64-256", 11, 32, 13, 8),
        _ccm("64-64-128", 12, 16, 7, 8),
        _ccm("64-64-256", 13, 32, 7, 8),
        _ccm("16-128-128", 30, 16, 13, 16),
        _ccm("16-128-256", 31, 32, 13, 16),
        _ccm("64-128-128", 32, 16, 7, 16),
        _ccm("64-128-256", 33, 32, 7, 16),
        _gcm(1, 16),
        _gcm(2, 24),
        _gcm(3, 32),
        Algorithm("ChaCha20-Poly1305", 24, Cipher.CHACHA20_POLY1305, 32, 12, 16),
    )
}
"""By the name that a file of security contexts gives."""
