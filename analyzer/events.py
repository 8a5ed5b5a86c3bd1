# SPDX-License-Identifier: GPL-2.0-only
"""What happens while a capture is read: the facts that rules judge and views follow.

Events flow one way: dissection -> pairing -> registrations -> rules. Each is a value; what it
refers to (messages, exchanges, flows) is read from the tables as they are at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from analyzer.endpoints import Endpoint
    from analyzer.fragments import Gathered, Incomplete
    from analyzer.subjects import Exchange, Flow, Message, Transmission


class CaptureDuplicate(NamedTuple):
    """A second record of one transmission (gate G-DUP), of which the first is `original`."""

    message: Message
    original: int
    gap: int


class OpaqueFlow(NamedTuple):
    """DTLS without keys on a CoAP port; once per flow."""

    flow: Flow
    frame: int


class IcmpError(NamedTuple):
    """An ICMP error that quotes a datagram sent from `source` to `destination`.

    `transmission` is the CON or NON it quotes; pairing finds it.
    """

    frame: int
    time: int
    reporter: str
    text: str
    source: Endpoint
    destination: Endpoint
    quoted: bytes
    transmission: Transmission | None = None


class ClockStep(NamedTuple):
    """Capture time went backwards by `step` nanoseconds."""

    frame: int
    step: int


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
    """The n-th repetition of a CON or NON (n counts from 1); gap to the one before in ns."""

    transmission: Transmission
    message: Message
    count: int
    gap: int


class Match(StrEnum):
    """By which keys a response, ACK or RST found its request."""

    MID_TOKEN = "mid+token"
    TOKEN = "token"
    MID = "mid"
    OTHER_TOKEN = "mid, other token"
    OTHER_MID = "token, other mid"
    OTHER_ENDPOINT = "token, other endpoint"
    MULTICAST = "token, multicast"


class Confidence(StrEnum):
    """How sure a pairing is."""

    EXACT = "exact"
    TOKEN = "token"
    RELAXED = "relaxed"
    LOW = "low"
    AMBIGUOUS = "ambiguous"


class Responded(NamedTuple):
    """A response (not a copy of one) found its exchange."""

    exchange: Exchange
    message: Message
    match: Match


class Acknowledged(NamedTuple):
    """An Empty ACK or RST found the CON or NON it answers."""

    transmission: Transmission
    message: Message


class AnsweredAgain(NamedTuple):
    """A further ACK for one Message ID; `differs` when it says something else."""

    exchange: Exchange
    message: Message
    first: Message
    differs: bool


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


class BadVersionAnswered(NamedTuple):
    """An ACK or RST with the Message ID of a datagram whose version must be ignored."""

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


class FlowEnded(NamedTuple):
    """The capture is closed: what can be said of one flow as a whole."""

    flow: Flow


class ChecksumWrong(NamedTuple):
    """A UDP checksum that is not right; `kind` is WRONG, OFFLOADED or ABSENT_V6 of
    dissectors.checksum."""

    message: Message
    kind: int


class FragmentsOverlapped(NamedTuple):
    """Fragments of one datagram, put together or given up, that cover the same bytes."""

    datagram: Gathered


class FragmentsMissing(NamedTuple):
    """A datagram that may be CoAP and of which fragments are missing.

    `message` is its beginning, where the first fragment was captured.
    """

    datagram: Incomplete
    message: Message | None = None


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
    | BadVersionAnswered
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
)
