# SPDX-License-Identifier: GPL-2.0-only
"""Q-Block1, Q-Block2 and Request-Tag in one message."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..ordinary import READING, asked
from ..q_blocks import fetched, up
from . import Example


def put(**options: Any) -> Conversation:
    """A body in one Q-Block."""
    return asked("PUT", q_block1=(0, False, 2), **READING | options)


def missing(payload: bytes) -> Conversation:
    """Blocks 1 and 2 of four are lost; the server says so by this list, and gets them."""
    talk = up(Conversation(), 0, 3, last=3).non("4.08", content_format=272, payload=payload)
    return up(talk, 1, 2, last=3).non("2.04", q_block1=(3, False, 2))


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-9177-4.1-MIX": Example(
        asked(block2=(0, False, 2), q_block2=(0, True, 2)).ack("4.02"),
        asked(q_block2=(0, True, 2)).ack("2.05", q_block2=(0, False, 2), size2=4, **READING),
    ),
    "COAP-9177-4.3-NO-REQTAG": Example(
        put(size1=4).ack("4.00"),
        put(size1=4, request_tag=b"\x01").ack("2.04", q_block1=(0, False, 2)),
    ),
    "COAP-9177-4.6-NO-SIZE": Example(
        put(request_tag=b"\x01").ack("4.00"),
        put(size1=4, request_tag=b"\x01").ack("2.04", q_block1=(0, False, 2)),
    ),
    "COAP-9177-4.4-REPEATED-RESP": Example(
        fetched(2, 1),
        fetched(1, 2),
    ),
    "COAP-9177-5-MISSING-CF": Example(
        missing(b"\x02\x01"),
        missing(b"\x01\x02"),
    ),
    "COAP-9175-3.2-REQTAG-RESPONSE": Example(
        put(size1=4, request_tag=b"\x01").ack("2.04", q_block1=(0, False, 2), request_tag=b"\x01"),
        put(size1=4, request_tag=b"\x01").ack("2.04", q_block1=(0, False, 2)),
    ),
}
