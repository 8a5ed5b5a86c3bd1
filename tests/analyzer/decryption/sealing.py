# SPDX-License-Identifier: GPL-2.0-only
"""Protects records as the RFCs put it, step by step and apart from what opens them."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher as Ciphering
from cryptography.hazmat.primitives.ciphers import aead, algorithms, modes

from analyzer.decryption.schedule import expand_label, pseudo_random
from analyzer.decryption.suites import Cipher, Suite

MASTER = bytes(range(48))
CLIENT_RANDOM = b"c" * 32
SERVER_RANDOM = b"s" * 32
DTLS12 = 0xFEFD


def beside(kind: int, version: int, sequence: int, length: int, cid: bytes) -> bytes:
    """RFC 5246 clause 6.2.3.3, RFC 9146 clause 5.3."""
    number = sequence.to_bytes(8, "big")
    if not cid:
        return number + bytes([kind]) + version.to_bytes(2, "big") + length.to_bytes(2, "big")
    head = b"\xff" * 8 + bytes([25, len(cid), 25]) + version.to_bytes(2, "big")
    return head + number + cid + length.to_bytes(2, "big")


class Sealer:
    """Protects the records of the client of 1.2."""

    def __init__(self, suite: Suite, *, encrypt_then_mac: bool = False) -> None:
        self.suite = suite
        self.around = encrypt_then_mac
        mac, key, iv = suite.mac_length, suite.key_length, suite.iv_length
        block = pseudo_random(
            MASTER,
            b"key expansion",
            SERVER_RANDOM + CLIENT_RANDOM,
            2 * (mac + key + iv),
            suite.hash,
        )
        self.mac_key = block[:mac]
        self.key = block[2 * mac : 2 * mac + key]
        self.iv = block[2 * mac + 2 * key : 2 * mac + 2 * key + iv]

    def seal(
        self, kind: int, version: int, sequence: int, content: bytes, cid: bytes = b""
    ) -> bytes:
        """The fragment of a record."""
        if self.suite.aead:
            return self._aead(beside(kind, version, sequence, len(content), cid), sequence, content)
        if not self.suite.cbc:
            return content + self._mac(kind, version, sequence, content, cid)
        explicit = bytes(range(16))
        inside = b"" if self.around else self._mac(kind, version, sequence, content, cid)
        padding = 15 - len(content + inside) % 16 + 16  # more than is needed, which is allowed
        padded = content + inside + bytes([padding]) * (padding + 1)
        chain = Ciphering(algorithms.AES(self.key), modes.CBC(explicit)).encryptor()
        sealed = explicit + chain.update(padded) + chain.finalize()
        outside = self._mac(kind, version, sequence, sealed, cid) if self.around else b""
        return sealed + outside

    def _mac(self, kind: int, version: int, sequence: int, covered: bytes, cid: bytes) -> bytes:
        covered = beside(kind, version, sequence, len(covered), cid) + covered
        return hmac.new(self.mac_key, covered, self.suite.mac_hash).digest()

    def _aead(self, beside: bytes, sequence: int, content: bytes) -> bytes:
        number = sequence.to_bytes(8, "big")
        if self.suite.cipher is Cipher.CHACHA20_POLY1305:
            nonce = bytes(a ^ b for a, b in zip(self.iv, b"\0" * 4 + number, strict=True))
            return aead.ChaCha20Poly1305(self.key).encrypt(nonce, content, beside)
        return number + encrypted(self.suite, self.key, self.iv + number, content, beside)


def encrypted(suite: Suite, key: bytes, nonce: bytes, content: bytes, beside: bytes) -> bytes:
    """What an AEAD makes of a content."""
    if suite.cipher is Cipher.CCM:
        return aead.AESCCM(key, tag_length=suite.tag_length).encrypt(nonce, content, beside)
    if suite.cipher is Cipher.GCM:
        return aead.AESGCM(key).encrypt(nonce, content, beside)
    return aead.ChaCha20Poly1305(key).encrypt(nonce, content, beside)


def traffic(
    suite: Suite, secret: bytes, sequence: int, inner: bytes, header: bytes, *, dtls: bool = False
) -> bytes:
    """The encrypted record of an inner plaintext (RFC 8446 clause 5.2)."""
    key = expand_label(secret, b"key", b"", suite.key_length, suite.hash, dtls=dtls)
    iv = expand_label(secret, b"iv", b"", 12, suite.hash, dtls=dtls)
    number = b"\0" * 4 + sequence.to_bytes(8, "big")
    nonce = bytes(a ^ b for a, b in zip(iv, number, strict=True))
    return encrypted(suite, key, nonce, inner, header)
