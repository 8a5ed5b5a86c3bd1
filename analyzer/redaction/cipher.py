# SPDX-License-Identifier: GPL-2.0-only
"""Keyed permutations of symbols and of bytes: what is equal stays equal, what differs differs.

A Feistel network over any alphabet, as format-preserving encryption has it (NIST SP 800-38G), with
keyed BLAKE2b (RFC 7693) for its rounds. `tweak` tells what is permuted: each has a permutation of
its own.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Self

_ROUNDS: Final = 8
_SHORT: Final = 64
_SALT: Final = b"msgshark redaction v1"
"""Changed with anything that makes pseudonyms come out otherwise."""

_WIDE: Final = 8
_SHUFFLES: Final = 1 << 12

_WORK: Final = 1 << 14
"""Cost of trying one passphrase (RFC 7914): tens of milliseconds, 16 MiB."""


class Cipher:
    """The permutations of one key."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(_SALT + key).digest()
        self._shuffled = lru_cache(_SHUFFLES)(self._shuffle)

    @classmethod
    def of(cls, passphrase: str | None) -> Self:
        """That of a passphrase, else one that nobody will know again."""
        if passphrase is None:
            return cls(secrets.token_bytes(32))
        data = passphrase.encode("utf-8", "surrogatepass")
        return cls(hashlib.scrypt(data, salt=_SALT, n=_WORK, r=8, p=1, dklen=32))

    def stream(self, tweak: bytes, length: int) -> bytes:
        """So many bytes that nobody without the key can tell from noise."""
        if length <= _SHORT:
            return hashlib.blake2b(tweak, digest_size=max(length, 1), key=self._key).digest()
        return hashlib.shake_256(self._key + tweak).digest(length)

    def symbols(self, values: Sequence[int], sizes: Sequence[int], tweak: bytes) -> list[int]:
        """Permute a sequence of which each item is below its size, at most 256.

        A permutation of all sequences of these sizes.
        """
        if len(values) == 1:
            return [self._shuffled(tweak, sizes[0])[values[0]]]
        permuted = list(values)
        count, middle = len(permuted), (len(permuted) + 1) // 2
        for step in range(_ROUNDS):
            first, after = (0, middle) if step % 2 == 0 else (middle, count)
            others = permuted[middle:] if step % 2 == 0 else permuted[:middle]
            seed = b"%b|%d|%d|" % (tweak, count, step) + bytes(others)
            noise = self.stream(seed, 2 * (after - first))
            for place, at in enumerate(range(first, after)):
                added = noise[2 * place] * 256 + noise[2 * place + 1]
                permuted[at] = (permuted[at] + added) % sizes[at]
        return permuted

    def _shuffle(self, tweak: bytes, size: int) -> list[int]:
        """One symbol alone has no other half: all that it can be, in another order."""
        noise = hashlib.shake_256(b"%b%b|1" % (self._key, tweak)).digest(_WIDE * size)
        return sorted(range(size), key=lambda at: noise[at * _WIDE : (at + 1) * _WIDE])

    def octets(self, data: bytes, tweak: bytes) -> bytes:
        """Permute the byte strings of one length."""
        if len(data) == 1:
            return bytes(self.symbols(data, (256,), tweak))
        middle = (len(data) + 1) // 2
        halves = [data[:middle], data[middle:]]
        for step in range(_ROUNDS):
            half, other = halves[step % 2], halves[1 - step % 2]
            size = len(half)
            noise = self.stream(b"%b|%d|%d|" % (tweak, len(data), step) + other, size)
            mixed = int.from_bytes(half, "big") ^ int.from_bytes(noise, "big")
            halves[step % 2] = mixed.to_bytes(size, "big")
        return halves[0] + halves[1]
