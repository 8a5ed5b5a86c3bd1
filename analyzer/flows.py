# SPDX-License-Identifier: GPL-2.0-only
"""Gate G-FLOW: which UDP flows carry CoAP.

A flow is the unordered pair of its endpoints. It is confirmed by a CoAP port (5683 or one the user
names), or by two datagrams in a row that parse as CoAP without fault. On an unconfirmed flow a
parse failure means "not CoAP", never a breach.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from analyzer.endpoints import Endpoint
from analyzer.messages import Message
from dissectors.coap import numbers
from dissectors.coap.wire import Defect

_MAX_FLOWS: Final = 1 << 15
"""Flows remembered; beyond that the one used longest ago is forgotten."""

_REJECTED_AFTER: Final = 3
_MOST_PENDING: Final = 8
_NEVER_COAP: Final = frozenset(
    {53, 67, 68, 69, 123, 137, 138, 161, 162, 443, 500, 514, 1900, 2152, 3478, 4500, 4789, 5353}
)
"""Ports whose own protocols could look like CoAP by chance (QUIC, STUN, DNS, ...)."""

_TOLERATED: Final = frozenset(
    {
        Defect.UINT_LEADING_ZERO,
        Defect.ELECTIVE_UNKNOWN,
        Defect.CONTEXT_METHOD,
        Defect.REPEATED,
        Defect.CUT,
    }
)
"""Defects with which a datagram still counts as CoAP on an unconfirmed flow."""


class Verdict(Enum):
    """What a datagram is taken for."""

    COAP = "coap"
    PENDING = "pending"  # parses; another one will confirm
    OPAQUE = "opaque"  # a DTLS record
    OTHER = "other"


@dataclass(eq=False, slots=True)
class Flow:
    """One pair of endpoints and what was seen between them; `sent` counts datagrams of `first`."""

    first: Endpoint
    second: Endpoint
    start: int
    confirmed: bool = False
    plain_on_5684: bool = False
    opaque: int = 0
    sent: int = 0
    received: int = 0
    readable: int = 0
    unreadable: int = 0
    failures: int = 0
    pending: tuple[Message, ...] = ()
    first_frame: int = 0
    first_repeats: bool = False
    second_repeats: bool = False

    def count(self, source: Endpoint) -> None:
        """One more datagram from `source`."""
        if source == self.first:
            self.sent += 1
        else:
            self.received += 1

    def repeats(self, source: Endpoint) -> None:
        """`source` sent a message again."""
        if source == self.first:
            self.first_repeats = True
        else:
            self.second_repeats = True

    def one_way(self, source: Endpoint) -> bool:
        """Gate G-ONEWAY: nothing came back, and `source` behaves as if it were answered."""
        if source == self.first:
            return self.received == 0 and not self.first_repeats
        return self.sent == 0 and not self.second_repeats

    @property
    def datagrams(self) -> int:
        return self.sent + self.received

    def __str__(self) -> str:
        return f"{self.first} - {self.second}"


def is_dtls(data: bytes) -> bool:
    """First byte 20 to 63: a DTLS record (RFC 7983 clause 7)."""
    return bool(data) and 20 <= data[0] <= 63


class FlowGate:
    """Knows every flow and decides, datagram by datagram, what is CoAP."""

    def __init__(self, ports: frozenset[int]) -> None:
        self.ports = ports | {numbers.COAP_PORT}
        self._flows: dict[tuple[Endpoint, Endpoint], Flow] = {}
        self._servers: set[Endpoint] = set()

    def flow(self, source: Endpoint, destination: Endpoint, time: int) -> Flow:
        """The flow between two endpoints; made when first seen."""
        for key in ((source, destination), (destination, source)):
            found = self._flows.pop(key, None)
            if found is not None:
                self._flows[key] = found  # used last
                return found
        found = self._flows[source, destination] = Flow(source, destination, time)
        if len(self._flows) > _MAX_FLOWS:
            del self._flows[next(iter(self._flows))]
        return found

    def known(self, source: int, destination: int) -> bool:
        """One of the two ports is a CoAP port."""
        return source in self.ports or destination in self.ports

    def may_be_coap(self, source: int, destination: int, first_byte: int) -> bool:
        """Cheap test before a datagram is dissected at all."""
        if self.known(source, destination) or numbers.COAPS_PORT in (source, destination):
            return True
        if source in _NEVER_COAP or destination in _NEVER_COAP:
            return False
        return first_byte >> 6 == numbers.VERSION

    def judge(self, message: Message) -> Verdict:
        """Take a datagram of `message.flow` for what it is; may confirm the flow."""
        flow = message.flow
        source, destination = message.source.port, message.destination.port
        if not flow.confirmed and is_dtls(message.data):
            flow.opaque += 1
            return Verdict.OPAQUE
        if not flow.confirmed and self.known(source, destination):
            flow.confirmed = True
        if flow.confirmed:
            self._learn(message)
            return Verdict.COAP
        if flow.failures >= _REJECTED_AFTER:
            return Verdict.OTHER
        if not _clean(message):
            flow.failures += 1
            flow.pending = ()
            return Verdict.OTHER
        flow.plain_on_5684 = numbers.COAPS_PORT in (source, destination)
        known_server = bool(self._servers & {message.source, message.destination})
        flow.confirmed = flow.plain_on_5684 or known_server or _proves(flow.pending, message)
        if flow.confirmed:
            self._learn(message)
            return Verdict.COAP
        if flow.pending and flow.pending[0].data != message.data:
            flow.pending = ()
        if len(flow.pending) < _MOST_PENDING:
            flow.pending += (message,)
        return Verdict.PENDING

    def _learn(self, message: Message) -> None:
        """A server that answers on a confirmed flow makes its other flows known at once."""
        if message.is_response and len(self._servers) < _MAX_FLOWS:
            self._servers.add(message.source)

    def flows(self) -> list[Flow]:
        return list(self._flows.values())

    def restart(self, time: int) -> None:
        """A new segment of the capture begins: starts count anew (gate G-START)."""
        for flow in self._flows.values():
            flow.start = time
            flow.pending = ()


def _proves(pending: tuple[Message, ...], second: Message) -> bool:
    """Two datagrams in a row that parse: different ones, and not both Empty unless one answers."""
    if not pending or pending[0].data == second.data:
        return False
    first = pending[0]
    answers = first.source == second.destination and first.message_id == second.message_id
    return bool(first.code or second.code) or answers


def _clean(message: Message) -> bool:
    """Parses to the exact end, with assigned codes and no defect but a harmless one."""
    coap = message.coap
    return len(coap.data) >= 4 and coap.tkl <= 8 and message.defects <= _TOLERATED
