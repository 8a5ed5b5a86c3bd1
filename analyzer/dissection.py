# SPDX-License-Identifier: GPL-2.0-only
"""Records -> CoAP messages of confirmed flows, and facts about the capture.

`Dissection.read` takes one captured record and yields events. It looks at nothing but the record
and what came before it, so any split of a capture into batches gives the same events. Nothing
here raises, whatever the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from analyzer.duplicates import DuplicateGate
from analyzer.endpoints import Endpoint, endpoint
from analyzer.events import Arrived, CaptureDuplicate, ClockStep, Event, IcmpError, OpaqueFlow
from analyzer.flows import Flow, FlowGate, Verdict
from analyzer.messages import Message, Place
from analyzer.profiles.transmission import MILLISECOND, Transmission
from dissectors import link
from dissectors.coap.message import Walker

_QUOTED: Final = 64

_ICMP_TEXTS: Final = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 4): "fragmentation needed",
    (4, 3, 13): "administratively prohibited",
    (4, 11, 0): "time to live exceeded",
    (6, 1, 0): "no route to destination",
    (6, 1, 1): "administratively prohibited",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 2, 0): "packet too big",
    (6, 3, 0): "hop limit exceeded",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One captured record: bytes `data[start:end]`, and where and when it was captured."""

    data: memoryview
    start: int
    captured: int
    wire: int
    time: int
    interface: int
    link_type: int
    frame: int
    offset: int


@dataclass(slots=True)
class Counts:
    """What the records of a capture were, for the status line and `summary`."""

    records: int = 0
    udp: int = 0
    coap: int = 0
    other: int = 0
    unreadable: int = 0
    fragments: int = 0
    unknown_links: dict[int, int] = field(default_factory=dict)


class Dissection:
    """Turns records into messages; owns the flows and the duplicate gate."""

    def __init__(self, ports: frozenset[int], timers: Transmission) -> None:
        self._timers = timers
        self.flows = FlowGate(ports)
        self._duplicates = DuplicateGate(timers)
        self._walker = Walker()
        self._row = link.new_row()
        self.clock: int | None = None
        self.counts = Counts()

    def read(self, record: Record) -> Iterator[Event]:
        """Events of one record. A step back in time comes first."""
        self.counts.records += 1
        yield from self._advance(record)
        row = self._row
        start, end = record.start, record.start + record.captured
        uncaptured = record.wire - record.captured
        link.walk(record.data, start, end, record.link_type, row, uncaptured)
        kind = row[link.KIND]
        if kind == link.UDP:
            self.counts.udp += 1
            yield from self._udp(record)
        elif kind == link.ICMP_ERROR:
            yield self._icmp(record)
        else:
            self._count_other(kind, record)

    def _count_other(self, kind: int, record: Record) -> None:
        counts = self.counts
        if kind == link.UNKNOWN_LINK:
            counts.unknown_links[record.link_type] = (
                counts.unknown_links.get(record.link_type, 0) + 1
            )
        elif kind == link.LATER_FRAGMENT:
            counts.fragments += 1
        elif kind == link.OTHER:
            counts.other += 1
        else:
            counts.unreadable += 1

    def _advance(self, record: Record) -> Iterator[Event]:
        """Capture time; a jump back by more than EXCHANGE_LIFETIME begins a new segment."""
        if self.clock is None or record.time >= self.clock:
            self.clock = record.time
            return
        step = self.clock - record.time
        if step > MILLISECOND:
            yield ClockStep(record.frame, step)
        if step > self._timers.exchange_lifetime:
            self.clock = record.time
            self._duplicates.restart()
            self.flows.restart(record.time)

    def _endpoints(self, record: Record) -> tuple[Endpoint, Endpoint]:
        row = self._row
        source, destination = row[link.SOURCE_AT], row[link.DESTINATION_AT]
        return (
            endpoint(self._address(record, source), row[link.SOURCE_PORT]),
            endpoint(self._address(record, destination), row[link.DESTINATION_PORT]),
        )

    def _address(self, record: Record, at: int) -> bytes:
        """A packed address: of the frame, or what 6LoWPAN left out of it."""
        after = at + self._row[link.ADDRESS_LENGTH]
        if self._row[link.ADDRESS_IN]:
            return bytes(self._row[at:after].tolist())
        return bytes(record.data[at:after])

    def _udp(self, record: Record) -> Iterator[Event]:
        row = self._row
        at, end = row[link.PAYLOAD_AT], row[link.PAYLOAD_END]
        first_byte = record.data[at] if at < end else -1
        ports = row[link.SOURCE_PORT], row[link.DESTINATION_PORT]
        if not self.flows.may_be_coap(*ports, first_byte):
            return
        source, destination = self._endpoints(record)
        flow = self.flows.flow(source, destination, record.time)
        flow.count(source)
        source, destination = (  # equal, and shared by all messages of the flow
            (flow.first, flow.second) if source == flow.first else (flow.second, flow.first)
        )
        data = bytes(record.data[at:end])
        cut = row[link.PAYLOAD_LENGTH] > end - at
        coap = self._walker.message(data, cut)
        message = Message(
            self._place(record, at, end), record.time, source, destination, coap, cut, flow
        )
        original = self._duplicates.original(message)
        if original is not None:
            if flow.confirmed:
                yield CaptureDuplicate(message, original)
            return
        yield from self._admit(message, flow)

    def _admit(self, message: Message, flow: Flow) -> Iterator[Event]:
        pending = flow.pending
        verdict = self.flows.judge(message)
        if verdict is Verdict.OPAQUE and flow.opaque == 1:
            yield OpaqueFlow(flow, message.frame)
        if verdict is Verdict.PENDING:
            yield Arrived(message)
        if verdict is not Verdict.COAP:
            return
        flow.pending = ()
        for earlier in pending:
            self._count(earlier)
            yield Arrived(earlier)
        self._count(message)
        yield Arrived(message)

    def _count(self, message: Message) -> None:
        self.counts.coap += 1
        message.flow.first_frame = message.flow.first_frame or message.frame
        if message.coap.readable:
            message.flow.readable += 1
        else:
            message.flow.unreadable += 1

    def _place(self, record: Record, at: int, end: int) -> Place:
        row = self._row
        link_header = bytes(record.data[record.start : row[link.IP_AT]])
        return Place(
            frame=record.frame,
            offset=record.offset,
            captured=record.captured,
            wire=record.wire,
            interface=record.interface,
            link_type=record.link_type,
            coap_at=at - record.start,
            coap_length=end - at,
            ttl=row[link.TTL],
            ip_id=row[link.IP_ID],
            fragmented=bool(row[link.FRAGMENT]),
            link_header=link_header,
        )

    def _icmp(self, record: Record) -> IcmpError:
        row = self._row
        source, destination = self._endpoints(record)
        kind, code = row[link.ICMP_TYPE], row[link.ICMP_CODE]
        text = _ICMP_TEXTS.get((row[link.IP_VERSION], kind, code), f"type {kind} code {code}")
        at, end = row[link.PAYLOAD_AT], row[link.PAYLOAD_END]
        quoted = bytes(record.data[at : min(end, at + _QUOTED)])
        return IcmpError(
            record.frame,
            record.time,
            "ICMP" if row[link.IP_VERSION] == 4 else "ICMPv6",
            text,
            source,
            destination,
            quoted,
        )
