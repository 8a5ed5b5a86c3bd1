# SPDX-License-Identifier: GPL-2.0-only
"""Content-Formats as data, and what a payload of each is written in, as far as that can be
checked."""

from __future__ import annotations

from enum import IntEnum
from functools import cache

from dissectors.coap.media_types import CONTENT_FORMATS


class Syntax(IntEnum):
    """How a payload is written."""

    ANY = 0  # binary, compressed, or of a syntax not checked
    TEXT = 1  # UTF-8 (RFC 3629)
    JSON = 2  # RFC 8259
    CBOR = 3  # one item (RFC 8949)
    CBOR_SEQUENCE = 4  # RFC 8742
    LINKS = 5  # CoRE link format (RFC 6690)


_SUFFIXES = {
    "json": Syntax.JSON,
    "cbor": Syntax.CBOR,
    "cwt": Syntax.CBOR,
    "cose": Syntax.CBOR,
    "cose-key": Syntax.CBOR,
    "cose-key-set": Syntax.CBOR,
    "cbor-seq": Syntax.CBOR_SEQUENCE,
    "link-format": Syntax.LINKS,
}


def syntax_of(content_format: int) -> Syntax:
    """The syntax by the media type's name and structured suffix (RFC 6839)."""
    name = CONTENT_FORMATS.get(content_format, "")
    if name.endswith(")"):  # a content coding: deflate, zstd
        return Syntax.ANY
    media_type = name.partition(";")[0]
    kind, _, subtype = media_type.partition("/")
    if kind == "text":
        return Syntax.TEXT
    return _SUFFIXES.get(subtype.rpartition("+")[2], Syntax.ANY)


@cache
def syntax_table() -> bytes:
    """Syntaxes by Content-Format, as kernels read them."""
    table = bytearray(65536)
    for number in CONTENT_FORMATS:
        table[number] = syntax_of(number)
    return bytes(table)
