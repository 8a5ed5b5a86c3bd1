# SPDX-License-Identifier: GPL-2.0-only
"""More than one answer to a message, and none to its copies."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import READING, asked, long_after, notified, observed
from . import Example


def stored() -> Conversation:
    """A POST is sent twice; the first one is answered by 2.01."""
    talk = asked("POST", path="/logs", mid=0x1234, **READING).ack("2.01", location_path="7")
    return talk.wait(2.4).again(0)


def acknowledged() -> Conversation:
    """A notification and its ACK, which does not reach the server: it sends a copy."""
    return notified(observed().wait(10), 6, con=True, mid=0x1234).ack().wait(2.4).again(2)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-4.5-ACK-DIFFERS": Example(
        stored().ack("4.09"),
        stored().ack("2.01", location_path="7"),
    ),
    "COAP-7252-4.5-ACK-SURPLUS": Example(
        asked("GET", mid=0x1234).ack().ack().wait(3).con("2.05", **READING).ack(),
        asked("GET", mid=0x1234).ack().wait(3).con("2.05", **READING).ack(),
    ),
    "COAP-7252-4.5-ACK-MISSING-FOR-DUP": Example(
        long_after(acknowledged(), 100),
        acknowledged().ack(),
    ),
    "COAP-7252-5.2-EXTRA-RESPONSE": Example(
        asked().ack("2.05", **READING).wait(1).con("2.05", **READING).ack(),
        asked().ack("2.05", **READING),
    ),
    "COAP-7252-4.2-RST-AND-RESPONSE": Example(
        asked("POST", mid=0x1234, **READING).rst().con("2.04").ack(),
        asked("POST", mid=0x1234, **READING).ack("2.04"),
    ),
}
