# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7959: the block of a response beside that of its request."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from . import Example

Block = tuple[int, bool, int]
"""NUM, M, SZX: 0 is 16 bytes, 2 is 64, 4 is 256, 6 is 1024."""

_READINGS: Final = b"18.2,18.4,18.1,17." * 57


def part(block: Block) -> bytes:
    """As many bytes as a block has that is not the last one."""
    return _READINGS[: 16 << block[2]]


def fetched(asked: Block, sent: Block) -> Conversation:
    """A request for a block, and the block that is sent."""
    talk = Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/log", block2=asked)
    return talk.ack("2.05", etag=b"\x01", block2=sent, payload=part(sent))


def stored(*steps: tuple[Block, str, Block | None]) -> Conversation:
    """The blocks of a body, each with the code and the block of its response."""
    talk = Conversation()
    for sent, code, said in steps:
        named = {"content_format": 0, "block1": sent, "payload": part(sent)}
        talk.con("PUT", token=b"\x4a\x1f", path="/log", **named)
        talk.ack(code, **({} if said is None else {"block1": said}))
    return talk


FIRST: Final = ((0, True, 2), "2.31", (0, True, 2))
SECOND: Final = ((1, True, 2), "2.31", (1, True, 2))
LAST: Final = (2, False, 2)

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7959-2.4-B2-SZX-GROWN": Example(
        bad=fetched((0, False, 2), (0, True, 6)), good=fetched((0, False, 2), (0, True, 2))
    ),
    "COAP-7959-2.4-B2-OFFSET": Example(
        bad=fetched((1, False, 4), (1, True, 2)), good=fetched((1, False, 4), (4, True, 2))
    ),
    "COAP-7959-2.3-B1-ACK-NUM": Example(
        bad=stored(FIRST, SECOND, ((2, True, 2), "2.31", (1, True, 2))),
        good=stored(FIRST, SECOND, ((2, True, 2), "2.31", (2, True, 2))),
    ),
    "COAP-7959-2.3-B1-SZX-LARGER": Example(
        bad=stored(((0, True, 2), "2.31", (0, True, 6))),
        good=stored(((0, True, 2), "2.31", (0, True, 2))),
    ),
    "COAP-7959-2.3-B1-MISSING": Example(
        bad=stored(((0, True, 2), "2.31", None)), good=stored(FIRST)
    ),
    "COAP-7959-2.9.1-CONTINUE-CONTEXT": Example(
        bad=stored(FIRST, SECOND, (LAST, "2.31", (2, True, 2))),
        good=stored(FIRST, SECOND, (LAST, "2.04", LAST)),
        beside={
            "COAP-7252-5.9-CODE-METHOD": "2.31 is no answer to the last block",
            "COAP-7959-2.3-B1-M-FINAL": "a 2.31 has M 1",
        },
    ),
    "COAP-7959-2.3-CONTINUE-M": Example(
        bad=stored(((0, True, 2), "2.31", (0, False, 2))),
        good=stored(FIRST),
    ),
    "COAP-7959-2.3-B1-M-FINAL": Example(
        bad=stored(FIRST, SECOND, (LAST, "2.04", (2, True, 2))),
        good=stored(FIRST, SECOND, (LAST, "2.04", LAST)),
        beside={"COAP-7959-2.3-CONTINUE-M": "a success with M 1"},
    ),
}
