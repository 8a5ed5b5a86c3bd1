# SPDX-License-Identifier: GPL-2.0-only
"""The buffers that kernels fill and read, and the calls: batches of records in, events out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from analyzer import facts as fact
from analyzer import state
from analyzer.bodies import BodyTables, body_tables
from analyzer.buffers import zeroed_rows
from analyzer.capture import ROW, RecordBatch
from analyzer.exchanges.table import Exchanges
from analyzer.memory import Memory
from analyzer.native import PLAIN, Kernels
from analyzer.tables import Table
from dissectors import link
from dissectors.coap import numbers, wire
from dissectors.coap.content_formats import syntax_table
from dissectors.kernel import Rows, rows
from dissectors.msgin5g.elements import Vocabulary

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from analyzer.profiles.spec import SpecProfile

MOST_RECORDS: Final = 2048
"""Records of which facts are gathered at a time: their rows stay in the processor's cache."""

MOST_UNCOMPILED: Final = 256
"""As many take uncompiled kernels a tenth of a second."""

_MOST_TEXT: Final = 1 << 20
_FIRST_TEXT: Final = 1 << 12
_SPARE: Final = 2
_SLACK: Final = 64
_LONGEST: Final = 65535
_NO_ROWS: Final = rows(0).toreadonly()

NEVER_COAP: Final = frozenset(
    {53, 67, 68, 69, 123, 137, 138, 161, 162, 443, 500, 514, 1900, 2152, 3478, 4500, 4789, 5353}
)
"""Ports whose own protocols could look like CoAP by chance (QUIC, STUN, DNS, ...)."""


def port_table(ports: frozenset[int], secure: frozenset[int] = frozenset()) -> bytes:
    """What each UDP port is known for, as `gathering.gather` reads it: `ports` for CoAP, `secure`
    for CoAP over DTLS, beside those of IANA."""
    table = bytearray(65536)
    for port in NEVER_COAP:
        table[port] = fact.OTHER_PORT
    _add_ports(table, ports, secure)
    return bytes(table)


def tcp_port_table(ports: frozenset[int], secure: frozenset[int] = frozenset()) -> bytes:
    """What each TCP port is known for, as `port_table`."""
    table = bytearray(65536)
    _add_ports(table, ports, secure)
    return bytes(table)


def _add_ports(table: bytearray, ports: frozenset[int], secure: frozenset[int]) -> None:
    for port in secure | {numbers.COAPS_PORT}:
        table[port] = fact.COAPS_PORT
    for port in ports | {numbers.COAP_PORT}:
        table[port] = fact.COAP_PORT


def ahead(batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
    """The batches, each read while the one before it is followed."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, "read") as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


class Gathered:
    """Facts of some records, and the text that they point into."""

    def __init__(self) -> None:
        self.facts: Rows = rows(0)
        self.text = memoryview(bytearray(_FIRST_TEXT))

    def fit(self, batch: RecordBatch, first: int, after: int) -> None:
        """Room for the facts of these records; it grows with the batches, not before."""
        wanted = (after - first + _SPARE) * fact.SLOTS
        if len(self.facts) < wanted:
            self.facts = rows(wanted)
        largest = max(batch.rows[first * ROW + 1 : after * ROW : ROW].tolist()) + _SLACK
        size = max(largest, min(_MOST_TEXT, (after - first) << 8))
        if len(self.text) < size:
            self.text = memoryview(bytearray(size))


class Scratch:
    """What gathering one record after the other writes over; two threads never share it."""

    def __init__(self, words: Vocabulary | None) -> None:
        self.link_row = link.new_row()
        self.head = rows(wire.HEAD_SLOTS)
        self.options = zeroed_rows(_LONGEST * wire.OPTION_SLOTS)
        self.defects = zeroed_rows(_LONGEST * wire.DEFECT_SLOTS)
        self.body: BodyTables = body_tables(_LONGEST, words)


class Reading:
    """One pass over records. `memory`, `messages` and `exchanges` are the session's; `ports` what
    UDP ports are known for (`port_table`)."""

    looks_ahead = True
    """Whether compiled kernels gather the next facts while the last ones are followed."""

    def __init__(
        self,
        memory: Memory,
        messages: Table,
        exchanges: Exchanges,
        ports: bytes,
        profile: SpecProfile | None = None,
    ) -> None:
        self.kernels: Kernels = PLAIN
        self._gathered = (Gathered(), Gathered())
        self._pool: ThreadPoolExecutor | None = None
        self._memory = memory
        self._seed = memory[state.SEED]
        self._messages = messages
        self._exchanges = exchanges
        self._ports = ports
        self._words = profile.vocabulary if profile else None
        self._scratch = Scratch(self._words)
        self._table = profile.options if profile else wire.option_table()
        self._codes = wire.code_table()
        self._syntaxes = syntax_table()

    def chunks(
        self, batch: RecordBatch, links: Rows, places: Rows, most: int
    ) -> Iterator[tuple[Gathered, int, int]]:
        """Gather the facts of a batch, at most `most` records at a time: the facts, the first
        record and how many. Compiled kernels gather the next ones meanwhile."""
        at, ahead, turn = 0, None, 0
        while at < batch.count:
            gathered = self._gathered[turn]
            if ahead is None:
                count = self._gather(gathered, batch, at, links, places, most, self._scratch)
            else:
                count = ahead.result()
            following, turn = at + count, 1 - turn
            ahead = None
            looks_ahead = self.looks_ahead and self.kernels is not PLAIN
            if looks_ahead and following < batch.count:
                ahead = self._ahead().submit(
                    self._gather,
                    self._gathered[turn],
                    *(batch, following, links, places, most, self._scratch),
                )
            yield gathered, at, count
            at = following

    def gather_one(
        self,
        data: bytes,
        link_type: int,
        *,
        frame: int = 0,
        wire: int = 0,
        time: int = 0,
        offset: int = 0,
        interface: int = 0,
    ) -> tuple[memoryview, Gathered]:
        """The facts of a packet that stands in no file as it is, and the bytes they point into."""
        view = memoryview(data).toreadonly()
        cells, links, places = rows(ROW), rows(interface + 1), rows(1)
        for cell, value in enumerate((0, len(data), wire or len(data), time, interface)):
            cells[cell] = value
        links[interface], places[0] = link_type, offset
        batch = RecordBatch(view, 0, frame, cells.toreadonly(), 1)
        gathered = Gathered()
        self._gather(gathered, batch, 0, links, places.toreadonly(), 1, self._scratch_of_one, 1)
        return view, gathered

    @cached_property
    def _scratch_of_one(self) -> Scratch:
        """For single packets: facts of the next batch may be gathered meanwhile."""
        return Scratch(self._words)

    def _ahead(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "gather")
        return self._pool

    def close(self) -> None:
        """No more records will come."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _gather(
        self,
        gathered: Gathered,
        batch: RecordBatch,
        first: int,
        links: Rows,
        places: Rows,
        most: int,
        scratch: Scratch,
        cut_fragments: int = 0,
    ) -> int:
        """Facts of records of the batch from `first` on; of how many."""
        at_once = MOST_UNCOMPILED if self.kernels is PLAIN else MOST_RECORDS
        after = min(batch.count, first + most, first + at_once)
        gathered.fit(batch, first, after)
        body, table = scratch.body, self._table
        return self.kernels.gather(
            batch.data,
            batch.base,
            places,
            _NO_ROWS if batch.frames is None else batch.frames,
            batch.rows,
            first,
            after,
            batch.first_frame,
            links,
            self._ports,
            self._seed,
            gathered.facts,
            gathered.text,
            scratch.link_row,
            scratch.head,
            scratch.options,
            scratch.defects,
            self._codes,
            table.index,
            table.specs,
            self._syntaxes,
            body.found,
            body.head,
            body.nodes,
            body.stack,
            body.scopes,
            body.elements,
            body.names,
            body.values,
            body.letters,
            body.word,
            cut_fragments,
        )

    def make_room(self, records: int, size: int, interfaces: int) -> None:
        """Room in every table for what `records` records of together `size` bytes can add."""
        stored = self._exchanges.stored
        self._memory.make_room(
            records,
            size + max(len(gathered.text) for gathered in self._gathered),
            interfaces,
            self.kernels.refill,
            self._relink,
        )
        self._messages.make_room(records)
        stored.make_room(records)

    def _relink(self, s: Rows, heads: Rows, table: int) -> None:
        self.kernels.relink(s, heads, table, self._messages.cells, self._exchanges.stored.cells)

    def follow(self, data: memoryview, gathered: Gathered, first: int, count: int) -> int:
        """Take the rows of facts from `first` on, until there is something to tell."""
        memory, stored = self._memory, self._exchanges.stored
        row = self.kernels.follow(
            memory.s,
            data,
            gathered.text,
            memory.arena,
            gathered.facts,
            first,
            count,
            self._messages.cells,
            stored.cells,
        )
        self._count_rows()
        return row

    def finish(self) -> bool:
        """The capture is over: False when all is told."""
        memory, stored = self._memory, self._exchanges.stored
        more = self.kernels.finish(
            memory.s, self._gathered[0].facts, self._messages.cells, stored.cells
        )
        self._count_rows()
        return bool(more)

    def _count_rows(self) -> None:
        self._messages.extend_to(self._memory[state.MESSAGES])
        self._exchanges.stored.extend_to(self._memory[state.EXCHANGES])
