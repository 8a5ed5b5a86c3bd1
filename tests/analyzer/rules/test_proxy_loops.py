# SPDX-License-Identifier: GPL-2.0-only
"""Requests in a loop of proxies (RFC 8768)."""

from __future__ import annotations

from analyzer.rules.catalogue import N

from .conversation import Conversation

LOOP = "COAP-8768-4-LOOP"


def test_a_hop_limit_that_was_reached() -> None:
    talk = Conversation().con("GET", path="/a", hop_limit=10).ack("5.08", payload=b"p2 p1 p2")
    (finding,) = talk.findings(LOOP)
    assert (finding.severity, finding.seen) == (N, "p2 p1 p2")
    talk = Conversation()
    for token in (b"a", b"b"):
        talk.con("GET", token=token, path="/a", hop_limit=10).ack("5.08")
    assert len(talk.findings(LOOP)) == 2


def test_other_errors_are_no_loop() -> None:
    assert LOOP not in Conversation().con("GET").ack("5.04").rules()
