# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 4.2 and 4.3: retransmission, silence, and what ACK, RST and NON may carry."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from . import Example


def sent(*gaps: float) -> Conversation:
    """A CON, and copies of it so many seconds after the one before."""
    talk = Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/temp")
    for gap in gaps:
        talk.wait(gap - 0.01).again(0)
    return talk


def silent(*gaps: float) -> Conversation:
    """No answer to a CON, but one to the next request."""
    talk = sent(*gaps).wait(100 - sum(gaps) - 0.01)
    return talk.con("GET", token=b"\x4a\x20", path="/temp").ack("2.05", payload=b"21.5")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-4.2-RETRANSMISSION": Example(
        bad=sent(2.4).ack("2.05", payload=b"21.5"),
        good=sent().wait(0.09).ack("2.05", payload=b"21.5"),
    ),
    "COAP-7252-4.2-RETR-EARLY": Example(
        bad=sent(0.5).ack("2.05", payload=b"21.5"), good=sent(2.3, 4.6).ack("2.05", payload=b"21.5")
    ),
    "COAP-7252-4.2-CON-UNANSWERED": Example(
        bad=silent(2.4, 4.7, 9.8, 19.3), good=sent(2.4).wait(0.09).ack("2.05", payload=b"21.5")
    ),
    "COAP-7252-4.2-ACK-REQUEST": Example(
        bad=sent().ack("GET"), good=sent().ack("2.05", payload=b"21.5")
    ),
    "COAP-7252-4.2-RST-NONEMPTY": Example(bad=sent().rst("2.05"), good=sent().rst()),
    "COAP-7252-4.3-NON-EMPTY": Example(
        bad=Conversation().non("0.00", mid=0x1234), good=Conversation().con(mid=0x1234).rst()
    ),
}
