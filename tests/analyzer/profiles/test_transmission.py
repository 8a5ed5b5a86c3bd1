# SPDX-License-Identifier: GPL-2.0-only
"""Derived timers against the table of RFC 7252 clause 4.8.2, and with other parameters."""

from __future__ import annotations

import pytest
from rules.conversation import Conversation

from analyzer.profiles.transmission import DEFAULT, SECOND, Transmission


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("ack_timeout", 2),
        ("max_transmit_span", 45),
        ("max_transmit_wait", 93),
        ("max_latency", 100),
        ("exchange_lifetime", 247),
        ("non_lifetime", 145),
        ("dup_window", 1),
        ("dup_window_unnumbered", 0.005),
        ("nat_window", 0.5),
    ],
)
def test_defaults_are_those_of_the_rfc(name: str, seconds: float) -> None:
    assert getattr(DEFAULT, name) == seconds * SECOND


def test_derived_timers_follow_the_parameters() -> None:
    slow = Transmission(ack_timeout_s=10, ack_random_factor=1.0, max_retransmit_count=2)
    assert slow.max_transmit_span == 30 * SECOND
    assert slow.max_transmit_wait == 70 * SECOND
    assert slow.exchange_lifetime == (30 + 200 + 10) * SECOND


def test_the_parameters_in_force_decide_what_is_too_early() -> None:
    talk = Conversation().con("GET", token=b"ab").wait(0.5).again().ack("2.05")
    early = "COAP-7252-4.2-RETR-EARLY"
    assert early in talk.rules()
    assert early not in talk.rules(timers=Transmission(ack_timeout_s=0.5))
