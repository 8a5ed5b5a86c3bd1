# SPDX-License-Identifier: GPL-2.0-only
"""Request layer: requests and responses by (client, server, Token).

RFC 7252 clause 5.3.2; observations RFC 7641. The empty token is a token like any other. Who is the
client is told by each message: a request's sender is.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, TypeAlias, TypeVar

from analyzer.endpoints import Endpoint
from analyzer.events import Confidence, Match
from analyzer.exchanges.model import Exchange, State
from analyzer.messages import Message
from dissectors.coap import numbers

TokenKey: TypeAlias = tuple[Endpoint, Endpoint, bytes]
K = TypeVar("K", bound=Hashable)

_MOST_PER_TOKEN: Final = 64
"""Exchanges kept under one token: a sender that uses one for everything costs no more."""

CONFIDENCE: Final = {
    Match.MID_TOKEN: Confidence.EXACT,
    Match.MID: Confidence.EXACT,
    Match.TOKEN: Confidence.TOKEN,
    Match.MULTICAST: Confidence.RELAXED,
    Match.OTHER_TOKEN: Confidence.LOW,
    Match.OTHER_MID: Confidence.LOW,
    Match.OTHER_ENDPOINT: Confidence.LOW,
}


class RequestLayer:
    """Exchanges that can still get a response."""

    def __init__(self) -> None:
        self._by_token: dict[TokenKey, list[Exchange]] = {}
        self._by_client: dict[tuple[Endpoint, bytes], list[Exchange]] = {}

    def open(self, exchange: Exchange) -> list[Exchange]:
        """A new request: an older one with its token makes later matches ambiguous.

        Returns the observations that it takes over.
        """
        ended = []
        others = self._by_token.setdefault(_key(exchange), [])
        for other in others:
            waits = other.state in (State.OPEN, State.ACKNOWLEDGED)
            if waits and not _continues(exchange):
                other.ambiguous = exchange.ambiguous = True
            if other.state == State.OBSERVING and exchange.registers_observation:
                other.state = State.ANSWERED
                ended.append(other)
        _add(others, exchange)
        _add(self._by_client.setdefault((exchange.client, exchange.token), []), exchange)
        return ended

    def of_token(self, message: Message) -> Exchange | None:
        """The exchange that a response on its own (CON or NON) belongs to: newest that waits."""
        candidates = self._by_token.get((message.destination, message.source, message.token), ())
        waiting = [e for e in candidates if e.awaits_response]
        promised = [e for e in waiting if e.state == State.ACKNOWLEDGED]
        if promised:
            return promised[-1]
        notifies = message.observe is not None or message.code >> 5 != 2
        for exchange in reversed(waiting):
            if exchange.state == State.OBSERVING and notifies:
                return exchange
        if waiting:
            return waiting[-1]
        return candidates[-1] if candidates else None

    def open_by_token(self, message: Message) -> Exchange | None:
        """An exchange with the token of this ACK that still waits, from the same server."""
        candidates = self._by_token.get((message.destination, message.source, message.token), ())
        for exchange in reversed(candidates):
            if exchange.state in (State.OPEN, State.ACKNOWLEDGED, State.UNANSWERED):
                return exchange
        return None

    def of_group(self, message: Message) -> Exchange | None:
        """A multicast request of this client with the token, from any responder (clause 8.2)."""
        for exchange in reversed(self._by_client.get((message.destination, message.token), ())):
            if exchange.multicast:
                return exchange
        return None

    def of_other_server(self, message: Message, mid: bool) -> Exchange | None:
        """An open exchange of this client with the token, asked of another endpoint.

        With `mid` the Message ID must be equal too; without, an empty token proves nothing.
        """
        if not mid and not message.token:
            return None
        for exchange in reversed(self._by_client.get((message.destination, message.token), ())):
            if exchange.server == message.source or exchange.multicast:
                continue
            if mid and exchange.request.message_id != message.message_id:
                continue
            if exchange.state in (State.OPEN, State.ACKNOWLEDGED, State.UNANSWERED):
                return exchange
        return None

    def forget(self, exchange: Exchange) -> None:
        """No response is expected any more."""
        _drop(self._by_token, _key(exchange), exchange)
        _drop(self._by_client, (exchange.client, exchange.token), exchange)


def _key(exchange: Exchange) -> TokenKey:
    return (exchange.client, exchange.server, exchange.token)


def _add(known: list[Exchange], exchange: Exchange) -> None:
    known.append(exchange)
    if len(known) > _MOST_PER_TOKEN:
        known.pop(0)


def _drop(table: dict[K, list[Exchange]], key: K, exchange: Exchange) -> None:
    known = table.get(key, [])
    if exchange in known:
        known.remove(exchange)
        if not known:
            del table[key]


def _continues(new: Exchange) -> bool:
    """A block or observe follow-up may use the token again."""
    request = new.request.coap
    block = request.uint(numbers.BLOCK1) or request.uint(numbers.BLOCK2) or 0
    return block >> 4 > 0 or new.request.observe is not None
