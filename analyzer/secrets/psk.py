# SPDX-License-Identifier: GPL-2.0-only
"""Pre-shared keys as text: a line for each identity, its key behind the last colon.

    ue-17@example.org:0a1b2c        # as the files of GnuTLS (psktool) are
    urn:dev:17:0a1b2c               # an identity may have colons
    ue-17,0a1b2c                    # a comma does as well
    #75652d3137:0a1b2c              # the identity in hex, as GnuTLS writes it
    0x75652d3137:0a1b2c             # likewise
    ue-17:"secretPSK"               # a key that is text, as libcoap's -k has it
    0a1b2c                          # the key of every identity that has none of its own

In AKMA (TS 33.535 clause 6.3, which TS 33.501 Annex Y builds on) the identity is the A-KID and the
key is K_AF.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 65_535
"""Bytes of an identity or a key (RFC 4279 clause 2)."""

_MAY_BE: Final = re.compile(r"(.*[:,=])?(0x)?[0-9a-fA-F]{16,}", re.DOTALL)


def may_be_key(word: str) -> bool:
    """Whether a word that should name a file looks like a key, which no message may show."""
    return _MAY_BE.fullmatch(word.strip()) is not None


class PskError(Exception):
    """A line that cannot be used; the message says which and why, without a key."""


class Identities:
    """Keys by identity. Its repr has none."""

    def __init__(self) -> None:
        self.keys: dict[bytes, bytes] = {}
        self.for_all: bytes | None = None
        """The key of every other identity."""

    def add(self, text: bytes) -> None:
        """Take the lines of a file. Raises PskError."""
        for number, line in enumerate(text.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
            try:
                self._take(line.strip())
            except PskError as error:
                raise PskError(f"line {number} {error}") from None

    def _take(self, line: bytes) -> None:
        if not line:
            return
        if line.startswith(b"#"):
            self._take_comment(line)
            return
        key = _key(line)
        if key is not None:
            self.for_all = _same(self.for_all, key, "gives another key for every identity")
            return
        for separator in (b':"', b',"', b":", b","):
            identity, found, last = line.rpartition(separator)
            key = _key(separator[1:] + last.strip())
            if found and key is not None:
                self._add(identity.strip(), key)
                return
        raise PskError("is no identity and key; write IDENTITY:HEX, or HEX for all")

    def _take_comment(self, line: bytes) -> None:
        """A comment, unless it is a line of GnuTLS with the identity in hex."""
        identity, _, key = line[1:].partition(b":")
        name, secret = _hex(identity), _hex(key)
        if name is not None and secret is not None:
            self._put(name, secret)

    def _add(self, identity: bytes, key: bytes) -> None:
        self._put(identity, key)
        named = _hex(identity[2:]) if identity[:2].lower() == b"0x" else None
        if named is not None:  # whether the peers mean the text or its bytes, nobody can tell
            self._put(named, key)

    def _put(self, identity: bytes, key: bytes) -> None:
        if len(identity) > LONGEST:
            raise PskError(f"has an identity of more than {LONGEST} bytes")
        known = self.keys.get(identity)
        self.keys[identity] = _same(known, key, "gives another key for an identity named before")

    def __repr__(self) -> str:
        return f"<Identities: {len(self.keys)}>"


def _same(known: bytes | None, key: bytes, otherwise: str) -> bytes:
    if len(key) > LONGEST:
        raise PskError(f"has a key of more than {LONGEST} bytes")
    if known is not None and known != key:
        raise PskError(f"{otherwise}; keep one of them")
    return key


def _key(text: bytes) -> bytes | None:
    """A key in hex, or as text in quotes; None for what is neither."""
    if len(text) > 2 and text[:1] == text[-1:] == b'"':
        return text[1:-1]
    return _hex(text.removeprefix(b"0x"))


def _hex(text: bytes) -> bytes | None:
    """The bytes that `text` writes in hex, None where it is anything else, or nothing."""
    if not text or not text.isalnum():  # fromhex passes over blanks
        return None
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None
