# SPDX-License-Identifier: GPL-2.0-only
"""What happens to streams, secured flows and connections, and in signalling messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.carriers.unopened import Unopened
    from analyzer.decryption.oscore import Unprotected
    from analyzer.decryption.security import Alert, Progress
    from analyzer.endpoints import Endpoint
    from analyzer.streams.model import Fault
    from analyzer.subjects import Message
    from dissectors.coap.message import Option


class StreamFault(NamedTuple):
    """Something is wrong with the stream between two ends, before it is messages."""

    client: Endpoint
    server: Endpoint
    fault: Fault


class FlowOpaque(NamedTuple):
    """A protected flow of which something cannot be read; once per flow."""

    flow: SecuredFlow
    frame: int
    detail: str
    """Why, as known by then."""


class HandshakeAlert(NamedTuple):
    """An alert about an error: what its sender tells before it goes."""

    flow: SecuredFlow
    alert: Alert
    established: bool
    """Application data had passed before."""
    identity: bytes
    """The PSK identity, empty for none."""


class HandshakeUnfinished(NamedTuple):
    """A handshake that did not come to its end before the capture ended."""

    flow: SecuredFlow
    progress: Progress
    identity: bytes
    ended: bool
    """The capture ended while something may still have come."""
    frame: int


class ClientMoved(NamedTuple):
    """Records of an association come from another address, by their Connection ID."""

    flow: SecuredFlow
    before: Endpoint
    after: Endpoint
    frame: int


class OscoreOpaque(NamedTuple):
    """Messages that OSCORE protects cannot be read; once per ends, kid and reason."""

    entry: Unopened
    frame: int
    detail: str
    """Why, as known by then."""


class Unwrapping(NamedTuple):
    """What there is to tell of a message that OSCORE protected, before it is a row: what stood
    `outside`, `framing` as in `coap.wire.walk`."""

    found: Unprotected
    outside: bytes
    framing: int


class Unwrapped(NamedTuple):
    """A message that OSCORE protected, and facts about who sent it. Not for copies."""

    message: Message
    found: Unprotected


class Outside(NamedTuple):
    """What stood outside of a message that OSCORE protected, told where that is not as it mostly
    is. Rules on it may look at what those on events.Formed may."""

    message: Message


class Taking(NamedTuple):
    """What the receiver of a message said it takes, by then; 0: its CSM was not seen."""

    largest: int
    """Bytes of a message (Max-Message-Size)."""
    longest_token: int
    """Bytes of a token (Extended-Token-Length)."""


class Signalled(NamedTuple):
    """A signalling message, or an Empty one, of a connection (RFC 8323 clauses 3.4, 5)."""

    message: Message
    options: tuple[Option, ...]
    """Of its own registry (dissectors.coap.signalling)."""


class OddOfConnection(NamedTuple):
    """A message that does not fit what was said on its connection before; `odd` has bits of
    exchanges.signalling."""

    message: Message
    odd: int
    takes: Taking


class PongUnasked(NamedTuple):
    """A Pong whose token no Ping has that still waits."""

    message: Message


class PingUnanswered(NamedTuple):
    """A Ping that got no Pong before the capture ended."""

    message: Message


StreamEvent: TypeAlias = (
    StreamFault
    | FlowOpaque
    | HandshakeAlert
    | HandshakeUnfinished
    | ClientMoved
    | OscoreOpaque
    | Unwrapped
    | Outside
    | Signalled
    | OddOfConnection
    | PongUnasked
    | PingUnanswered
)

Told: TypeAlias = (
    StreamFault
    | FlowOpaque
    | HandshakeAlert
    | HandshakeUnfinished
    | ClientMoved
    | OscoreOpaque
    | Unwrapping
)
"""What a row of a notice stands for."""
