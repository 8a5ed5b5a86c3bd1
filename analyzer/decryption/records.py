# SPDX-License-Identifier: GPL-2.0-only
"""Opening one record: of TLS 1.2 and DTLS 1.2 (RFC 5246 clause 6.2.3, RFC 6347 clause 4.1.2), with
a Connection ID (RFC 9146 clause 5), and of 1.3 (RFC 8446 clause 5.2, RFC 9147 clause 4.2).

What the library needs of a key is made once, when the opener is.
"""

from __future__ import annotations

from hmac import digest
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from analyzer.decryption.suites import Cipher, Suite
from dissectors.tls.numbers import TLS12_CID

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK: Final = 16
_EXPLICIT: Final = 8  # bytes of the nonce that a record of GCM and CCM brings along
_PLAIN: Final = Struct("!QBHH")
_CID: Final = Struct("!QBBBHQ")
_LENGTH: Final = Struct("!H")
_RECORD: Final = Struct("!BHH")
_PLACEHOLDER: Final = (1 << 64) - 1


class Tampered(Exception):  # noqa: N818
    """The record does not authenticate: the key is wrong, or the bytes are not what was sent."""

    def __init__(self) -> None:
        super().__init__("authentication failed")


class Opener:
    """Opens the records that one peer protected with one set of keys."""

    __slots__ = ()

    def open(
        self,
        content_type: int,
        version: int,
        sequence: int,
        fragment: bytes,
        *,
        cid: bytes = b"",
        header: bytes = b"",
    ) -> bytes:
        """The plaintext of a record, from what stands behind its header. Raises Tampered.

        `content_type` and `version` are the header's. `sequence` has 64 bits: counted in TLS and
        DTLS 1.3, epoch and sequence number as sent in DTLS 1.2. `header` is what 1.3 authenticates:
        the record's, in DTLS with its number in clear; the one of TLS is known without. With a
        Connection ID, and in 1.3, the plaintext still has its type and padding: see `inner`.
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def inner(plaintext: bytes) -> tuple[int, bytes]:
    """Content type and content of an inner plaintext (RFC 8446 clause 5.2, RFC 9146 clause 4).

    The type is 0 where there is none, which no sender may do.
    """
    content = plaintext.rstrip(b"\0")
    return (content[-1], content[:-1]) if content else (0, b"")


def associated(content_type: int, version: int, sequence: int, length: int, cid: bytes) -> bytes:
    """What is authenticated beside a record's content (RFC 5246 clause 6.2.3.3, RFC 9146 5)."""
    if not cid:
        return _PLAIN.pack(sequence, content_type, version, length)
    fixed = _CID.pack(_PLACEHOLDER, TLS12_CID, len(cid), TLS12_CID, version, sequence)
    return fixed + cid + _LENGTH.pack(length)


class AeadOpener(Opener):
    """AEAD of TLS 1.2: RFC 5288 and 6655 with half of the nonce in the record, RFC 7905 without."""

    __slots__ = ("_decrypt", "_explicit", "_invalid", "_iv", "_number", "_overhead")

    def __init__(self, suite: Suite, key: bytes, iv: bytes) -> None:
        self._decrypt, self._invalid = _decryption(suite, key)
        self._explicit = suite.cipher is not Cipher.CHACHA20_POLY1305
        self._iv = iv
        self._number = int.from_bytes(iv, "big")
        self._overhead = suite.tag_length + (_EXPLICIT if self._explicit else 0)

    def open(
        self,
        content_type: int,
        version: int,
        sequence: int,
        fragment: bytes,
        *,
        cid: bytes = b"",
        header: bytes = b"",
    ) -> bytes:
        length = len(fragment) - self._overhead
        if length < 0:
            raise Tampered
        beside = associated(content_type, version, sequence, length, cid)
        if self._explicit:
            nonce = self._iv + fragment[:_EXPLICIT]
            fragment = fragment[_EXPLICIT:]
        else:
            nonce = (self._number ^ sequence).to_bytes(12, "big")
        try:
            return self._decrypt(nonce, fragment, beside)
        except self._invalid:
            raise Tampered from None


class TrafficOpener(Opener):
    """AEAD of TLS 1.3 and DTLS 1.3, with what the secret yields besides."""

    __slots__ = ("_decrypt", "_invalid", "_mask", "_next", "_number", "_tag")

    def __init__(
        self,
        suite: Suite,
        key: bytes,
        iv: bytes,
        mask: Callable[[bytes], bytes] | None,
        after: Callable[[], TrafficOpener],
    ) -> None:
        self._decrypt, self._invalid = _decryption(suite, key)
        self._number = int.from_bytes(iv, "big")
        self._tag = suite.tag_length
        self._mask = mask
        self._next = after

    def open(
        self,
        content_type: int,
        version: int,
        sequence: int,
        fragment: bytes,
        *,
        cid: bytes = b"",
        header: bytes = b"",
    ) -> bytes:
        if len(fragment) < self._tag:
            raise Tampered
        nonce = (self._number ^ sequence).to_bytes(12, "big")
        beside = header or _RECORD.pack(content_type, version, len(fragment))
        try:
            return self._decrypt(nonce, fragment, beside)
        except self._invalid:
            raise Tampered from None

    def next(self) -> TrafficOpener:
        """The opener behind a KeyUpdate (RFC 8446 clause 7.2)."""
        return self._next()

    def sequence_mask(self, sample: bytes) -> bytes:
        """What the sequence number of a DTLS 1.3 record is hidden with (RFC 9147 clause 4.2.3).

        `sample` is the first 16 bytes of its ciphertext. Raises ValueError for fewer, and in TLS.
        """
        if self._mask is None or len(sample) != _BLOCK:
            raise ValueError("sequence numbers of DTLS are hidden by 16 bytes of ciphertext")
        return self._mask(sample)


class BlockOpener(Opener):
    """AES-CBC with a MAC inside (RFC 5246 clause 6.2.3.2) or around it (RFC 7366)."""

    __slots__ = ("_around", "_hash", "_mac_key", "_mac_length", "_update")

    def __init__(self, suite: Suite, key: bytes, mac_key: bytes, *, encrypt_then_mac: bool) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher as Ciphering
        from cryptography.hazmat.primitives.ciphers import algorithms, modes

        # A block needs the one before it alone: one context, never ended, reads record after
        # record, and what it makes of the explicit IV is dropped.
        chain = Ciphering(algorithms.AES(key), modes.CBC(bytes(_BLOCK))).decryptor()
        self._update = chain.update
        self._around = encrypt_then_mac
        self._hash = suite.mac_hash
        self._mac_key = mac_key
        self._mac_length = suite.mac_length

    def open(
        self,
        content_type: int,
        version: int,
        sequence: int,
        fragment: bytes,
        *,
        cid: bytes = b"",
        header: bytes = b"",
    ) -> bytes:
        mac = b""
        if self._around:
            mac, fragment = fragment[-self._mac_length :], fragment[: -self._mac_length]
            beside = associated(content_type, version, sequence, len(fragment), cid)
            if digest(self._mac_key, beside + fragment, self._hash) != mac:
                raise Tampered
        if len(fragment) < 2 * _BLOCK or len(fragment) % _BLOCK:
            raise Tampered
        padded = self._update(fragment)[_BLOCK:]
        padding = padded[-1] + 1
        end = len(padded) - padding
        if end < 0 or padded[end:] != padded[-1:] * padding:
            raise Tampered
        if self._around:
            return padded[:end]
        return _authentic(self, content_type, version, sequence, padded[:end], cid)


class ClearOpener(Opener):
    """No cipher, a MAC behind the content (RFC 4785, RFC 5246 clause 6.2.3.1)."""

    __slots__ = ("_hash", "_mac_key", "_mac_length")

    def __init__(self, suite: Suite, mac_key: bytes) -> None:
        self._hash = suite.mac_hash
        self._mac_key = mac_key
        self._mac_length = suite.mac_length

    def open(
        self,
        content_type: int,
        version: int,
        sequence: int,
        fragment: bytes,
        *,
        cid: bytes = b"",
        header: bytes = b"",
    ) -> bytes:
        return _authentic(self, content_type, version, sequence, fragment, cid)


def _authentic(
    opener: BlockOpener | ClearOpener,
    content_type: int,
    version: int,
    sequence: int,
    sealed: bytes,
    cid: bytes,
) -> bytes:
    """The content that stands before its MAC."""
    length = len(sealed) - opener._mac_length
    if length < 0:
        raise Tampered
    content = sealed[:length]
    beside = associated(content_type, version, sequence, length, cid)
    if digest(opener._mac_key, beside + content, opener._hash) != sealed[length:]:
        raise Tampered
    return content


def _decryption(
    suite: Suite, key: bytes
) -> tuple[Callable[[bytes, bytes, bytes], bytes], type[Exception]]:
    """The function of an AEAD with its key, and what it raises for what is not authentic."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import aead

    made: Any
    if suite.cipher is Cipher.CCM:
        made = aead.AESCCM(key, tag_length=suite.tag_length)
    elif suite.cipher is Cipher.GCM:
        made = aead.AESGCM(key)
    else:
        made = aead.ChaCha20Poly1305(key)
    return made.decrypt, InvalidTag
