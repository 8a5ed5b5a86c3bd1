# SPDX-License-Identifier: GPL-2.0-only
"""Checksums, and fragments of IP."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation, coap
from . import Example
from .block_responses import part

BODY: Final = part((0, True, 6))


def get(**fields: Any) -> Conversation:
    return Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/temp", **fields)


def post(*parts: tuple[int, int], **frame: Any) -> Conversation:
    """A datagram of 508 bytes in fragments."""
    data = message(BODY)
    return Conversation().raw(data).in_fragments(*parts, **frame)


def message(body: bytes) -> bytes:
    fields = {"token": b"\x4a\x1f", "path": "/log", "content_format": 0}
    head = coap(0, "POST", mid=0x1234, payload=b"x", **fields)[:-1]
    return head + body[: 500 - len(head)]


BESIDE: Final = {"COAP-7252-4.6-FRAGMENTED": "fragments are at issue"}

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-CAP-CHECKSUM": Example(bad=get(checksum=0x1234), good=get(checksum=0xA119)),
    "COAP-CAP-FRAG-OVERLAP": Example(
        bad=post((0, 304), (200, 508), data=message(BODY[::-1])),
        good=post((0, 304), (304, 508)).recorded_again(),
        beside=BESIDE,
    ),
    "COAP-CAP-FRAG-MISSING": Example(
        bad=post((0, 200), (400, 508)),
        good=post((0, 200), (200, 400), (400, 508)),
        beside=BESIDE,
    ),
}
