# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 8 and 12.8: messages to groups, and from them."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

GROUP, CON = "COAP-7252-12.8-GROUP", "COAP-7252-8.1-MC-CON"
ETAG, SOURCE = "COAP-7252-8.2.1-MC-ETAG", "COAP-7252-8.2-MC-RESP-SOURCE"
BLOCK, Q_BLOCK = "COAP-7959-2.8-MC-BLOCK", "COAP-9177-4.8-MC"
RULES = {GROUP, CON, ETAG, SOURCE, BLOCK, Q_BLOCK}
ALL_NODES = "224.0.1.187:5683"


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: level for id, level in talk.rules().items() if id in RULES}


@pytest.mark.parametrize(
    ("client", "group", "name"),
    [
        ("192.0.2.1:40000", ALL_NODES, "All CoAP Nodes"),
        ("192.0.2.1:40000", "239.1.2.3:5683", "a group"),
        ("192.0.2.1:40000", "255.255.255.255:5683", "a group"),
        ("[fe80::1]:40000", "[ff02::fd]:5683", "All CoAP Nodes"),
        ("[fe80::1]:40000", "[ff05::fd]:5683", "All CoAP Nodes"),
        ("[fe80::1]:40000", "[ff02::1]:5683", "a group"),
    ],
)
def test_groups(client: str, group: str, name: str) -> None:
    talk = Conversation(client, group).non("GET")
    assert broken(talk) == {GROUP: N}
    (finding,) = talk.findings(GROUP)
    assert name in finding.text
    assert broken(Conversation(client, group).con("GET")) == {GROUP: N, CON: E}
    assert broken(Conversation(client, group).con()) == {GROUP: N, CON: E}


def test_a_group_is_told_once_of_each_sender() -> None:
    talk = Conversation(server=ALL_NODES)
    for number in range(5):
        talk.non("GET", token=bytes([number]))
    assert [f.count for f in talk.findings(GROUP)] == [5]


@pytest.mark.parametrize(
    ("code", "options", "expected"),
    [
        ("GET", {"etag": b"1"}, {ETAG: E}),
        ("FETCH", {"etag": b"1"}, {ETAG: E}),
        ("POST", {"etag": b"1"}, {}),
        ("GET", {"etag": b"1", "oscore": b"\x09\1k", "payload": b"1"}, {}),
        ("POST", {"block1": (0, True, 6)}, {BLOCK: W}),
        ("GET", {"block2": (1, False, 6)}, {BLOCK: W}),
        ("GET", {"block2": (0, False, 6)}, {}),
        ("GET", {"q_block2": (0, True, 6)}, {Q_BLOCK: W}),
    ],
)
def test_options_of_a_group_request(
    code: str, options: dict[str, Any], expected: dict[str, Severity]
) -> None:
    assert broken(Conversation(server=ALL_NODES).non(code, **options)) == {GROUP: N} | expected
    assert broken(Conversation().non(code, **options)) == {}


def test_a_response_comes_from_no_group() -> None:
    talk = Conversation(server=ALL_NODES).non("GET", token=b"ab")
    assert broken(talk.non("2.05", source="192.0.2.9:5683")) == {GROUP: N}
    assert broken(talk.non("2.05", source=ALL_NODES)) == {GROUP: N, SOURCE: E}
