# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of one body sent robustly (RFC 9177)."""

from __future__ import annotations

from typing import Any

from transfers import block

from analyzer.rules.catalogue import E, Severity, W

from .conversation import Conversation

ORDER, ETAG = "COAP-9177-4.3-ORDER", "COAP-9177-4.4-ETAG"
MIXED, BURST = "COAP-9177-7-MIXED-TYPES", "COAP-9177-7.2-BURST"
RULES = {ORDER, ETAG, MIXED, BURST}
Q_BLOCK1, Q_BLOCK2 = 19, 31


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: worst for id, worst in talk.rules().items() if id in RULES}


def send(
    talk: Conversation, *numbers: int, last: int = 99, kind: str = "non", **fields: Any
) -> Conversation:
    """Blocks of 16 bytes by Q-Block1, each under a token of its own."""
    for number in numbers:
        value = block(number, number < last, 0)
        option = [(Q_BLOCK1, value.to_bytes(2, "big").lstrip(b"\0"))]
        named = {"token": bytes([number]), "path": "/a", "request_tag": b"1"} | fields
        getattr(talk, kind)("PUT", options=option, payload=bytes(16), **named)
    return talk


def receive(talk: Conversation, *numbers: int, last: int = 99, **fields: Any) -> Conversation:
    for number in numbers:
        option = [(Q_BLOCK2, bytes([block(number, number < last, 0)]))]
        talk.non("2.05", token=b"q", options=option, payload=bytes(16), **fields)
    return talk


def asked() -> Conversation:
    return Conversation().non("GET", token=b"q", path="/a", options=[(Q_BLOCK2, b"\x08")])


def test_increasing_order() -> None:
    assert broken(send(Conversation(), 0, 1, 2, 3)) == {}
    assert broken(send(Conversation(), 0, 2, 1)) == {ORDER: W}


def test_what_is_missing_is_sent_later() -> None:
    assert broken(send(Conversation(), 0, 2, 3, 1, last=3)) == {}  # after the last block
    talk = send(Conversation(), 0, 2, 3)
    talk.non("4.08", token=b"\3", content_format=272, payload=b"\1")
    assert broken(send(talk, 1)) == {}


def test_what_was_overtaken_is_in_order() -> None:
    talk = send(Conversation(), 0)
    send(send(send(talk, 2, mid=0x2002), 1, mid=0x2001), 3, mid=0x2003)
    assert broken(talk) == {}


def test_etags() -> None:
    assert broken(receive(asked(), 0, 1, 2, last=2, etag=b"e")) == {}
    assert broken(receive(asked(), 0, 1, 2, last=2)) == {ETAG: E}
    assert broken(receive(asked(), 0, last=0)) == {}  # not one of several


def test_types() -> None:
    assert broken(send(send(Conversation(), 0, kind="con"), 1, 2)) == {}  # a probe
    assert broken(send(send(Conversation(), 0, 1), 2, kind="con")) == {MIXED: E}


def test_bursts() -> None:
    assert broken(send(Conversation(), *range(10))) == {}
    talk = send(Conversation(), *range(14))
    assert broken(talk) == {BURST: W}
    (finding,) = talk.findings(BURST)
    assert finding.frame == 11


def test_a_burst_ends_with_a_pause_or_an_answer() -> None:
    assert broken(send(send(Conversation(), *range(10)).wait(2), *range(10, 20))) == {}
    talk = send(Conversation(), *range(10))
    talk.non("2.31", token=b"\5", options=[(Q_BLOCK1, bytes([block(9, True, 0)]))])
    assert broken(send(talk, *range(10, 20))) == {}


def test_bursts_of_responses() -> None:
    named = {"etag": b"e"}
    assert broken(receive(asked(), *range(11), **named)) == {BURST: W}
    talk = receive(asked(), *range(10), **named)
    more = [(Q_BLOCK2, block(10, True, 0).to_bytes(1, "big"))]
    talk.non("GET", token=b"q", path="/a", options=more)
    assert broken(receive(talk, *range(10, 15), **named)) == {}
