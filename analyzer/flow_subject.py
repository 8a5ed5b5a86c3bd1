# SPDX-License-Identifier: GPL-2.0-only
"""A flow as rules speak of it, read from the state, and the tables that subjects are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from analyzer import flows
from analyzer.flows import flow_at

if TYPE_CHECKING:
    from analyzer.exchanges.table import Exchanges
    from analyzer.memory import Memory
    from analyzer.names import Endpoints, Names
    from analyzer.tables import Table
    from dissectors.coap.wire import OptionTable
    from dissectors.msgin5g.elements import Vocabulary


class Tables(Protocol):
    """What the views are read from: a session."""

    memory: Memory
    messages: Table
    exchanges: Exchanges
    endpoints: Endpoints
    names: Names
    icmp_texts: dict[int, str]
    vocabulary: Vocabulary
    options: OptionTable

    def packet(self, row: int) -> bytes: ...

    def link_type(self, row: int) -> int: ...

    def token(self, row: int) -> bytes: ...

    def framing(self, row: int) -> int: ...


class Flow:
    """One pair of endpoints and what was seen between them; `sent` counts datagrams of `first`."""

    def __init__(self, tables: Tables, flow: int) -> None:
        self._tables = tables
        s = tables.memory.s
        at = flow_at(s, flow)
        self._cells = s[at : at + flows.FLOW_SLOTS].tolist()
        self.first = tables.endpoints[self._cells[flows.FIRST]]
        self.second = tables.endpoints[self._cells[flows.SECOND]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Flow) and self.serial == other.serial

    def __hash__(self) -> int:
        return hash(self.serial)

    def __str__(self) -> str:
        return f"{self.first} - {self.second}"

    @property
    def serial(self) -> int:
        """Its number in the capture."""
        return self._cells[flows.SERIAL]

    @property
    def start(self) -> int:
        """Capture time of its first datagram, or of the segment's first record."""
        return self._cells[flows.START]

    @property
    def confirmed(self) -> bool:
        return bool(self._cells[flows.CONFIRMED])

    @property
    def plain_on_5684(self) -> bool:
        return bool(self._cells[flows.PLAIN_ON_5684])

    @property
    def opaque(self) -> int:
        return self._cells[flows.OPAQUE]

    @property
    def readable(self) -> int:
        return self._cells[flows.READABLE]

    @property
    def failures(self) -> int:
        return self._cells[flows.FAILURES]

    @property
    def first_frame(self) -> int:
        return self._cells[flows.FIRST_FRAME]

    @property
    def datagrams(self) -> int:
        return self._cells[flows.SENT] + self._cells[flows.RECEIVED]
