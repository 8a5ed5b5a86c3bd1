# SPDX-License-Identifier: GPL-2.0-only
"""From secrets to openers: the key schedules of (D)TLS 1.2 (RFC 5246 clauses 5, 6.3 and 8.1) and
1.3 (RFC 8446 clause 7, RFC 9147 clause 5.9).
"""

from __future__ import annotations

from hashlib import new
from hmac import digest
from typing import TYPE_CHECKING, Final

from analyzer.decryption.records import (
    AeadOpener,
    BlockOpener,
    ClearOpener,
    Opener,
    TrafficOpener,
)
from analyzer.decryption.suites import Cipher, Suite

if TYPE_CHECKING:
    from collections.abc import Callable

MASTER_SECRET: Final = 48
"""Bytes of a master secret."""


def pseudo_random(secret: bytes, label: bytes, seed: bytes, length: int, hash: str) -> bytes:
    """PRF of TLS 1.2 (RFC 5246 clause 5)."""
    seed = label + seed
    made = b""
    chained = seed
    while len(made) < length:
        chained = digest(secret, chained, hash)
        made += digest(secret, chained + seed, hash)
    return made[:length]


def premaster_of_psk(psk: bytes, other: bytes | None = None) -> bytes:
    """The premaster secret of a pre-shared key (RFC 4279 clause 2, RFC 5489 clause 2).

    `other` is what a key exchange besides it gave; without one, as many zeros as the key has bytes.
    """
    other = bytes(len(psk)) if other is None else other
    return b"".join(
        (len(other).to_bytes(2, "big"), other, len(psk).to_bytes(2, "big"), psk),
    )


def master_secret(premaster: bytes, client_random: bytes, server_random: bytes, hash: str) -> bytes:
    """RFC 5246 clause 8.1."""
    seed = client_random + server_random
    return pseudo_random(premaster, b"master secret", seed, MASTER_SECRET, hash)


def extended_master_secret(premaster: bytes, session_hash: bytes, hash: str) -> bytes:
    """RFC 7627 clause 4; `session_hash` is that of all messages up to the ClientKeyExchange."""
    label = b"extended master secret"
    return pseudo_random(premaster, label, session_hash, MASTER_SECRET, hash)


def connection_openers(
    master: bytes,
    client_random: bytes,
    server_random: bytes,
    suite: Suite,
    *,
    encrypt_then_mac: bool,
    dtls: bool,
) -> tuple[Opener, Opener]:
    """What opens the records of the client, and those of the server, in 1.2.

    `encrypt_then_mac`: RFC 7366 was agreed, which is about CBC alone. TLS and DTLS differ in the
    sequence numbers only, which `Opener.open` is given.
    """
    mac, key, iv = suite.mac_length, suite.key_length, suite.iv_length
    seed = server_random + client_random
    block = pseudo_random(master, b"key expansion", seed, 2 * (mac + key + iv), suite.hash)
    macs, block = block[: 2 * mac], block[2 * mac :]
    keys, ivs = block[: 2 * key], block[2 * key :]

    def opener(of: int) -> Opener:
        mac_key = macs[of * mac : (of + 1) * mac]
        own = keys[of * key : (of + 1) * key]
        if suite.cbc:
            return BlockOpener(suite, own, mac_key, encrypt_then_mac=encrypt_then_mac)
        if not suite.aead:
            return ClearOpener(suite, mac_key)
        return AeadOpener(suite, own, ivs[of * iv : (of + 1) * iv])

    return opener(0), opener(1)


def expand_label(
    secret: bytes, label: bytes, context: bytes, length: int, hash: str, *, dtls: bool = False
) -> bytes:
    """HKDF-Expand-Label (RFC 8446 clause 7.1; of DTLS, RFC 9147 clause 5.9)."""
    name = (b"dtls13" if dtls else b"tls13 ") + label
    info = b"".join(
        (
            length.to_bytes(2, "big"),
            len(name).to_bytes(1, "big"),
            name,
            len(context).to_bytes(1, "big"),
            context,
        )
    )
    made = b""
    chained = b""
    count = 0
    while len(made) < length:
        count += 1
        chained = digest(secret, chained + info + count.to_bytes(1, "big"), hash)
        made += chained
    return made[:length]


def traffic_opener(secret: bytes, suite: Suite, *, dtls: bool) -> TrafficOpener:
    """What opens the records that were protected by a traffic secret of 1.3."""

    def part(label: bytes, length: int) -> bytes:
        return expand_label(secret, label, b"", length, suite.hash, dtls=dtls)

    def after() -> TrafficOpener:
        return traffic_opener(part(b"traffic upd", new(suite.hash).digest_size), suite, dtls=dtls)

    mask = _masking(suite, part(b"sn", suite.key_length)) if dtls else None
    key, iv = part(b"key", suite.key_length), part(b"iv", suite.iv_length)
    return TrafficOpener(suite, key, iv, mask, after)


def _masking(suite: Suite, key: bytes) -> Callable[[bytes], bytes]:
    """From a sample of ciphertext to the mask of a sequence number (RFC 9147 clause 4.2.3)."""
    from cryptography.hazmat.primitives.ciphers import Cipher as Ciphering
    from cryptography.hazmat.primitives.ciphers import algorithms, modes

    if suite.cipher is not Cipher.CHACHA20_POLY1305:
        return Ciphering(algorithms.AES(key), modes.ECB()).encryptor().update

    def of_chacha(sample: bytes) -> bytes:
        # The library takes counter and nonce as one, the counter little-endian in front: as sampled
        algorithm = algorithms.ChaCha20(key, sample)
        return Ciphering(algorithm, mode=None).encryptor().update(bytes(16))

    return of_chacha
