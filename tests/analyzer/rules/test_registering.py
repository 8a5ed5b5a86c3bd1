# SPDX-License-Identifier: GPL-2.0-only
"""Requests with Observe where an observation stands (RFC 7641)."""

from __future__ import annotations

from typing import Any

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

EARLY, REREG = "COAP-7641-3.3.1-REREG-EARLY", "COAP-7641-3.3.1-REREG-OPTIONS"
DEREG, TOKEN = "COAP-7641-3.6-DEREG-OPTIONS", "COAP-7641-3.6-DEREG-TOKEN"
TWICE = "COAP-7641-3.1-DUPLICATE-REG"
RULES = {EARLY, REREG, DEREG, TOKEN, TWICE}
ASK: dict[str, Any] = {"token": b"obs", "path": "/t", "accept": 50}


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: worst for id, worst in talk.rules().items() if id in RULES}


def observe(talk: Conversation, value: int = 0, count: int = 10, **fields: Any) -> Conversation:
    named = {} if value else {"observe": count}
    return talk.con("GET", observe=value, **ASK | fields).ack("2.05", **named)


def test_a_registration_that_goes_its_way() -> None:
    talk = observe(Conversation()).wait(67)
    assert broken(observe(observe(talk, count=11), 1)) == {}


def test_registered_again_too_early() -> None:
    assert broken(observe(observe(Conversation()).wait(64))) == {EARLY: N}
    talk = observe(Conversation()).wait(40).non("2.05", token=b"obs", observe=11, max_age=30)
    assert broken(observe(talk.wait(36))) == {}
    assert broken(observe(observe(Conversation()).wait(40).non("4.04", token=b"obs"))) == {}


def test_the_newest_notification_counts_after_several_registrations() -> None:
    talk = observe(Conversation()).wait(70)
    talk = observe(talk, count=11).wait(70)
    talk.non("2.05", token=b"obs", observe=12).wait(30)
    (finding,) = observe(talk).findings(EARLY)
    assert finding.frames == [6, 5]


def test_registered_again_with_other_options() -> None:
    talk = observe(Conversation()).wait(70)
    assert broken(observe(talk, accept=60)) == {REREG: E}
    talk = observe(Conversation()).wait(70)
    assert broken(observe(talk, etag=b"e", block2=2)) == {}


def test_deregistered_with_other_options() -> None:
    assert broken(observe(observe(Conversation()), 1, accept=60)) == {DEREG: W}
    assert broken(observe(observe(Conversation()), 1, etag=b"e")) == {}


def test_deregistered_under_another_token() -> None:
    assert broken(observe(observe(Conversation()), 1, token=b"new")) == {TOKEN: W}
    assert broken(observe(observe(Conversation()), 1, token=b"new", path="/u")) == {}
    talk = observe(Conversation()).non("2.05", token=b"obs", observe=11).rst()
    assert broken(observe(talk, 1, token=b"new")) == {}  # none stands


def test_registered_twice() -> None:
    assert broken(observe(observe(Conversation()), token=b"new")) == {TWICE: W}
    assert broken(observe(observe(Conversation()), token=b"new", path="/u")) == {}
    assert broken(observe(observe(Conversation()), token=b"new", accept=60)) == {}
    talk = observe(Conversation()).non("2.05", token=b"obs", observe=11).rst()
    assert broken(observe(talk, token=b"new")) == {}  # the client was restarted


def test_a_fetch_observes_what_its_payload_says() -> None:
    talk = Conversation()
    for token, payload in ((b"a", b"\1"), (b"b", b"\2")):
        talk.con("FETCH", observe=0, token=token, path="/t", content_format=60, payload=payload)
        talk.ack("2.05", observe=1)
    assert broken(talk) == {}
    talk.con("FETCH", observe=0, token=b"c", path="/t", content_format=60, payload=b"\1")
    assert broken(talk.ack("2.05", observe=1)) == {TWICE: W}
