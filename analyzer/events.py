# SPDX-License-Identifier: GPL-2.0-only
"""What happens while a capture is read: the facts that rules judge and views follow.

Events flow one way: dissection -> pairing -> registrations -> rules. Each is a value; what it
refers to (messages, exchanges, flows) is read from the tables as they are at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from analyzer.capture_events import (
    CaptureDuplicate,
    ChecksumWrong,
    ClockStep,
    FlowEnded,
    FragmentsMissing,
    FragmentsOverlapped,
    IcmpError,
    OpaqueFlow,
)
from analyzer.relations import Following, How, Match, News, Orphan, Reuse
from analyzer.stream_events import StreamEvent

if TYPE_CHECKING:
    from analyzer.endpoints import Endpoint
    from analyzer.subjects import Exchange, Message, Transmission


class Seen(NamedTuple):
    """A message after pairing: its role and exchange are known. Not for copies of either kind.

    `what` tells what it is by the bits of facts.FLAGS that rules ask for.
    """

    message: Message
    what: int


class Formed(NamedTuple):
    """A message after pairing, as `Seen`, but told only while no message of its form and to such a
    destination is known to break no rule (forms.py).

    Rules on it may look at the bytes of the message and at its endpoints, at nothing else: not at
    its time, its exchange or its flow.
    """

    message: Message


@dataclass(frozen=True, slots=True)
class Retransmitted:
    """The n-th repetition of a CON or NON (n counts from 1); gap to the one before in ns, and
    `before` from that to its own (0: it was the first); `new_payload`: a notification that says
    something else under the same Message ID."""

    transmission: Transmission
    message: Message
    count: int
    gap: int
    before: int
    new_payload: bool


class Responded(NamedTuple):
    """A response (not a copy of one) found its exchange; told only while no response of its form to
    such a request, `how` it came the same, is known to break no rule (forms.py).

    Rules on it may look at the bytes and endpoints of request and response, at `match` and `how`,
    at nothing else: not at times, nor at other messages. Told each time: responses of a group, up
    to linking.MOST_OF_GROUP of one request.
    """

    exchange: Exchange
    message: Message
    match: Match
    how: How = How(0)


class Acknowledged(NamedTuple):
    """A RST (but the answer to a ping), or an ACK that rules ask for, found the CON or NON it
    answers: late, to a NON, a group or a ping, with a code where it should be Empty, or to a
    message with a defect."""

    transmission: Transmission
    message: Message


class AnsweredAgain(NamedTuple):
    """A further ACK or RST for one Message ID: it `differs`, or there are more than transmissions,
    which is told once per flow and direction. Not of a group."""

    transmission: Transmission
    message: Message
    first: Message
    differs: bool

    @property
    def exchange(self) -> Exchange | None:
        return self.transmission.exchange


class Unacknowledged(NamedTuple):
    """A CON without ACK, RST or response within MAX_TRANSMIT_WAIT, or to the end of the capture."""

    transmission: Transmission
    ended: bool
    one_way: bool


class Unanswered(NamedTuple):
    """A request without response or RST within MAX_TRANSMIT_WAIT, or to the end of the capture."""

    exchange: Exchange
    ended: bool
    one_way: bool


class NeverAnswered(NamedTuple):
    """A request that wants a response (No-Response, RFC 7967) had none, and no RST, within
    EXCHANGE_LIFETIME: a CON that was acknowledged, or the first NON of its flow and direction."""

    exchange: Exchange


class GroupOver(NamedTuple):
    """A request to a group: nobody will answer it any more."""

    exchange: Exchange


class CopiesIgnored(NamedTuple):
    """A CON was acknowledged, and no later copy of it was within MAX_TRANSMIT_WAIT."""

    transmission: Transmission
    ended: bool


class Orphaned(NamedTuple):
    """A response, ACK or RST that answers nothing. The first of its flow, direction and kind, but
    for the last two kinds, of which `other` is the message it means."""

    message: Message
    kind: Orphan
    other: Message | None


class MidReused(NamedTuple):
    """A CON or NON has the Message ID of an earlier one between the same endpoints, which is not
    the same message, while that may still be about; `certain`, or by the longest life of a NON
    alone. The first of its flow and direction."""

    message: Message
    earlier: Message
    certain: bool


class TokenReused(NamedTuple):
    """A request has the token of an earlier one that may still be answered. The first of its flow,
    direction and kind."""

    exchange: Exchange
    earlier: Exchange
    kind: Reuse


class AskedAgain(NamedTuple):
    """A request for what was refused before with 4.01, 4.02, 4.29 or 5.03; once of each refusal."""

    exchange: Exchange
    refused: Exchange


class Outstanding(NamedTuple):
    """More than NSTART CONs wait for their ACK, `waiting` with this one. The first time in its flow
    and direction."""

    message: Message
    waiting: int


class Probed(NamedTuple):
    """More than PROBING_RATE is sent where nothing comes back: `sent` bytes in `span` ns."""

    message: Message
    sent: int
    span: int


class Notified(NamedTuple):
    """A notification after the first, and the one before it; told only while none of such forms and
    with such news is known to break no rule."""

    exchange: Exchange
    message: Message
    before: Message
    news: News


class Observes(NamedTuple):
    """A request with Observe 0 or 1 where an observation with its token stands, or one of the same
    resource does; each the exchange that registered it, and the `newest` notification of either."""

    exchange: Exchange
    by_token: Exchange | None
    by_resource: Exchange | None
    newest: Message | None


class BlockFollowed(NamedTuple):
    """A block, or a request for one, after `before`, the newest block of the same body. Told only
    while none of such forms, to such a request, is known to break no rule."""

    exchange: Exchange
    message: Message
    before: Message
    how: Following


class BlockDetached(NamedTuple):
    """A later block, or a request for one, of a body of which nothing is known. `before` is the
    block of another body, of the same path or token, which ends where it begins."""

    exchange: Exchange
    message: Message
    before: Message | None


class BlockPastEnd(NamedTuple):
    """A last block behind the end of its body of `size` bytes, which `before` told."""

    exchange: Exchange
    message: Message
    size: int
    before: Message


class BodyWhole(NamedTuple):
    """A body in blocks is whole, with `message`: `size` bytes, of which `first` was seen first."""

    exchange: Exchange
    message: Message
    first: Message
    size: int


class UnreadableAnswered(NamedTuple):
    """An ACK or RST with the Message ID of a datagram of another version, which must be ignored, or
    of a CON that is no message, which must be rejected."""

    message: Message
    bad: Message


class RegistrationRequested(NamedTuple):
    """A request that is a registration."""

    exchange: Exchange

    @property
    def message(self) -> Message:
        return self.exchange.request


class RegistrationInClear(NamedTuple):
    """The first registration of a flow that anybody can read."""

    message: Message


class RegistrationAnswered(NamedTuple):
    """The first response to a registration; `stood` when the UE was registered already."""

    exchange: Exchange
    message: Message
    match: Match
    stood: bool


class RegistrationBody(NamedTuple):
    """The body of the response to a registration, which came in blocks: whole with `message`."""

    exchange: Exchange
    message: Message


class BodyIncomplete(NamedTuple):
    """A body in blocks that never was whole; `message` has its newest block, `contiguous` bytes are
    there from its start. `why` as in exchanges.blockwise."""

    message: Message
    contiguous: int
    why: int


class BodyAccepted(NamedTuple):
    """The server takes a body of which not all blocks were seen: a success, in `message`, for its
    last block. `contiguous` of `size` bytes are there from its start."""

    exchange: Exchange
    message: Message
    contiguous: int
    size: int


class BlockDiffers(NamedTuple):
    """A block says otherwise than one before it in its body, from byte `offset` of the body on."""

    message: Message
    earlier: Message
    offset: int


class UeMoved(NamedTuple):
    """A UE Service ID continues from another endpoint; `gap` in ns since it was last seen."""

    message: Message
    ue: str
    before: Endpoint
    gap: int


class UeCollision(NamedTuple):
    """A UE Service ID registers from an endpoint it had left for another."""

    message: Message
    ue: str
    other: Endpoint


Event: TypeAlias = (
    CaptureDuplicate
    | OpaqueFlow
    | IcmpError
    | ClockStep
    | Seen
    | Formed
    | Retransmitted
    | Responded
    | Acknowledged
    | AnsweredAgain
    | Unacknowledged
    | Unanswered
    | UnreadableAnswered
    | NeverAnswered
    | GroupOver
    | CopiesIgnored
    | Orphaned
    | MidReused
    | TokenReused
    | AskedAgain
    | Outstanding
    | Probed
    | Notified
    | Observes
    | BlockFollowed
    | BlockDetached
    | BlockPastEnd
    | BodyWhole
    | RegistrationRequested
    | RegistrationInClear
    | RegistrationAnswered
    | RegistrationBody
    | BodyIncomplete
    | BodyAccepted
    | BlockDiffers
    | UeMoved
    | UeCollision
    | FlowEnded
    | ChecksumWrong
    | FragmentsOverlapped
    | FragmentsMissing
    | StreamEvent
)
