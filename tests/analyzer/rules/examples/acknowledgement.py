# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 4.2, 4.3, 5.2.2, 5.3.2, 8.1: what is acknowledged or reset, and when."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from . import Example

GROUP: Final = "224.0.1.187:5683"
MEMBER: Final = "192.0.2.7:5683"
CUT_SHORT: Final = "42 01 12 34 4a 1f b9 74 65 6d 70"
"""GET whose Uri-Path is to have 9 bytes and has 4."""


def get(mid: int = 0x1234) -> Conversation:
    return Conversation().con("GET", mid=mid, token=b"\x4a\x1f", path="/temp")


def non(mid: int = 0x1234) -> Conversation:
    return Conversation().non("GET", mid=mid, token=b"\x4a\x1f", path="/temp")


def notified() -> Conversation:
    """A request and its NON response."""
    return non(0x1233).non("2.05", mid=0x1234, payload=b"21.5")


def group() -> Conversation:
    talk = Conversation(server=GROUP)
    return talk.non("GET", mid=0x1234, token=b"\x4a\x1f", path="/lights")


def separate(mid: int = 0x1234) -> Conversation:
    return get(mid).ack()


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-4.2-ACK-DELAY": Example(
        bad=get().wait(2.59).ack("2.05", payload=b"21.5"),
        good=get().wait(0.49).ack().wait(2.09).con("2.05", mid=0x8000, payload=b"21.5").ack(),
    ),
    "COAP-7252-4.3-NON-ACKED": Example(
        bad=non().ack("2.05", payload=b"21.5"),
        good=non().non("2.05", mid=0x8000, payload=b"21.5"),
    ),
    "COAP-7252-4.3-NON-RST": Example(
        bad=notified().rst(),
        good=notified(),
    ),
    "COAP-7252-8.1-MC-RST": Example(bad=group().rst(source=MEMBER), good=group()),
    "COAP-7252-8.1-MC-ACK": Example(
        bad=group().ack("2.05", source=MEMBER, payload=b"on"),
        good=group().wait(1.2).non("2.05", mid=0x8000, source=MEMBER, payload=b"on"),
    ),
    "COAP-7252-4.2-PING-ACKED": Example(
        bad=Conversation().con(mid=0x1234).ack(),
        good=Conversation().con(mid=0x1234).rst(),
    ),
    "COAP-7252-5.2.2-ACK-NONEMPTY": Example(
        bad=separate(0x1233).wait(3).con("2.05", mid=0x1234, payload=b"21.5").ack("2.05"),
        good=separate(0x1233).wait(3).con("2.05", mid=0x1234, payload=b"21.5").ack(),
    ),
    "COAP-7252-5.2.2-EMPTY-THEN-PIGGYBACK": Example(
        bad=separate().wait(3).ack("2.05", payload=b"21.5"),
        good=separate().wait(3).con("2.05", mid=0x8000, payload=b"21.5").ack(),
    ),
    "COAP-7252-4.2-REJECT-EXPECTED": Example(
        bad=Conversation().raw(CUT_SHORT).raw("62 45 12 34 4a 1f", by="server"),
        good=Conversation().raw(CUT_SHORT).raw("70 00 12 34", by="server"),
        beside={"COAP-7252-3.1-VALUE-TRUNC": "what is malformed is at issue"},
    ),
    "COAP-7252-5.3.2-LATE-RST": Example(
        bad=get().non("2.05", mid=0x8000).wait(60).con("2.05", mid=0x8001).rst(),
        good=separate().con("2.05", mid=0x8000, payload=b"21.5").ack(),
        beside={"COAP-7252-5.2-EXTRA-RESPONSE": "a response too many is what the client rejects"},
    ),
}
