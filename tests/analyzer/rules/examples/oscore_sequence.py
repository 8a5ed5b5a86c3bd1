# SPDX-License-Identifier: GPL-2.0-only
"""Sequence numbers of OSCORE, and what is encrypted; opened with the context of RFC 8613 C.1."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..ordinary import TOKEN
from ..sealed import Ends
from . import Example

OPENED: Final = {"oscore_file": "rfc8613-c.1.toml"}


def asked(*numbers: int, again: int = -1, **inside: Any) -> Conversation:
    """GETs with these sequence numbers, each answered; one of them is sent `again`, under another
    Message ID."""
    ends, talk = Ends(), Conversation()
    inside = {"path": "/temperature"} | inside
    for number in numbers:
        outer = ends.asked("GET", number, **inside)
        talk.con("POST", token=TOKEN, **outer)
        talk.ack("2.04", **ends.answered("2.05", content_format=0, payload=b"21"))
        if number == again:
            talk.con("POST", token=TOKEN, **outer)
            talk.ack("4.01", max_age=0, payload=b"Replay detected")
    return talk


def reused() -> Conversation:
    """A device that restarts, and counts from the beginning."""
    ends, talk = Ends(), asked(0, 1)
    outer = ends.asked("GET", 0, path="/humidity")
    return talk.con("POST", token=TOKEN, **outer).ack("4.01", payload=b"Replay detected")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-8613-7.2-NONCE-REUSED": Example(reused(), asked(0, 1, 2), OPENED),
    "COAP-8613-7.2-PIV-REPLAY": Example(asked(5, again=5), asked(5, 6), OPENED),
    "COAP-8613-7.4-PIV-BACKWARDS": Example(asked(40, 3), asked(40, 41), OPENED),
    "COAP-8613-4.1.2-INNER-CLASS-U": Example(
        asked(0, uri_host="sensor"),
        asked(0),
        OPENED,
    ),
}
