# SPDX-License-Identifier: GPL-2.0-only
"""What happens to streams, secured flows and connections, and in signalling messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.carriers.unopened import Unopened
    from analyzer.decryption.oscore import Unprotected
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


class OscoreOpaque(NamedTuple):
    """Messages that OSCORE protects cannot be read; once per ends, kid and reason."""

    entry: Unopened
    frame: int


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
    | OscoreOpaque
    | Unwrapped
    | Outside
    | Signalled
    | OddOfConnection
    | PongUnasked
    | PingUnanswered
)

Told: TypeAlias = StreamFault | FlowOpaque | OscoreOpaque | Unwrapping
"""What a row of a notice stands for."""
