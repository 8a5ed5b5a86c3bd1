# SPDX-License-Identifier: GPL-2.0-only
"""What comes back for a registration."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import long_after, long_before, read
from ..registrations import GOOD, REGISTERED, answered, asked, body, registered
from . import Example

OTHER_TOKEN: Final = b"abce"


def unanswered() -> Conversation:
    """Sent five times in 36 s, and nothing from the server for longer."""
    talk = asked(GOOD, read())
    for gap in (2.4, 4.8, 9.6, 19.2):
        talk.wait(gap).again()
    return long_after(talk, 60)


def sent_twice(second: str) -> Conversation:
    """A registration and its copy; the second one gets this code."""
    talk = answered(asked(), code="2.01").wait(2.4).again(0)
    return answered(talk, code=second)


EXAMPLES: Final[dict[str, Example]] = {
    "MSG-24538-6.3.1.2.1-UNANSWERED": Example(
        unanswered(),
        registered(),
    ),
    "MSG-24538-6.3.1.2.1-RESET": Example(
        asked().rst(),
        registered(),
    ),
    "MSG-24538-6.3.1.2.1.a-NOT-PIGGYBACKED": Example(
        asked().ack().wait(0.5).con("2.01", content_format=50, payload=body(REGISTERED)).ack(),
        registered(),
    ),
    "MSG-24538-6.3.1.2.1.a-MESSAGE-ID": Example(
        answered(asked(GOOD, long_before(), mid=0x1234), mid=0x1235),
        answered(asked(GOOD, long_before(), mid=0x1234)),
    ),
    "MSG-24538-6.3.1.2.1.a-TOKEN": Example(
        answered(asked(), token=OTHER_TOKEN),
        registered(),
    ),
    "MSG-24538-6.3.1.2.1.b-CLIENT-ADDRESS": Example(
        answered(asked(), uri_host="192.0.2.1"),
        registered(),
    ),
    "MSG-24538-6.3.1.2.1.d-CODE": Example(
        answered(asked(), code="2.05"),
        answered(asked(), code="2.01"),
    ),
    "MSG-24538-DOUBLE-REGISTRATION": Example(
        sent_twice("2.04"),
        sent_twice("2.01"),
    ),
}
