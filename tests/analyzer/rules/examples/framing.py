# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 3, 4.6, 6.2: the header, how large a message is, and its port."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example
from .block_responses import part

BODY: Final = part((0, True, 6))
MARKED: Final = "42 {:02x} 12 34 4a 1f b4 74 65 6d 70 ff"
"""A message to /temp that ends with the payload marker."""


def post(**fields: Any) -> Conversation:
    named = {"token": b"\x4a\x1f", "path": "/log", "content_format": 0}
    return Conversation().con("POST", **named | fields)


def in_blocks() -> Conversation:
    """900 bytes in blocks of 512."""
    talk = post(mid=0x1234, block1=(0, True, 5), payload=BODY[:512]).ack(
        "2.31", block1=(0, True, 5)
    )
    named = {"token": b"\x4a\x1f", "path": "/log", "content_format": 0, "block1": (1, False, 5)}
    talk.con("POST", mid=0x1235, payload=BODY[512:900], **named)
    return talk.ack("2.04", block1=(1, False, 5))


def sent(**fields: Any) -> Conversation:
    """A large representation."""
    talk = Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/log")
    return talk.ack("2.05", content_format=0, **fields)


DTLS_SERVER: Final = "192.0.2.2:5684"
CLIENT_HELLO: Final = bytes.fromhex("16fefd0000000000000000001001000004000000000000000400000000")

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-3-SHORT": Example(
        bad=Conversation().raw("40 01 12"),
        good=Conversation().con("GET", mid=0x1234).ack("2.05", payload=b"CoAP 1.0"),
    ),
    "COAP-7252-3-VERSION": Example(
        bad=Conversation().raw("80 01 12 34"),
        good=Conversation().con("GET", mid=0x1234).ack("2.05", payload=b"CoAP 1.0"),
    ),
    "COAP-7252-3-VERSION-ANSWERED": Example(
        bad=Conversation().raw("80 01 12 34").raw("70 00 12 34", by="server"),
        good=Conversation().raw("80 01 12 34"),
        beside={"COAP-7252-3-VERSION": "what is answered has another version"},
    ),
    "COAP-7252-3-MARKER-NO-PAYLOAD": Example(
        bad=Conversation().raw(MARKED.format(1)).raw("70 00 12 34", by="server"),
        good=Conversation().raw(MARKED.format(2) + "31").raw("62 44 12 34 4a 1f", by="server"),
    ),
    "COAP-7252-4.6-FRAGMENTED": Example(
        bad=post(mid=0x1234, payload=BODY[:900]).in_fragments((0, 480), (480, 923)).ack("2.04"),
        good=in_blocks(),
    ),
    "COAP-7252-4.6-LARGE": Example(
        bad=sent(payload=(BODY * 2)[:1300]),
        good=sent(etag=b"\x01", block2=(0, True, 6), payload=BODY),
    ),
    "COAP-7252-6.2-PLAIN-ON-5684": Example(
        bad=Conversation(server=DTLS_SERVER)
        .con("GET", mid=0x1234)
        .ack("2.05", payload=b"CoAP 1.0"),
        good=Conversation(server=DTLS_SERVER).raw(CLIENT_HELLO),
    ),
}
