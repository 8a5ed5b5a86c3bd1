# SPDX-License-Identifier: GPL-2.0-only
"""The session: one capture being read, and the three tables it grows into.

The only mutable object above pairing. `feed` takes records in file order; any split into batches
gives the same tables once `close` was called. Views read the tables and never write them.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from analyzer.capture import NO_INTERFACE, NO_TIME, ROW, CaptureFile, Interface, RecordBatch
from analyzer.dissection import Counts, Dissection, Record
from analyzer.endpoints import NOWHERE, Endpoint
from analyzer.events import Arrived, CaptureDuplicate, ClockStep, Event, FlowEnded, IcmpError
from analyzer.exchanges.model import (
    CONFIDENCES,
    EXCHANGES_SCHEMA,
    MATCHES,
    Exchange,
)
from analyzer.exchanges.model import NO_TIME as NO_RESPONSE_TIME
from analyzer.exchanges.pairing import Pairing
from analyzer.findings import Finding, Findings
from analyzer.messages import MESSAGE_TYPE_IDS, MESSAGES_SCHEMA, Message, Role
from analyzer.profiles.transmission import DEFAULT, Transmission
from analyzer.registrations import Registrations
from analyzer.rules.context import Context
from analyzer.rules.judge import Judge
from analyzer.tables import Interned, Table

_MOST_TEXT = 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may choose about reading a capture.

    `registration_path`: a POST to it that names no other Message Type is a registration.
    `server_uri`: Uri-Path has to be this, the literal reading of TS 24.538 clause 6.3.1.1.1 b).
    """

    ports: frozenset[int] = frozenset()
    registration_path: str = ""
    server_uri: str = ""
    profile: str = "seed"
    timers: Transmission = DEFAULT


@dataclass(frozen=True, slots=True)
class SessionInterface:
    """An interface of one of the files read."""

    file: int
    interface: Interface


class Session:
    """Reads one or several captures (merged by time) into messages, exchanges and findings."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.files: list[CaptureFile] = []
        self.paths: list[str] = []
        self.messages = Table(MESSAGES_SCHEMA)
        self.exchanges = Table(EXCHANGES_SCHEMA)
        self.findings = Findings()
        self.endpoints: Interned[Endpoint] = Interned(NOWHERE, NOWHERE)
        self.tokens: Interned[bytes] = Interned(b"", b"(too many)")
        self.uris: Interned[str] = Interned("", "(too many)")
        self.ues: Interned[str] = Interned("", "(too many)")
        self.interfaces: list[SessionInterface] = []
        self.closed = False
        self.first_time: int | None = None
        self.last_time: int | None = None
        self._interface_ids: dict[tuple[int, int], int] = {}
        self._dissection = Dissection(self.settings.ports, self.settings.timers)
        self._pairing = Pairing(self.settings.timers)
        self._registrations = Registrations(self.settings.registration_path)
        context = Context(self.settings.timers, self.settings.profile, self.settings.server_uri)
        self._judge = Judge(context, self.findings)

    # Reading ------------------------------------------------------------------------------------

    def open(self, paths: Sequence[str | os.PathLike[str]]) -> None:
        """Open the captures to read. Raises CaptureError."""
        for path in paths:
            self.files.append(CaptureFile(path))
            self.paths.append(os.fspath(path))

    def read(self, limit: int = 4096) -> Iterator[float]:
        """Read what was opened to its end, then close; yields the share read (0 to 1) each
        `limit` records."""
        size = sum(file.size for file in self.files) or 1
        for count, record in enumerate(self._records(), 1):
            self.feed(record)
            if count % limit == 0:
                yield min(1.0, sum(file.position for file in self.files) / size)
        self.close()
        yield 1.0

    def read_all(self) -> None:
        """Read to the end, then close."""
        for _ in self.read(1 << 30):
            pass

    def _records(self) -> Iterable[Record]:
        streams = [self._file_records(index) for index in range(len(self.files))]
        if len(streams) == 1:
            return streams[0]
        merged = heapq.merge(*streams, key=lambda record: record.time)
        return (
            Record(
                r.data, r.start, r.captured, r.wire, r.time, r.interface, r.link_type, n, r.offset
            )
            for n, r in enumerate(merged, 1)
        )

    def _file_records(self, index: int) -> Iterator[Record]:
        file = self.files[index]
        for batch in file.batches():
            yield from self.records(batch, index)

    def records(self, batch: RecordBatch, file: int = 0) -> Iterator[Record]:
        """The packets of one batch; a record without a time stands where the one before did."""
        rows = batch.rows
        for number in range(batch.count):
            start, captured, wire, time, interface = rows[number * ROW : number * ROW + ROW]
            if interface == NO_INTERFACE:
                continue
            if time == NO_TIME:
                time = self._dissection.clock or 0
            known = self._interface(file, interface)
            link_type = self.interfaces[known].interface.link_type
            frame = batch.first_frame + number
            yield Record(
                batch.data,
                start,
                captured,
                wire,
                time,
                known,
                link_type,
                frame,
                batch.base + start,
            )

    def _interface(self, file: int, index: int) -> int:
        known = self._interface_ids.get((file, index))
        if known is None:
            known = self._interface_ids[file, index] = len(self.interfaces)
            self.interfaces.append(SessionInterface(file, self.files[file].interfaces[index]))
        return known

    def feed(self, record: Record) -> None:
        """Take the next record."""
        self.findings.allow(record.captured)
        self.first_time = record.time if self.first_time is None else self.first_time
        self.last_time = record.time
        for event in self._dissection.read(record):
            if isinstance(event, ClockStep) and event.step > self._lifetime:
                self._handle_all(self._pairing.end(), record.time)
            self._handle(event, record.time)
        self._handle_all(self._pairing.advance(self._dissection.clock or record.time), record.time)
        self._store_changes()

    def close(self) -> None:
        """The capture is over: judge what still waits. Further calls do nothing."""
        if self.closed:
            return
        self.closed = True
        end = self.last_time or 0
        self._handle_all(self._pairing.end(), end)
        for flow in self._dissection.flows.flows():
            self._handle(FlowEnded(flow), end)
        self._store_changes()

    def release(self) -> None:
        """Close the files: tables and findings stay, bytes can be asked for no more."""
        for file in self.files:
            file.close()

    @property
    def counts(self) -> Counts:
        return self._dissection.counts

    @property
    def forgotten(self) -> int:
        """Unanswered messages forgotten early: too many were in flight."""
        return self._pairing.forgotten

    @property
    def _lifetime(self) -> int:
        return self.settings.timers.exchange_lifetime

    # Events -------------------------------------------------------------------------------------

    def _handle_all(self, events: Iterable[Event], time: int) -> None:
        for event in events:
            self._handle(event, time)

    def _handle(self, event: Event, time: int) -> None:
        match event:
            case Arrived(message):
                if message.row < 0:
                    self._add_message(message)
                if message.flow.confirmed:
                    self._handle_all(self._pairing.pair(message), time)
                message.settle()
                return
            case CaptureDuplicate(message):
                message.role = Role.CAPTURE_DUPLICATE
                self._add_message(message)
                self.messages.update(message.row, first=event.original.frame)
            case IcmpError():
                event = replace(event, transmission=self._pairing.quoted(event))
        for meaning in self._registrations.follow(event):
            self._note(self._judge.judge(meaning, time))
        self._note(self._judge.judge(event, time))
        if isinstance(event, CaptureDuplicate):
            event.message.settle()

    def _note(self, findings: Iterable[Finding]) -> None:
        """Mark messages and exchanges with the worst finding about them."""
        for finding in findings:
            severity = int(finding.severity)
            if finding.row >= 0 and self.messages["severity"][finding.row] < severity:
                self.messages.update(finding.row, severity=severity)
            if finding.exchange:
                row = self._exchange_row(finding.exchange)
                if self.exchanges["severity"][row] < severity:
                    self.exchanges.update(row, severity=severity)

    # Tables -------------------------------------------------------------------------------------

    def _add_message(self, message: Message) -> None:
        place, coap = message.place, message.coap
        message.row = self.messages.append(
            frame=place.frame,
            time=message.time,
            offset=place.offset,
            captured=place.captured,
            wire=place.wire,
            interface=place.interface,
            link_type=place.link_type,
            coap_at=place.coap_at,
            coap_length=place.coap_length,
            source=self.endpoints.id(message.source),
            destination=self.endpoints.id(message.destination),
            type=coap.type,
            code=coap.code,
            message_id=coap.message_id,
            token=self.tokens.id(coap.token),
            uri=self.uris.id(message.uri[:_MOST_TEXT]) if message.is_request else 0,
            payload_length=len(coap.payload),
            role=message.role,
            response_time=NO_RESPONSE_TIME,
            message_type=MESSAGE_TYPE_IDS.index(message.message_type),
            ue=self.ues.id(message.ue_service_id[:_MOST_TEXT]),
        )

    def _store_changes(self) -> None:
        """Write what pairing changed since the last record."""
        changed = self._pairing.changed
        for item in changed:
            if isinstance(item, Exchange):
                self._store_exchange(item)
        for item in changed:
            if isinstance(item, Message):
                self._store_message(item)
        changed.clear()

    def _store_message(self, message: Message) -> None:
        exchange = message.exchange
        request = exchange.request if exchange else message
        uri = self.messages["uri"][request.row] if request.is_request else 0
        self.messages.update(
            message.row,
            role=message.role,
            exchange=exchange.id if exchange else 0,
            peer=message.peer,
            first=message.first_frame,
            response_time=message.response_time,
            uri=uri,
        )

    def _exchange_row(self, id: int) -> int:
        """The row of an exchange, made when first asked for."""
        while len(self.exchanges) < id:
            self.exchanges.append()
        return id - 1

    def _store_exchange(self, exchange: Exchange) -> None:
        request, response = exchange.request, exchange.response
        took = exchange.response_time
        self.exchanges.update(
            self._exchange_row(exchange.id),
            request_row=request.row,
            request_frame=request.frame,
            request_time=request.time,
            ack_frame=exchange.ack.frame if exchange.ack else 0,
            response_frame=response.frame if response else 0,
            reset_frame=exchange.reset.frame if exchange.reset else 0,
            responses=exchange.responses,
            retransmissions=min(exchange.transmission.copies, 0xFFFF),
            state=exchange.state,
            match=MATCHES.index(exchange.match),
            confidence=CONFIDENCES.index(exchange.confidence),
            method=request.code,
            response_code=response.code if response else 0,
            message_id=request.message_id,
            token=self.tokens.id(request.token),
            uri=self.messages["uri"][request.row],
            client=self.endpoints.id(exchange.client),
            server=self.endpoints.id(exchange.server),
            response_time=NO_RESPONSE_TIME if took is None else took,
            ue=self.ues.id(exchange.ue[:_MOST_TEXT]),
            message_type=MESSAGE_TYPE_IDS.index(exchange.message_type),
        )

    def ue_of(self, finding: Finding) -> str:
        """The UE a finding is about: as it says, else as its exchange came to tell."""
        if finding.ue or not finding.exchange:
            return finding.ue
        return self.ues[int(self.exchanges["ue"][finding.exchange - 1])]

    # Detail -------------------------------------------------------------------------------------

    def packet(self, row: int) -> bytes:
        """The captured bytes of the packet that carries a message; empty when the file is gone."""
        cells = self.messages.row(row)
        file = self.files[self.interfaces[cells["interface"]].file]
        return file.read(cells["offset"], cells["captured"])

    def coap(self, row: int) -> bytes:
        """The CoAP bytes of a message."""
        cells = self.messages.row(row)
        at = cells["coap_at"]
        return self.packet(row)[at : at + cells["coap_length"]]
