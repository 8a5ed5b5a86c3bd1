# SPDX-License-Identifier: GPL-2.0-only
"""A CoAP endpoint on aiocoap with its own loopback address, and faults for it.

The stack is the real one: it chooses Message IDs, retransmits, acknowledges and drops duplicates
by itself.  A fault sits between the stack and its socket (or in front of the stack, for what it
receives) and replaces or loses one message, so everything that follows from it is what the stack
really does then.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiocoap
from aiocoap.numbers.constants import Reliable, Unreliable
from aiocoap.numbers.types import RST

# aiocoap has no type hints: a message is an Any here, under a name that says what it is.
Message = Any
# What becomes of a message on its way: another message, the same, or None for a lost one.
Fault = Callable[[Message], Message | None]
Answer = Callable[[Message], Awaitable[Message]]

TOKEN_LENGTH: Final = 4
PATIENCE: Final = 100.0
"""Seconds an application waits for a response; above MAX_TRANSMIT_WAIT (93 s)."""
ACK_TIMEOUT: Final = 2.0
"""Seconds until the first retransmission, by RFC 7252 4.8."""

logging.getLogger("coap-server").setLevel(logging.CRITICAL)


def lose(message: Message) -> Message | None:
    """Lose the message."""
    return None


def change_message_id(message: Message) -> Message | None:
    """Give the message another Message ID."""
    return message.copy(mid=message.mid ^ 0x2A2A)


def change_token(message: Message) -> Message | None:
    """Give the message another token of the same length."""
    return message.copy(token=bytes(octet ^ 0xFF for octet in message.token))


def turn_into_reset(message: Message) -> Message | None:
    """Send an Empty Reset with the Message ID of the message in its place."""
    reset = aiocoap.Message(code=aiocoap.EMPTY, _mtype=RST, _mid=message.mid)
    reset.remote = message.remote
    return reset


def first(count: int, fault: Fault) -> Fault:
    """Apply a fault to the first ``count`` messages only."""
    left = count

    def limited(message: Message) -> Message | None:
        nonlocal left
        if left <= 0:
            return message
        left -= 1
        return fault(message)

    return limited


def alternately(fault: Fault) -> Fault:
    """Apply a fault to the first message and to every other one after it."""
    applied = False

    def alternating(message: Message) -> Message | None:
        nonlocal applied
        applied = not applied
        return fault(message) if applied else message

    return alternating


def peer_address(message: Message) -> str:
    """Return the IP address of the other side of a message."""
    return str(message.remote.hostinfo).rsplit(":", 1)[0]


class Site:
    """Serve every path by one coroutine, without block-wise transfer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def render_to_pipe(self, pipe: Any) -> None:
        """Answer the request of a pipe (aiocoap calls this)."""
        pipe.add_response(await self._answer(pipe.request), is_last=True)


class Endpoint:
    """One aiocoap context bound to one address, client and server at once."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._tokens = context.request_interfaces[0]
        self._messages = self._tokens.token_interface
        self._wire = self._messages.message_interface
        self.outgoing: dict[str, Fault] = {}
        """Faults for what this endpoint sends, by the address of the peer."""
        self.incoming: dict[str, Fault] = {}
        """Faults for what this endpoint receives, by the address of the peer."""
        self.forgetful: set[str] = set()
        """Peers whose retransmissions this endpoint takes for new requests."""
        self._put_hooks()

    @classmethod
    async def open(
        cls, address: str, port: int, answer: Answer, token_length: int = TOKEN_LENGTH
    ) -> Endpoint:
        """Bind an endpoint; port 0 lets the system choose one."""
        context = await aiocoap.Context.create_server_context(
            Site(answer), bind=(address, port), transports=["udp6"]
        )
        endpoint = cls(context)
        endpoint._tokens.next_token = lambda: secrets.token_bytes(token_length)
        return endpoint

    async def close(self) -> None:
        """Close the socket and end all that is still open."""
        await self._context.shutdown()

    async def request(
        self,
        message: Message,
        *,
        confirmable: bool = True,
        patience: float = PATIENCE,
        ack_timeout: float = ACK_TIMEOUT,
    ) -> Message | None:
        """Send a request and return the response, or None if none came or the peer refused."""
        message.transport_tuning = Reliable() if confirmable else Unreliable()
        message.transport_tuning.ACK_TIMEOUT = ack_timeout
        pending = self._context.request(message, handle_blockwise=False)
        try:
            return await asyncio.wait_for(pending.response, patience)
        except (TimeoutError, aiocoap.error.Error):
            return None

    def _put_hooks(self) -> None:
        """Let the faults see every message between the stack and the socket."""
        send = self._wire.send
        receive = self._messages.dispatch_message
        is_duplicate = self._messages._deduplicate_message

        def hooked_send(message: Message) -> None:
            kept = self.outgoing.get(peer_address(message), _keep)(message)
            if kept is not None:
                send(kept)

        def hooked_receive(message: Message) -> None:
            kept = self.incoming.get(peer_address(message), _keep)(message)
            if kept is not None:
                receive(kept)

        def hooked_is_duplicate(message: Message) -> bool:
            if peer_address(message) in self.forgetful:
                return False
            return bool(is_duplicate(message))

        self._wire.send = hooked_send
        self._messages.dispatch_message = hooked_receive
        self._messages._deduplicate_message = hooked_is_duplicate


def _keep(message: Message) -> Message | None:
    return message
