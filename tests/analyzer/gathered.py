# SPDX-License-Identifier: GPL-2.0-only
"""What single records say, for tests of kernels; and messages as rules see them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

from rules.conversation import ETHERNET, Conversation, Frame

from analyzer import facts as fact
from analyzer import state
from analyzer.capture import BATCH, Source
from analyzer.exchanges.model import STORED
from analyzer.exchanges.table import Exchanges
from analyzer.memory import Memory
from analyzer.messages import MESSAGES
from analyzer.profiles.transmission import DEFAULT
from analyzer.reading import Reading, port_table
from analyzer.subjects import Message
from analyzer.tables import Table
from dissectors.kernel import Rows, rows

NAMES = {
    name: slot
    for name, slot in vars(fact).items()
    if name.isupper() and isinstance(slot, int) and slot < fact.SLOTS
}
BEFORE_COAP = len(ETHERNET) + 2 + 20 + 8
"""Bytes of a frame of `Conversation` before an IPv4 datagram's own."""


@dataclass(frozen=True)
class Facts:
    """Rows of facts and the bytes that they point into."""

    cells: Rows
    data: memoryview
    text: memoryview
    seed: int

    def __call__(self, slot: int, row: int = 0) -> int:
        return self.cells[row * fact.SLOTS + slot]

    def read(self, start: int, end: int, row: int = 0) -> bytes:
        """Bytes of the record between two slots."""
        return bytes(self.data[self(start, row) : self(end, row)])

    def written(self, start: int, end: int, row: int = 0) -> str:
        """Text put together between two slots."""
        return bytes(self.text[self(start, row) : self(end, row)]).decode()


def gathered(capture: bytes, ports: frozenset[int] = frozenset(), link_type: int = 1) -> Facts:
    """The facts of the records of a capture of one interface, of one batch."""
    memory, messages = Memory(DEFAULT), Table(MESSAGES)
    reading = Reading(memory, messages, Exchanges(Table(STORED), messages), port_table(ports))
    links = rows(1)
    links[0] = link_type
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(capture)
        file.flush()
        batch = next(Source([file.name]).batches(BATCH))
        found, _, count = next(reading.chunks(batch, links, rows(0), BATCH))
    assert count == batch.count
    spare = rows((count + 2) * fact.SLOTS)
    spare[: count * fact.SLOTS] = found.facts[: count * fact.SLOTS]
    data = memoryview(bytes(batch.data))
    return Facts(spare, data, memoryview(bytes(found.text)), memory[state.SEED])


def facts_of(*datagrams: bytes) -> Facts:
    """The facts of these datagrams, sent one after the other from one client to one server."""
    talk = Conversation()
    for data in datagrams:
        talk.raw(data)
    return gathered(talk.pcap())


def message(data: bytes, **frame: object) -> Message:
    """A message of these bytes, as rules see it."""
    return Message(Conversation().raw(data, **frame).session(), 0)  # type: ignore[arg-type]


def one(frame: Frame) -> bytes:
    """A capture of one frame."""
    return Conversation().add(frame).pcap()
