# SPDX-License-Identifier: GPL-2.0-only
"""Records of TLS (RFC 5246 clause 6.2.1), DTLS 1.2 (RFC 6347 clause 4.1) with Connection IDs
(RFC 9146 clause 4), and the unified header of DTLS 1.3 (RFC 9147 clause 4).

Reading never raises: a record that does not fit ends the reading with its `error`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dissectors.tls.numbers import ACK, CHANGE_CIPHER_SPEC, TLS12_CID

TLS_HEADER: Final = 5
DTLS_HEADER: Final = 13
MOST_TLS: Final = (1 << 14) + 2048
"""Bytes of a TLS record behind its header at most (RFC 5246 clause 6.2.3)."""

UNIFIED: Final = 0x20
"""Of a first byte with the bits 001: a unified header."""
_HAS_CID: Final = 0x10


class Record(NamedTuple):
    """One record. Behind its header the bytes `body` to `end` are in clear, or what keys open.

    In a unified header, `epoch` has the lower two bits only, `sequence` is hidden by a mask and
    has `sequence_length` bytes at `sequence_at`, and the content type is 0: not told.
    In TLS, epoch and sequence are counted, not sent: 0 here.
    """

    content_type: int
    version: int
    epoch: int
    sequence: int
    cid: bytes
    start: int
    body: int
    end: int
    error: str = ""
    sequence_at: int = 0
    sequence_length: int = 0

    @property
    def unified(self) -> bool:
        return self.content_type == 0 and not self.error


def tls_record(data: bytes, at: int) -> Record | None:
    """The record at a byte of a stream; None when more bytes must come to tell."""
    if len(data) - at < TLS_HEADER:
        return None
    kind = data[at]
    version = data[at + 1] << 8 | data[at + 2]
    length = data[at + 3] << 8 | data[at + 4]
    body = at + TLS_HEADER
    end = body + length
    if not CHANGE_CIPHER_SPEC <= kind <= ACK or version >> 8 != 3:
        return Record(kind, version, 0, 0, b"", at, body, len(data), "not a TLS record")
    if length > MOST_TLS:
        return Record(kind, version, 0, 0, b"", at, body, len(data), "record too long")
    return Record(kind, version, 0, 0, b"", at, body, end) if end <= len(data) else None


def dtls_record(data: bytes, at: int, cid_length: int = 0) -> Record:
    """The record at a byte of a datagram, which has one there.

    `cid_length` is that of the Connection ID its receiver chose.
    """
    if data[at] & 0xE0 == UNIFIED:
        return _unified(data, at, cid_length)
    return _plain(data, at, cid_length)


def cid_at(data: bytes, at: int = 0) -> int:
    """Where the Connection ID of the record at a byte stands, 0 where it has none (RFC 9146 clause
    4, RFC 9147 clause 4)."""
    lead = data[at]
    if lead == TLS12_CID:
        return at + 11
    return at + 1 if lead & 0xF0 == UNIFIED | _HAS_CID else 0


def dtls_records(data: bytes, cid_length: int = 0) -> list[Record]:
    """The records of a datagram, up to the first that does not fit."""
    found = []
    at = 0
    while at < len(data):
        found.append(dtls_record(data, at, cid_length))
        at = found[-1].end
    return found


def _plain(data: bytes, at: int, cid_length: int) -> Record:
    """DTLSPlaintext, DTLSCiphertext of 1.2, and the one with a Connection ID."""
    size = len(data)
    kind = data[at]
    if not CHANGE_CIPHER_SPEC <= kind <= ACK:
        return Record(kind, 0, 0, 0, b"", at, at, size, "not a DTLS record")
    body = at + DTLS_HEADER
    if kind == TLS12_CID:
        body += cid_length
    if body > size:
        return Record(kind, 0, 0, 0, b"", at, size, size, "record header ends early")
    version = data[at + 1] << 8 | data[at + 2]
    numbers = int.from_bytes(data[at + 3 : at + 11], "big")
    epoch, sequence = numbers >> 48, numbers & 0xFFFF_FFFF_FFFF
    cid = data[at + 11 : body - 2] if kind == TLS12_CID else b""
    end = body + (data[body - 2] << 8 | data[body - 1])
    if version >> 8 != 0xFE and version != 0x0100:  # 0x0100: DTLS of old OpenSSL
        return Record(kind, version, epoch, sequence, cid, at, body, size, "not a DTLS record")
    if end > size:
        return Record(kind, version, epoch, sequence, cid, at, body, size, "record ends early")
    return Record(kind, version, epoch, sequence, cid, at, body, end)


def _unified(data: bytes, at: int, cid_length: int) -> Record:
    """DTLSCiphertext of 1.3: bits 001CSLEE, then what they tell."""
    size = len(data)
    flags = data[at]
    sequence_at = at + 1 + (cid_length if flags & _HAS_CID else 0)
    sequence_length = 2 if flags & 0x08 else 1
    body = sequence_at + sequence_length + (2 if flags & 0x04 else 0)
    if body > size:
        return Record(0, 0, flags & 3, 0, b"", at, size, size, "record header ends early")
    cid = data[at + 1 : sequence_at]
    sequence = int.from_bytes(data[sequence_at : sequence_at + sequence_length], "big")
    end = body + (data[body - 2] << 8 | data[body - 1]) if flags & 0x04 else size
    error = ""
    if end > size:
        end, error = size, "record ends early"
    return Record(
        0, 0, flags & 3, sequence, cid, at, body, end, error, sequence_at, sequence_length
    )


def looks_like_dtls(data: bytes) -> bool:
    """Whether a datagram begins like one of DTLS, at the cost of a few bytes (RFC 7983)."""
    if not data:
        return False
    if data[0] & 0xE0 == UNIFIED:
        return len(data) >= 18
    return (
        CHANGE_CIPHER_SPEC <= data[0] <= ACK
        and len(data) > DTLS_HEADER
        and (data[1] == 0xFE or data[1:3] == b"\x01\x00")
    )
