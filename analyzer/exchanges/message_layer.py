# SPDX-License-Identifier: GPL-2.0-only
"""Message layer: CON and NON by (source, destination, Message ID), their copies, ACK and RST.

RFC 7252 clause 4. Role is never inferred from a port: the sender of a CON or NON owns its Message
ID, whoever that is. Times are capture times in nanoseconds.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from analyzer.endpoints import Endpoint
from analyzer.exchanges.model import Transmission
from analyzer.messages import Message
from analyzer.profiles.transmission import Transmission as Timers
from dissectors.coap import numbers

MidKey: TypeAlias = tuple[Endpoint, Endpoint, int]

_MAY_CHANGE: Final = frozenset({numbers.MAX_AGE, numbers.OBSERVE})
"""Options a repetition may refresh (RFC 7252 clause 5.10.5, RFC 7641 clause 4.4)."""


_MOST_PER_MID: Final = 8
"""Transmissions kept under one Message ID: only the newest can be repeated or acknowledged."""

_MOST_BAD_VERSIONS: Final = 1024


class Sameness(Enum):
    """How two messages under one Message ID compare."""

    NO = 0
    IDENTICAL = 1
    REFRESHED = 2  # only Max-Age or Observe changed
    NEW_PAYLOAD = 3  # a notification repeated with another payload (RFC 7641 clause 4.5.2)


def same_message(first: Message, second: Message) -> Sameness:
    """Is the second a repetition of the first?"""
    if first.data == second.data:
        return Sameness.IDENTICAL
    a, b = first.coap, second.coap
    if (a.type, a.code, a.token) != (b.type, b.code, b.token):
        return Sameness.NO
    if _lasting(first) != _lasting(second):
        return Sameness.NO
    if a.payload == b.payload:
        return Sameness.REFRESHED
    if second.is_response and a.first(numbers.OBSERVE) and b.first(numbers.OBSERVE):
        return Sameness.NEW_PAYLOAD
    return Sameness.NO


def _lasting(message: Message) -> list[tuple[int, bytes]]:
    return [(o.number, o.value) for o in message.coap.options if o.number not in _MAY_CHANGE]


class MessageLayer:
    """Transmissions that can still be repeated, acknowledged or rejected."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._sent: dict[MidKey, list[Transmission]] = {}
        self._multicast: dict[tuple[Endpoint, int], Transmission] = {}
        self._bad_version: dict[MidKey, Message] = {}

    def lifetime(self, transmission: Transmission) -> int:
        """How long its Message ID stays taken: EXCHANGE_LIFETIME or NON_LIFETIME."""
        timers = self._timers
        return timers.exchange_lifetime if transmission.confirmable else timers.non_lifetime

    def repeated(self, message: Message) -> Transmission | None:
        """The transmission of which this CON or NON is a copy."""
        for known in reversed(self._sent.get(_key(message), ())):
            young = message.time - known.first <= self.lifetime(known)
            if not young or known.message.type != message.type:
                return None
            return known if same_message(known.message, message) is not Sameness.NO else None
        return None

    def send(self, message: Message) -> Transmission:
        """A CON or NON seen for the first time."""
        transmission = Transmission(message, message.time)
        known = self._sent.setdefault(_key(message), [])
        known.append(transmission)
        if len(known) > _MOST_PER_MID:
            known.pop(0)
        if message.destination.multicast:
            self._multicast[message.source, message.message_id] = transmission
        return transmission

    def acknowledged_by(self, message: Message) -> Transmission | None:
        """The CON or NON that this ACK or RST answers, newest first (clause 4.2)."""
        lifetime = self._timers.exchange_lifetime
        key = (message.destination, message.source, message.message_id)
        for known in reversed(self._sent.get(key, ())):
            return known if message.time - known.first <= lifetime else None
        known_group = self._multicast.get((message.destination, message.message_id))
        if known_group and message.time - known_group.first <= self._timers.non_lifetime:
            return known_group
        return None

    def of_key(
        self, source: Endpoint, destination: Endpoint, message_id: int
    ) -> Transmission | None:
        """The newest CON or NON sent from `source` to `destination` under a Message ID."""
        known = self._sent.get((source, destination, message_id))
        return known[-1] if known else None

    def remember_bad_version(self, message: Message) -> None:
        """A datagram of another version: nobody may answer it (clause 3)."""
        mid = int.from_bytes(message.data[2:4], "big")
        self._bad_version[message.source, message.destination, mid] = message
        if len(self._bad_version) > _MOST_BAD_VERSIONS:
            self._bad_version.pop(next(iter(self._bad_version)))

    def bad_version_of(self, message: Message) -> Message | None:
        """The datagram of another version whose Message ID this ACK or RST carries."""
        key = (message.destination, message.source, message.message_id)
        bad = self._bad_version.get(key)
        if bad is None or abs(message.time - bad.time) > self._timers.exchange_lifetime:
            return None
        return bad

    def forget(self, transmission: Transmission) -> None:
        """Its lifetime is over."""
        message = transmission.message
        known = self._sent.get(_key(message), [])
        if transmission in known:
            known.remove(transmission)
            if not known:
                del self._sent[_key(message)]
        group = (message.source, message.message_id)
        if self._multicast.get(group) is transmission:
            del self._multicast[group]


def _key(message: Message) -> MidKey:
    return (message.source, message.destination, message.message_id)
