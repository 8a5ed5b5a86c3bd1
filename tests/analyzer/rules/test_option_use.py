# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

CRITICAL, ELECTIVE = "COAP-7252-5.4.1-CRIT-UNKNOWN", "COAP-7252-5.4.1-ELEC-UNKNOWN"
EXPERIMENTAL, LOCATION = "COAP-7252-12.2-EXPERIMENTAL", "COAP-7252-5.10.7-RESERVED-LOC"
REPEATED, ETAGS = "COAP-7252-5.4.5-REPEATED", "COAP-7252-5.10.6.1-ETAG-REPEATED-RESP"
DEFAULT = "COAP-7252-5.4.4-DEFAULT"
IN_REQUEST, IN_RESPONSE = "COAP-7252-5.4-CONTEXT-REQ", "COAP-7252-5.4-CONTEXT-RESP"
FOR_METHOD = "COAP-7252-5.4-CONTEXT-METHOD"

REGISTRATION = b'{"messageType":"REG"}'


def request(code: str = "GET", **options: Any) -> dict[str, Severity]:
    return Conversation().con(code, **options).rules()


def response(code: str = "2.05", **options: Any) -> dict[str, Severity]:
    return Conversation().con("GET", token=b"ab").ack(code, **options).rules()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (11, {}),
        (25, {CRITICAL: W}),
        (26, {ELECTIVE: N}),
        (128, {LOCATION: W}),
        (140, {LOCATION: W}),
        (2049, {}),
        (64999, {CRITICAL: W}),
        (65000, {EXPERIMENTAL: W, ELECTIVE: N}),
        (65535, {EXPERIMENTAL: W, CRITICAL: W}),
    ],
)
def test_unknown_options(number: int, expected: dict[str, Severity]) -> None:
    assert request(options=[(number, b"12")]) == expected


@pytest.mark.parametrize(
    ("code", "options", "rule"),
    [
        ("GET", {"accept": [50, 40]}, REPEATED),
        ("GET", {"uri_host": ["a", "b"]}, REPEATED),
        ("2.05", {"content_format": [50, 50]}, REPEATED),
        ("2.05", {"q_block2": [(0, False, 6), (1, False, 6)]}, REPEATED),
        ("2.05", {"etag": [b"1", b"2"]}, ETAGS),
        ("GET", {"etag": [b"1", b"2"], "uri_path": ["a", "a"], "if_match": [b"1", b"1"]}, ""),
        ("GET", {"q_block2": [(0, False, 6), (1, False, 6)]}, ""),
        ("POST", {"request_tag": [b"1", b"2"]}, ""),
        ("2.05", {"etag": b"1"}, ""),
    ],
)
def test_repeated_options(code: str, options: dict[str, Any], rule: str) -> None:
    rules = response(code, **options) if code[0] == "2" else request(code, **options)
    assert {r: s for r, s in rules.items() if r in (REPEATED, ETAGS)} == ({rule: E} if rule else {})


# Default values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "breaks"),
    [
        ({"uri_port": 5683}, True),
        ({"uri_port": 5684}, False),
        ({"uri_host": "192.0.2.2"}, True),
        ({"uri_host": "192.0.2.3"}, False),
        ({"uri_host": "example.com"}, False),
        ({"uri_host": b"\xff"}, False),
    ],
)
def test_uri_options_with_their_default(options: dict[str, Any], breaks: bool) -> None:
    assert request(**options).get(DEFAULT) is (N if breaks else None)


def test_an_ipv6_literal_is_compared_as_an_address() -> None:
    talk = Conversation("[2001:db8::1]:40000", "[2001:db8::2]:5683")
    assert DEFAULT in talk.con("GET", uri_host="[2001:DB8:0::2]").rules()


def test_max_age_60_is_the_default() -> None:
    assert response(max_age=60)[DEFAULT] is N
    assert DEFAULT not in response(max_age=30)
    assert DEFAULT not in response(max_age=0)


def test_behind_an_address_translator_uri_options_say_something() -> None:
    talk = Conversation().con("GET", token=b"abcd", uri_host="192.0.2.3", uri_port=5683)
    talk.raw(talk.frames[0].data, destination="192.0.2.3:5683", ttl=63)
    assert [f.frame for f in talk.findings(DEFAULT)] == [1]  # the port, before the translator


# Requests and responses ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"max_age": 30}, {"location_path": "a"}])
def test_response_options_in_a_request(options: dict[str, Any]) -> None:
    assert request("POST", **options)[IN_REQUEST] is E
    assert IN_REQUEST not in response("2.01", **options)


@pytest.mark.parametrize(
    "options",
    [
        {"uri_host": "a"},
        {"uri_path": "a"},
        {"uri_query": "a"},
        {"proxy_uri": "coap://a"},
        {"accept": 50},
        {"if_match": b"1"},
        {"if_none_match": b""},
        {"no_response": 2},
        {"hop_limit": 9},
    ],
)
def test_request_options_in_a_response(options: dict[str, Any]) -> None:
    assert response(**options)[IN_RESPONSE] is E
    assert IN_RESPONSE not in request("PUT", **options)


def test_a_registration_response_may_repeat_uri_options() -> None:
    talk = Conversation().con("POST", token=b"ab", content_format=50, payload=REGISTRATION)
    talk.ack("2.01", uri_path="a", accept=50)
    severities = {f.text.split()[0]: f.severity for f in talk.findings(IN_RESPONSE)}
    assert severities == {"Uri-Path": W, "Accept": E}


@pytest.mark.parametrize(
    ("code", "options", "breaks"),
    [
        ("PUT", {"etag": b"1"}, True),
        ("GET", {"q_block1": (0, False, 6)}, True),
        ("POST", {"observe": 0}, False),  # COAP-7641-2-METHOD
        ("GET", {"block1": (0, False, 6)}, False),  # COAP-7959-2.1-B1-NO-PAYLOAD-METHOD
        ("GET", {"etag": b"1", "observe": 0}, False),
        ("FETCH", {"etag": b"1", "observe": 0, "block1": (0, False, 6)}, False),
        ("2.05", {"size1": 9}, True),
        ("4.04", {"observe": 9}, False),  # COAP-7641-4.2-ON-ERROR
        ("4.04", {"location_path": "a"}, False),
        ("4.13", {"size1": 9}, False),
        ("2.05", {"observe": 9}, False),
    ],
)
def test_options_without_meaning_for_the_method(
    code: str, options: dict[str, Any], breaks: bool
) -> None:
    rules = response(code, **options) if code[0] in "24" else request(code, **options)
    assert rules.get(FOR_METHOD) is (W if breaks else None)


def test_behind_oscore_outer_options_are_not_judged_by_place() -> None:
    outer = {"oscore": b"\x09\x01\x02", "payload": b"sealed"}
    asked = request("POST", **outer, observe=0, max_age=30)
    answered = response("2.04", **{**outer, "oscore": b""}, uri_path="a", size1=9)
    assert not {IN_REQUEST, IN_RESPONSE, FOR_METHOD} & (asked.keys() | answered.keys())
