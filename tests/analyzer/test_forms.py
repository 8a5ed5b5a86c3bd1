# SPDX-License-Identifier: GPL-2.0-only
"""Forms: messages of one form break the same rules, so one of them speaks for all."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from generated import CON, NON, REGISTRATION
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation, coap

from analyzer import session
from analyzer.events import Formed
from analyzer.rules import catalogue, judge
from dissectors.coap import numbers
from dissectors.coap.numbers import OPTIONS

catalogue.load()
ON_FORMS = catalogue.rules_on(Formed)
STEADY = settings(derandomize=True, deadline=None, max_examples=60)
GROUP, UNICAST = "224.0.1.187:5683", "192.0.2.2:5683"

Sent = tuple[bytes, str, int]
"""A message, where it goes, and how many of its bytes were not captured."""

VALUES: dict[int, list[bytes]] = {
    numbers.URI_HOST: [b"a", b"A", b"a:1", b"::1", b"[::1]", b"10.0.0.1", b"%41", b"a_b", b"~"],
    numbers.URI_PATH: [b"a", b"b", b".", b"..", b"a/b", b"%20", b"", b".well-known", b"core"],
    numbers.LOCATION_PATH: [b"a", b"..", b"a/b", b"%2f"],
    numbers.PROXY_URI: [b"coap://h", b"coap:h", b"1a://h", b"a", b"coap://h#f", b"a:", b"http://x"],
    numbers.OSCORE: [
        *(b"", b"\0", b"\0\0", b"\x09\0k", b"\x09\1", b"\x01\1", b"\x08k", b"\x0a\0\1k"),
        *(
            b"\x0a\1\1k",
            b"\x29\1k",
            b"\x0e1234567",
            b"\x0b\1",
            b"\x19\1\1ck",
            b"\x19\1",
            b"\x19\1\5c",
        ),
        *(b"\x10\1c", b"\x10\0", b"\x10", b"\x07\1"),
    ],
    numbers.NO_RESPONSE: [b"", b"\0", b"\1", b"\2", b"\x1a", b"\x20", b"\0\0\0\0\0"],
    numbers.HOP_LIMIT: [b"", b"\0", b"\1", b"\0\1", b"\x10"],
    numbers.OBSERVE: [b"", b"\0", b"\1", b"\2", b"\0\0\0\2"],
    numbers.CONTENT_FORMAT: [
        b"",
        b"\x28",
        b"\x32",
        b"\x3c",
        b"\x3f",
        b"\x01\x10",
        b"\xfd\xe8",
        b"\1",
    ],
    numbers.EDHOC: [b"", b"\1"],
}
NUMERIC = (numbers.URI_PORT, numbers.ACCEPT, numbers.SIZE1, numbers.SIZE2, numbers.MAX_AGE)
ODD = [b"", b"\0", b"\1", b"\x16\x33", b"\0\0\0", b"\0\0\0\0", b"\0\0\0\1", bytes(5), b"\0\0\0\0\1"]
BLOCKS = [
    b"",
    b"\6",
    b"\x08",
    b"\0\0\x08",
    b"\x10",
    b"\x18",
    b"\x16",
    b"\7",
    b"\x1e",
    b"\x20",
    bytes(4),
]
BODIES = [
    *(
        b"",
        b"x",
        b"y",
        b"{}",
        b'{"a":1}',
        b"{",
        b"{}\0",
        b"\xff",
        "ü".encode(),
        b"x\0",
        REGISTRATION,
    ),
    *(
        b"\x01",
        b"\x02",
        b"\x03\x05",
        b"\x05\x03",
        b"\x82\x01",
        b"\xf8\x01",
        b"</a>",
        b"</a>,",
        b"</b>",
    ),
    *(b"</a>;rt=a;rt=b", bytes(15), bytes(16), bytes(17), bytes(1024), bytes(range(16))),
]


def values(number: int) -> st.SearchStrategy[bytes]:
    if number in numbers.BLOCK_OPTIONS:
        return st.sampled_from(BLOCKS)
    likely = VALUES.get(number, ODD if number in NUMERIC else [b"", b"1", b"2", bytes(9)])
    return st.sampled_from(likely) | st.binary(max_size=3)


LOOKED_AT = [*VALUES, *NUMERIC, *numbers.BLOCK_OPTIONS]
OPTION = st.sampled_from([*LOOKED_AT, *LOOKED_AT, *OPTIONS, 2, 65_001])
METHODS = ["GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "0.09"]
RESPONSES = ["2.01", "2.03", "2.04", "2.05", "2.31", "4.04", "4.06", "4.08", "4.13", "5.03", "7.01"]
CODES = st.sampled_from([*METHODS, *RESPONSES])


@st.composite
def alike(draw: st.DrawFn) -> list[Sent]:
    """Messages that differ in one thing alone, so that many have one form."""
    kind, code = draw(st.sampled_from([CON, NON])), draw(CODES)
    others = draw(st.just([]) | st.lists(OPTION, max_size=2))
    options = [(number, draw(values(number))) for number in others]
    varied = draw(OPTION)
    payload = draw(st.just(b"") | st.sampled_from(BODIES))
    what = draw(st.sampled_from(["option", "option", "again", "payload", "cut", "group"]))
    sent = []
    for _ in range(8):
        to, cut, more = UNICAST, 0, []
        match what:
            case "option":
                more = [(varied, draw(values(varied)))]
            case "again":
                more = [(varied, draw(values(varied))) for _ in range(draw(st.integers(1, 3)))]
            case "payload":
                payload = draw(st.sampled_from(BODIES) | st.binary(max_size=4))
            case "cut":
                cut = draw(st.integers(0, 3))
            case "group":
                to = draw(st.sampled_from([UNICAST, GROUP]))
        data = coap(kind, code, options=[*options, *more], payload=payload)
        sent.append((data, to, min(cut, len(data) - 4)))
    return sent


def judged(messages: list[Sent]) -> set[tuple[str, int]]:
    """Rules on forms and the messages that break them; each message is of a flow of its own."""
    talk = Conversation()
    for number, (data, destination, cut) in enumerate(messages):
        talk.raw(data, source=f"192.0.2.1:{40_000 + number}", destination=destination, cut=cut)
    found = talk.session().findings
    return {(f.rule.id, frame) for f in found if f.rule.id in ON_FORMS for frame in f.frames}


@STEADY
@given(st.lists(alike(), min_size=4, max_size=8))
def test_like_messages_break_like_rules(groups: list[list[Sent]]) -> None:
    messages = [message for group in groups for message in group]
    learns_nothing = patch.object(session, "learn_quiet", lambda s, signature: None)
    with learns_nothing, patch.object(judge, "MOST_FORMS", 0):
        one_by_one = judged(messages)
    assert judged(messages) == one_by_one


def of(code: str, payload: bytes = b"", **options: Any) -> bytes:
    return coap(NON, code, payload=payload, **options)


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        (of("GET", size2=bytes(5)), of("GET", size2=b"\0\0\0\1"), "COAP-7959-4-SIZE2-REQ"),
        (of("GET", size2=b"\0"), of("GET", size2=b"\0\1"), "COAP-7959-4-SIZE2-REQ"),
        (
            of("POST", bytes(16), block1=(0, True, 0), content_format=42),
            of("POST", bytes(15), block1=(0, True, 0), content_format=42),
            "COAP-7959-2.3-SIZE",
        ),
        (
            of("POST", b"x", oscore=b"\x0a\1\1k"),
            of("POST", b"x", oscore=b"\x0a\0\1k"),
            "COAP-8613-5-PIV-LEADING-ZERO",
        ),
        (
            of("POST", b"x", oscore=b"\x19\1\1ck"),
            of("POST", b"x", oscore=b"\x19\1\5ck"),
            "COAP-8613-6.1-TRUNC",
        ),
        (
            of("GET", etag=bytes(9), hop_limit=b"\5"),
            of("GET", etag=bytes(9), hop_limit=b"\0\5"),
            "COAP-8768-3-RANGE",
        ),
        (
            of("GET", q_block2=[(1, False, 6), (2, False, 6)]),
            of("GET", q_block2=[(2, False, 6), (1, False, 6)]),
            "COAP-9177-4.4-REPEATED-RESP",
        ),
        (
            of("4.08", b"\3\5", content_format=272),
            of("4.08", b"\5\3", content_format=272),
            "COAP-9177-5-MISSING-CF",
        ),
        (
            of("GET", proxy_uri="mailto:a"),
            of("GET", proxy_uri="1a://host"),
            "COAP-7252-5.10.2-PROXYURI-FORM",
        ),
        (of("GET", uri_path=["a", "b"]), of("GET", uri_path=[""]), "COAP-7252-6.4-EMPTY-PATH"),
    ],
)
def test_what_breaks_a_rule_is_told_after_what_does_not(good: bytes, bad: bytes, rule: str) -> None:
    messages = [(good, UNICAST, 0), (good, UNICAST, 0), (bad, UNICAST, 0)]
    assert {frame for broken, frame in judged(messages) if broken == rule} == {3}


@pytest.mark.parametrize(
    ("odd", "bad", "rule"),
    [
        (of("GET", uri_path="a/b"), of("GET", uri_path=".."), "COAP-7252-5.10.1-DOT-SEGMENT"),
        (of("GET", uri_path=".."), of("GET", uri_path="a/b"), "COAP-7252-5.10.1-PATH-SLASH"),
        (of("GET", uri_path="a/b"), of("GET", uri_path="%20"), "COAP-7252-5.10.1-PATH-PERCENT"),
        (of("GET", uri_host="~a"), of("GET", uri_host="A"), "COAP-7252-5.10.1-HOST-FORM"),
        (
            of("GET", proxy_uri="mailto:a"),
            of("GET", proxy_uri="1a:b"),
            "COAP-7252-5.10.2-PROXYURI-FORM",
        ),
        (of("4.04", "ü".encode()), of("4.04", b"\xff"), "COAP-7252-5.5.2-DIAG-UTF8"),
        (
            of("2.05", "ü".encode(), content_format=0),
            of("2.05", b"\xff", content_format=0),
            "COAP-7252-5.5.1-BODY-FORMAT",
        ),
        (
            of("2.05", b"</a>", content_format=40),
            of("2.05", b"</a>,", content_format=40),
            "COAP-6690-2-SYNTAX",
        ),
        (
            of("2.05", b"</a>", content_format=40),
            of("2.05", b"</a>;rt=a;rt=b", content_format=40),
            "COAP-6690-3-ATTR-REPEATED",
        ),
        (
            of("4.08", b"\3\5", content_format=272),
            of("4.08", b"\5\3", content_format=272),
            "COAP-9177-5-MISSING-CF",
        ),
    ],
)
def test_of_like_messages_only_the_values_are_read_again(odd: bytes, bad: bytes, rule: str) -> None:
    messages = [(odd, UNICAST, 0), (odd, UNICAST, 0), (bad, UNICAST, 0)]
    assert {frame for broken, frame in judged(messages) if broken == rule} == {3}


def test_like_messages_are_not_told_again() -> None:
    with patch.object(judge.Judge, "judge", autospec=True, side_effect=judge.Judge.judge) as asked:
        judged([(of("GET", path=f"/{number}"), UNICAST, 0) for number in range(9)])
        told = [call.args[1] for call in asked.call_args_list]
    assert [event.message.frame for event in told if isinstance(event, Formed)] == [1]
