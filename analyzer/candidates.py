# SPDX-License-Identifier: GPL-2.0-only
"""The nearest candidate: for a message that found nothing, what it was probably meant for.

What is near is told by `nearness`. It is looked up by endpoints and Token, by endpoints and Message
ID, then by the client's address, and last by Token alone (`halves`). Of all that stand under one
key only those next in time are compared, so that one Token for everything costs no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer import flows, state
from analyzer.events import Unacknowledged, Unanswered
from analyzer.exchanges.states import WAITING
from analyzer.flows import endpoint_at
from analyzer.halves import Columns, Few, Index, Many, keys
from analyzer.messages import Role, rows_with
from analyzer.nearness import Candidate, Half, Likeness, Texts, candidate, likeness
from analyzer.rules.catalogue import Scope, rules_on
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    import numpy as np

    from analyzer.findings import Finding
    from analyzer.subjects import Tables

_ASKING: Final = (Role.REQUEST, Role.PING, Role.RESPONSE, Role.NOTIFICATION, Role.ORPHAN)
"""What may be answered or acknowledged; a copy counts as the first of its kind."""

_ACKNOWLEDGING: Final = (Type.ACK, Type.RST)

_MANY: Final = 1 << 15
"""Messages from which on columns are sorted instead of dictionaries filled."""

_KEPT: Final = 1 << 12
"""Halves kept for the next look-up."""


class Candidates:
    """Looks up candidates in the tables as they are when first asked about an orphan, or about what
    may have missed one.

    What costs time, the two indexes, is made when first needed.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._lifetime: int = tables.memory[state.EXCHANGE_LIFETIME]
        self._kept: dict[int, Half] = {}

    def of_message(self, row: int) -> Candidate | None:
        """The nearest candidate for an orphan, or for a request or ping without an answer; None
        where nothing but chance agrees, and for every other message."""
        role = self._tables.messages.cell("role", row)
        if role not in (Role.ORPHAN, Role.REQUEST, Role.PING) or not self._orphaned:
            return None
        half = self._half(row)
        if role != Role.ORPHAN and not half.waits:
            return None
        found = self._nearest(half, asks=role != Role.ORPHAN)
        if found is None:
            return None
        asked, answer = (found, half) if role == Role.ORPHAN else (half, found)
        texts = self._texts(asked), self._texts(answer)
        return candidate(asked, answer, found is asked, self._lifetime, *texts)

    def of_exchange(self, id: int) -> Candidate | None:
        """The nearest candidate for the answer that an exchange lacks."""
        stored = self._tables.exchanges.stored
        if stored.cell("state", id - 1) not in WAITING or not self._orphaned:
            return None
        return self.of_message(stored.cell("request_row", id - 1))

    def of_finding(self, finding: Finding) -> Candidate | None:
        """What a finding about an answer that is missing, or about an orphan, might have missed."""
        missing = finding.rule.id in self._of_silence
        orphan = finding.rule.scope != Scope.MESSAGE and finding.row >= 0
        if missing and finding.exchange:
            return self.of_exchange(finding.exchange)
        return self.of_orphan(finding.row) if orphan else None

    def of_orphan(self, row: int) -> Candidate | None:
        """As `of_message`, of orphans alone."""
        orphan = self._tables.messages.cell("role", row) == Role.ORPHAN
        return self.of_message(row) if orphan else None

    def _nearest(self, half: Half, asks: bool) -> Half | None:
        """Of the answers for a half that asks, of what asks for an answer."""
        others, own = self._answers if asks else self._asked, keys(half, asks)
        for some in (own.exact, own.loose):
            found = (others.near(key, half.time) for key, has in some if has)
            near = {other.row: other for halves in found for other in halves}
            near.pop(half.row, None)
            best: tuple[Likeness, Half] | None = None
            for other in near.values():
                asked, answer = (half, other) if asks else (other, half)
                much = likeness(asked, answer, self._lifetime)
                if much is not None and (best is None or much > best[0]):
                    best = much, other
            if best is not None:
                return best[1]
        return self._sole(half, asks)

    def _sole(self, half: Half, asks: bool) -> Half | None:
        """The only waiting request between the endpoints of the only orphan that may answer it."""
        found = self._alone(half, asks)
        if found is None:
            return None
        back = self._alone(found, not asks)
        asked, answer = (half, found) if asks else (found, half)
        mutual = back is not None and back.row == half.row
        return found if mutual and _answerable(asked, answer) else None

    def _alone(self, half: Half, asks: bool) -> Half | None:
        """The only half of the other kind with the endpoints, within the lifetime of a request."""
        key, _ = keys(half, asks).ends
        if asks:
            return self._answers.alone(key, half.time, half.time + self._lifetime)
        return self._asked.alone(key, half.time - self._lifetime, half.time)

    def _texts(self, half: Half) -> Texts:
        endpoints = self._tables.endpoints
        source, destination = endpoints[half.source], endpoints[half.destination]
        return Texts(str(source), str(destination), self._tables.token(half.row))

    @cached_property
    def _of_silence(self) -> frozenset[str]:
        """Rules about answers that did not come."""
        return rules_on(Unanswered, Unacknowledged)

    @cached_property
    def _roles(self) -> bytes:
        return self._tables.messages.octets("role")

    @cached_property
    def _orphaned(self) -> bool:
        return Role.ORPHAN in self._roles

    # Reading the tables -------------------------------------------------------------------------

    def _half(self, row: int) -> Half:
        kept = self._kept.get(row)
        if kept is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            kept = self._kept[row] = self._read(row)
        return kept

    def _read(self, row: int) -> Half:
        cells = self._tables.messages.row(row)
        s = self._tables.memory.s
        source, destination = endpoint_at(s, cells["source"]), endpoint_at(s, cells["destination"])
        asks, exchange = cells["role"] in (Role.REQUEST, Role.PING), cells["exchange"]
        states = self._tables.exchanges.stored
        waits = asks and bool(exchange) and states.cell("state", exchange - 1) in WAITING
        return Half(
            row,
            cells["frame"],
            cells["time"],
            cells["source"],
            cells["destination"],
            s[source + flows.ADDRESS],
            s[destination + flows.ADDRESS],
            bool(s[destination + flows.MULTICAST]),
            cells["token"],
            cells["token_length"],
            cells["message_id"],
            cells["type"],
            cells["code"],
            waits,
            cells["peer"] if asks and not waits else 0,
        )

    @cached_property
    def _answers(self) -> Index:
        """The orphans."""
        if len(self._roles) >= _MANY:
            rows = self._orphans()
            return Many(rows, _columns(self._tables, rows), False, self._half)
        return Few((self._half(row) for row in rows_with(self._roles, Role.ORPHAN)), asks=False)

    @cached_property
    def _asked(self) -> Index:
        """What may have a key in common with an orphan."""
        if len(self._roles) >= _MANY:
            rows = _asking_rows(self._tables, self._orphans(), len(self._roles))
            return Many(rows, _columns(self._tables, rows), True, self._half)
        return Few(self._asking(), asks=True)

    def _orphans(self) -> np.ndarray[Any, Any]:
        import numpy as np

        orphans: np.ndarray[Any, Any] = np.frombuffer(self._roles, np.uint8) == Role.ORPHAN
        return orphans.nonzero()[0]

    def _asking(self) -> Iterator[Half]:
        wanted = _wanted([self._half(row) for row in rows_with(self._roles, Role.ORPHAN)])
        for row, role in enumerate(self._roles):
            if role in _ASKING and self._tables.messages.cell("type", row) not in _ACKNOWLEDGING:
                half = self._read(row)
                if wanted.fit(half):
                    yield half


class _Wanted(NamedTuple):
    """What orphans look for: tokens, Message IDs of an address, waiting requests between two
    endpoints."""

    tokens: set[int]
    message_ids: set[tuple[int, int]]
    pairs: set[tuple[int, int]]

    def fit(self, half: Half) -> bool:
        return (
            half.token in self.tokens
            or (half.source_address, half.message_id) in self.message_ids
            or (half.waits and (half.source, half.destination) in self.pairs)
        )


def _wanted(orphans: Sequence[Half]) -> _Wanted:
    return _Wanted(
        {half.token for half in orphans if half.responds and half.token_length},
        {(half.destination_address, half.message_id) for half in orphans},
        {(half.destination, half.source) for half in orphans},
    )


def _columns(tables: Tables, rows: np.ndarray[Any, Any]) -> Columns:
    """Halves of rows as columns: times signed, the rest as `keys` takes them."""
    import numpy as np

    def column(name: str) -> np.ndarray[Any, Any]:
        values: np.ndarray[Any, Any] = tables.messages[name][rows].astype(np.uint64)
        return values

    s = np.asarray(tables.memory.s)
    first, slots = endpoint_at(tables.memory.s, 0), flows.ENDPOINT_SLOTS
    addresses = s[first : first + len(tables.endpoints) * slots : slots].astype(np.uint64)
    source, destination = column("source"), column("destination")
    exchange = column("exchange")
    states = np.append(0, tables.exchanges.stored["state"])[exchange.astype(np.intp)]
    asks = np.isin(column("role"), (Role.REQUEST, Role.PING)) & (exchange > 0)
    return Columns(
        tables.messages["time"][rows],
        source,
        destination,
        addresses[source.astype(np.intp)],
        addresses[destination.astype(np.intp)],
        column("token"),
        column("token_length"),
        column("message_id"),
        column("type"),
        column("code"),
        asks & np.isin(states, sorted(WAITING)),
    )


def _asking_rows(tables: Tables, orphans: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Rows that may have a key in common with one of the orphans."""
    import numpy as np

    messages = tables.messages
    asks = ~np.isin(messages["type"][:count], _ACKNOWLEDGING)
    asking = np.isin(messages["role"][:count], _ASKING) & asks
    rows = asking.nonzero()[0]
    half, wanted = _columns(tables, rows), _columns(tables, orphans)
    named = (wanted.token_length > 0) & (wanted.code >> 5 != 0)
    fits = np.isin(half.token, wanted.token[named])
    own = half.source_address << 16 | half.message_id
    fits |= np.isin(own, wanted.destination_address << 16 | wanted.message_id)
    pairs = wanted.destination << 32 | wanted.source
    fits |= half.waits & np.isin(half.source << 32 | half.destination, pairs)
    found: np.ndarray[Any, Any] = rows[fits]
    return found


def _answerable(asked: Half, answer: Half) -> bool:
    """Whether the type alone lets one answer the other (RFC 7252 clauses 4.2, 4.3)."""
    if answer.acknowledges:
        return asked.type == Type.CON
    return numbers.is_request(asked.code)
