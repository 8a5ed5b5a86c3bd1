# SPDX-License-Identifier: GPL-2.0-only
"""Observations (RFC 7641): one row each, with the notifications below it.

An observation is every registration under one (client, server, Token) for one resource: the first,
those that refresh it, the request that ends it, and the notifications of all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.exchanges.model import DEREGISTERS, OBSERVES
from analyzer.messages import Role
from analyzer.profiles.transmission import SECOND
from dissectors.coap import numbers
from dissectors.coap.message import dissect
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    from analyzer.session import Session

_FRESH: Final = 128 * SECOND
"""After so long any number counts as newer (RFC 7641 clause 3.4)."""

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
    """A response of an observation, the first included; `gap` in ns since the one before it."""

    row: int
    frame: int
    time: int
    type: int
    code: int
    sequence: int | None
    order: Order
    gap: int | None


class Observation(NamedTuple):
    """`exchange` registers it, `refreshes` are later registrations, `deregistration` the request
    that ends it (exchange ids, 0 for none); `ended_in` is a frame, 0 for none."""

    exchange: int
    refreshes: tuple[int, ...]
    deregistration: int
    notifications: tuple[Notification, ...]
    ending: Ending
    ended_in: int

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
    session: Session, first: int, group: list[int], rows: dict[int, list[int]]
) -> Observation:
    stored = session.exchanges.stored
    asks = [e for e in group if stored.cell("flags", e - 1) & OBSERVES]
    ends = [e for e in group if e not in asks]
    notified = sorted(row for exchange in asks for row in rows.get(exchange, []))
    ended = next((by for e in reversed(asks) if (by := stored.cell("ended_by", e - 1))), 0)
    notifications = tuple(_notifications(session, notified))
    ending = _ending(session, ended - 1, set(asks)) if ended else Ending.NOT_SEEN
    if not ended and not any(n.sequence is not None for n in notifications) and notifications:
        ending, ended = Ending.REFUSED, notifications[-1].row + 1
    frame = session.messages.cell("frame", ended - 1) if ended else 0
    last = ends[-1] if ends else 0
    return Observation(first, tuple(asks[1:]), last, notifications, ending, frame)


def _notifications(session: Session, rows: list[int]) -> Iterator[Notification]:
    before: Notification | None = None
    for row in rows:
        cells = session.messages.row(row)
        sequence = dissect(session.coap(row)).uint(numbers.OBSERVE)
        gap = cells["time"] - before.time if before else None
        order = Order.FIRST
        if sequence is None:
            order = Order.UNNUMBERED
        elif before and before.sequence is not None and gap is not None:
            order = Order.NEWER if newer(before.sequence, sequence, gap) else Order.OLDER
            order = Order.SAME if sequence == before.sequence and gap <= _FRESH else order
        kind, code = cells["type"], cells["code"]
        made = Notification(row, cells["frame"], cells["time"], kind, code, sequence, order, gap)
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
