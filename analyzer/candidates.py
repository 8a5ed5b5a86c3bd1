# SPDX-License-Identifier: GPL-2.0-only
"""The nearest candidate: for a message that found nothing, what it was probably meant for.

What is near is told by `nearness`. Looking it up costs a few dictionaries, made once per reading of
the tables: by endpoints and Token, by endpoints and Message ID, then by the client's address, and
last by Token alone. Under one key only those next in time are compared, so that one Token for
everything costs no more.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer import flows, state
from analyzer.events import Unacknowledged, Unanswered
from analyzer.exchanges.model import State
from analyzer.flows import endpoint_at
from analyzer.messages import Role, rows_with
from analyzer.nearness import Candidate, Half, Likeness, Texts, candidate, likeness
from analyzer.rules.catalogue import Scope, rules_on
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.subjects import Tables

_ASKING: Final = (Role.REQUEST, Role.PING, Role.RESPONSE, Role.NOTIFICATION, Role.ORPHAN)
"""What may be answered or acknowledged; a copy counts as the first of its kind."""

_WAITING: Final = (State.OPEN, State.ACKNOWLEDGED, State.UNANSWERED)

_MANY: Final = 1 << 15
"""Messages from which on NumPy picks those that come into question."""

_MOST: Final = 4
"""Candidates compared under one key, before and after."""

_SHORTEST_ALONE: Final = 2
"""Bytes of a token that is looked for among strangers."""

_time = attrgetter("time")
_Token = tuple[int, int]


class Candidates:
    """Looks up candidates in the tables as they are when this is made."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._lifetime: int = tables.memory[state.EXCHANGE_LIFETIME]
        roles = tables.messages.octets("role")
        orphans = [self._half(row) for row in rows_with(roles, Role.ORPHAN)]
        self._answers = _Index(orphans, asks=False)
        self._asked = _Index(self._asking(orphans, roles) if orphans else (), asks=True)

    def of_message(self, row: int) -> Candidate | None:
        """The nearest candidate for an orphan, or for a request or ping without an answer; None
        where nothing but chance agrees, and for every other message."""
        role = self._tables.messages.cell("role", row)
        if not self._answers or role not in (Role.ORPHAN, Role.REQUEST, Role.PING):
            return None
        half = self._half(row)
        if role == Role.ORPHAN:
            found = self._nearest(half, self._asked)
            return self._candidate(found, half, found) if found else None
        found = self._nearest(half, self._answers) if half.waits else None
        return self._candidate(half, found, found) if found else None

    def of_exchange(self, id: int) -> Candidate | None:
        """The nearest candidate for the answer that an exchange lacks."""
        stored = self._tables.exchanges.stored
        if not self._answers or stored.cell("state", id - 1) not in _WAITING:
            return None
        return self.of_message(stored.cell("request_row", id - 1))

    def of_finding(self, finding: Finding) -> Candidate | None:
        """What a finding about an answer that is missing, or about an orphan, might have missed."""
        missing = finding.rule.id in rules_on(Unanswered, Unacknowledged)
        orphan = finding.rule.scope != Scope.MESSAGE and finding.row >= 0
        if missing and finding.exchange:
            return self.of_exchange(finding.exchange)
        return self.of_orphan(finding.row) if orphan else None

    def of_orphan(self, row: int) -> Candidate | None:
        """As `of_message`, of orphans alone."""
        orphan = self._tables.messages.cell("role", row) == Role.ORPHAN
        return self.of_message(row) if orphan else None

    def _nearest(self, half: Half, others: _Index) -> Half | None:
        asks = others is self._answers
        for keys in _keys(half, asks):
            near = {other.row: other for key in keys for other in others.near(key, half.time)}
            near.pop(half.row, None)
            best: tuple[Likeness, Half] | None = None
            for other in near.values():
                asked, answer = (half, other) if asks else (other, half)
                much = likeness(asked, answer, self._lifetime)
                if much is not None and (best is None or much > best[0]):
                    best = much, other
            if best is not None:
                return best[1]
        return self._sole(half, others)

    def _sole(self, half: Half, others: _Index) -> Half | None:
        """The only waiting request between the endpoints of the only orphan that may answer it."""
        found = others.alone(half, self._lifetime)
        if found is None:
            return None
        asked, answer = (half, found) if others is self._answers else (found, half)
        own = self._asked if asked is half else self._answers
        back = own.alone(found, self._lifetime)
        if back is None or back.row != half.row or not _answerable(asked, answer):
            return None
        return found

    def _candidate(self, asked: Half, answer: Half, found: Half) -> Candidate:
        texts = self._texts(asked), self._texts(answer)
        return candidate(asked, answer, found is asked, self._lifetime, *texts)

    def _texts(self, half: Half) -> Texts:
        endpoints = self._tables.endpoints
        source, destination = endpoints[half.source], endpoints[half.destination]
        return Texts(str(source), str(destination), self._tables.token(half.row))

    # Reading the tables -------------------------------------------------------------------------

    def _half(self, row: int) -> Half:
        cells = self._tables.messages.row(row)
        s = self._tables.memory.s
        source, destination = endpoint_at(s, cells["source"]), endpoint_at(s, cells["destination"])
        asks, exchange = cells["role"] in (Role.REQUEST, Role.PING), cells["exchange"]
        states = self._tables.exchanges.stored
        waits = asks and bool(exchange) and states.cell("state", exchange - 1) in _WAITING
        return Half(
            row,
            cells["frame"],
            cells["time"],
            cells["source"],
            cells["destination"],
            s[source + flows.ADDRESS],
            s[destination + flows.ADDRESS],
            bool(s[destination + flows.MULTICAST]),
            (cells["token"], cells["token_length"]),
            cells["message_id"],
            cells["type"],
            cells["code"],
            waits,
            cells["peer"] if asks and not waits else 0,
        )

    def _asking(self, orphans: Sequence[Half], roles: bytes) -> Iterator[Half]:
        """What may have a key in common with one of the orphans, in file order."""
        wanted = _wanted(orphans)
        messages = self._tables.messages
        many = len(roles) >= _MANY
        rows = _picked(self._tables, wanted, len(roles)) if many else range(len(roles))
        for row in rows:
            if roles[row] not in _ASKING or messages.cell("type", row) > Type.NON:
                continue
            half = self._half(row)
            if wanted.fit(half):
                yield half


class _Wanted(NamedTuple):
    """What orphans look for: tokens, Message IDs of an address, waiting requests between two
    endpoints."""

    tokens: set[_Token]
    message_ids: set[tuple[int, int]]
    pairs: set[tuple[int, int]]

    def fit(self, half: Half) -> bool:
        return (
            half.token in self.tokens
            or (half.source_address, half.message_id) in self.message_ids
            or (half.waits and (half.source, half.destination) in self.pairs)
        )


def _wanted(orphans: Iterable[Half]) -> _Wanted:
    wanted = _Wanted(set(), set(), set())
    for half in orphans:
        if half.responds and half.token[1]:
            wanted.tokens.add(half.token)
        wanted.message_ids.add((half.destination_address, half.message_id))
        wanted.pairs.add((half.destination, half.source))
    return wanted


def _picked(tables: Tables, wanted: _Wanted, count: int) -> list[int]:
    """Of many rows those that may fit."""
    import numpy as np

    def column(name: str) -> Any:
        return tables.messages[name][:count].astype(np.int64)

    s = np.asarray(tables.memory.s)
    first, slots = endpoint_at(tables.memory.s, 0), flows.ENDPOINT_SLOTS
    addresses = s[first : first + len(tables.endpoints) * slots : slots]
    source, exchange = column("source"), column("exchange")
    fits = np.isin(column("token"), [token for token, _ in wanted.tokens])
    own = [address << 16 | mid for address, mid in wanted.message_ids]
    fits |= np.isin(addresses[source] << 16 | column("message_id"), own)
    states = np.append(0, tables.exchanges.stored["state"])
    waits = np.isin(states[exchange], _WAITING) & (exchange > 0)
    pairs = [source << 32 | destination for source, destination in wanted.pairs]
    fits |= waits & np.isin(source << 32 | column("destination"), pairs)
    fits &= np.isin(column("role"), _ASKING)
    return [int(row) for row in fits.nonzero()[0]]


def _keys(half: Half, asks: bool) -> tuple[list[Hashable], list[Hashable]]:
    """Keys under which a half is found: those with both endpoints, those with less."""
    client, server, address = half.source, half.destination, half.source_address
    if not asks:
        client, server, address = half.destination, half.source, half.destination_address
    exact: list[Hashable] = [(client, server, half.message_id)]
    loose: list[Hashable] = []
    if asks or half.acknowledges:
        loose.append((address, half.message_id))
    if half.token[1] and (numbers.is_request(half.code) if asks else half.responds):
        exact.append((client, server, half.token))
        loose.append((address, half.token))
        if half.token[1] >= _SHORTEST_ALONE and (half.waits or not asks):
            loose.append(half.token)
    return exact, loose


class _Index:
    """Halves of one kind by their keys, each list in the order of time."""

    def __init__(self, halves: Iterable[Half], asks: bool) -> None:
        self._lists: defaultdict[Hashable, list[Half]] = defaultdict(list)
        self._pairs: defaultdict[tuple[int, int], list[Half]] = defaultdict(list)
        self._asks = asks
        for half in halves:
            for keys in _keys(half, asks):
                for key in keys:
                    self._lists[key].append(half)
            if half.waits or not asks:
                ends = half.source, half.destination
                self._pairs[ends if asks else ends[::-1]].append(half)
        for lists in (self._lists, self._pairs):
            for found in lists.values():
                found.sort(key=_time)

    def __bool__(self) -> bool:
        return bool(self._lists)

    def near(self, key: Hashable, time: int) -> Sequence[Half]:
        """Those under a key that are next in time."""
        found = self._lists.get(key)
        if not found:
            return ()
        at = bisect_left(found, time, key=_time)
        return found[max(0, at - _MOST) : at + _MOST]

    def alone(self, half: Half, lifetime: int) -> Half | None:
        """The only one that stands between the endpoints of `half`, of the other kind, within the
        lifetime of the request."""
        ends = half.source, half.destination
        found = self._pairs.get(ends[::-1] if self._asks else ends, ())
        first, last = half.time - lifetime, half.time
        if not self._asks:
            first, last = half.time, half.time + lifetime
        at = bisect_left(found, first, key=_time)
        return found[at] if bisect_right(found, last, key=_time) - at == 1 else None


def _answerable(asked: Half, answer: Half) -> bool:
    """Whether the type alone lets one answer the other (RFC 7252 clauses 4.2, 4.3)."""
    if answer.acknowledges:
        return asked.type == Type.CON
    return numbers.is_request(asked.code)
