# SPDX-License-Identifier: GPL-2.0-only
"""Conditions, validation and locations in one message."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example
from .block_options import HALF

LAMP: Final[dict[str, Any]] = {"path": "/lamp", "content_format": 0}


def get(**fields: Any) -> Conversation:
    return Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/lamp", **fields)


def put(**fields: Any) -> Conversation:
    named = LAMP | {"payload": b"on"} | fields
    return Conversation().con("PUT", mid=0x1234, token=b"\x4a\x1f", **named)


def post() -> Conversation:
    return Conversation().con("POST", mid=0x1234, token=b"\x4a\x1f", payload=b"on", **LAMP)


def in_blocks(later: bool) -> Conversation:
    """A condition in the first block of a body, or in its second."""
    talk = Conversation()
    for number in (0, 1):
        condition: dict[str, Any] = {"if_none_match": b""} if number <= later else {}
        block = (number, number == 0, 0)
        named = LAMP | condition | {"block1": block, "payload": HALF[: 16 - 12 * number]}
        talk.con("PUT", mid=0x1233 + number, token=b"\x4a\x1f", **named)
        talk.ack("2.01" if number else "2.31", block1=block)
    return talk


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.9.1.3-VALID-NO-ETAG": Example(
        bad=get(etag=b"\x01").ack("2.03"), good=get(etag=b"\x01").ack("2.03", etag=b"\x01")
    ),
    "COAP-7252-5.10.7-LOCATION-CODE": Example(
        bad=post().ack("2.04", location_path="a"), good=post().ack("2.01", location_path="a")
    ),
    "COAP-7252-5.10.8-BOTH-CONDITIONS": Example(
        bad=put(if_match=b"\x01", if_none_match=b"").ack("4.12"),
        good=put(if_none_match=b"").ack("2.01"),
    ),
    "COAP-7959-2.10-IFNONEMATCH": Example(bad=in_blocks(later=True), good=in_blocks(later=False)),
}
