# SPDX-License-Identifier: GPL-2.0-only
"""A security context of OSCORE, and the keys that follow from it. RFC 8613 clauses 3.1, 3.2.

CBOR here is that of OSCORE alone: byte strings and small numbers (RFC 8949 clause 3.1).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, NamedTuple

from dissectors.coap import cose
from dissectors.coap.cose import Algorithm

HASHES: Final = ("SHA-256", "SHA-384", "SHA-512")
"""Of HKDF; the first is the default (clause 3.2)."""

_NIL: Final = b"\xf6"


class Context(NamedTuple):
    """What both ends share. Either end may send requests: `client_id` and `server_id` say only
    whose id is which. `id_context` is None where there is none.

    Its repr has no secrets.
    """

    name: str
    master_secret: bytes
    master_salt: bytes
    client_id: bytes
    server_id: bytes
    id_context: bytes | None = None
    algorithm: Algorithm = cose.DEFAULT
    hash: str = HASHES[0]

    def __repr__(self) -> str:
        return f"<Context {self.name!r}, {self.algorithm.name}>"

    def key(self, id: bytes) -> bytes:
        """Sender Key of the end with this id, Recipient Key of the other (clause 3.2.1)."""
        return self._derived(id, b"\x63Key", self.algorithm.key)

    def common_iv(self) -> bytes:
        """Common IV (clause 3.2.1)."""
        return self._derived(b"", b"\x62IV", self.algorithm.nonce)

    def _derived(self, id: bytes, kind: bytes, length: int) -> bytes:
        context = _NIL if self.id_context is None else byte_string(self.id_context)
        number = unsigned(self.algorithm.number)
        info = b"\x85" + byte_string(id) + context + number + kind + unsigned(length)
        return hkdf(self.hash, self.master_secret, self.master_salt, info, length)


def hkdf(name: str, key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF, RFC 5869; `name` is one of HASHES."""
    digest = hashlib.new(name.replace("-", "")).name
    secret = hmac.digest(salt or bytes(hashlib.new(digest).digest_size), key, digest)
    out, block = b"", b""
    while len(out) < length:
        block = hmac.digest(secret, block + info + bytes([len(out) // len(secret) + 1]), digest)
        out += block
    return out[:length]


def akma_master_secret(k_af: bytes) -> bytes:
    """Master Secret of AKMA-OSCORE: HKDF(K_AF, "AKMA-OSCORE"), TS 33.535 Annex D.

    Not public is what HKDF takes beside these two. Here K_AF is the input keying material, the
    text is the info, there is no salt, the hash is SHA-256, and the result has 32 bytes like K_AF.
    Where an implementation reads it otherwise, give its master secret.
    """
    return hkdf("SHA-256", k_af, b"", b"AKMA-OSCORE", 32)


def unsigned(number: int, major: int = 0) -> bytes:
    """A number of at most 32 bits in CBOR; `major` is 0x40 for the length of a byte string."""
    if number < 24:
        return bytes([major | number])
    for more, size in ((24, 1), (25, 2)):
        if number < 1 << 8 * size:
            return bytes([major | more]) + number.to_bytes(size, "big")
    return bytes([major | 26]) + number.to_bytes(4, "big")


def byte_string(data: bytes) -> bytes:
    """A byte string in CBOR."""
    return unsigned(len(data), 0x40) + data
