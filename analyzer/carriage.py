# SPDX-License-Identifier: GPL-2.0-only
"""What carried a message that stands in no datagram of its own: TCP, TLS, DTLS, OSCORE.

It is told by the header in front of the message in the store (`dissectors.carried`), which is the
same in what one end of a connection sent: so of many rows one of each pair of endpoints is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.messages import CARRIED, UNWRAPPED
from dissectors import carried
from dissectors.coap.wire import DATAGRAM, WEBSOCKET

if TYPE_CHECKING:
    import numpy as np

    from analyzer.carriers.secured import SecuredFlow
    from analyzer.session import Session
    from analyzer.streams.model import Piece

    Array = np.ndarray[Any, Any]


class Carriage(NamedTuple):
    """How a message was carried. `framing` as in `coap.wire.walk`; `connection` is the number of
    the TCP connection or DTLS association, 0 for none, `secured` that TLS or DTLS protected it,
    `unwrapped` that OSCORE did."""

    framing: int
    by_client: bool
    connection: int
    secured: bool
    unwrapped: bool

    @property
    def dtls(self) -> bool:
        return self.secured and self.framing == DATAGRAM

    @property
    def tls(self) -> bool:
        return self.secured and self.framing != DATAGRAM

    @property
    def websocket(self) -> bool:
        return self.framing == WEBSOCKET


NOT_CARRIED = Carriage(DATAGRAM, False, 0, False, False)


def carriage(session: Session, row: int) -> Carriage:
    """How a message was carried; NOT_CARRIED where a datagram is the message, or it is gone."""
    if not session.messages.cell("flags", row) & CARRIED:
        return NOT_CARRIED
    header = session.carriers.store.read(session.messages.cell("offset", row), carried.HEADER)
    if len(header) < carried.HEADER:
        return NOT_CARRIED
    marks = header[carried.MARKS_AT]
    return Carriage(
        header[carried.FRAMING_AT],
        bool(marks & carried.BY_CLIENT),
        carried.wide(memoryview(header), carried.CONNECTION_AT, 4),
        bool(marks & carried.SECURED),
        bool(marks & carried.UNWRAPPED),
    )


def pieces(session: Session, row: int) -> tuple[Piece, ...]:
    """The packets that carried a message, the one that completed it last; of a message that stands
    in a packet as it is, none."""
    if not session.messages.cell("flags", row) & CARRIED:
        return ()
    return session.carriers.store.pieces(session.messages.cell("offset", row))


def flow_of(session: Session, connection: int) -> SecuredFlow | None:
    """What is known of the protected flow with the number of a connection."""
    flows = session.carriers.secured
    return next((flow for flow in list(flows) if flow.number == connection), None)


def captured_lengths(session: Session, rows: Sequence[int]) -> list[int]:
    """Bytes captured of the packets that messages came in; of several, of the last."""
    lengths, flags = (session.messages.take(column, rows) for column in ("captured", "flags"))
    for index, (row, of_row) in enumerate(zip(rows, flags, strict=True)):
        if of_row & CARRIED and (some := pieces(session, row)):
            lengths[index] = some[-1].length
    return lengths


# Of many rows -----------------------------------------------------------------------------------


class Carriages(NamedTuple):
    """The rows that were carried, counted from the first one asked about, and of each which of
    `kinds` it is."""

    owners: Array
    which: Array
    kinds: Sequence[Carriage]

    def where(self, test: Callable[[Carriage], bool]) -> Array:
        """The owners whose carriage passes."""
        import numpy as np

        passed = np.fromiter(map(test, self.kinds), bool, len(self.kinds))
        found: Array = self.owners[passed[self.which]]
        return found


def carriages(session: Session, first: int, last: int) -> Carriages:
    """How the rows from `first` to the one before `last` were carried."""
    import numpy as np

    flags = session.messages["flags"][first:last]
    owners = np.flatnonzero(flags & CARRIED)
    names = ("source", "destination")
    source, destination = (session.messages[n][first:last][owners].astype(np.uint64) for n in names)
    opened = (flags[owners] & UNWRAPPED != 0).astype(np.uint64)
    keys = source << np.uint64(32) | destination << np.uint64(1) | opened
    _, at, which = np.unique(keys, return_index=True, return_inverse=True)
    kinds = [carriage(session, row) for row in (owners[at] + first).tolist()]
    return Carriages(owners, which, kinds)


def each_connection(session: Session, rows: Iterable[int]) -> list[int | None]:
    """The number of the connection of messages."""
    return [carriage(session, row).connection or None for row in rows]
