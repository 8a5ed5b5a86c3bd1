# SPDX-License-Identifier: GPL-2.0-only
"""The session: one capture being read, and the three tables it grows into.

The only mutable object above the kernels. `take` reads records in file order; any split into
batches gives the same tables once `close` was called. Views read the tables and never write them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property

from analyzer import facts as fact
from analyzer import flows, state
from analyzer import happenings as tells
from analyzer.annotations.keeping import Keeper
from analyzer.block_bodies import Blocks
from analyzer.capture import BATCH, ROW, CaptureFile, Intake, RecordBatch, SourceInterface
from analyzer.capture_events import FlowEnded
from analyzer.carriers.stage import Carriers
from analyzer.compiling import Compiler, Told
from analyzer.counts import Counts, counted
from analyzer.datagrams import Datagrams, Packet
from analyzer.events import Event
from analyzer.exchanges.model import STORED
from analyzer.exchanges.table import Exchanges
from analyzer.findings import Finding, Findings
from analyzer.following import TIMED
from analyzer.icmp import icmp_error
from analyzer.memory import Memory
from analyzer.messages import MESSAGES
from analyzer.names import Endpoints, Names
from analyzer.native import PLAIN, Kernels
from analyzer.reading import Gathered, Reading, ahead, port_table, tcp_port_table
from analyzer.repeats import Repeats
from analyzer.rules.catalogue import asked_of_messages
from analyzer.rules.context import Context
from analyzer.rules.judge import Judge
from analyzer.settings import Settings
from analyzer.signals import Signals
from analyzer.stored import Stored
from analyzer.subjects import Flow, Message
from analyzer.tables import Table
from analyzer.telling import Row, event, note_of, told
from analyzer.unwrapping import told_events
from analyzer.verdicts import learn_alike, learn_quiet
from analyzer.whole_bodies import KINDS, WholeBodies, read_odd_body
from dissectors.kernel import Rows, rows


class Session(Stored):
    """Reads one or several captures (merged by time) into messages, exchanges and findings."""

    def __init__(self, settings: Settings | None = None, tell: Told | None = None) -> None:
        self.settings = settings or Settings()
        self.source = None
        self.paths: list[str] = []
        self.files: list[CaptureFile] = []
        self.memory = Memory(self.settings.timers)
        self.messages = Table(MESSAGES)
        self.exchanges = Exchanges(Table(STORED), self.messages)
        self.findings = Findings()
        self.endpoints = Endpoints(self.memory)
        self.names = Names(self.memory)
        self.interfaces: list[SourceInterface] = []
        self.icmp_texts: dict[int, str] = {}
        self.blocks = Blocks(self)
        self.parts = {}
        self.closed = False
        self.version = 0
        """Raised by every change: a reader that kept something knows when it is stale."""
        self._compiler = Compiler(tell)
        self._window = None
        self._links: Rows = rows(0)
        asked = self.settings
        self.vocabulary, self.options = asked.profile.vocabulary, asked.profile.options
        udp_ports = port_table(asked.ports, asked.dtls_ports)
        self._reading = Reading(
            self.memory, self.messages, self.exchanges, udp_ports, asked.profile
        )
        tcp_ports = tcp_port_table(asked.tcp_ports, asked.tls_ports)
        seed = self.memory[state.SEED]
        patience = asked.timers.fragment_patience
        self.carriers = Carriers(udp_ports, tcp_ports, asked.secrets, seed, patience)
        self.signals = Signals(self)
        self._repeats = Repeats(self.memory, self.findings)
        self._datagrams = Datagrams(self)
        self._bodies = WholeBodies(self)
        context = Context(asked.timers, asked.profile, asked.server_uri)
        self._judge = Judge(context, self.findings, asked.ignores)
        s = self.memory.s
        s[state.SEEN_WHEN] = asked_of_messages()
        s[state.PATHS_MATTER] = int(bool(asked.server_uri))
        if asked.registration_path:
            path = "/" + asked.registration_path.strip("/")
            self.memory.s[state.CONFIGURED_PATH] = self.memory.name(path.encode())

    # Reading ------------------------------------------------------------------------------------

    def open(self, what: Intake | Sequence[str | os.PathLike[str]]) -> None:
        """Open the captures to read, which may wait for them. Raises CaptureError."""
        if not isinstance(what, Intake):
            what = Intake(tuple(os.fspath(path) for path in what))
        self.source = source = what.open()
        self.paths, self.files, self.interfaces = source.paths, source.files, source.interfaces
        self.carriers.open(source, what.spool)
        if source.live:
            self.messages.folder = self.exchanges.stored.folder = what.spool.folder_or_none()

    def read(self, limit: int = BATCH) -> Iterator[float]:
        """Read what was opened to its end, then close; yields the share read (0 to 1) now and
        then, at least once in `limit` records."""
        source = self.opened
        self._use(self._compiler.offer(source.size))
        batches = self.batches(limit)
        if self._reading.kernels is not PLAIN and self._reading.looks_ahead and not source.live:
            batches = ahead(batches)
        for batch in batches:
            for read in self.take(batch, limit):
                if self._reading.kernels is PLAIN:
                    self._use(self._compiler.offer(source.size))
                size = source.size or 1
                yield min(1.0, (source.position - len(batch.data) * (1 - read)) / size)
        self.close()
        yield 1.0

    def batches(self, limit: int = BATCH) -> Iterator[RecordBatch]:
        """The records of what was opened, with the messages that streams and secured datagrams
        carried; `take` reads them."""
        return self.carriers.batches(self.opened.batches(limit))

    def read_all(self) -> None:
        """Read to the end, then close."""
        for _ in self.read():
            pass

    def take(self, batch: RecordBatch, most: int = BATCH) -> Iterator[float]:
        """Read the records of a batch; yields the share of the batch read, now and then."""
        self._window = None
        woven = batch.carried_at >= 0
        if batch.offsets is None or (woven and len(self.opened.first_files) == 1):
            data = batch.data[: batch.carried_at] if woven else batch.data
            self._window = len(self.files) - 1, batch.base, data
        self._meet_interfaces()
        places = _NO_PLACES if batch.offsets is None else batch.offsets.toreadonly()
        for gathered, first, count in self._reading.chunks(batch, self._links, places, most):
            captured = batch.rows[first * ROW + 1 : (first + count) * ROW : ROW].tolist()
            self._reading.make_room(count, sum(captured), len(self.interfaces))
            self._follow(batch.data, gathered, count)
            if first + count == batch.count and self.opened.live:  # nobody knows when more comes
                self._repeats.apply()
            yield (first + count) / batch.count

    def _use(self, kernels: Kernels | None) -> None:
        if kernels is not None:
            self._reading.kernels = kernels
            self.carriers.select = kernels.select
            self.opened.use(kernels.walk_pcap, kernels.walk_pcapng)

    def _meet_interfaces(self) -> None:
        """Interfaces that the files have described by now."""
        if len(self.interfaces) != len(self._links):
            known = tuple(self.interfaces)  # more may come meanwhile
            self._links = rows(len(known))
            for index, met in enumerate(known):
                self._links[index] = met.interface.link_type

    def _follow(self, data: memoryview, gathered: Gathered, count: int) -> None:
        row = 0
        while row < count:
            row = self._reading.follow(data, gathered, row, count)
            self._judge_told(data, gathered.facts)
            if self.memory[state.REPEATS] >= tells.ENOUGH_REPEATS:
                self._repeats.apply()
        self.version += 1

    def inject(self, packet: Packet) -> int:
        """Read a packet that stands in no record as it is, without touching the clock; the row of
        its message, -1 for none."""
        data, gathered = self._reading.gather_one(
            packet.data,
            packet.link_type,
            frame=packet.frame,
            wire=packet.wire,
            time=packet.time,
            offset=packet.offset,
            interface=packet.interface,
        )
        if gathered.facts[fact.KIND] == fact.FRAGMENT:  # a fragment in a fragment
            return -1
        gathered.facts[fact.FLAGS] |= fact.FRAGMENTED
        self._reading.make_room(1, len(data), len(self.interfaces))
        s = self.memory.s
        before, stage = s[state.MESSAGES], s[state.STAGE]
        s[state.STAGE] = TIMED
        self.parts[before] = packet
        self._follow(data, gathered, 1)
        self.memory.s[state.STAGE] = stage
        if self.memory[state.MESSAGES] > before:
            return before
        del self.parts[before]
        return -1

    def gather_packet(self, data: bytes, link_type: int) -> tuple[memoryview, Rows]:
        """The facts of a packet that is in no capture, and the bytes they point into."""
        view, gathered = self._reading.gather_one(data, link_type)
        return view, gathered.facts

    def close(self) -> None:
        """The capture is over: judge what still waits. Further calls do nothing."""
        if self.closed:
            return
        self.closed = True
        self._datagrams.close()
        while self._reading.finish():
            self._judge_told(_NOTHING, _NO_PLACES)
        self._judge_told(_NOTHING, _NO_PLACES)
        self._repeats.apply()
        for flow in self._unread_flows():
            self.judge(FlowEnded(flow))
        self.signals.close()
        self._window = None
        self._compiler.close()
        self._reading.close()
        self.version += 1

    def _unread_flows(self) -> Iterator[Flow]:
        """Flows in which nothing could be read, the one used longest ago first."""
        s = self.memory.s
        flow = s[state.LEAST_USED]
        while flow:
            at = flows.flow_at(s, flow)
            if not s[at + flows.READABLE]:
                yield Flow(self, flow)
            flow = s[at + flows.NEWER]

    def release(self) -> None:
        """Close the files: tables and findings stay, bytes can be asked for no more."""
        if self.source is not None:
            self.source.close()
        self.carriers.close()

    # Events -------------------------------------------------------------------------------------

    def _judge_told(self, data: memoryview, facts: Rows) -> None:
        while self.memory[state.EVENTS]:  # a body that is whole adds to what there is to tell
            self._judge_waiting(data, facts)

    def _judge_waiting(self, data: memoryview, facts: Rows) -> None:
        for kind, row in told(self):
            if kind == tells.ODD_BODY:
                read_odd_body(self, data, facts, row[0] * fact.SLOTS)
            elif kind in KINDS:
                self._bodies.take(kind, row)
            elif kind == tells.FRAGMENT:
                self._datagrams.take(data, facts, row[0] * fact.SLOTS)
            elif kind == tells.FRAGMENTS_DUE:
                self._datagrams.look()
            elif kind == tells.ICMP_ERROR:
                self.judge(self._icmp(data, facts, row[0] * fact.SLOTS))
            elif kind == tells.CARRIER_NOTICE:
                for happened in told_events(self, self.carriers.next_told()):
                    self.judge(happened)
            elif kind == tells.SIGNALLED:
                self.signals.take(row)
            elif kind == tells.STREAM_ODD:
                self.judge(self.signals.odd(row))
            else:
                self._judge_event(kind, row)

    def _judge_event(self, kind: int, row: Row) -> None:
        several = kind in tells.COUNTED_ALIKE or kind == tells.CHECKSUM_WRONG
        if several or (kind == tells.SEEN and row[1] & fact.PING):
            self._repeats.apply()  # one finding of several notes: in the order of its frames
        form = row[tells.FORMS[kind]] if kind in tells.FORMS else 0
        found = self.judge(event(self, kind, row), form)
        s = self.memory.s
        learns = kind in tells.SIGNATURES and not self._judge.ignored
        if learns and not found:
            learn_quiet(s, row[tells.SIGNATURES[kind]])
        elif learns and kind in tells.COUNTED_ALIKE and all(finding.alike for finding in found):
            serial = Message(self, row[0]).flow.serial
            learn_alike(s, row[tells.SIGNATURES[kind]], serial, [f.id for f in found])
        elif found and (note := note_of(kind, row)) is not None:
            s[flows.note_at(s, *note)] = found[-1].id

    def judge(self, event: Event, form: int = 0) -> list[Finding]:
        """Judge an event; messages and exchanges are marked with the worst finding about them."""
        s = self.memory.s
        self.findings.allow(s[state.BYTES_READ])
        found = list(self._judge.judge(event, s[state.LAST_TIME], form))
        for finding in found:
            self._mark(self.messages, finding.row, int(finding.severity))
            self._mark(self.exchanges.stored, finding.exchange - 1, int(finding.severity))
        return found

    @staticmethod
    def _mark(table: Table, row: int, severity: int) -> None:
        if row >= 0 and table.cell("severity", row) < severity:
            table.update(row, severity=severity)

    def _icmp(self, data: memoryview, facts: Rows, f: int) -> Event:
        start = facts[f + fact.START]
        packet = data[start : start + facts[f + fact.CAPTURED]]
        link_type = self._links[facts[f + fact.INTERFACE]]
        return icmp_error(self, packet, link_type, facts[f + fact.FRAME])

    # What was read ------------------------------------------------------------------------------

    @property
    def counts(self) -> Counts:
        """What the records were."""
        return counted(self.memory.s, self.interfaces, self._datagrams.lost)

    @property
    def first_time(self) -> int | None:
        return self.memory[state.FIRST_TIME] if self.memory[state.STARTED] else None

    @property
    def last_time(self) -> int | None:
        return self.memory[state.LAST_TIME] if self.memory[state.STARTED] else None

    @cached_property
    def keeper(self) -> Keeper:
        """Keeps what the user wrote about the capture, read when it is first asked for. Raises
        RuntimeError before `open`."""
        files = self.opened.first_files
        keeper = Keeper(self.paths[: len(files)], files)
        keeper.load()
        return keeper

    @property
    def forgotten(self) -> int:
        """Unanswered messages forgotten early: too many were in flight."""
        return self.memory[state.FORGOTTEN]

    def ue_of(self, finding: Finding) -> str:
        """The UE a finding is about: as it says, else as its exchange came to tell."""
        if finding.ue or not finding.exchange:
            return finding.ue
        return self.names[self.exchanges.stored.cell("ue", finding.exchange - 1)]


_NO_PLACES = rows(0).toreadonly()
_NOTHING = memoryview(b"")
