# SPDX-License-Identifier: GPL-2.0-only
"""How long endpoints try, what they wait for, and how much is under way at a time."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..ordinary import OTHER_TOKEN, READING, TOKEN, asked, long_after, read
from . import Example

GAPS: Final = (2.4, 4.8, 9.6, 19.2)
"""Seconds between transmissions of a CON."""

LOG: Final[dict[str, Any]] = {
    "path": "/logs",
    "content_format": 0,
    "payload": b"21.5 21.6 21.5 21.4 " * 5,
}


def transmitted(talk: Conversation, *gaps: float) -> Conversation:
    """The newest message, and its copies after so many seconds each."""
    for gap in gaps:
        talk.wait(gap).again()
    return talk


def uninterested(talk: Conversation | None = None) -> Conversation:
    return asked("PUT", talk, token=OTHER_TOKEN, no_response=26, **READING)


def logs(*, answered: bool) -> Conversation:
    """Log entries as NONs every 30 s."""
    talk = Conversation()
    for number in range(3):
        asked("POST", talk, non=True, token=bytes([number]), **LOG)
        if answered:
            talk.non("2.04")
        talk.wait(30)
    return talk


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-4.2-GAVE-UP": Example(
        long_after(transmitted(asked(), 2.4), 100),
        transmitted(asked(), *GAPS).ack("2.05", **READING),
    ),
    "COAP-7252-4.2-PING-UNANSWERED": Example(
        long_after(read().con(), 100),
        read().con().rst(),
    ),
    "COAP-7967-2-CON-NOACK": Example(
        long_after(transmitted(uninterested(), *GAPS), 60),
        uninterested().ack(),
    ),
    "COAP-7252-5.2.2-NO-RESPONSE": Example(
        long_after(asked().ack()),
        asked().ack().wait(3).con("2.05", **READING).ack(),
    ),
    "COAP-7252-5.2-NON-NO-RESPONSE": Example(
        long_after(asked("POST", read(), non=True, **LOG)),
        asked("POST", read(), non=True, **LOG).non("2.04"),
    ),
    "COAP-7252-4.7-NSTART": Example(
        asked("GET", asked("GET", read(), mid=0x1234), mid=0x1235, token=OTHER_TOKEN)
        .ack("2.05", mid=0x1234, token=TOKEN, **READING)
        .ack("2.05", **READING),
        asked("GET", asked("GET", mid=0x1234).ack("2.05", **READING), mid=0x1235).ack(
            "2.05", **READING
        ),
    ),
    "COAP-7252-4.7-PROBING-RATE": Example(logs(answered=False), logs(answered=True)),
}
