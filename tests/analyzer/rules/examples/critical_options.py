# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clause 5.4.1: who accepts a critical option that nobody knows."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example

UNKNOWN: Final = [(25, b"x")]
BESIDE: Final = {"COAP-7252-5.4.1-CRIT-UNKNOWN": "what is accepted has an unknown option"}


def get(**fields: Any) -> Conversation:
    return Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/temp", **fields)


def separate() -> Conversation:
    return get().ack().wait(1).con("2.05", mid=0x8000, options=UNKNOWN, payload=b"21.5")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.4.1-BADOPT-ACCEPTED": Example(
        bad=get(options=UNKNOWN).ack("2.05", payload=b"21.5"),
        good=get(options=UNKNOWN).ack("4.02"),
        beside=BESIDE,
    ),
    "COAP-7252-5.4.1-CRIT-RESP-ACCEPTED": Example(
        bad=separate().ack(), good=separate().rst(), beside=BESIDE
    ),
}
