# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7959: what block options say in one message."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example

HALF: Final = b"18.2,18.4,18.1,1"
"""Sixteen bytes: a block of the smallest size."""


def get(**fields: Any) -> Conversation:
    return Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/log", **fields)


def post(block1: tuple[int, bool, int], payload: bytes, **fields: Any) -> Conversation:
    fields = {"mid": 0x1234, "path": "/log", "content_format": 0} | fields
    return Conversation().con("POST", token=b"\x4a\x1f", block1=block1, payload=payload, **fields)


def second(payload: bytes) -> Conversation:
    """The second and last block of a body, whatever it holds."""
    talk = post((0, True, 0), HALF, mid=0x1233).ack("2.31", block1=(0, True, 0))
    fields = {"token": b"\x4a\x1f", "path": "/log", "content_format": 0}
    return talk.con("POST", mid=0x1234, block1=(1, False, 0), payload=payload, **fields)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7959-2.2-SZX7": Example(
        bad=get(block2=(0, False, 7)).ack("4.00"),
        good=get(block2=(0, False, 6)).ack("2.05", block2=(0, False, 6), payload=HALF),
    ),
    "COAP-7959-2.2-B2-REQ-M": Example(
        bad=get(block2=(1, True, 6)).ack("2.05", block2=(1, False, 6), payload=HALF),
        good=get(block2=(1, False, 6)).ack("2.05", block2=(1, False, 6), payload=HALF),
    ),
    "COAP-7959-2.3-SIZE": Example(
        bad=post((0, True, 0), b"1").ack("4.00"),
        good=post((0, False, 0), b"1").ack("2.04", block1=(0, False, 0)),
    ),
    "COAP-7959-2.3-LAST-LARGE": Example(
        bad=post((0, False, 0), HALF + b"8").ack("2.04", block1=(0, False, 0)),
        good=post((0, False, 0), b"0").ack("2.04", block1=(0, False, 0)),
    ),
    "COAP-7959-2.3-EMPTY-LAST": Example(
        bad=second(b"").ack("2.04", block1=(1, False, 0)),
        good=second(b"8").ack("2.04", block1=(1, False, 0)),
    ),
    "COAP-7959-2.1-B1-NO-PAYLOAD-METHOD": Example(
        bad=get(block1=(0, False, 6)).ack("4.02"),
        good=get(block2=(0, False, 6)).ack("2.05", block2=(0, False, 6), payload=HALF),
    ),
    "COAP-7959-2.3-B1M-WITH-B2": Example(
        bad=post((0, True, 0), HALF).ack(
            "2.04", block1=(0, True, 0), block2=(0, False, 2), payload=b"stored"
        ),
        good=post((0, False, 0), HALF).ack(
            "2.04", block1=(0, False, 0), block2=(0, False, 2), payload=b"stored"
        ),
        beside={"COAP-7959-2.3-CONTINUE-M": "it says no less of this Block1"},
    ),
}
