# SPDX-License-Identifier: GPL-2.0-only
"""Pairing: messages in, exchanges and events out.

One message at a time, in file order. State that looks ahead (timers, responses that precede their
request) is bounded by the lifetimes of RFC 7252 clause 4.8.2 and driven by capture time alone, so
the result does not depend on how the capture was cut into batches.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
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
from analyzer.exchanges.request_layer import CONFIDENCE, RequestLayer, TokenKey
from analyzer.messages import Message, Role
from analyzer.profiles.transmission import SECOND
from analyzer.profiles.transmission import Transmission as Timers
from dissectors.coap import numbers
from dissectors.coap.numbers import Type
from dissectors.coap.wire import Defect

REORDER_WINDOW: Final = 2 * SECOND
"""A response seen before its request waits this long for it."""

MOST_LIVE: Final = 1 << 14
"""Transmissions remembered at most: beyond that the oldest that was answered is forgotten before
its lifetime is over, so that no flood of messages can fill the memory."""

_MOST_EARLY: Final = 1024
_MOST_EARLY_ALIKE: Final = 8

_NOT_PAIRED: Final = frozenset({Defect.NON_EMPTY, Defect.ACK_REQUEST, Defect.SIGNAL_ON_UDP})
"""Wrong combinations of type and code, which the receiver must ignore (clauses 4.2, 4.3)."""


class _Timer(IntEnum):
    WAIT = 0  # MAX_TRANSMIT_WAIT: told when nothing came
    FORGET = 1  # EXCHANGE_LIFETIME


class Pairing:
    """Pairs messages; `changed` holds the exchanges and messages touched since it was cleared."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._messages = MessageLayer(timers)
        self._requests = RequestLayer()
        self._live: dict[int, Transmission] = {}
        self._settled: deque[int] = deque()
        self._due: list[tuple[int, int, _Timer]] = []
        self._transmissions = 0
        self._early: OrderedDict[TokenKey, deque[Message]] = OrderedDict()
        self._exchanges = 0
        self.changed: dict[Exchange | Message, None] = {}
        self.forgotten = 0
        """Messages that still waited for an answer when the memory was full."""

    def pair(self, message: Message) -> Iterator[Event]:
        """Take the next message; its role and exchange are set when Seen is yielded."""
        yield from self.advance(message.time)
        self.changed[message] = None
        if not message.coap.readable or message.defects & _NOT_PAIRED:
            self._refuse(message)
            yield Seen(message)
        elif message.type in (Type.CON, Type.NON):
            yield from self._sent(message)
        else:
            yield from self._acknowledgement(message)

    def advance(self, now: int) -> Iterator[Event]:
        """Capture time has come to `now`: fire what was due before, oldest first."""
        while self._due and self._due[0][0] < now:
            _, number, timer = heapq.heappop(self._due)
            yield from self._fire(now, number, timer, ended=False)
        while self._early:
            key, waiting = next(iter(self._early.items()))
            if waiting and now - waiting[-1].time <= REORDER_WINDOW:
                break
            del self._early[key]

    def end(self) -> Iterator[Event]:
        """The capture is over: what still waits is told as such, then forgotten."""
        while self._due:
            deadline, number, timer = heapq.heappop(self._due)
            yield from self._fire(deadline, number, timer, ended=True)
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

    def _sent(self, message: Message) -> Iterator[Event]:
        known = self._messages.repeated(message)
        if known is not None:
            yield self._repeat(known, message)
            return
        transmission = self._messages.send(message)
        self._keep(transmission)
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
        message.flow.repeats(message.source)
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
        if any(ack.type == message.type for ack in earlier) and not news:
            message.role = Role.DUPLICATE_ACK
            yield from self._answered_again(transmission, message)
            return
        if not earlier:
            self._settled.append(transmission.number)
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
                self._await_request(message)
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
        self.changed.update(dict.fromkeys(self._requests.open(exchange)))
        waiting = self._early.get((message.source, message.destination, message.token), deque())
        for early in list(waiting):
            piggybacked = early.type == Type.ACK
            if abs(message.time - early.time) > REORDER_WINDOW:
                continue
            if not piggybacked or early.message_id == message.message_id:
                waiting.remove(early)
                sent = self._messages.of_key(early.source, early.destination, early.message_id)
                if sent is not None and sent.message is early:
                    sent.exchange = exchange
                match = Match.MID_TOKEN if piggybacked else Match.TOKEN
                yield from self._link(exchange, early, match)

    def _await_request(self, message: Message) -> None:
        """A response whose request may still come."""
        key = (message.destination, message.source, message.token)
        self._early.setdefault(key, deque(maxlen=_MOST_EARLY_ALIKE)).append(message)
        self._early.move_to_end(key)
        if len(self._early) > _MOST_EARLY:
            self._early.popitem(last=False)

    def _response(self, message: Message, transmission: Transmission) -> Iterator[Event]:
        match = Match.TOKEN
        found = self._requests.of_token(message)
        if found is None:
            found, match = self._requests.of_group(message), Match.MULTICAST
        if found is None:
            found, match = self._requests.of_other_server(message, mid=False), Match.OTHER_ENDPOINT
        if found is None:
            message.role = Role.ORPHAN
            self._await_request(message)
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

    def _keep(self, transmission: Transmission) -> None:
        """Set the timers of a new transmission; beyond MOST_LIVE, forget the oldest settled one."""
        self._transmissions += 1
        number = transmission.number = self._transmissions
        message, timers = transmission.message, self._timers
        self._live[number] = transmission
        if not transmission.confirmable:
            self._settled.append(number)
        if message.is_request or transmission.confirmable:
            due = (message.time + timers.max_transmit_wait, number, _Timer.WAIT)
        else:
            due = (message.time + timers.exchange_lifetime, number, _Timer.FORGET)
        heapq.heappush(self._due, due)
        while len(self._live) > MOST_LIVE:
            if self._settled:
                self._forget(self._settled.popleft())
            else:
                self.forgotten += 1
                self._forget(next(iter(self._live)))

    def _fire(self, now: int, number: int, timer: _Timer, ended: bool) -> Iterator[Event]:
        transmission = self._live.get(number)
        if transmission is None:
            return
        exchange = transmission.exchange
        lifetime = self._timers.exchange_lifetime
        if timer is _Timer.WAIT:
            heapq.heappush(self._due, (transmission.first + lifetime, number, _Timer.FORGET))
            yield from self._waited(transmission, ended)
        elif exchange is None or ended or not self._lives_on(exchange, transmission):
            self._forget(number)
        else:
            self._messages.forget(transmission)
            heapq.heappush(self._due, (now + lifetime, number, _Timer.FORGET))

    def _waited(self, transmission: Transmission, ended: bool) -> Iterator[Event]:
        """MAX_TRANSMIT_WAIT is over: tell what is missing."""
        message, exchange = transmission.message, transmission.exchange
        alone = message.flow.one_way(message.source)
        silent = not transmission.acks and not transmission.answered
        if transmission.confirmable and silent and not message.destination.multicast:
            yield Unacknowledged(transmission, ended, alone)
        if exchange is None or exchange.request is not message or not message.is_request:
            return
        if exchange.response is None and exchange.reset is None:
            if exchange.state == State.OPEN and not ended:
                exchange.state = State.UNANSWERED
            self.changed[exchange] = None
            yield Unanswered(exchange, ended, alone)

    @staticmethod
    def _lives_on(exchange: Exchange, transmission: Transmission) -> bool:
        """An observation waits for notifications for as long as it stands."""
        return exchange.transmission is transmission and exchange.state == State.OBSERVING

    def _forget(self, number: int) -> None:
        transmission = self._live.pop(number, None)
        while self._settled and self._settled[0] not in self._live:
            self._settled.popleft()
        if transmission is None:
            return
        self._messages.forget(transmission)
        exchange = transmission.exchange
        if exchange is not None and exchange.transmission is transmission:
            self._requests.forget(exchange)

    def _join(self, message: Message, exchange: Exchange | None) -> None:
        message.exchange = exchange
        self.changed[message] = None
        if exchange is not None:
            self.changed[exchange] = None
