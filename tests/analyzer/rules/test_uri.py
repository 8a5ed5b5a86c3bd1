# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 5.10.1 and 6: path segments, host and port."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

DOT, SLASH = "COAP-7252-5.10.1-DOT-SEGMENT", "COAP-7252-5.10.1-PATH-SLASH"
PERCENT, EMPTY = "COAP-7252-5.10.1-PATH-PERCENT", "COAP-7252-6.4-EMPTY-PATH"
HOST, DIFFERS = "COAP-7252-5.10.1-HOST-FORM", "COAP-7252-5.10.1-HOST-IP-DIFFERS"
PORT = "COAP-7252-5.10.1-PORT-ZERO"
RULES = {DOT, SLASH, PERCENT, EMPTY, HOST, DIFFERS, PORT}


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: level for id, level in talk.rules().items() if id in RULES}


def request(**options: Any) -> dict[str, Severity]:
    return broken(Conversation().con("GET", **options))


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (["a", "b"], {}),
        (["a", ""], {}),
        (["...", ".a", "a..b"], {}),
        ([b"100%", b"%4", b"%g1"], {}),
        ([".well-known", "core"], {}),
        (["."], {DOT: E}),
        (["a", ".."], {DOT: E}),
        (["a/b"], {SLASH: W}),
        (["/"], {SLASH: W}),
        (["a%20b"], {PERCENT: N}),
        ([""], {EMPTY: N}),
        (["", ""], {}),
    ],
)
def test_path_segments(segments: list[str], expected: dict[str, Severity]) -> None:
    assert request(uri_path=segments) == expected


@pytest.mark.parametrize(
    ("segment", "expected"),
    [("..", {DOT: E}), ("a/b", {SLASH: W}), ("%2F", {PERCENT: N}), ("", {})],
)
def test_location_path(segment: str, expected: dict[str, Severity]) -> None:
    talk = Conversation().con("POST").ack("2.01", location_path=segment)
    assert broken(talk) == expected


@pytest.mark.parametrize(
    "host", ["a", "a-b.example", "10.1", "1.2.3.4.5", "[2001:db8::1]", "a_b", "~a!", "ü.example"]
)
def test_hosts(host: str) -> None:
    assert HOST not in request(uri_host=host)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("Example", "not in lower case"),
        ("a%41", "percent-encoded"),
        ("2001:db8::1", "an IPv6 address without brackets"),
        ("a:5683", "a port or an address without brackets"),
        ("a/b", "a slash"),
        ("user@a", "a user"),
        ("a b", "a blank"),
        ("a\0", "a blank or control character"),
        ("[a]", "not a host name"),
    ],
)
def test_what_is_no_host(host: str, why: str) -> None:
    (finding,) = Conversation().con("GET", uri_host=host).findings(HOST)
    assert finding.severity is W
    assert why in finding.text


def test_a_host_is_told_once_for_all_requests_with_it() -> None:
    talk = Conversation()
    for number in range(3):
        talk.con("GET", uri_host="A", token=bytes([number]))
    assert [(f.count, f.frames) for f in talk.findings(HOST)] == [(3, [1, 2, 3])]


def test_a_literal_that_is_not_the_destination() -> None:
    assert request(uri_host="10.0.0.1") == {DIFFERS: N}
    assert request(uri_host="192.0.2.2") == {}
    assert request(uri_host="10.0.0.1", proxy_scheme="coap") == {}
    talk = Conversation("[2001:db8::1]:40000", "[2001:db8::2]:5683")
    assert broken(talk.con("GET", uri_host="[2001:DB8:0::2]")) == {HOST: W}
    assert broken(talk.con("GET", uri_host="[2001:db8::3]")) == {HOST: W, DIFFERS: N}


def test_behind_an_address_translator_another_literal_is_normal() -> None:
    talk = Conversation().con("GET", token=b"abcd", uri_host="192.0.2.9")
    talk.raw(talk.frames[0].data, destination="192.0.2.3:5683", ttl=63)
    assert [f.frames for f in talk.findings(DIFFERS)] == [[1]]


def test_ports() -> None:
    assert request(uri_port=0) == {PORT: W}
    assert request(uri_port=b"\0\0") == {PORT: W}
    assert request(uri_port=5684) == {}


def test_signalling_options_are_no_uri() -> None:
    assert broken(Conversation().con("7.01", options=[(11, b".."), (3, b"A"), (7, b"")])) == {}
