# SPDX-License-Identifier: GPL-2.0-only
"""Derived timers against the table of RFC 7252 clause 4.8.2, and with other parameters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer.profiles.transmission import (
    DEFAULT,
    SECOND,
    TIMERS,
    Timer,
    Transmission,
    parameters,
)

TABLE = {
    "FIRST_TIMEOUT": 3,
    "MAX_TRANSMIT_SPAN": 45,
    "MAX_TRANSMIT_WAIT": 93,
    "PROCESSING_DELAY": 2,
    "MAX_RTT": 202,
    "EXCHANGE_LIFETIME": 247,
    "NON_LIFETIME": 145,
    "FRAGMENT_PATIENCE": 1,
}
"""Seconds under the defaults: clauses 4.2 and 4.8.2, and one of our own."""

PARAMETERS = {
    "ACK_TIMEOUT": 2,
    "ACK_RANDOM_FACTOR": 1.5,
    "MAX_RETRANSMIT": 4,
    "NSTART": 1,
    "MAX_LATENCY": 100,
    "DUP_WINDOW": 1,
    "DUP_WINDOW_UNNUMBERED": 0.005,
    "NAT_WINDOW": 0.5,
    "REORDER_WINDOW": 2,
}

ANY = st.builds(
    Transmission,
    ack_timeout_s=st.integers(1, 10**6).map(lambda ms: ms / 1000),
    ack_random_factor=st.integers(100, 300).map(lambda percent: percent / 100),
    max_retransmit_count=st.integers(0, 20),
    max_latency_s=st.integers(1, 10**6).map(lambda ms: ms / 1000),
    reorder_window_s=st.integers(1, 10**4).map(lambda ms: ms / 1000),
)


def test_parameters_are_those_of_the_rfc() -> None:
    named = {p.name: getattr(DEFAULT, field) for field, p in parameters().items()}
    assert named == PARAMETERS


def test_timers_are_those_of_the_rfc() -> None:
    assert {timer.name: timer.of(DEFAULT) / SECOND for timer in TIMERS} == TABLE


@pytest.mark.parametrize("field", [f for f, p in parameters().items() if p.unit == "s"])
def test_a_parameter_in_seconds_is_told_in_nanoseconds(field: str) -> None:
    other = DEFAULT._replace(**{field: 1.25})
    assert getattr(other, field.removesuffix("_s")) == 1.25 * SECOND


def by_its_formula(timer: Timer, transmission: Transmission) -> float:
    """Seconds of a timer, by what its formula says."""
    names = {p.name: getattr(transmission, field) for field, p in parameters().items()}
    names |= {t.name: t.of(transmission) / SECOND for t in TIMERS if t is not timer}
    formula = timer.formula.replace("×", "*").replace("^", "**")
    seconds = eval(formula, {"__builtins__": {}}, names)
    assert isinstance(seconds, float | int)
    return seconds


@given(ANY)
def test_a_timer_is_what_its_formula_says(transmission: Transmission) -> None:
    for timer in TIMERS:
        told = timer.of(transmission) / SECOND
        assert told == pytest.approx(by_its_formula(timer, transmission), rel=1e-9, abs=2e-9)


@given(ANY, st.integers(2, 50))
def test_what_depends_on_ack_timeout_scales_with_it(slow: Transmission, times: int) -> None:
    slower = slow._replace(ack_timeout_s=slow.ack_timeout_s * times)
    for name in ("first_timeout", "max_transmit_span", "max_transmit_wait", "processing_delay"):
        assert getattr(slower, name) == pytest.approx(
            getattr(slow, name) * times, rel=1e-12, abs=times
        )
    for name, latencies in (("max_rtt", 2), ("exchange_lifetime", 2), ("non_lifetime", 1)):
        longer = getattr(slower, name) - latencies * slow.max_latency
        scaled = (getattr(slow, name) - latencies * slow.max_latency) * times
        assert longer == pytest.approx(scaled, rel=1e-12, abs=times)
    assert slower.fragment_patience == slow.fragment_patience


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
