# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

TKL_15, RESERVED = "COAP-8974-2.1-TKL-15", "COAP-7252-3-TKL-RESERVED"
PROBE_NON, AFTER_RST = "COAP-8974-2.2.2-PROBE-NON", "COAP-8974-2.2.2-AFTER-RST"
TRUNCATED = "COAP-7252-3-TOKEN-TRUNC"

LONG = b"twelve bytes"
LIFETIME = 250  # seconds, more than EXCHANGE_LIFETIME


def test_token_length_15() -> None:
    assert Conversation().raw("4f 01 12 34").rules()[TKL_15] is E
    assert TKL_15 not in Conversation().con("GET", token=bytes(300)).rules()


@pytest.mark.parametrize(
    ("size", "severity"), [(0, None), (8, None), (9, W), (12, W), (13, W), (268, W), (269, W)]
)
def test_long_tokens(size: int, severity: Severity | None) -> None:
    assert Conversation().con("GET", token=bytes(size)).rules().get(RESERVED) is severity


def test_a_server_that_repeated_a_long_token_supports_them() -> None:
    talk = Conversation().con("GET", token=LONG).ack("2.05").con("GET", token=LONG[::-1])
    assert [f.severity for f in talk.findings(RESERVED)] == [W, N, N]


def test_a_response_that_repeats_no_token_proves_nothing() -> None:
    talk = Conversation().con("2.05", token=LONG).con("GET", token=LONG[::-1])
    assert [f.severity for f in talk.findings(RESERVED)] == [W, W]


def test_a_token_longer_than_the_message() -> None:
    assert Conversation().raw("44 01 12 34 aa bb").rules()[TRUNCATED] is E
    assert Conversation().raw("4d 01 12 34").rules()[TRUNCATED] is E
    assert TRUNCATED not in Conversation().raw("44 01 12 34 aa bb cc dd", cut=2).rules()


# Discovery ----------------------------------------------------------------------------------------


def test_a_long_token_first_tried_with_a_non() -> None:
    young = Conversation().non("GET", token=LONG).non("GET", token=LONG)
    assert [f.severity for f in young.findings(PROBE_NON)] == [N]
    old = Conversation().con("GET").wait(LIFETIME).non("GET", token=LONG)
    assert old.rules()[PROBE_NON] is W


@pytest.mark.parametrize(
    "talk",
    [
        Conversation().con("GET", token=LONG).non("GET", token=LONG),
        Conversation().non("GET", token=b"12345678"),
        Conversation(server="224.0.1.187:5683").non("GET", token=LONG),
        Conversation()
        .con("GET", token=LONG, source="192.0.2.7:40000")
        .ack("2.05", destination="192.0.2.7:40000")
        .non("GET", token=LONG),
    ],
    ids=["tried by CON", "short", "multicast", "proved to another client"],
)
def test_a_non_that_is_no_trial(talk: Conversation) -> None:
    assert PROBE_NON not in talk.rules()


def test_a_long_token_after_its_rejection() -> None:
    talk = Conversation().con("GET", token=LONG).rst().con("GET", token=LONG).non("GET", token=LONG)
    (finding,) = talk.findings(AFTER_RST)
    assert (finding.severity, finding.count) == (W, 2)


@pytest.mark.parametrize(
    "talk",
    [
        Conversation().con("GET", token=LONG).rst().con("GET", token=b"12345678"),
        Conversation().con("GET", token=b"12345678").rst().con("GET", token=LONG),
        Conversation().con("GET", token=LONG).ack("2.05").con("GET", token=LONG),
        Conversation().con("GET", token=LONG).rst().again(0),
        Conversation()
        .con("GET", token=LONG)
        .ack("2.05")
        .con("GET", token=LONG)
        .rst()
        .con("GET", token=LONG),
    ],
    ids=["short then", "short rejected", "accepted", "retransmission", "proved before"],
)
def test_no_long_token_after_its_rejection(talk: Conversation) -> None:
    assert AFTER_RST not in talk.rules()
