# SPDX-License-Identifier: GPL-2.0-only
"""How long a server notifies, how often, and who still listens."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import READING, TOKEN, asked, long_after, notified, observed
from . import Example


def rejected() -> Conversation:
    """The client rejects a notification."""
    return notified(observed(5).wait(10), 6, con=True).rst()


def gone() -> Conversation:
    """The observed resource is removed."""
    return observed(5).wait(10).con("4.04", token=TOKEN).ack()


def deregistered() -> Conversation:
    return asked("GET", observed(5).wait(10), observe=1).ack("2.05", **READING)


def unheard() -> Conversation:
    """A notification that nobody acknowledges, with all its retransmissions."""
    talk = notified(observed(5).wait(10), 6, con=True, max_age=300)
    for gap in (2.4, 4.8, 9.6, 19.2):
        talk.wait(gap).again()
    return talk


def every(seconds: float) -> Conversation:
    """A NON notification every so many seconds."""
    talk = observed(5)
    for number in range(6, 11):
        notified(talk.wait(seconds), number)
    return talk


def for_a_day(*, con: bool) -> Conversation:
    """A notification every 12.5 hours, the second one perhaps a CON."""
    kept = {"max_age": 86400}
    talk = notified(observed(5, **kept).wait(12.5 * 3600), 6, con=con, **kept)
    if con:
        talk.ack()
    return notified(talk.wait(12.5 * 3600), 7, **kept)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7641-4.5-AFTER-RST": Example(
        notified(rejected().wait(10), 7, con=True).rst(),
        rejected(),
    ),
    "COAP-7641-4.2-AFTER-ERROR": Example(
        notified(gone().wait(10), 6, con=True).rst(),
        gone(),
    ),
    "COAP-7641-3.6-AFTER-DEREG": Example(
        notified(deregistered().wait(10), 6, con=True).rst(),
        deregistered(),
    ),
    "COAP-7641-4.5-NO-ACK-STILL-SENT": Example(
        notified(unheard().wait(100), 7),
        unheard(),
    ),
    "COAP-7641-4.5-24H": Example(for_a_day(con=False), for_a_day(con=True)),
    "COAP-7641-4.5.1-RATE": Example(every(0.1), every(10)),
    "COAP-7641-4.3-STALE": Example(
        notified(observed(5).wait(600), 6),
        notified(observed(5, max_age=600).wait(600), 6, max_age=600),
    ),
    "COAP-7641-3.5-UNACKED": Example(
        long_after(unheard(), 100),
        notified(observed(5).wait(10), 6, con=True).ack(),
    ),
}
