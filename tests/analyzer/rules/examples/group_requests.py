# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 8 and 12.8: messages to groups, and from them."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example

GROUP: Final = "224.0.1.187:5683"
MEMBER: Final = "192.0.2.2:5683"


def ask(kind: str = "non", **fields: Any) -> Conversation:
    """A request to the group."""
    return answered(getattr(Conversation(server=GROUP), kind)("GET", **NAMED | fields))


def answered(talk: Conversation, source: str = MEMBER) -> Conversation:
    """One member answers after a while."""
    return talk.wait(1.2).non("2.05", mid=0x8000, source=source, payload=b"on")


NAMED: Final[dict[str, Any]] = {"mid": 0x1234, "token": b"\x4a\x1f", "path": "/lights"}
CORE: Final[dict[str, Any]] = NAMED | {"path": "/.well-known/core"}
LINKS: Final[dict[str, Any]] = {"content_format": 40, "payload": b"</lights>"}
FIRST: Final[dict[str, Any]] = {"block2": (0, False, 2), "payload": b"on"}

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-12.8-GROUP": Example(
        bad=Conversation(server=GROUP)
        .non("GET", **CORE)
        .wait(1.2)
        .non("2.05", mid=0x8000, source=MEMBER, **LINKS),
        good=Conversation().con("GET", **CORE).ack("2.05", **LINKS),
    ),
    "COAP-7252-8.1-MC-CON": Example(bad=ask("con"), good=ask()),
    "COAP-7252-8.2.1-MC-ETAG": Example(
        bad=ask(etag=b"\x01"),
        good=ask()
        .con("GET", path="/lights", token=b"\x4a\x20", etag=b"\x01", destination=MEMBER)
        .ack("2.03", etag=b"\x01"),
    ),
    "COAP-7252-8.2-MC-RESP-SOURCE": Example(
        bad=answered(Conversation(server=GROUP).non("GET", **NAMED), source=GROUP), good=ask()
    ),
    "COAP-7959-2.8-MC-BLOCK": Example(
        bad=Conversation(server=GROUP).non("GET", block2=(1, False, 2), **NAMED),
        good=Conversation(server=GROUP)
        .non("GET", block2=(0, False, 2), **NAMED)
        .wait(1.2)
        .non("2.05", mid=0x8000, source=MEMBER, **FIRST),
    ),
    "COAP-9177-4.8-MC": Example(
        bad=Conversation(server=GROUP).non("GET", q_block2=(0, True, 2), **NAMED), good=ask()
    ),
}
