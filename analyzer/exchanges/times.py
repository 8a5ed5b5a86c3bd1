# SPDX-License-Identifier: GPL-2.0-only
"""Times of one exchange: how long its answers took, and how its request was repeated.

All are differences of capture times in nanoseconds, as they are: where the clock of the capture was
set back they are negative. A round trip is measured by an exchange whose request was transmitted
once before it was answered; of several transmissions nobody can tell which one the answer is to
(Karn's algorithm, RFC 6298 clause 3; RFC 7252 clause 4.2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from analyzer.messages import Role, rows_with
from analyzer.tables import Table


class Times(NamedTuple):
    """Times of an exchange in ns, None where there is nothing to measure.

    Each answer counts from the first transmission of the request, and `..._from_last` from the last
    one before it. `gaps` are those between transmissions. `transmissions` counts the ones before
    the first answer, or all without one; `ack_to_response` is of a separate response.
    """

    response: int | None
    response_from_last: int | None
    ack: int | None
    ack_from_last: int | None
    ack_to_response: int | None
    gaps: tuple[int, ...]
    transmissions: int
    ambiguous: bool

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Of each gap to the one before, which a sender that backs off doubles (RFC 7252 clause
        4.2); None where that is not positive."""
        return tuple(gap / before if before > 0 else None for before, gap in pairwise(self.gaps))


class _Seen(NamedTuple):
    """A message by its place in the file and its time."""

    row: int
    time: int


class ExchangeTimes:
    """Times of exchanges, from the tables as they are when this is made.

    `copies` are the rows of the retransmissions to count, those of all exchanges if not given.
    """

    def __init__(self, messages: Table, stored: Table, copies: Iterable[int] | None = None) -> None:
        self._messages = messages
        self._stored = stored
        self._copies: defaultdict[int, list[_Seen]] = defaultdict(list)
        if copies is None:
            copies = rows_with(messages.octets("role"), Role.RETRANSMISSION)
        for row in copies:
            self._add(row)

    def _add(self, row: int) -> None:
        """A copy of a request, not one of a response."""
        exchange = self._messages.cell("exchange", row)
        if exchange:
            request = self._stored.cell("request_row", exchange - 1)
            if self._messages.cell("first", row) == self._messages.cell("frame", request):
                self._copies[exchange].append(self._seen(row))

    def _seen(self, row: int) -> _Seen:
        return _Seen(row, self._messages.cell("time", row))

    def of(self, id: int) -> Times:
        """The times of an exchange, whose id counts from 1."""
        cells = self._stored.row(id - 1)
        sent = [self._seen(cells["request_row"]), *self._copies.get(id, ())]
        answers = [cells[name] - 1 for name in ("response", "ack", "reset") if cells[name]]
        until = min(answers, default=None)
        before = len(sent) if until is None else sum(one.row < until for one in sent)
        response = self._seen(cells["response"] - 1) if cells["response"] else None
        ack = self._seen(cells["ack"] - 1) if cells["ack"] else None
        separate = None
        if response is not None and ack is not None and ack.row != response.row:
            separate = response.time - ack.time
        return Times(
            *_since(sent, response),
            *_since(sent, ack),
            separate,
            tuple(after.time - one.time for one, after in pairwise(sent)),
            before,
            until is not None and before > 1,
        )


def _since(sent: list[_Seen], answer: _Seen | None) -> tuple[int | None, int | None]:
    """Time from the first transmission, and from the last one that stands before the answer."""
    if answer is None:
        return None, None
    last = next((one for one in reversed(sent) if one.row < answer.row), sent[0])
    return answer.time - sent[0].time, answer.time - last.time
