# SPDX-License-Identifier: GPL-2.0-only
"""Message IDs and tokens that are used again."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..ordinary import OTHER_TOKEN, READING, TOKEN, asked, notified, observed
from . import Example

GROUP: Final = "224.0.1.187:5683"
MEMBER: Final = "192.0.2.9:5683"


def then(talk: Conversation, **fields: Any) -> Conversation:
    """A further request, for the humidity, and its response."""
    fields = {"path": "/humidity", "token": OTHER_TOKEN} | fields
    return asked("GET", talk, **fields).ack("2.05", content_format=0, payload=b"48")


def overlapping(token: bytes) -> Conversation:
    """A second request, with this token, before the response to the first."""
    first = asked("GET", mid=0x1234).ack()
    return then(first, token=token).con("2.05", token=TOKEN, **READING).ack()


def in_group(token: bytes) -> Conversation:
    """Two requests to a group, the second one with this token."""
    talk = asked("GET", Conversation(server=GROUP), non=True)
    talk.wait(1).non("2.05", source=MEMBER, **READING).wait(9)
    asked("GET", talk, non=True, path="/humidity", token=token)
    return talk.wait(1).non("2.05", source=MEMBER, content_format=0, payload=b"48")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-4.4-MID-REUSE": Example(
        then(asked("GET", mid=0x1234).ack("2.05", **READING).wait(20), mid=0x1234),
        then(asked("GET", mid=0x1234).ack("2.05", **READING).wait(20), mid=0x1235),
    ),
    "COAP-7252-5.3.1-TOKEN-REUSE": Example(overlapping(TOKEN), overlapping(OTHER_TOKEN)),
    "COAP-7252-5.3.1-TOKEN-REUSE-OBS": Example(
        then(notified(observed(5).wait(10), 6), token=TOKEN),
        then(notified(observed(5).wait(10), 6), token=OTHER_TOKEN),
    ),
    "COAP-GCBIS-3.1.5-MC-TOKEN-REUSE": Example(in_group(TOKEN), in_group(OTHER_TOKEN)),
}
