# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7959 clause 4: Size1 and Size2."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example


def get(**fields: Any) -> Conversation:
    return Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/log", **fields)


def post(**fields: Any) -> Conversation:
    fields |= {"token": b"\x4a\x1f", "path": "/log", "content_format": 0}
    return Conversation().con("POST", mid=0x1234, payload=b"1", **fields)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7959-4-SIZE2-REQ": Example(
        bad=get(size2=100).ack("2.05", payload=b"18.2"),
        good=get(size2=0).ack("2.05", payload=b"18.2"),
    ),
    "COAP-7959-4-SIZE-CONTEXT": Example(
        bad=post(size1=100).ack("2.04"),
        good=post(block1=(0, False, 0), size1=1).ack("2.04", block1=(0, False, 0)),
    ),
}
