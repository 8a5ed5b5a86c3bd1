# SPDX-License-Identifier: GPL-2.0-only
"""Codes, and what Empty messages may hold."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example


def ask(code: str | int, **fields: Any) -> Conversation:
    return Conversation().con(code, mid=0x1234, token=b"\x4a\x1f", path="/temp", **fields)


def answered() -> Conversation:
    return ask("GET").ack("2.05", payload=b"21.5")


QUERY: Final[dict[str, Any]] = {"content_format": 60, "payload": b"\x01"}

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-3-CODE-CLASS": Example(bad=ask(0x61).rst(), good=answered()),
    "COAP-8323-5-SIGNAL-ON-UDP": Example(
        bad=Conversation().raw("40 e1 12 34").raw("70 00 12 34", by="server"),
        good=Conversation().con(mid=0x1234).rst(),
    ),
    "COAP-7252-12.1-METHOD-UNASSIGNED": Example(
        bad=ask(0x08).ack("4.05"), good=ask("FETCH", **QUERY).ack("2.05", **QUERY)
    ),
    "COAP-7252-12.1-RESPONSE-UNASSIGNED": Example(
        bad=ask("GET").ack("2.30", payload=b"21.5"), good=answered()
    ),
    "COAP-7252-4.1-EMPTY-EXTRA": Example(
        bad=ask("GET").raw("60 00 12 34 aa bb", by="server").wait(1).con("2.05").ack(),
        good=ask("GET").ack().wait(1).con("2.05", payload=b"21.5").ack(),
    ),
    "COAP-7252-4.2-ACK-CLASS": Example(
        bad=ask("GET").ack(0x61),
        good=answered(),
        beside={"COAP-7252-3-CODE-CLASS": "the class is reserved in any message"},
    ),
    "COAP-7252-4.3-PING": Example(bad=Conversation().con(mid=0x1234).rst(), good=answered()),
}
