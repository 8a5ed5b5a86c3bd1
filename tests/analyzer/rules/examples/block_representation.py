# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7959: what the blocks of one body say of it."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example
from .block_responses import Block, part
from .blockwise import ONE

LAST: Final[Block] = (1, False, 2)


def download(*blocks: tuple[Block, bytes, dict[str, Any]]) -> Conversation:
    """Blocks with their payload and further options."""
    talk = Conversation()
    for place, (block, payload, options) in enumerate(blocks):
        num, _, szx = block
        asked = {"block2": (num, False, szx)} if num else {}
        talk.con("GET", token=b"\x4a" + bytes([place + 1]), path="/log", **asked)
        talk.ack("2.05", block2=block, payload=payload, **options)
    return talk


def two(first: dict[str, Any], second: dict[str, Any]) -> Conversation:
    """A body of two blocks, each with its options."""
    return download((ONE, part(ONE), first), (LAST, b"18.9", second))


def past(talk: Conversation) -> Conversation:
    return talk.con("GET", token=b"\x4a\x09", path="/log", block2=(2, False, 2))


def later(**first: Any) -> Conversation:
    """A later block of the answer to a body."""
    fields = {"token": b"\x4a\x1f", "path": "/query"} | first
    talk = Conversation().con("POST", block2=(1, False, 2), **fields)
    named = {} if "block1" not in first else {"block1": first["block1"]}
    return talk.ack("2.04", block2=(1, False, 2), payload=b"18.9", etag=b"\x01", **named)


ETAG: Final = {"etag": b"\x01"}
JSON: Final = ETAG | {"content_format": 50}
CBOR: Final = ETAG | {"content_format": 60}

START: Final = b"[" + b"18," * 21
"""A block of a JSON array."""

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7959-2.4-ETAG-MIXED": Example(bad=two(ETAG, {}), good=two(ETAG, ETAG)),
    "COAP-7959-2.4-NO-ETAG": Example(bad=two({}, {}), good=two(ETAG, ETAG)),
    "COAP-7959-2.3-CF-CHANGED": Example(
        bad=download((ONE, START, JSON), (LAST, b"18]", CBOR)),
        good=download((ONE, START, JSON), (LAST, b"18]", JSON)),
    ),
    "COAP-7959-2.4-B2-PAST-END": Example(
        bad=past(two(ETAG, ETAG)).ack("2.05", block2=(2, False, 2), payload=b"18.9", **ETAG),
        good=past(two(ETAG, ETAG)).ack("4.00"),
    ),
    "COAP-7959-2.7-B1-LEFTOVER": Example(bad=later(block1=(2, False, 2)), good=later()),
    "COAP-7959-4-SIZE-ESTIMATE": Example(
        bad=two(ETAG | {"size2": 1000}, ETAG), good=two(ETAG | {"size2": 68}, ETAG)
    ),
}
