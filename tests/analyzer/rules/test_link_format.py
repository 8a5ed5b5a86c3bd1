# SPDX-License-Identifier: GPL-2.0-only
"""RFC 6690: lists of links."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import Severity, W

from .conversation import Conversation

SYNTAX, REPEATED = "COAP-6690-2-SYNTAX", "COAP-6690-3-ATTR-REPEATED"


def talk_of(payload: bytes, **options: Any) -> Conversation:
    fields = {"content_format": 40, "payload": payload} | options
    return Conversation().con("GET", path="/.well-known/core").ack("2.05", **fields)


def broken(payload: bytes, **options: Any) -> dict[str, Severity]:
    rules = talk_of(payload, **options).rules()
    return {id: level for id, level in rules.items() if id in (SYNTAX, REPEATED)}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'</a>;rt="x y";ct="0 40",</b>;obs', {}),
        (b"</a>;rt=x,</b>;rt=y", {}),
        (b"</a>;title=a;title=b", {}),
        (b"</a>,", {SYNTAX: W}),
        (b"</a>, </b>", {SYNTAX: W}),
        (b"/a", {SYNTAX: W}),
        (b"</a>\xff", {SYNTAX: W}),
        (b"</a>;rt=x;rt=y", {REPEATED: W}),
        (b"</a>;IF=x;if=y", {REPEATED: W}),
        (b"</a>;ct=0;ct=40;", {SYNTAX: W}),
        (b"</a>;sz=1;sz=2,</b>,", {SYNTAX: W, REPEATED: W}),
    ],
)
def test_links(payload: bytes, expected: dict[str, Severity]) -> None:
    assert broken(payload) == expected


def test_what_is_not_judged() -> None:
    assert broken(b"{", content_format=50) == {}
    assert broken(b"{", oscore=b"") == {}
    assert broken(b"<" * 16, block2=(0, True, 0)) == {}
    assert broken(b"</a>,</b>", cut=2) == {}


def test_places() -> None:
    (finding,) = talk_of(b"</a>;rt=x;rt=y,b").findings(SYNTAX)
    assert (finding.span, finding.seen) == ((22, 23), "b")
    (finding,) = talk_of(b"</a>;rt=x;rt=y,b").findings(REPEATED)
    assert finding.span == (17, 21)
    assert finding.text.startswith("Link </a> has `rt` 2 times")


def test_a_list_full_of_repetitions_is_told_to_a_bound() -> None:
    assert len(talk_of(b"</a>;rt=x;rt=y," * 60 + b"</b>").findings(REPEATED)) == 16
