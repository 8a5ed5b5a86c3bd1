# SPDX-License-Identifier: GPL-2.0-only
"""What pairing knows: transmissions (message layer) and exchanges (request layer)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from analyzer.endpoints import Endpoint
from analyzer.events import Confidence, Match
from analyzer.messages import Message
from dissectors.coap import numbers
from dissectors.coap.numbers import Type


class State(IntEnum):
    """Where an exchange stands."""

    OPEN = 0
    ACKNOWLEDGED = 1  # Empty ACK seen, the response is owed (RFC 7252 clause 5.2.2)
    ANSWERED = 2
    RESET = 3
    UNANSWERED = 4  # nothing within MAX_TRANSMIT_WAIT
    OBSERVING = 5  # registered: notifications follow (RFC 7641)

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(eq=False, slots=True)
class Transmission:
    """One CON or NON and its copies: an entry of the message layer (RFC 7252 clause 4)."""

    message: Message
    last: int
    number: int = 0
    copies: int = 0
    acks: list[Message] = field(default_factory=list)
    exchange: Exchange | None = None
    answered: bool = False
    icmp: int = 0

    @property
    def first(self) -> int:
        return self.message.time

    @property
    def confirmable(self) -> bool:
        return self.message.type == Type.CON


@dataclass(eq=False, slots=True)
class Exchange:
    """A request (or CoAP ping) and all that belongs to it."""

    id: int
    request: Message
    transmission: Transmission
    state: State = State.OPEN
    match: Match | None = None
    confidence: Confidence | None = None
    ack: Message | None = None
    reset: Message | None = None
    response: Message | None = None
    responses: int = 0
    ambiguous: bool = False
    icmp: str = ""
    registration: bool = False
    ue: str = ""
    message_type: str = ""

    @property
    def client(self) -> Endpoint:
        return self.request.source

    @property
    def server(self) -> Endpoint:
        return self.request.destination

    @property
    def token(self) -> bytes:
        return self.request.token

    @property
    def multicast(self) -> bool:
        return self.server.multicast

    @property
    def ping(self) -> bool:
        return self.request.code == numbers.EMPTY

    @property
    def registers_observation(self) -> bool:
        """A request with Observe 0 (RFC 7641 clause 2)."""
        return self.request.is_request and self.request.observe == 0

    @property
    def awaits_response(self) -> bool:
        """No response yet, or more may come."""
        if self.state in (State.OPEN, State.ACKNOWLEDGED, State.UNANSWERED):
            return True
        return self.state == State.OBSERVING or self.multicast

    @property
    def response_time(self) -> int | None:
        """First transmission of the request to the first response, ns."""
        return None if self.response is None else self.response.time - self.request.time


EXCHANGES_SCHEMA: Final = {
    "request_row": "u4",
    "request_frame": "u4",
    "request_time": "i8",
    "ack_frame": "u4",
    "response_frame": "u4",
    "reset_frame": "u4",
    "responses": "u4",
    "retransmissions": "u2",
    "state": "u1",
    "match": "u1",
    "confidence": "u1",
    "method": "u1",
    "response_code": "u1",
    "message_id": "u2",
    "token": "u4",
    "uri": "u4",
    "client": "u4",
    "server": "u4",
    "response_time": "i8",
    "ue": "u4",
    "message_type": "u1",
    "severity": "u1",
}
"""Columns of the exchanges table; the id of a row is its index + 1. Frames: 0 for none;
`response_time` in ns, -1 for none; `match` and `confidence` index MATCHES and CONFIDENCES."""

MATCHES: Final = (None, *Match)
CONFIDENCES: Final = (None, *Confidence)
NO_TIME: Final = -1
