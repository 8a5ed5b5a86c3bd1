# SPDX-License-Identifier: GPL-2.0-only
"""What the stage and its carriers hand each other: packets in; messages and notices out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from analyzer.carriers import selecting
from analyzer.stream_events import Told
from analyzer.streams.model import Piece
from dissectors.carried import Ends, Sender

if TYPE_CHECKING:
    from analyzer.carriers.reassembled import Whole
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.carriers.stage import Selected


class Packet:
    """A record that carries something, as `selecting.select` found it: `record` is its index in the
    batch, `piece` where it stands in its file. What came in fragments of IP has several `pieces`;
    the last of them is the record."""

    __slots__ = (
        "cells",
        "data",
        "frame",
        "interface",
        "payload",
        "piece",
        "pieces",
        "record",
        "selected",
        "time",
    )

    def __init__(
        self, selected: Selected | Whole, cells: list[int], pieces: tuple[Piece, ...] = ()
    ) -> None:
        self.cells, self.selected = cells, selected
        self.record = record = cells[selecting.RECORD]
        self.piece = piece = pieces[-1] if pieces else selected.piece(record)
        self.pieces = pieces or (piece,)
        self.frame, self.interface = piece.frame, piece.interface
        self.time = piece.time
        self.data = selected.data
        self.payload = bytes(self.data[cells[selecting.AT] : cells[selecting.END]])

    @property
    def sender(self) -> int:
        """Which of the two ends of its flow sent it: a hash of its address and port."""
        return self.cells[selecting.SENDER] | 1

    @property
    def receiver(self) -> int:
        """The other one, as `sender` has it."""
        cells = self.cells
        return (cells[selecting.FLOW] ^ cells[selecting.SENDER]) | 1

    @property
    def flow(self) -> int:
        """A hash of both ends, the same for both directions."""
        return self.cells[selecting.FLOW]

    @property
    def ports(self) -> tuple[int, int]:
        """Of source and destination."""
        return self.cells[selecting.SOURCE_PORT], self.cells[selecting.DESTINATION_PORT]

    @property
    def ends(self) -> Ends:
        """Source and destination."""
        cells, length = self.cells, self.cells[selecting.ADDRESS_LENGTH]
        data = self.selected.text if cells[selecting.ENDS_IN_TEXT] else self.data
        source, destination = cells[selecting.SOURCE_AT], cells[selecting.DESTINATION_AT]
        return Ends(
            bytes(data[source : source + length]),
            bytes(data[destination : destination + length]),
            *self.ports,
        )

    def taken(self, sender: Sender, message: bytes) -> Taken:
        """A message of a sender that the packet alone carried."""
        cells = self.cells
        header = sender.header(
            0, cells[selecting.TTL], cells[selecting.IP_ID], cells[selecting.LINK_HASH]
        )
        return Taken(self.record, self.frame, self.time, header, message, self.pieces)


class Taken(NamedTuple):
    """A message taken out of what carried it. `record` is the index in the batch of the record
    that completed it, -1 when the capture ended; `header` as `dissectors.carried` makes it."""

    record: int
    frame: int
    time: int
    header: bytes
    message: bytes
    pieces: tuple[Piece, ...]


class Notice(NamedTuple):
    """Something to tell, at a record as `Taken` has it; about a message right behind that."""

    record: int
    frame: int
    time: int
    told: Told


class Carrier(Protocol):
    """A TCP connection or a DTLS association."""

    number: int
    """Counts them in the capture, from 1."""
    secured: SecuredFlow | None

    @property
    def muted(self) -> bool:
        """Nothing more of it can be read."""
        ...

    @property
    def held(self) -> int:
        """Bytes kept of what is not whole."""
        ...

    @property
    def ends(self) -> Ends:
        """The client as source, the server as destination."""
        ...

    def names(self) -> Iterator[tuple[int, bytes]]:
        """The Connection IDs that its records have, each with who receives it."""
        ...

    def named(self, packet: Packet) -> bool:
        """Whether a record has the Connection ID that was agreed on, or needs none."""
        ...

    def begins_anew(self, packet: Packet) -> bool:
        """Whether the packet opens another one between the same ends."""
        ...

    def take(self, packet: Packet) -> list[Taken | Notice]:
        """What the packet completes."""
        ...

    def close(self, record: int, now: int) -> list[Taken | Notice]:
        """What still waits, at a record as `Taken` has it and at time `now`: the capture is over,
        or another begins between the same ends."""
        ...
