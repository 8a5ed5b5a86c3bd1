# SPDX-License-Identifier: GPL-2.0-only
"""Security contexts of OSCORE at work: nonces, additional data, keys, and who has which kid.

RFC 8613 clauses 5.2 to 5.4. An observer sees two senders for each context: whoever sends with
the key of one end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from analyzer.secrets.oscore_context import Context, byte_string, unsigned
from dissectors.coap.cose import Algorithm, Cipher
from dissectors.coap.oscore import LONGEST_PIV

_ENCRYPT0: Final = b"\x83\x68Encrypt0\x40"
"""["Encrypt0", h'', ...], the beginning of each AAD."""

_PIV_BITS: Final = 40

MOST_TRIED: Final = 64
"""So many contexts with one kid are tried for a message."""


class CannotOpenError(Exception):
    """Nothing can be opened with this algorithm here; the text says what is missing."""


class Sender:
    """One end of a context, as whoever sends with its key. Its repr has no keys."""

    __slots__ = ("_aads", "_aead", "_base", "_size", "context", "highest", "id", "number", "peer")

    peer: Sender
    """The other end."""

    def __init__(self, context: Context, id: bytes, number: int) -> None:
        self.context = context
        self.id = id
        self.number = number
        """Tells senders of one Contexts apart."""
        self.highest = -1
        """The highest sequence number that was authentic; -1 for none."""
        self._aead: Any = None
        self._base = -1
        self._size = context.algorithm.nonce
        said = b"\x85\x01\x81" + unsigned(context.algorithm.number) + byte_string(id)
        self._aads = tuple(_aad_around(said, size) for size in range(LONGEST_PIV + 1))

    def __repr__(self) -> str:
        return f"<Sender {self.id.hex() or 'empty'} of {self.context!r}>"

    def nonce(self, piv: bytes) -> bytes:
        """The nonce of a Partial IV that this end chose (clause 5.2)."""
        size = self._size
        if self._base < 0:
            own = len(self.id) << 8 * (size - 1) | int.from_bytes(self.id, "big") << _PIV_BITS
            self._base = own ^ int.from_bytes(self.context.common_iv(), "big")
        return (self._base ^ int.from_bytes(piv, "big")).to_bytes(size, "big")

    def aad(self, piv: bytes) -> bytes:
        """AAD of a request of this end with a Partial IV, and of its responses (clause 5.4)."""
        return self._aads[len(piv)] + piv + b"\x40"

    def opened(self, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes | None:
        """The plaintext of what this end sealed, None where it did not. Raises CannotOpenError."""
        if self._aead is None:
            context = self.context
            self._aead = _aead(context.algorithm, context.key(self.id))
        try:
            plaintext: bytes = self._aead.decrypt(nonce, ciphertext, aad)
        except Exception:  # InvalidTag; ValueError and OverflowError for what is too short or long
            return None
        return plaintext


def _aad_around(said: bytes, size: int) -> bytes:
    """An AAD up to its Partial IV of `size` bytes; behind that stands an empty byte string."""
    return _ENCRYPT0 + byte_string(said + byte_string(bytes(size)) + b"\x40")[: -size - 1]


def _aead(algorithm: Algorithm, key: bytes) -> Any:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.ciphers import aead
    except ImportError:
        raise CannotOpenError("cryptography is missing: pip install 'msgshark[decrypt]'") from None
    makers: dict[Cipher, Callable[[bytes], Any]] = {
        Cipher.AES_CCM: lambda key: aead.AESCCM(key, algorithm.tag),
        Cipher.AES_GCM: aead.AESGCM,
        Cipher.CHACHA20_POLY1305: aead.ChaCha20Poly1305,
    }
    try:
        return makers[algorithm.cipher](key)
    except UnsupportedAlgorithm:
        raise CannotOpenError(f"the OpenSSL of cryptography has no {algorithm.name}") from None


class Contexts:
    """Security contexts, looked up by what a request says of them."""

    def __init__(self, contexts: Iterable[Context]) -> None:
        self._by_kid: dict[bytes, list[Sender]] = {}
        number = 0
        for context in contexts:
            client = Sender(context, context.client_id, number)
            server = Sender(context, context.server_id, number + 1)
            client.peer, server.peer = server, client
            number += 2
            for sender in (client, server):
                self._by_kid.setdefault(sender.id, []).append(sender)

    def __bool__(self) -> bool:
        return bool(self._by_kid)

    def knows(self, kid: bytes) -> bool:
        return kid in self._by_kid

    def senders(self, kid: bytes, kid_context: bytes | None) -> tuple[Sender, ...]:
        """Who may have sent a request: one of the first MOST_TRIED with this kid. A kid context
        has to be the ID Context; a request may leave it out (clause 5.1)."""
        named = self._by_kid.get(kid, [])
        if kid_context is not None:
            named = [sender for sender in named if sender.context.id_context == kid_context]
        return tuple(named[:MOST_TRIED])
