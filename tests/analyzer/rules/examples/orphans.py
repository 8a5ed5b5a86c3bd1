# SPDX-License-Identifier: GPL-2.0-only
"""What answers nothing. What it could mean lies neither before the capture nor after it."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import READING, TOKEN, asked, long_after, long_before, notified, observed
from . import Example

SWAPPED: Final = 0x3412
"""Message ID 0x1234 in the order of bytes that is not the network's."""

WRONG_TOKEN: Final = TOKEN[::-1]
OTHER_SERVER: Final = "192.0.2.9:5683"


def confirmable() -> Conversation:
    return asked("GET", long_before(), mid=0x1234)


def separate(talk: Conversation) -> Conversation:
    """The response to an acknowledged request, 3 s later."""
    return talk.wait(3).con("2.05", **READING).ack()


def by_non(token: bytes) -> Conversation:
    """A request whose response has this token, and one that is answered well."""
    talk = asked("GET", long_before(), non=True).non("2.05", **READING | {"token": token})
    return asked("GET", talk.wait(3), non=True, token=b"\x02").non("2.05", **READING)


def observed_long() -> Conversation:
    """A notification with Message ID 0x1234 of an observation that is older than 247 s."""
    return notified(observed(5, max_age=600).wait(300), 6, mid=0x1234, max_age=600)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-4.4-ACK-ORPHAN": Example(
        separate(confirmable().ack(mid=SWAPPED)),
        separate(confirmable().ack()),
    ),
    "COAP-7252-4.4-RST-ORPHAN": Example(
        observed_long().rst(mid=SWAPPED),
        observed_long().rst(),
    ),
    "COAP-7252-4.4-ACK-OTHER-ENDPOINT": Example(
        separate(confirmable().ack(source=OTHER_SERVER)),
        separate(confirmable().ack()),
    ),
    "COAP-7252-4.2-ACK-TO-ACK": Example(
        long_after(confirmable().ack("2.05", **READING).rst(by="client"), 3),
        confirmable().ack("2.05", **READING),
    ),
    "COAP-7252-5.3.2-ORPHAN-RESPONSE": Example(
        by_non(WRONG_TOKEN),
        by_non(TOKEN),
    ),
    "COAP-7252-5.3.2-ORPHAN-ACKED": Example(
        long_after(long_before().con("2.05", token=WRONG_TOKEN, **READING).ack(), 3),
        # 5.3.2-ORPHAN-RESPONSE is a note alone where the request may lie before the capture.
        Conversation().con("2.05", token=WRONG_TOKEN, **READING).rst(),
    ),
}
