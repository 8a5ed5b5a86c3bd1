# SPDX-License-Identifier: GPL-2.0-only
"""Transmission parameters of CoAP and every timer derived from them.

RFC 7252 clauses 4.8.1 (parameters) and 4.8.2 (derived). All times are nanoseconds of capture time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SECOND: Final = 1_000_000_000
MILLISECOND: Final = 1_000_000


class Transmission(NamedTuple):
    """Parameters in seconds as the RFC states them; the properties are in nanoseconds."""

    ack_timeout_s: float = 2.0
    ack_random_factor: float = 1.5
    max_retransmit_count: int = 4
    max_latency_s: float = 100.0
    dup_window_s: float = 1.0
    dup_window_unnumbered_s: float = 0.005
    nat_window_s: float = 0.5

    @property
    def ack_timeout(self) -> int:
        return round(self.ack_timeout_s * SECOND)

    @property
    def max_latency(self) -> int:
        return round(self.max_latency_s * SECOND)

    @property
    def max_transmit_span(self) -> int:
        """First transmission of a CON to its last retransmission: 45 s by default."""
        span: int = self.ack_timeout * ((1 << self.max_retransmit_count) - 1)
        return round(span * self.ack_random_factor)

    @property
    def max_transmit_wait(self) -> int:
        """First transmission to giving up: 93 s by default."""
        wait: int = self.ack_timeout * ((2 << self.max_retransmit_count) - 1)
        return round(wait * self.ack_random_factor)

    @property
    def exchange_lifetime(self) -> int:
        """Life of a CON's Message ID: 247 s by default; PROCESSING_DELAY is ACK_TIMEOUT."""
        return self.max_transmit_span + 2 * self.max_latency + self.ack_timeout

    @property
    def non_lifetime(self) -> int:
        """Life of a NON's Message ID: 145 s by default."""
        return self.max_transmit_span + self.max_latency

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


DEFAULT: Final = Transmission()
