# SPDX-License-Identifier: GPL-2.0-only
"""The stage between records and messages: batches in, batches out, and in them, behind the packets
that carried them, the messages that were taken out of streams and secured datagrams.

Records come in the order of the file, so what comes out depends on nothing else: not on how they
were cut into batches. A batch without carriers passes as it is.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from analyzer.capture import ROW, RecordBatch, Source, SpoolLimits
from analyzer.capture.records import IS_CARRIER, MARK
from analyzer.carriers import selecting
from analyzer.carriers.carrier import Carrier, Notice, Packet, Taken
from analyzer.carriers.connection_ids import ConnectionIds
from analyzer.carriers.muting import Muted
from analyzer.carriers.reassembled import Reassembled, Whole, select_one
from analyzer.carriers.secured import SecuredFlow
from analyzer.carriers.store import Store
from analyzer.carriers.unopened import UnopenedTally
from analyzer.carriers.weaving import Weaver
from analyzer.carriers.wrapped import Wrapped
from analyzer.secrets.model import Secrets
from analyzer.stream_events import Told
from analyzer.streams.model import Piece
from dissectors import link
from dissectors.kernel import rows
from dissectors.tls.records import cid_at

if TYPE_CHECKING:
    from analyzer.decryption.sessions import SessionCache

MOST_CARRIERS: Final = 1 << 16
"""Connections and associations followed at a time, of some kB each: the one used longest ago is
given up."""

MOST_SECURED: Final = 1 << 16
"""Protected flows of which is told what is known; more are counted."""

MOST_HELD: Final = 64 << 20
"""Bytes that carriers may hold of what is not whole: beyond it those that hold most are given up
until half of it is left."""

_RECOUNT: Final = 8 << 20  # bytes of payload until what is held is counted again,
_RECOUNT_EACH: Final = 512  # and for each that is asked for it
_PACKET_COST: Final = 256  # bytes that a packet counts beside its payload
_TEXT: Final = selecting.ENDS_SIZE


class Selected:
    """A batch and what `selecting.select` found in it: `records` are its rows, carriers marked,
    `text` the addresses that do not stand in it."""

    def __init__(self, batch: RecordBatch, text: memoryview) -> None:
        self.batch = batch
        self.data, self.text = batch.data, text
        self.records = array("q")
        self.records.frombytes(batch.rows[: batch.count * ROW].cast("B"))

    def extent(self, record: int) -> tuple[int, int, int]:
        """Where a record begins in the batch, its length as captured, and on the wire."""
        start, captured, wire = self.records[record * ROW : record * ROW + 3]
        return start, captured, wire

    def piece(self, record: int) -> Piece:
        """A record as part of a message."""
        start, captured, wire, time, interface = self.records[record * ROW : (record + 1) * ROW]
        batch = self.batch
        place = batch.base + start if batch.offsets is None else batch.offsets[record]
        return Piece(batch.first_frame + record, interface % MARK, place, captured, time, wire)

    def mark(self, record: int) -> None:
        """The record is a carrier, and no more."""
        self.records[record * ROW + 4] += IS_CARRIER * MARK


class Carriers:
    """Takes messages out of what carried them; see the module.

    `secured` are the protected flows, in the order they were met; `notices` are told in the order
    of the rows that stand for them. `select` is the kernel, compiled or not. `patience`: so long
    the first fragment of a datagram waits for the others (ns).
    """

    def __init__(
        self,
        udp_ports: bytes,
        tcp_ports: bytes,
        secrets: Secrets | None,
        seed: int,
        patience: int,
    ) -> None:
        self._source: Source | None = None
        self._ports = udp_ports, tcp_ports
        self._secrets = secrets = secrets or Secrets()
        self._seed = seed
        self._wrapped = Wrapped(secrets.oscore)
        self._carriers: OrderedDict[int, Carrier] = OrderedDict()
        self._muted = Muted()
        self._ids = ConnectionIds()
        self._unread = 0
        self._now = 0
        self._links = rows(0)
        self._patience = patience
        self._reassembled: Reassembled | None = None
        self._row = link.new_row()
        self._text, self._found = memoryview(bytearray()), rows(0)
        self._met = 0
        self._weaver = Weaver()
        self.secured: list[SecuredFlow] = []
        self.select: Callable[..., tuple[int, int]] = selecting.select

    def open(self, source: Source, spool: SpoolLimits | None = None) -> None:
        """What is read from now on; of a live capture as much is kept as `spool` allows."""
        self._source = source
        if spool is not None and source.live:
            self._weaver.folder, self._weaver.most = spool.folder_or_none(), spool.most

    def next_told(self) -> Told:
        """What the next row of a notice stands for."""
        return self.notices.popleft().told

    @cached_property
    def _sessions(self) -> SessionCache:
        from analyzer.decryption.sessions import SessionCache

        return SessionCache()

    def key_log(self, flow: SecuredFlow) -> bytes:
        """Lines of an NSS key log that open what was read of a protected flow, and nothing else.
        For exports with secrets, at the user's wish alone."""
        return self._sessions.used.lines(flow.security.client_randoms)

    @property
    def store(self) -> Store:
        """Where messages taken out are kept."""
        return self._weaver.store

    @property
    def met(self) -> int:
        """TCP connections and DTLS associations so far."""
        return self._met

    @property
    def unopened(self) -> UnopenedTally:
        """Messages that OSCORE protects and nobody opened."""
        return self._wrapped.tally

    @property
    def notices(self) -> deque[Notice]:
        """What is to be told."""
        return self._weaver.notices

    def batches(self, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
        """The batches with what was taken out of their records. Raises CaptureError."""
        last = None
        for batch in batches:
            last = batch
            yield self.take(batch)
            if batch.count:
                self._now = max(self._now, batch.rows[batch.count * ROW - 2])
        if last is not None and (taken := self._waiting()):
            after = last.first_frame + last.count
            empty = replace(last, rows=_NO_ROWS, count=0, first_frame=after)
            yield self._weaver.weave(Selected(empty, self._text), taken)

    def take(self, batch: RecordBatch) -> RecordBatch:
        """One batch. Raises CaptureError."""
        if len(self._text) < batch.count * _TEXT:
            self._text = memoryview(bytearray(batch.count * _TEXT))
            self._found = rows(batch.count * selecting.SLOTS)
        selected = Selected(batch, self._text)
        count, marked = self._select(selected)
        if not count and not marked:
            return batch
        taken: list[Taken | Notice] = []
        slots, found = selecting.SLOTS, self._found
        for at in range(0, count * slots, slots):
            cells = found[at : at + slots].tolist()
            if cells[selecting.SORT] == selecting.FRAGMENT:
                self._take_fragment(selected, cells[selecting.RECORD], taken)
            elif not self._muted.takes(selected.data, cells):
                self._take_packet(Packet(selected, cells), taken)
        self._muted.settle()
        return self._weaver.weave(selected, taken)

    def carries(self, frame: int) -> bool:
        """Whether nothing is left to read of the datagram that a fragment of IP completed: it was
        one of DTLS, or OSCORE's and opened. Asked in the order of the frames."""
        return self._reassembled is not None and self._reassembled.is_carrier(frame)

    def close(self) -> None:
        """Give back what the store takes."""
        self._weaver.close()

    def _select(self, selected: Selected) -> tuple[int, int]:
        batch, (udp_ports, tcp_ports) = selected.batch, self._ports
        interfaces = self._source.interfaces if self._source is not None else []
        if len(self._links) != len(interfaces):
            self._links = rows(len(interfaces))
            for index, met in enumerate(interfaces):
                self._links[index] = met.interface.link_type
        return self.select(
            batch.data,
            memoryview(selected.records),
            batch.count,
            self._links,
            udp_ports,
            tcp_ports,
            self._seed,
            self._row,
            selected.text,
            self._muted.table,
            self._found,
        )

    def _take_packet(self, packet: Packet, taken: list[Taken | Notice]) -> None:
        sort = packet.cells[selecting.SORT]
        if sort == selecting.OSCORE:
            found, closed = self._wrapped.datagram(packet)
            taken += found
            if closed is not None:
                self._muted.add(packet.flow, closed)
            return
        self._take_key_logs(packet.frame)
        carrier = self._carrier(packet, sort, taken)
        self._unwrap(carrier.take(packet), taken)
        flow = carrier.secured
        if flow is not None and (not flow.listed or carrier.muted or flow.security.has_cids):
            self._watch(carrier, flow, packet.flow)
        self._unread += len(packet.payload) + _PACKET_COST
        if self._unread > _RECOUNT + _RECOUNT_EACH * len(self._carriers):
            self._recount()

    def _take_fragment(self, selected: Selected, record: int, taken: list[Taken | Notice]) -> None:
        """A fragment of IP: what it completes is taken as if it had come whole."""
        if self._reassembled is None:
            self._reassembled = Reassembled(self._patience)
        link_type = self._links[selected.records[record * ROW + 4] % MARK]
        found = self._reassembled.add(selected, record, link_type)
        if found is None:
            return
        data, pieces, late = found
        cells, text = select_one(data, self._ports, self._seed)
        if not cells or cells[selecting.SORT] == selecting.FRAGMENT:
            return
        cells[selecting.RECORD] = record
        if late and cells[selecting.SORT] == selecting.OSCORE:
            cells[selecting.LENGTH] += 1  # as it was read: cut
        whole = Whole(selected, data, text)
        if not self._muted.takes(whole.data, cells):
            self._take_packet(Packet(whole, cells, pieces), taken)
        if whole.is_carrier or cells[selecting.SORT] == selecting.DTLS:
            self._reassembled.note_carrier(pieces[-1].frame)

    def _unwrap(self, found: list[Taken | Notice], taken: list[Taken | Notice]) -> None:
        """Take these, with what OSCORE protected in them opened."""
        for one in found:
            if isinstance(one, Taken) and self._wrapped.protects(one):
                taken += self._wrapped.carried(one)
            else:
                taken.append(one)

    def _carrier(self, packet: Packet, sort: int, taken: list[Taken | Notice]) -> Carrier:
        """What the packet belongs to: what is known of its flow, unless something new begins."""
        flow, carriers = packet.flow, self._carriers
        carrier = carriers.get(flow)
        by_id = sort == selecting.DTLS and cid_at(packet.payload)
        if by_id and (carrier is None or not carrier.named(packet)):
            named = self._ids.find(packet)
            if named is not None:
                self._follow(flow, named)
                return named
        if carrier is not None and not carrier.begins_anew(packet):
            carriers.move_to_end(flow)
            return carrier
        if carrier is not None:
            self._unwrap(carrier.close(packet.record, packet.time), taken)
            self._drop(flow)
        self._met += 1
        carrier = _kind(sort)(self._met, self._secrets, self._sessions, packet)
        self._follow(flow, carrier)
        return carrier

    def _follow(self, flow: int, carrier: Carrier) -> None:
        self._carriers[flow] = carrier
        self._carriers.move_to_end(flow)
        if len(self._carriers) > MOST_CARRIERS:
            self._sessions.crowded(MOST_CARRIERS)
            self._drop(next(iter(self._carriers)))

    def _drop(self, flow: int) -> None:
        """The carrier is followed no more in this flow."""
        carrier = self._carriers.pop(flow)
        if carrier.secured is not None:
            self._muted.remove(carrier.secured.unmute())
        self._ids.forget(carrier)

    def _recount(self) -> None:
        """Give up those that hold most, where all hold too much."""
        self._unread = 0
        held = {flow: carrier.held for flow, carrier in self._carriers.items()}
        total = sum(held.values())
        if total <= MOST_HELD:
            return
        for flow in sorted(held, key=held.__getitem__, reverse=True):
            self._drop(flow)
            total -= held[flow]
            if total <= MOST_HELD // 2:
                break

    def _take_key_logs(self, frame: int) -> None:
        """Secrets that stand in the capture before a packet."""
        logs = self._source.secrets if self._source is not None else []
        while logs and logs[0].frame <= frame:
            self._secrets.add_keylog(logs.pop(0).text)

    def _waiting(self) -> list[Taken | Notice]:
        """The capture is over: what still waited behind holes."""
        taken: list[Taken | Notice] = []
        for carrier in dict.fromkeys(self._carriers.values()):
            self._unwrap(carrier.close(-1, self._now), taken)
        return taken

    # Protected flows ----------------------------------------------------------------------------

    def _watch(self, carrier: Carrier, flow: SecuredFlow, ends: int) -> None:
        """Keep what is known of a protected flow; count alone what nobody can open between these
        ends."""
        if not flow.listed:
            flow.listed = True
            if len(self.secured) < MOST_SECURED:
                self.secured.append(flow)
        if flow.security.has_cids:
            self._ids.learn(carrier)
        if carrier.muted and ends not in self._muted:
            self._muted.add(ends, flow)


# Most captures have none of these: they are imported where one is met.


@cache
def _kind(sort: int) -> Callable[..., Carrier]:
    """What makes a carrier of a sort."""
    if sort == selecting.TCP:
        from analyzer.carriers.connections import TcpCarrier

        return TcpCarrier
    from analyzer.carriers.associations import DtlsCarrier

    return DtlsCarrier


_NO_ROWS: Final = memoryview(array("q")).toreadonly()
