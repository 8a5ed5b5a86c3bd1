# SPDX-License-Identifier: GPL-2.0-only
"""TS 24.538 clause 6.3.1.2.1: what comes back for a registration."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation
from .registrations import GOOD, REGISTERED, answered, asked, body
from .test_registration_request import ANSWER, CLEARTEXT, NOT_PIGGYBACKED, breaches

UNANSWERED, RESET, MESSAGE_ID = ANSWER + "-UNANSWERED", ANSWER + "-RESET", ANSWER + ".a-MESSAGE-ID"
TOKEN, CLIENT_ADDRESS = ANSWER + ".a-TOKEN", ANSWER + ".b-CLIENT-ADDRESS"
PAYLOAD, CONTENT_FORMAT = ANSWER + ".c-PAYLOAD", ANSWER + ".c-CONTENT-FORMAT"
UE, RESULT = ANSWER + ".c1-UE-SERVICE-ID", ANSWER + ".c2-RESULT"
CONTRADICTION, CODE = ANSWER + ".c2-CONTRADICTION", ANSWER + ".d-CODE"
DOUBLE, CREATED_AGAIN = "MSG-24538-DOUBLE-REGISTRATION", ANSWER + ".d-CREATED-AGAIN"
OTHER = "198.51.100.9:5683"
FULL: dict[str, Any] = {"content_format": 50, "payload": body(REGISTERED)}


def answer(members: Any = REGISTERED, code: str = "2.01", **fields: Any) -> Conversation:
    return answered(asked(), members, code, **fields)


# No answer --------------------------------------------------------------------------------------


def alive() -> Conversation:
    """Both directions were seen: the tap is not one-way."""
    return Conversation().con("GET").ack("2.05")


def later(talk: Conversation, seconds: float) -> Conversation:
    return talk.wait(seconds).con("GET", token=b"zz").ack("2.05")


def test_silence() -> None:
    talk = later(asked(GOOD, alive()).wait(2.5).again().wait(5).again(), 90)
    assert breaches(talk) == {UNANSWERED: W}
    (finding,) = talk.findings(UNANSWERED)
    assert "3 times" in finding.text
    assert "COAP-7252-4.2-CON-UNANSWERED" in talk.rules(), "the rule below is told as well"


def test_an_empty_ack_alone_is_no_answer() -> None:
    talk = later(asked(GOOD, alive()).ack(), 95)
    assert breaches(talk) == {UNANSWERED: W}
    assert "acknowledged without a response" in talk.findings(UNANSWERED)[0].text


def test_near_the_end_of_the_capture_it_is_still_open() -> None:
    assert breaches(later(asked(GOOD, alive()), 60), N)[UNANSWERED] is N


def test_a_server_that_was_never_seen_to_answer_is_told_when_the_client_repeats() -> None:
    talk = asked().wait(2.5).again().wait(5).again()
    assert breaches(talk, N) == {CLEARTEXT: N, UNANSWERED: N}
    talk.wait(100).raw("", source="192.0.2.8:9", destination="192.0.2.9:9")
    assert breaches(talk) == {UNANSWERED: W}


def test_a_tap_that_misses_one_direction_proves_nothing() -> None:
    talk = asked()
    for _ in range(4):
        asked(GOOD, talk.wait(100))
    assert breaches(talk) == {}
    assert talk.rules()["COAP-CAP-ONEWAY"] is N


def test_an_icmp_error_explains_the_silence() -> None:
    talk = later(asked(GOOD, alive()).icmp(), 95)
    assert "port unreachable" in talk.findings(UNANSWERED)[0].text


def test_a_reset() -> None:
    talk = asked().rst()
    assert breaches(talk) == {RESET: W}
    (finding,) = talk.findings(RESET)
    assert finding.frames == [2, 1]


def test_other_requests_may_stay_unanswered() -> None:
    talk = later(alive().con("POST", payload=b"{}"), 95)
    assert breaches(talk, N) == {}
    assert breaches(alive().con("POST", payload=b"{}").rst(), N) == {}


# a) Message ID and token ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["con", "non"])
@pytest.mark.parametrize("promised", [True, False])
def test_a_separate_response(kind: str, promised: bool) -> None:
    talk = asked().ack() if promised else asked()
    getattr(talk, kind)("2.01", token=b"abcd", **FULL)
    assert breaches(talk) == {NOT_PIGGYBACKED: E}
    assert breaches(talk, profile="rel18") == {NOT_PIGGYBACKED: W}


def test_another_message_id() -> None:
    talk = answer(mid=0x7777)
    assert breaches(talk) == {MESSAGE_ID: E}
    assert talk.rules()["COAP-7252-5.3.2-PIGGY-MID"] is W, "the capture is young"


@pytest.mark.parametrize("token", [b"abce", b"abc", b"", b"abcdefgh"])
def test_another_token(token: bytes) -> None:
    talk = answer(token=token)
    assert breaches(talk) == {TOKEN: E}
    assert talk.rules()["COAP-7252-5.3.2-PIGGY-TOKEN"] is E


def test_another_endpoint_is_no_other_message_id() -> None:
    talk = answer(source=OTHER)
    assert breaches(talk) == {}
    assert talk.rules()["COAP-7252-5.3.2-OTHER-ENDPOINT"] is E


# b) and c) --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"uri_host": "10.0.0.7"}, {"uri_port": 5683}, {"path": "/a"}, {"uri_query": "a"}]
)
def test_uri_options_in_the_response(options: dict[str, Any]) -> None:
    assert breaches(answer(**options), N) == {CLEARTEXT: N, CLIENT_ADDRESS: N}


def test_a_location_is_no_client_address() -> None:
    assert breaches(answer(location_path="r1"), N) == {CLEARTEXT: N}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no payload"),
        (b"{", "ends too early"),
        (b"[]", "not an object"),
        (b"registered", "not JSON"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_no_readable_object(data: bytes, says: str) -> None:
    talk = answer(data)
    assert breaches(talk) == {PAYLOAD: E}
    assert says in talk.findings(PAYLOAD)[0].text


@pytest.mark.parametrize(("value", "severity"), [(None, N), (0, W), (60, W), (50, None)])
def test_content_format(value: int | None, severity: Severity | None) -> None:
    assert breaches(answer(content_format=value), N).get(CONTENT_FORMAT) is severity


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"Registration result": "success"}, {UE: E}),
        (REGISTERED | {"UE Service ID": ""}, {UE: E}),
        (REGISTERED | {"UE Service ID": 7}, {UE: E}),
        (REGISTERED | {"UE Service ID": "meter-2@example"}, {UE: E}),
        ({"UE Service ID": "meter-1@example"}, {RESULT: E}),
        (REGISTERED | {"Registration result": "maybe"}, {RESULT: E}),
        (REGISTERED | {"Registration result": None}, {RESULT: E}),
        (REGISTERED | {"Registration result": 1}, {RESULT: E}),
        (REGISTERED | {"Registration result": "Successful"}, {}),
        (REGISTERED | {"Registration result": True}, {}),
        (REGISTERED | {"Message Type": "MSGRESP"}, {}),
        (REGISTERED | {"Message Type": "REG"}, {}),
        ({}, {UE: E, RESULT: E}),
    ],
)
def test_elements_of_the_response(members: Any, found: dict[str, Severity]) -> None:
    assert breaches(answer(members)) == found


@pytest.mark.parametrize("asked_for", ["", 7, None])
def test_an_unreadable_id_of_the_request_is_not_compared(asked_for: Any) -> None:
    talk = answered(asked(GOOD | {"UE Service ID": asked_for}))
    assert UE not in breaches(talk)


@pytest.mark.parametrize(
    ("code", "result", "severity"),
    [
        ("2.01", "success", None),
        ("2.04", "failure", N),
        ("4.01", "success", W),
        ("5.00", True, W),
        ("4.03", "failure", None),
    ],
)
def test_code_and_result(code: str, result: Any, severity: Severity | None) -> None:
    found = breaches(answer(REGISTERED | {"Registration result": result}, code), N)
    assert found.get(CONTRADICTION) is severity


# d) the code ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("2.01", None),
        ("2.04", None),
        ("2.05", E),
        ("2.02", E),
        ("2.03", E),
        ("4.00", W),
        ("4.01", W),
        ("4.03", W),
        ("5.03", W),
    ],
)
def test_code(code: str, severity: Severity | None) -> None:
    assert breaches(answer(code=code)).get(CODE) is severity
    in_release_17 = breaches(answer(code=code), profile="rel17").get(CODE)
    assert in_release_17 is (W if severity else None)


@pytest.mark.parametrize("data", [b"", b"wrong credential", b'{"title": "no"}'])
def test_a_refusal_may_say_what_it_likes(data: bytes) -> None:
    assert breaches(answer(data, "4.01", content_format=None)) == {CODE: W}


# Twice ------------------------------------------------------------------------------------------


def test_two_answers_that_differ_mean_that_it_was_done_twice() -> None:
    talk = answered(asked()).wait(2.5).again(0)
    talk.ack("2.04", token=b"abcd", mid=0x1001, by="server", **FULL)
    assert breaches(talk) == {DOUBLE: W}
    (finding,) = talk.findings(DOUBLE)
    assert set(finding.frames) == {1, 2, 4}


def test_the_same_answer_twice_is_how_it_should_be() -> None:
    talk = answered(asked()).wait(2.5).again(0).again(1)
    assert breaches(talk) == {}


def test_a_refreshed_answer_says_the_same() -> None:
    talk = answered(asked(), max_age=60).wait(2.5).again(0)
    talk.ack("2.01", token=b"abcd", mid=0x1001, by="server", max_age=50, **FULL)
    assert breaches(talk) == {}
