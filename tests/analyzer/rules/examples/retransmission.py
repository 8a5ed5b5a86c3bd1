# SPDX-License-Identifier: GPL-2.0-only
"""How CONs and NONs are repeated."""

from __future__ import annotations

from typing import Final

from ..conversation import MILLISECOND, SECOND, Conversation
from ..ordinary import READING, asked, notified, observed
from . import Example


def sent_at(*seconds: float) -> Conversation:
    """A request transmitted at these times, the last of which is answered."""
    talk = asked("GET", mid=0x1234)
    for before, now in zip((0.0, *seconds), seconds, strict=False):
        talk.wait(now - before - 10 * MILLISECOND / SECOND).again()
    return talk.ack("2.05", **READING)


def changed(*, at_once: bool) -> Conversation:
    """A notification without ACK, whose copy tells the newer state, or waits for it."""
    talk = notified(observed(5).wait(10), 6, con=True, mid=0x1234, payload=b"20").wait(2.5)
    if at_once:
        return notified(talk, 7, con=True, mid=0x1234, payload=b"21").ack()
    return notified(talk.again().ack(), 7, con=True, mid=0x1235, payload=b"21").ack()


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-4.3-NON-REPEAT": Example(
        asked(non=True, mid=0x1234).wait(10).again().non("2.05", **READING),
        asked(non=True, mid=0x1234).non("2.05", **READING),
    ),
    "COAP-7641-4.5.2-NOTIF-SAME-MID": Example(changed(at_once=True), changed(at_once=False)),
    "COAP-7252-4.2-RETR-BACKOFF": Example(sent_at(3, 5.6, 7.8), sent_at(3, 9, 21)),
    "COAP-7252-4.2-RETR-COUNT": Example(
        sent_at(2, 6, 14, 30, 46),
        sent_at(2, 6, 14, 30),
    ),
    "COAP-7252-4.2-RETR-SPAN": Example(sent_at(2, 6, 14, 60), sent_at(2, 6, 14, 30)),
    "COAP-7252-4.2-RETR-AFTER-ACK": Example(
        asked("GET", mid=0x1234).ack("2.05", **READING).wait(2.4).again(0).ack("2.05", **READING),
        asked("GET", mid=0x1234).ack("2.05", **READING),
    ),
}
