# SPDX-License-Identifier: GPL-2.0-only
"""Sequence numbers of OSCORE senders: what was sent again, and what came late.

RFC 8613 clauses 3.2.2, 7.2.1 and 7.4, RFC 7252 clause 4.5.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, NamedTuple

from analyzer.decryption.oscore_contexts import Sender
from analyzer.profiles.transmission import DEFAULT

WINDOW: Final = 32
"""The replay window, unless ends have another (clause 3.2.2)."""

MOST_SEEN: Final = 32_768
"""So many Partial IVs are remembered, over all senders. Beyond it the oldest is forgotten: what
has it again may be told as going backwards, but no longer as a replay."""

_PIV_BITS: Final = 40


class Sealed(NamedTuple):
    """A protected message as an event; `tail` are its last bytes, with the tag in them."""

    source: Hashable
    destination: Hashable
    time: int
    frame: int
    head: bytes
    tail: bytes
    reliable: bool


class Fact(NamedTuple):
    """As in Unprotected."""

    replay_of: int
    elsewhere: bool
    reused_with: int
    backwards: int


NOTHING: Final = Fact(0, False, 0, 0)


class Sequences:
    """The Partial IVs of all senders."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, Sealed] = OrderedDict()

    def judge(self, sender: Sender, number: int, sealed: Sealed) -> Fact:
        """What an authentic message with a Partial IV tells of who sent it."""
        key = sender.number << _PIV_BITS | number
        first = self._seen.get(key)
        if first is not None:
            if first.tail != sealed.tail:
                return Fact(0, False, first.frame, 0)
            if _sent_again(first, sealed):
                return NOTHING
            return Fact(first.frame, not _between_the_same(first, sealed), 0, 0)
        self._seen[key] = sealed
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        behind = sender.highest - number
        if behind < 0:
            sender.highest = number
        return Fact(0, False, 0, behind) if behind >= WINDOW else NOTHING


def _between_the_same(first: Sealed, sealed: Sealed) -> bool:
    return (first.source, first.destination) == (sealed.source, sealed.destination)


def _sent_again(first: Sealed, sealed: Sealed) -> bool:
    """A retransmission: the same datagram while its Message ID means the same."""
    return (
        not sealed.reliable
        and first.head == sealed.head
        and _between_the_same(first, sealed)
        and abs(sealed.time - first.time) <= DEFAULT.exchange_lifetime
    )
