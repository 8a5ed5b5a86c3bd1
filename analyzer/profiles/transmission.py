# SPDX-License-Identifier: GPL-2.0-only
"""Transmission parameters of CoAP and every timer derived from them.

RFC 7252 clauses 4.8 (parameters) and 4.8.2 (derived), and windows of our own, which have no clause.
What is said of a parameter or a timer stands beside it: `parameters()` and `TIMERS` give it back.
Timers are nanoseconds of capture time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Final, NamedTuple, TypeVar, get_type_hints

SECOND: Final = 1_000_000_000
MILLISECOND: Final = 1_000_000

LONGEST: Final = 366 * 24 * 3600 * SECOND
"""No timer may be longer than a year: its sums with any capture time stay within 64 bits."""

_RFC: Final = "RFC 7252 4.8"
_RFC_DERIVED: Final = "RFC 7252 4.8.2"
_Property = TypeVar("_Property", bound="Callable[[Transmission], int]")


class Parameter(NamedTuple):
    """What is said of a parameter; `unit` is `s` for seconds, or nothing."""

    name: str
    unit: str
    clause: str
    meaning: str

    @property
    def key(self) -> str:
        """Its name in a profile's file."""
        return self.name.lower()


class Timer(NamedTuple):
    """What is said of a timer that follows from parameters: a property of Transmission."""

    name: str
    clause: str
    formula: str
    meaning: str

    def of(self, transmission: Transmission) -> int:
        """Its nanoseconds under a profile."""
        duration: int = getattr(transmission, self.name.lower())
        return duration


TIMERS: Final[list[Timer]] = []
"""Every derived timer, in the order in which they follow from each other."""


def _derived(clause: str, formula: str, meaning: str) -> Callable[[_Property], _Property]:
    def declare(function: _Property) -> _Property:
        TIMERS.append(Timer(function.__name__.upper(), clause, formula, meaning))
        return function

    return declare


class Transmission(NamedTuple):
    """A transmission profile: parameters in seconds as the RFC states them, by default its own.

    `strict`: these parameters are agreed upon, so who breaks them is at fault (gate G-PARAM).
    """

    ack_timeout_s: Annotated[
        float,
        Parameter("ACK_TIMEOUT", "s", _RFC, "least time between transmissions of a CON"),
    ] = 2.0
    ack_random_factor: Annotated[
        float,
        Parameter("ACK_RANDOM_FACTOR", "", _RFC, "the first timeout is up to this times longer"),
    ] = 1.5
    max_retransmit_count: Annotated[
        int,
        Parameter("MAX_RETRANSMIT", "", _RFC, "retransmissions of a CON at most"),
    ] = 4
    nstart: Annotated[
        int,
        Parameter("NSTART", "", "RFC 7252 4.7", "interactions with one server at a time"),
    ] = 1
    max_latency_s: Annotated[
        float,
        Parameter("MAX_LATENCY", "s", _RFC_DERIVED, "longest way of a datagram to its receiver"),
    ] = 100.0
    dup_window_s: Annotated[
        float,
        Parameter("DUP_WINDOW", "s", "", "one datagram recorded twice, IP ID the same"),
    ] = 1.0
    dup_window_unnumbered_s: Annotated[
        float,
        Parameter("DUP_WINDOW_UNNUMBERED", "s", "", "one datagram recorded twice, without IP ID"),
    ] = 0.005
    nat_window_s: Annotated[
        float,
        Parameter("NAT_WINDOW", "s", "", "the two legs of an address translator"),
    ] = 0.5
    reorder_window_s: Annotated[
        float,
        Parameter("REORDER_WINDOW", "s", "", "a response recorded before its request waits"),
    ] = 2.0
    name: str = ""
    description: str = ""
    strict: bool = False

    # Parameters in nanoseconds --------------------------------------------------------------------

    @property
    def ack_timeout(self) -> int:
        return round(self.ack_timeout_s * SECOND)

    @property
    def max_latency(self) -> int:
        return round(self.max_latency_s * SECOND)

    @property
    def dup_window(self) -> int:
        """Capture duplicates with an equal IPv4 identification stand this close (gate G-DUP)."""
        return round(self.dup_window_s * SECOND)

    @property
    def dup_window_unnumbered(self) -> int:
        """Without an identification they must stand this close."""
        return round(self.dup_window_unnumbered_s * SECOND)

    @property
    def nat_window(self) -> int:
        """The two legs of an address translator stand this close."""
        return round(self.nat_window_s * SECOND)

    @property
    def reorder_window(self) -> int:
        """A response recorded before its request waits this long for it."""
        return round(self.reorder_window_s * SECOND)

    # Timers that follow from them -------------------------------------------------------------

    @property
    @_derived(
        "RFC 7252 4.2",
        "ACK_TIMEOUT × ACK_RANDOM_FACTOR",
        "latest first retransmission of a CON",
    )
    def first_timeout(self) -> int:
        return round(self.ack_timeout * self.ack_random_factor)

    @property
    @_derived(
        _RFC_DERIVED,
        "ACK_TIMEOUT × (2^MAX_RETRANSMIT - 1) × ACK_RANDOM_FACTOR",
        "latest last retransmission of a CON",
    )
    def max_transmit_span(self) -> int:
        span: int = self.ack_timeout * ((1 << self.max_retransmit_count) - 1)
        return round(span * self.ack_random_factor)

    @property
    @_derived(
        _RFC_DERIVED,
        "ACK_TIMEOUT × (2^(MAX_RETRANSMIT + 1) - 1) × ACK_RANDOM_FACTOR",
        "latest end of waiting for an ACK or RST",
    )
    def max_transmit_wait(self) -> int:
        wait: int = self.ack_timeout * ((2 << self.max_retransmit_count) - 1)
        return round(wait * self.ack_random_factor)

    @property
    @_derived(_RFC_DERIVED, "ACK_TIMEOUT", "a CON received to its ACK sent, at most")
    def processing_delay(self) -> int:
        return self.ack_timeout

    @property
    @_derived(
        _RFC_DERIVED,
        "2 × MAX_LATENCY + PROCESSING_DELAY",
        "a CON sent to its ACK received, at most",
    )
    def max_rtt(self) -> int:
        return 2 * self.max_latency + self.processing_delay

    @property
    @_derived(
        _RFC_DERIVED,
        "MAX_TRANSMIT_SPAN + MAX_RTT",
        "life of a CON's Message ID",
    )
    def exchange_lifetime(self) -> int:
        return self.max_transmit_span + self.max_rtt

    @property
    @_derived(_RFC_DERIVED, "MAX_TRANSMIT_SPAN + MAX_LATENCY", "life of a NON's Message ID")
    def non_lifetime(self) -> int:
        return self.max_transmit_span + self.max_latency

    @property
    @_derived("", "REORDER_WINDOW / 2", "a first fragment waits for the others")
    def fragment_patience(self) -> int:
        return self.reorder_window // 2


DEFAULT: Final = Transmission(name="default")


@cache
def parameters() -> dict[str, Parameter]:
    """Every parameter, by the field of Transmission that holds it."""
    hints = get_type_hints(Transmission, include_extras=True)
    return {field: hint.__metadata__[0] for field, hint in hints.items() if _described(hint)}


def _described(hint: object) -> bool:
    return isinstance(getattr(hint, "__metadata__", (None,))[0], Parameter)
