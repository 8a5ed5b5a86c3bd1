# SPDX-License-Identifier: GPL-2.0-only
"""Pairing: messages in, exchanges and events out.

One message at a time, in file order. State that looks ahead (timers, responses that precede their
request) is bounded by the lifetimes of RFC 7252 clause 4.8.2 and driven by capture time alone, so
the result does not depend on how the capture was cut into batches.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from analyzer.events import (
    Acknowledged,
    AnsweredAgain,
    BadVersionAnswered,
    Confidence,
    Event,
    IcmpError,
    Match,
    Responded,
    Retransmitted,
    Seen,
    Unacknowledged,
    Unanswered,
)
from analyzer.exchanges.message_layer import MessageLayer, Sameness, same_message
from analyzer.exchanges.model import Exchange, State, Transmission
from analyzer.exchanges.request_layer import CONFIDENCE, RequestLayer
from analyzer.flows import Flow
from analyzer.messages import Message, Role
from analyzer.profiles.transmission import SECOND
from analyzer.profiles.transmission import Transmission as Timers
from dissectors.coap import numbers
from dissectors.coap.numbers import Type
from dissectors.coap.wire import Defect

REORDER_WINDOW: Final = 2 * SECOND
"""A response seen before its request waits this long for it."""

_MOST_EARLY: Final = 1024

_NOT_PAIRED: Final = frozenset({Defect.NON_EMPTY, Defect.ACK_REQUEST, Defect.SIGNAL_ON_UDP})
"""Wrong combinations of type and code, which the receiver must ignore (clauses 4.2, 4.3)."""


class _Timer(IntEnum):
    ACK = 0
    RESPONSE = 1
    FORGET_MID = 2
    FORGET_TOKEN = 3
    FORGET_VERSION = 4


class Pairing:
    """Pairs messages; `changed` holds the exchanges and messages touched since it was cleared."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._messages = MessageLayer(timers)
        self._requests = RequestLayer()
        self._due: list[tuple[int, int, _Timer, Transmission | Exchange | Message]] = []
        self._timer_count = 0
        self._early: deque[Message] = deque(maxlen=_MOST_EARLY)
        self._exchanges = 0
        self.changed: dict[Exchange | Message, None] = {}

    def pair(self, message: Message) -> Iterator[Event]:
        """Take the next message; its role and exchange are set when Seen is yielded."""
        self.changed[message] = None
        if not message.coap.readable or message.defects & _NOT_PAIRED:
            self._refuse(message)
            yield Seen(message)
        elif message.type in (Type.CON, Type.NON):
            yield from self._sent(message)
        else:
            yield from self._acknowledgement(message)

    def advance(self, now: int) -> Iterator[Event]:
        """Capture time has come to `now`: fire what is due, oldest first."""
        while self._due and self._due[0][0] <= now:
            deadline, _, timer, item = heapq.heappop(self._due)
            yield from self._fire(deadline, timer, item, ended=False)
        while self._early and now - self._early[0].time > REORDER_WINDOW:
            self._early.popleft()

    def end(self) -> Iterator[Event]:
        """The capture is over: what still waits is told as such, then forgotten."""
        while self._due:
            deadline, _, timer, item = heapq.heappop(self._due)
            yield from self._fire(deadline, timer, item, ended=True)
        self._early.clear()

    def quoted(self, error: IcmpError) -> Transmission | None:
        """The CON or NON that an ICMP error quotes; it and its exchange remember the error."""
        data = error.quoted
        if len(data) < 4:
            return None
        mid = int.from_bytes(data[2:4], "big")
        transmission = self._messages.of_key(error.source, error.destination, mid)
        if transmission is None or not transmission.message.data.startswith(data[:4]):
            return None
        transmission.icmp = error.frame
        if transmission.exchange is not None and not transmission.exchange.icmp:
            transmission.exchange.icmp = f"{error.reporter} {error.text} in frame {error.frame}"
        return transmission

    # Message layer ------------------------------------------------------------------------------

    def _refuse(self, message: Message) -> None:
        message.role = Role.UNREADABLE
        if Defect.VERSION in message.defects and len(message.data) >= 4:
            self._messages.remember_bad_version(message)
            self._at(message.time + self._timers.exchange_lifetime, _Timer.FORGET_VERSION, message)

    def _sent(self, message: Message) -> Iterator[Event]:
        known = self._messages.repeated(message)
        if known is not None:
            yield self._repeat(known, message)
            return
        transmission = self._messages.send(message)
        lifetime = self._messages.lifetime(transmission)
        self._at(message.time + lifetime, _Timer.FORGET_MID, transmission)
        if message.type == Type.CON and not message.destination.multicast:
            self._at(message.time + self._timers.max_transmit_wait, _Timer.ACK, transmission)
        if message.code == numbers.EMPTY:
            self._open(message, transmission, Role.PING)
        elif message.is_request:
            yield from self._request(message, transmission)
        else:
            yield from self._response(message, transmission)
        yield Seen(message)

    def _repeat(self, transmission: Transmission, message: Message) -> Retransmitted:
        gap = message.time - transmission.last
        transmission.last = message.time
        transmission.copies += 1
        message.role = Role.RETRANSMISSION
        message.first_frame = transmission.message.frame
        self._join(message, transmission.exchange)
        original = transmission.message
        if message.is_response and message.exchange is not None:
            message.peer = original.peer
        message.flow.retransmitted[message.flow.direction(message.source)] += 1
        return Retransmitted(transmission, message, transmission.copies, gap)

    def _acknowledgement(self, message: Message) -> Iterator[Event]:
        transmission = self._messages.acknowledged_by(message)
        if transmission is None:
            yield from self._unmatched_acknowledgement(message)
            return
        earlier = transmission.acks
        responds = message.is_response and message.type == Type.ACK
        news = responds and not any(ack.is_response for ack in earlier)
        self._join(message, transmission.exchange)
        if earlier and message.type == earlier[0].type and not news:
            message.role = Role.DUPLICATE_ACK
            yield from self._answered_again(transmission, message)
            return
        if len(earlier) < 2:
            earlier.append(message)
        if responds and transmission.message.is_request:
            exchange = transmission.exchange
            if exchange is not None:
                same = message.token == exchange.token
                match = Match.MID_TOKEN if same else Match.OTHER_TOKEN
                yield from self._link(exchange, message, match)
        else:
            yield from self._empty(transmission, message)
        yield Seen(message)

    def _answered_again(self, transmission: Transmission, message: Message) -> Iterator[Event]:
        exchange = transmission.exchange
        if exchange is None:
            return
        first = next((a for a in transmission.acks if a.is_response), transmission.acks[0])
        message.first_frame = first.frame
        if message.is_response and transmission.message.is_request:
            message.peer = exchange.request.frame
            message.response_time = message.time - exchange.request.time
        differs = same_message(first, message) is Sameness.NO
        yield AnsweredAgain(exchange, message, first, differs)

    def _empty(self, transmission: Transmission, message: Message) -> Iterator[Event]:
        """An Empty ACK, a RST, or an ACK with a code where only an Empty one may stand."""
        exchange = transmission.exchange
        message.role = Role.RESET if message.type == Type.RST else Role.ACK
        yield Acknowledged(transmission, message)
        if exchange is None:
            return
        self.changed[exchange] = None
        if message.type == Type.RST:
            exchange.reset = exchange.reset or message
            if exchange.state in (State.OPEN, State.ACKNOWLEDGED, State.UNANSWERED):
                exchange.state = State.RESET
            elif exchange.state == State.OBSERVING:
                exchange.state = State.ANSWERED  # the observer is gone (RFC 7641 clause 3.6)
        elif transmission.message is exchange.request:
            exchange.ack = exchange.ack or message
            if exchange.state in (State.OPEN, State.UNANSWERED):
                exchange.state = State.ACKNOWLEDGED
        if exchange.match is None:
            flawed = Defect.EMPTY_EXTRA in message.defects
            exchange.match = Match.MID
            exchange.confidence = Confidence.LOW if flawed else Confidence.EXACT

    def _unmatched_acknowledgement(self, message: Message) -> Iterator[Event]:
        bad = self._messages.bad_version_of(message)
        if bad is not None:
            yield BadVersionAnswered(message, bad)
        found = None
        match = Match.OTHER_MID
        if message.is_response and message.type == Type.ACK:
            elsewhere = self._requests.of_other_server(message, mid=True)
            found = elsewhere or self._requests.open_by_token(message)
            if elsewhere is not None:
                match = Match.OTHER_ENDPOINT
            elif found is None:
                found = self._requests.of_other_server(message, mid=False)
                match = Match.OTHER_ENDPOINT
        if found is None:
            message.role = Role.ORPHAN
            if message.is_response:
                self._early.append(message)
        else:
            yield from self._link(found, message, match)
        yield Seen(message)

    # Request layer ------------------------------------------------------------------------------

    def _open(self, message: Message, transmission: Transmission, role: Role) -> Exchange:
        self._exchanges += 1
        exchange = Exchange(self._exchanges, message, transmission)
        transmission.exchange = exchange
        message.role = role
        self._join(message, exchange)
        return exchange

    def _request(self, message: Message, transmission: Transmission) -> Iterator[Event]:
        exchange = self._open(message, transmission, Role.REQUEST)
        self._requests.open(exchange)
        self._at(message.time + self._timers.max_transmit_wait, _Timer.RESPONSE, exchange)
        self._at(message.time + self._timers.exchange_lifetime, _Timer.FORGET_TOKEN, exchange)
        for early in list(self._early):
            answers = (early.destination, early.source, early.token) == (
                message.source,
                message.destination,
                message.token,
            )
            piggybacked = early.type == Type.ACK
            if answers and (not piggybacked or early.message_id == message.message_id):
                self._early.remove(early)
                match = Match.MID_TOKEN if piggybacked else Match.TOKEN
                yield from self._link(exchange, early, match)

    def _response(self, message: Message, transmission: Transmission) -> Iterator[Event]:
        match = Match.TOKEN
        found = self._requests.of_token(message)
        if found is None:
            found, match = self._requests.of_group(message), Match.MULTICAST
        if found is None:
            found, match = self._requests.of_other_server(message, mid=False), Match.OTHER_ENDPOINT
        if found is None:
            message.role = Role.ORPHAN
            self._early.append(message)
            return
        transmission.exchange = found
        yield from self._link(found, message, match)

    def _link(self, exchange: Exchange, message: Message, match: Match) -> Iterator[Event]:
        """A response belongs to an exchange."""
        self._join(message, exchange)
        observe = message.observe is not None
        notifies = exchange.state == State.OBSERVING and (observe or message.code >> 5 != 2)
        message.role = Role.NOTIFICATION if notifies else Role.RESPONSE
        message.peer = exchange.request.frame
        message.response_time = message.time - exchange.request.time
        exchange.responses += 1
        exchange.last_response = message
        exchange.transmission.answered = True
        if exchange.response is None:
            exchange.response = message
            exchange.request.peer = message.frame
            exchange.request.response_time = message.response_time
            self.changed[exchange.request] = None
            exchange.match = match
            unsure = exchange.ambiguous and match is not Match.MID_TOKEN
            exchange.confidence = Confidence.AMBIGUOUS if unsure else CONFIDENCE[match]
            if message.type == Type.ACK and exchange.ack is None:
                exchange.ack = message
        success = message.code >> 5 == 2
        if exchange.registers_observation and observe and success:
            exchange.state = State.OBSERVING
        elif exchange.state != State.OBSERVING or not success:
            exchange.state = State.ANSWERED
        yield Responded(exchange, message, match)

    # Timers -------------------------------------------------------------------------------------

    def _at(self, deadline: int, timer: _Timer, item: Transmission | Exchange | Message) -> None:
        self._timer_count += 1
        heapq.heappush(self._due, (deadline, self._timer_count, timer, item))

    def _fire(
        self, due: int, timer: _Timer, item: Transmission | Exchange | Message, ended: bool
    ) -> Iterator[Event]:
        match timer, item:
            case _Timer.ACK, Transmission() if not item.acks and not item.answered:
                yield Unacknowledged(item, ended, one_way(item.message))
            case _Timer.RESPONSE, Exchange() if item.response is None and item.reset is None:
                if item.state == State.OPEN and not ended:
                    item.state = State.UNANSWERED
                    self.changed[item] = None
                yield Unanswered(item, ended, one_way(item.request))
            case _Timer.FORGET_MID, Transmission():
                self._messages.forget(item)
            case _Timer.FORGET_TOKEN, Exchange():
                if ended or item.state != State.OBSERVING:
                    self._requests.forget(item)
                else:  # an observation lives on
                    lifetime = self._timers.exchange_lifetime
                    self._at(due + lifetime, _Timer.FORGET_TOKEN, item)
            case _Timer.FORGET_VERSION, Message():
                self._messages.forget_bad_version(item)

    def _join(self, message: Message, exchange: Exchange | None) -> None:
        message.exchange = exchange
        self.changed[message] = None
        if exchange is not None:
            self.changed[exchange] = None


def one_way(message: Message) -> bool:
    """Gate G-ONEWAY: the tap saw nothing come back, and the sender behaves as if answered."""
    flow: Flow = message.flow
    there = flow.direction(message.source)
    return flow.datagrams[1 - there] == 0 and flow.retransmitted[there] == 0
