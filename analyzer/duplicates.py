# SPDX-License-Identifier: GPL-2.0-only
"""Gate G-DUP: one transmission recorded twice, and the two legs of an address translator.

A capture duplicate (`any` interface, mirror port, merged files) has the same addresses, ports and
bytes. Time alone proves nothing: stacks do answer twice within a millisecond. So a copy counts as
a duplicate only if (a) it repeats a non-zero IPv4 identification within a second, from a sender
that does not use one constant identification; or (c), without a usable identification, it follows
within 5 ms and differs only in what a second tap changes, or the sender's datagrams come doubled
as a rule.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from analyzer.endpoints import Endpoint
from analyzer.messages import Message
from analyzer.profiles.transmission import Transmission

_DOUBLED: Final = 8
_OF_LAST: Final = 10
_CONSTANT_AFTER: Final = 3
_NAT_MIN_BYTES: Final = 12
_MAX_SENDERS: Final = 1 << 14
_MOST_ALIKE: Final = 8
"""Datagrams with the same addresses and bytes that a copy is compared with, newest first."""
_MOST_LEGS: Final = 8
"""Pairs of endpoints with the same bytes in which the other leg is looked for."""

Pair: TypeAlias = tuple[Endpoint, Endpoint]


@dataclass(slots=True)
class _Sender:
    """What was learnt of one sending address; `doubled` has a bit for each of its last datagrams,
    set where a copy came."""

    identification: int = -1
    datagrams_with_it: int = 0
    doubled: int = 0

    def saw_new(self, ip_id: int) -> None:
        """A datagram that was not seen before."""
        if ip_id == self.identification:
            self.datagrams_with_it += 1
        else:
            self.identification, self.datagrams_with_it = ip_id, 1
        self.doubled = self.doubled << 1 & (1 << _OF_LAST) - 1

    def saw_again(self) -> None:
        self.doubled |= 1

    @property
    def constant(self) -> bool:
        return self.datagrams_with_it >= _CONSTANT_AFTER

    @property
    def doubles_all(self) -> bool:
        return self.doubled.bit_count() >= _DOUBLED


class DuplicateGate:
    """Remembers the datagrams of the last second; memory is bounded by the traffic in it."""

    def __init__(self, timers: Transmission) -> None:
        self._timers = timers
        self._recent: dict[bytes, dict[Pair, list[Message]]] = {}
        self._order: deque[Message] = deque()
        self._senders: OrderedDict[bytes, _Sender] = OrderedDict()
        self._identifications: dict[int, int] = {}
        self._datagrams = 0

    def original(self, message: Message) -> Message | None:
        """The earlier record of the same transmission, None when this is a transmission."""
        self._expire(message.time)
        sender = self._sender(message.source.packed)
        seen = self._recent.setdefault(message.data, {})
        alike = seen.setdefault(_pair(message), [])
        original = None
        for earlier in reversed(alike):
            if self._same_transmission(earlier, message, sender):
                original = earlier
                break
        if alike:
            sender.saw_again()
        else:
            self._count(message, sender)
        if original is None:
            message.nat_leg_of = self._other_leg(message, seen)
            alike.append(message)
            del alike[:-_MOST_ALIKE]
            self._order.append(message)
        return original

    def _count(self, message: Message, sender: _Sender) -> None:
        ip_id = message.place.ip_id
        sender.saw_new(ip_id)
        self._datagrams += 1
        self._identifications[ip_id] = self._identifications.get(ip_id, 0) + 1

    def _constant(self, ip_id: int, sender: _Sender) -> bool:
        """The sender, or the whole capture (made by a script), uses one identification."""
        if sender.identification == ip_id and sender.constant:
            return True
        uses = self._identifications.get(ip_id, 0)
        return uses >= _CONSTANT_AFTER and 2 * uses >= self._datagrams

    def _same_transmission(self, earlier: Message, message: Message, sender: _Sender) -> bool:
        gap = message.time - earlier.time
        ip_id = message.place.ip_id
        if ip_id and message.source.version == 4 and not self._constant(ip_id, sender):
            return ip_id == earlier.place.ip_id and abs(gap) <= self._timers.dup_window
        if abs(gap) > self._timers.dup_window_unnumbered:
            return False
        return _other_tap(earlier, message) or sender.doubles_all

    def _other_leg(self, message: Message, seen: dict[Pair, list[Message]]) -> Message | None:
        """The same bytes with one side's address rewritten by a router, which lowers the TTL."""
        if len(message.data) < _NAT_MIN_BYTES or len(message.token) < 4:
            return None
        for alike in islice(reversed(seen.values()), _MOST_LEGS):
            if not alike:
                continue
            earlier = alike[-1]
            one_side = (earlier.source == message.source) != (
                earlier.destination == message.destination
            )
            close = abs(message.time - earlier.time) <= self._timers.nat_window
            if one_side and close and message.place.ttl < earlier.place.ttl:
                return earlier
        return None

    def _sender(self, packed: bytes) -> _Sender:
        sender = self._senders.get(packed)
        if sender is None:
            sender = self._senders[packed] = _Sender()
            if len(self._senders) > _MAX_SENDERS:
                self._senders.popitem(last=False)
        return sender

    def _expire(self, now: int) -> None:
        while self._order and now - self._order[0].time > self._timers.dup_window:
            old = self._order.popleft()
            seen = self._recent[old.data]
            alike = seen[_pair(old)]
            if alike[0] is old:
                del alike[0]
            if not alike:
                del seen[_pair(old)]
            if not seen:
                del self._recent[old.data]

    def restart(self) -> None:
        """Forget recent datagrams: a new segment of the capture begins."""
        self._recent.clear()
        self._order.clear()


def _pair(message: Message) -> Pair:
    return (message.source, message.destination)


def _other_tap(a: Message, b: Message) -> bool:
    """The copies differ in interface, link header (MAC, VLAN, packet type) or TTL."""
    return (a.place.interface, a.place.link_header, a.place.ttl) != (
        b.place.interface,
        b.place.link_header,
        b.place.ttl,
    )
