# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7959, RFC 9175: blocks of one body, one after the other."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example
from .block_responses import FIRST, Block, part, stored
from .blockwise import ONE, THREE, TWO, download


def asked(talk: Conversation, asked: Block, sent: Block, **fields: Any) -> Conversation:
    """A block is asked for, and one is sent."""
    talk.con("GET", token=b"\x4a\x10", path="/log", block2=asked, **fields)
    return talk.ack("2.05", etag=b"\x01", block2=sent, payload=part(sent))


def both_ways(*numbers: int) -> Conversation:
    """A body in two blocks, and blocks of its answer as they are asked for."""
    talk = Conversation()
    fields = {"path": "/query", "content_format": 0}
    talk.con("POST", token=b"\x4a\x01", block1=ONE, payload=part(ONE), **fields)
    talk.ack("2.31", block1=ONE)
    talk.con("POST", token=b"\x4a\x02", block1=(1, False, 2), payload=b"18.9", **fields)
    answer = {"payload": part(ONE), "etag": b"\x01"}
    talk.ack("2.04", block1=(1, False, 2), block2=ONE, **answer)
    for number in numbers:
        token = b"\x4a" + bytes([number + 2])
        talk.con("POST", token=token, path="/query", block2=(number, False, 2))
        talk.ack("2.04", block2=(number, True, 2), **answer)
    return talk


def bodies(*blocks: tuple[Block, bytes], tagged: bool = False) -> Conversation:
    """Blocks of several bodies to the same resource, told apart by their tokens, and tags."""
    talk = Conversation()
    for block, body in blocks:
        tag = {"request_tag": body} if tagged else {}
        fields = {"content_format": 0, "block1": block, "payload": part(block)} | tag
        talk.con("PUT", token=b"\x4a" + body, path="/log", **fields)
        talk.ack("2.31" if block[1] else "2.04", block1=block)
    return talk


CBOR: Final = b"\x58\x42" + part(ONE)[:62]
"""The first block of a byte string of 66 bytes."""


def representation(**second: Any) -> Conversation:
    """Two blocks of a representation; the second is asked for with other options."""
    talk = Conversation().con("GET", token=b"\x4a\x01", path="/log", accept=60)
    talk.ack("2.05", etag=b"\x01", content_format=60, block2=ONE, payload=CBOR)
    talk.con("GET", token=b"\x4a\x02", path="/log", block2=(1, False, 2), **second)
    last = {"etag": b"\x01", "content_format": 60, "block2": (1, False, 2)}
    return talk.ack("2.05", payload=b"18.9", **last)


SMALLER: Final = ((0, True, 6), "2.31", ONE)
A, B = b"\x01", b"\x02"

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7959-2.3-B2-SZX-NOT-ADOPTED": Example(
        bad=asked(download((ONE, b"\x01")), (1, False, 6), (16, True, 2)),
        good=asked(download((ONE, b"\x01")), (1, False, 2), TWO),
    ),
    "COAP-7959-2.4-B2-SZX-CHANGED": Example(
        bad=asked(download((ONE, b"\x01"), (TWO, b"\x01")), (2, False, 2), (4, True, 1)),
        good=asked(download((ONE, b"\x01"), (TWO, b"\x01")), (2, False, 2), THREE),
    ),
    "COAP-7959-2.3-B1-SZX-IGNORED": Example(
        bad=stored(SMALLER, ((1, True, 6), "2.31", (16, True, 2))),
        good=stored(SMALLER, ((16, True, 2), "2.31", (16, True, 2))),
    ),
    "COAP-7959-2.7-B2-ORDER": Example(bad=both_ways(1, 2, 1), good=both_ways(1, 2)),
    "COAP-7959-2.5-B1-ORDER": Example(
        bad=stored(FIRST, (THREE, "2.31", THREE)), good=stored(FIRST, (TWO, "2.31", TWO))
    ),
    "COAP-7959-2.5-B1-INTERLEAVED": Example(
        bad=bodies((ONE, A), (TWO, A), (ONE, B), (THREE, A)),
        good=bodies((ONE, A), (TWO, A), (ONE, B), (THREE, A), tagged=True),
    ),
    "COAP-7959-2.4-B2-OPTIONS": Example(bad=representation(), good=representation(accept=60)),
    "COAP-9175-3.2-REQTAG-CHANGED": Example(
        bad=bodies((ONE, A), ((1, False, 2), B), tagged=True),
        good=bodies((ONE, A), ((1, False, 2), A), tagged=True),
    ),
}
