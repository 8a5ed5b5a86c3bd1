# SPDX-License-Identifier: GPL-2.0-only
"""Observations (RFC 7641): one row each, with the notifications below it.

An observation is every registration under one (client, server, Token) for one resource: the first,
those that refresh it, the request that ends it, and the notifications of all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.exchanges.model import DEREGISTERS, OBSERVES
from analyzer.messages import Role
from analyzer.profiles.transmission import SECOND
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    from analyzer.session import Session

_FRESH: Final = 128 * SECOND
"""After so long any number counts as newer (RFC 7641 clause 3.4)."""

DEFAULT_MAX_AGE: Final = 60
"""Seconds for which a response without Max-Age is fresh (RFC 7252 clause 5.10.5)."""

_HALF: Final = 1 << 23
_MANY: Final = 2_000
"""Rows from which on NumPy is worth loading."""

_NOTIFIES: Final = frozenset({Role.RESPONSE, Role.NOTIFICATION})


class Order(StrEnum):
    """How a notification stands to the one before it (RFC 7641 clauses 3.4, 4.4)."""

    FIRST = "first"
    NEWER = "newer"
    OLDER = "older"  # overtaken on the way, or sent wrongly
    SAME = "same"  # the sequence number of the one before it
    UNNUMBERED = "unnumbered"  # no Observe option


class Ending(StrEnum):
    """What ended an observation."""

    NOT_SEEN = "not seen"
    RESET = "reset by the client"
    DEREGISTERED = "deregistered by the client"
    ERROR = "error of the server"
    UNACKNOWLEDGED = "notification never acknowledged"
    TAKEN = "token taken for another resource"
    REFUSED = "never accepted"


class Notification(NamedTuple):
    """A response of an observation, the first included; `gap` in ns since the one before it.

    `in_time` says whether the one before was still fresh for its `max_age`, in seconds (RFC 7641
    clause 3.3.1); None for the first, for one that was overtaken, and after a Max-Age of 0.
    """

    row: int
    frame: int
    time: int
    type: int
    code: int
    sequence: int | None
    order: Order
    gap: int | None
    max_age: int
    in_time: bool | None


class Observation(NamedTuple):
    """`exchange` registers it, `refreshes` are later registrations, `deregistration` the request
    that ends it (exchange ids, 0 for none); `ended_in` is a frame, 0 for none."""

    exchange: int
    refreshes: tuple[int, ...]
    deregistration: int
    notifications: tuple[Notification, ...]
    ending: Ending
    ended_in: int
    unread: int = 0
    """Notifications after those, when not all were asked for."""

    @property
    def gaps(self) -> list[int]:
        """Times between notifications, ns."""
        return [n.gap for n in self.notifications if n.gap is not None]


def newer(before: int, now: int, gap: int) -> bool:
    """Is sequence number `now` fresher than `before`, `gap` ns later (RFC 7641 clause 3.4)?"""
    ahead = before < now and now - before < _HALF
    wrapped = before > now and before - now > _HALF
    return ahead or wrapped or gap > _FRESH


def observations(session: Session) -> Iterator[Observation]:
    """Every observation, in the order of their registrations."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    for exchange, flags in _asking(session):
        first = session.exchanges.stored.cell("operation", exchange - 1) or exchange
        members[first].append(exchange)
        if exchange == first and not flags & OBSERVES:
            del members[first]  # deregisters what this capture does not have
    rows = _rows(session, {exchange for group in members.values() for exchange in group})
    for first, group in members.items():
        yield _observation(session, first, group, rows)


def observation(
    session: Session,
    exchange: int,
    later: Sequence[int] = (),
    told: Observation | None = None,
    most: int | None = None,
) -> Observation:
    """The observation that an exchange begins and `later` ones continue, as far as was read, with
    the first `most` notifications.

    Of `told`, what was known of it before, notifications are not read again.
    """
    group = [exchange, *later]
    return _observation(session, exchange, group, _rows(session, set(group)), told, most)


def _asking(session: Session) -> Iterator[tuple[int, int]]:
    """Exchanges whose request has Observe 0 or 1, and their flags."""
    stored, wanted = session.exchanges.stored, OBSERVES | DEREGISTERS
    count = len(stored)
    if count < _MANY:
        flagged = [row for row in range(count) if stored.cell("flags", row) & wanted]
    else:
        flagged = (stored["flags"][:count] & wanted).nonzero()[0].tolist()
    yield from ((row + 1, stored.cell("flags", row)) for row in flagged)


def _rows(session: Session, exchanges: set[int]) -> dict[int, list[int]]:
    """Rows of the responses of these exchanges, in file order."""
    messages = session.messages
    found: defaultdict[int, list[int]] = defaultdict(list)
    if len(messages) < _MANY:
        owners = enumerate(messages.cell("exchange", row) for row in range(len(messages)))
        candidates = [(row, owner) for row, owner in owners if owner in exchanges]
    else:
        import numpy as np

        column = messages["exchange"]
        places = np.isin(column, np.fromiter(exchanges, np.uint32, len(exchanges))).nonzero()[0]
        candidates = list(zip(places.tolist(), column[places].tolist(), strict=True))
    for row, owner in candidates:
        if Role(messages.cell("role", row)) in _NOTIFIES:
            found[owner].append(row)
    return found


def _observation(
    session: Session,
    first: int,
    group: list[int],
    rows: dict[int, list[int]],
    told: Observation | None = None,
    most: int | None = None,
) -> Observation:
    stored = session.exchanges.stored
    asks = [e for e in group if stored.cell("flags", e - 1) & OBSERVES]
    ends = [e for e in group if stored.cell("flags", e - 1) & DEREGISTERS]
    notified = sorted(row for exchange in asks for row in rows.get(exchange, []))
    ended = next((by for e in reversed(asks) if (by := stored.cell("ended_by", e - 1))), 0)
    unread = len(notified[most:]) if most is not None else 0
    notified = notified[:most]
    known = told.notifications if told else ()
    if [n.row for n in known] != notified[: len(known)]:
        known = ()
    notifications = (*known, *_notifications(session, notified[len(known) :], known))
    ending = _ending(session, ended - 1, set(asks)) if ended else Ending.NOT_SEEN
    if not ended and not any(n.sequence is not None for n in notifications) and notifications:
        ending, ended = Ending.REFUSED, notifications[-1].row + 1
    frame = session.messages.cell("frame", ended - 1) if ended else 0
    last = ends[-1] if ends else 0
    return Observation(first, tuple(asks[1:]), last, notifications, ending, frame, unread)


def _notifications(
    session: Session, rows: list[int], known: Sequence[Notification]
) -> Iterator[Notification]:
    """The notifications of these rows, which follow those known."""
    before = next((n for n in reversed(known) if n.order is not Order.OLDER), None)
    for row in rows:
        cells = session.messages.row(row)
        coap = session.dissected(row)
        sequence, max_age = coap.uint(numbers.OBSERVE), coap.uint(numbers.MAX_AGE)
        max_age = DEFAULT_MAX_AGE if max_age is None else max_age
        gap = cells["time"] - before.time if before else None
        order = Order.FIRST
        if sequence is None:
            order = Order.UNNUMBERED
        elif before and before.sequence is not None and gap is not None:
            order = Order.NEWER if newer(before.sequence, sequence, gap) else Order.OLDER
            order = Order.SAME if sequence == before.sequence and gap <= _FRESH else order
        kind, code = cells["type"], cells["code"]
        in_time = None
        if before and before.max_age and gap is not None and order is not Order.OLDER:
            in_time = gap <= before.max_age * SECOND
        made = Notification(
            row, cells["frame"], cells["time"], kind, code, sequence, order, gap, max_age, in_time
        )
        yield made
        if order is not Order.OLDER:
            before = made


def _ending(session: Session, row: int, asks: set[int]) -> Ending:
    """What the message is that ended an observation."""
    cells = session.messages.row(row)
    if cells["type"] == Type.RST:
        return Ending.RESET
    if numbers.is_request(cells["code"]):
        return Ending.TAKEN
    if cells["exchange"] not in asks:
        return Ending.DEREGISTERED
    return Ending.UNACKNOWLEDGED if cells["code"] >> 5 == 2 else Ending.ERROR
