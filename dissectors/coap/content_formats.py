# SPDX-License-Identifier: GPL-2.0-only
"""Content-Formats as data, and what a payload of each is written in, as far as that can be
checked."""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Final

CONTENT_FORMATS: Final[dict[int, str]] = {
    0: "text/plain; charset=utf-8",
    16: 'application/cose; cose-type="cose-encrypt0"',
    17: 'application/cose; cose-type="cose-mac0"',
    18: 'application/cose; cose-type="cose-sign1"',
    19: "application/ace+cbor",
    21: "image/gif",
    22: "image/jpeg",
    23: "image/png",
    40: "application/link-format",
    41: "application/xml",
    42: "application/octet-stream",
    47: "application/exi",
    50: "application/json",
    51: "application/json-patch+json",
    52: "application/merge-patch+json",
    60: "application/cbor",
    61: "application/cwt",
    62: "application/multipart-core",
    63: "application/cbor-seq",
    64: "application/edhoc+cbor-seq",
    65: "application/cid-edhoc+cbor-seq",
    96: 'application/cose; cose-type="cose-encrypt"',
    97: 'application/cose; cose-type="cose-mac"',
    98: 'application/cose; cose-type="cose-sign"',
    101: "application/cose-key",
    102: "application/cose-key-set",
    110: "application/senml+json",
    111: "application/sensml+json",
    112: "application/senml+cbor",
    113: "application/sensml+cbor",
    114: "application/senml-exi",
    115: "application/sensml-exi",
    140: "application/yang-data+cbor; id=sid",
    256: "application/coap-group+json",
    257: "application/concise-problem-details+cbor",
    258: "application/swid+cbor",
    259: "application/pkixcmp",
    260: "application/yang-sid+json",
    261: "application/ace-groupcomm+cbor",
    262: "application/ace-trl+cbor",
    263: "application/eat+cwt",
    264: "application/eat+jwt",
    265: "application/eat-bun+cbor",
    266: "application/eat-bun+json",
    267: "application/eat-ucs+cbor",
    268: "application/eat-ucs+json",
    269: "application/coap-eap",
    271: "application/dots+cbor",
    272: "application/missing-blocks+cbor-seq",
    280: "application/pkcs7-mime; smime-type=server-generated-key",
    281: "application/pkcs7-mime; smime-type=certs-only",
    284: "application/pkcs8",
    285: "application/csrattrs",
    286: "application/pkcs10",
    287: "application/pkix-cert",
    290: "application/aif+cbor",
    291: "application/aif+json",
    310: "application/senml+xml",
    311: "application/sensml+xml",
    320: "application/senml-etch+json",
    322: "application/senml-etch+cbor",
    340: "application/yang-data+cbor",
    341: "application/yang-data+cbor; id=name",
    432: "application/td+json",
    433: "application/tm+json",
    434: "application/sdf+json",
    553: "application/dns-message",
    601: "application/uccs+cbor",
    836: "application/voucher-cose+cbor",
    10000: "application/vnd.ocf+cbor",
    10001: "application/oscore",
    10002: "application/javascript",
    10570: "application/toc+cbor",
    10571: "application/ce+cbor",
    11050: "application/json (deflate)",
    11060: "application/cbor (deflate)",
    11542: "application/vnd.oma.lwm2m+tlv",
    11543: "application/vnd.oma.lwm2m+json",
    11544: "application/vnd.oma.lwm2m+cbor",
    12000: "text/plain (zstd)",
    12041: "application/xml (zstd)",
    12050: "application/json (zstd)",
    20000: "text/css",
    30000: "image/svg+xml",
}
"""Registry as of 2026-08; RFC 9876 for the ranges."""


def content_format_name(number: int) -> str:
    """Media type of a Content-Format, or `Unknown`."""
    return CONTENT_FORMATS.get(number, "Unknown")


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
