# SPDX-License-Identifier: GPL-2.0-only
"""Signalling messages read in their order: what each end of a connection says it takes goes into
the slots of its flow, where the kernel compares messages with it (exchanges.signalling)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from analyzer import flows
from analyzer.exchanges.signalling import ABORTED, RELEASED
from analyzer.flows import flow_at
from analyzer.stream_events import OddOfConnection, PingUnanswered, PongUnasked, Signalled, Taking
from analyzer.subjects import Message
from dissectors.coap import signalling
from dissectors.coap.message import Message as CoapMessage
from dissectors.coap.message import Option, uint

if TYPE_CHECKING:
    from analyzer.session import Session
    from analyzer.telling import Row

MOST_PINGS: Final = 1 << 12
"""Pings that wait for their Pong; the oldest is forgotten for a new one."""


class Signals:
    """The signalling of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pings: OrderedDict[tuple[int, int, bytes], int] = OrderedDict()

    def take(self, row: Row) -> None:
        """A signalling message: its row, the flow, the direction."""
        message = Message(self._session, row[0])
        coap = message.coap
        self._keep(coap, flow_at(self._session.memory.s, row[1]), row[2])
        self._session.judge(Signalled(message, coap.options))
        serial = message.flow.serial
        if coap.code == signalling.PING:
            self._pings[serial, row[2], coap.token] = row[0]
            if len(self._pings) > MOST_PINGS:
                self._pings.popitem(last=False)
        asked = (serial, 1 - row[2], coap.token)
        if coap.code == signalling.PONG and self._pings.pop(asked, None) is None:
            self._session.judge(PongUnasked(message))

    def odd(self, row: Row) -> OddOfConnection:
        """A message that does not fit: its row, the flow, the direction, why."""
        s, at = self._session.memory.s, flow_at(self._session.memory.s, row[1])
        takes = Taking(s[at + flows.LARGEST + row[2]], s[at + flows.LONGEST_TOKEN + row[2]])
        return OddOfConnection(Message(self._session, row[0]), row[3], takes)

    def close(self) -> None:
        """The capture is over: Pings that still wait."""
        for row in self._pings.values():
            self._session.judge(PingUnanswered(Message(self._session, row)))
        self._pings.clear()

    def _keep(self, coap: CoapMessage, at: int, way: int) -> None:
        """What a message says of its sender: what may be sent the other way, or that it goes."""
        s, back = self._session.memory.s, 1 - way
        if coap.code == signalling.CSM:
            # Each CSM adds to those before it (clause 5.3); the base values hold until then.
            before = s[at + flows.LARGEST + back] or signalling.BASE[signalling.MAX_MESSAGE_SIZE]
            largest = _value(coap, signalling.MAX_MESSAGE_SIZE, before)
            s[at + flows.LARGEST + back] = largest
            token = _value(coap, signalling.EXTENDED_TOKEN_LENGTH, 0)
            if token:
                s[at + flows.LONGEST_TOKEN + back] = token
            offers = coap.first(signalling.BLOCK_WISE_TRANSFER) is not None
            if offers:
                s[at + flows.BERT + back] |= flows.TAKES_BLOCKS
            # Large blocks want both (clause 6).
            if largest <= signalling.BASE[signalling.MAX_MESSAGE_SIZE]:
                s[at + flows.BERT + back] &= ~flows.TAKES_LARGE
            else:
                s[at + flows.BERT + back] |= flows.TAKES_LARGE
        elif coap.code == signalling.RELEASE:
            s[at + flows.CLOSES + way] = max(s[at + flows.CLOSES + way], RELEASED)
        elif coap.code == signalling.ABORT:
            s[at + flows.CLOSES + way] = ABORTED


def _value(coap: CoapMessage, number: int, otherwise: int) -> int:
    """The value of a uint option; `otherwise` where it is absent or too long to be one."""
    option: Option | None = coap.first(number)
    value = None if option is None else uint(option)
    return otherwise if value is None else value
