# SPDX-License-Identifier: GPL-2.0-only
"""In which way responses come, and by which keys they fit."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import OTHER_TOKEN, READING, asked, long_before
from . import Example

OTHER_SERVER: Final = "192.0.2.9:5683"


def written(talk: Conversation | None = None) -> Conversation:
    return asked("POST", talk, mid=0x1234, **READING)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.3.2-PIGGY-TOKEN": Example(
        written().ack("2.04", token=OTHER_TOKEN),
        written().ack("2.04"),
    ),
    "COAP-7252-5.3.2-PIGGY-MID": Example(
        written(long_before()).ack("2.04", mid=0x1235),
        written(long_before()).ack("2.04", mid=0x1234),
    ),
    "COAP-7252-5.3.2-OTHER-ENDPOINT": Example(
        written().ack("2.04", source=OTHER_SERVER),
        written().ack("2.04"),
    ),
    "COAP-7252-5.2.3-NON-CON": Example(
        asked(non=True).con("2.05", **READING).ack(),
        asked(non=True).non("2.05", **READING),
    ),
    "COAP-7252-5.2.2-SEPARATE": Example(
        asked().ack().wait(3).con("2.05", **READING).ack(),
        asked().ack("2.05", **READING),
    ),
}
