# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7959 clauses 2.4, 2.5: what becomes of a body in blocks."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example
from .block_responses import FIRST, LAST, SECOND, Block, part, stored


def fetch(talk: Conversation, block: Block, **fields: Any) -> Conversation:
    """A block is asked for and sent."""
    num, _, szx = block
    asked = {"block2": (num, False, szx)} if num else {}
    talk.con("GET", token=b"\x4a" + bytes([num + 1]), path="/log", **asked)
    return talk.ack("2.05", block2=block, payload=part(block), **fields)


def download(*blocks: tuple[Block, bytes]) -> Conversation:
    """Blocks, each with its ETag."""
    talk = Conversation()
    for block, etag in blocks:
        fetch(talk, block, etag=etag)
    return talk


def late(seconds: float) -> Conversation:
    """Two blocks of a request, so far apart."""
    talk = stored(FIRST).wait(seconds)
    fields = {"token": b"\x4a\x1f", "path": "/log", "content_format": 0}
    return talk.con("PUT", block1=(1, False, 2), payload=b"18.9", **fields)


def second_again(payload: bytes) -> Conversation:
    """The second block of a request, and once more under another Message ID."""
    talk = stored(((0, True, 0), "2.31", (0, True, 0)))
    for body in (b"18.9,18.8,18.7,1", payload):
        fields = {"token": b"\x4a\x1f", "path": "/log", "content_format": 0}
        talk.con("PUT", block1=(1, True, 0), payload=body, **fields)
        talk.ack("2.31", block1=(1, True, 0))
    return talk


ONE, TWO, THREE = (0, True, 2), (1, True, 2), (2, True, 2)

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7959-2.5-B1-HOLE-ACCEPTED": Example(
        bad=stored(FIRST, (LAST, "2.04", LAST)),
        good=stored(FIRST, SECOND, (LAST, "2.04", LAST)),
        beside={"COAP-7959-2.5-B1-ORDER": "the hole that the server accepts"},
    ),
    "COAP-7959-2.5-INCOMPLETE": Example(
        bad=download((ONE, b"\x01")), good=download((ONE, b"\x01"), ((1, False, 2), b"\x01"))
    ),
    "COAP-7959-2.5-STALE": Example(
        bad=late(300).ack("4.08", block1=(1, False, 2)),
        good=late(0.1).ack("2.04", block1=(1, False, 2)),
    ),
    "COAP-7959-2.4-ETAG-CHANGED": Example(
        bad=download((ONE, b"\x01"), (TWO, b"\x02"), (THREE, b"\x02")),
        good=download((ONE, b"\x01"), (TWO, b"\x01"), (THREE, b"\x01")),
    ),
    "COAP-7959-2.5-CONFLICT": Example(
        bad=second_again(b"17.0,17.1,17.2,1"), good=second_again(b"18.9,18.8,18.7,1")
    ),
}
