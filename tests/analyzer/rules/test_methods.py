# SPDX-License-Identifier: GPL-2.0-only
"""What a response may be to such a request: its code, its options, its format."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W
from dissectors.coap.numbers import CODES, code_name
from dissectors.coap.successes import Success, success
from dissectors.coap.values import code_number

from .conversation import Conversation
from .registrations import GOOD, Members, registered, without

METHOD, UNKNOWN = "COAP-7252-5.9-CODE-METHOD", "COAP-7252-5.8-UNKNOWN-METHOD"
LOCATION, ACCEPT = "COAP-7252-5.8.2-CREATED-NO-LOCATION", "COAP-7252-5.10.4-ACCEPT"
SIZE, MAX_AGE = "COAP-7252-5.9.2.9-413-NO-SIZE1", "COAP-8516-3-429-NO-MAXAGE"
IGNORED, DISCOVERY = "COAP-7967-2-IGNORED", "COAP-6690-4-WELLKNOWN-CF"
OSCORE, BAD_OPTION = "COAP-8613-2-RESP-UNPROTECTED", "COAP-7252-5.4.1-BADOPT-ACCEPTED"
GROUP = "224.0.1.187:5683"
PROTECTED = [(9, b"\x09\x01\x02")]

Fields = dict[str, Any]


def level(rule: str, code: str, ask: Fields, answered: str, answer: Fields) -> Severity | None:
    """How bad a response is to a CON request."""
    talk = Conversation().con(code, token=b"ab", **ask).ack(answered, **answer)
    return talk.rules().get(rule)


# 5.9: success codes and methods -----------------------------------------------------------------

_METHODS = ("GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH")
_MATRIX = {
    "2.01": " xx  xx",
    "2.02": " xwx ww",
    "2.03": "x   x  ",
    "2.04": " xx  xx",
    "2.05": "x   x  ",
    "2.31": " bb bbb",
}
_FITS = {" ": Success.NEVER, "w": Success.UNUSUAL, "b": Success.MORE_FOLLOWS, "x": Success.ALWAYS}


@pytest.mark.parametrize("code", _MATRIX)
@pytest.mark.parametrize("method", _METHODS)
def test_the_matrix_of_success_codes(method: str, code: str) -> None:
    mark = _MATRIX[code][_METHODS.index(method)]
    assert success(code_number(method), code_number(code)) is _FITS[mark]
    etag: Fields = {"etag": b"1"} if code == "2.03" else {}
    found = level(METHOD, method, {}, code, etag)
    assert found is {" ": E, "b": E, "w": W, "x": None}[mark]
    more: Fields = {"block1": 0x08, "payload": bytes(16)}
    if mark == "b":
        assert level(METHOD, method, more, code, {"block1": 0x08}) is None


def test_every_registered_success_has_its_row() -> None:
    named = {code_name(code)[:4] for code in CODES if code >> 5 == 2}
    assert named == _MATRIX.keys()


def test_codes_that_nobody_registered_fit_anything() -> None:
    assert level(METHOD, "GET", {}, "2.30", {}) is None
    assert level(METHOD, "0.09", {}, "2.05", {}) is None
    assert level(METHOD, "POST", {}, "4.04", {}) is None


def test_oscore_wraps_another_code() -> None:
    sealed: Fields = {"options": PROTECTED, "payload": b"x"}
    assert level(METHOD, "POST", sealed, "2.05", sealed) is None
    assert level(METHOD, "GET", {}, "2.04", sealed) is None


def test_a_response_that_may_belong_to_another_request_proves_nothing() -> None:
    talk = Conversation().con("POST", token=b"ab").non("2.05", source="192.0.2.2:5684")
    assert METHOD not in talk.rules()


def test_all_of_a_kind_in_a_flow_are_one_finding() -> None:
    talk = Conversation()
    for number in range(3):
        talk.con("POST", token=bytes([number])).ack("2.05")
    (finding,) = talk.findings(METHOD)
    assert (finding.count, finding.expected) == (3, "2.01 Created or 2.02 Deleted or 2.04 Changed")


# Methods that nobody knows ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answered", "severity"), [("2.05", W), ("4.04", W), ("4.05", None), ("5.01", None)]
)
def test_an_unknown_method(answered: str, severity: Severity | None) -> None:
    assert level(UNKNOWN, "0.09", {}, answered, {}) is severity
    assert level(UNKNOWN, "GET", {}, answered, {}) is None
    assert level(UNKNOWN, "0.09", {"no_response": 2}, answered, {}) is None
    group = Conversation(server=GROUP).non("0.09", token=b"ab").non(answered, source="192.0.2.7:1")
    assert UNKNOWN not in group.rules()


# Options of the response ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "answered", "answer", "severity"),
    [
        ("POST", "2.01", {}, W),
        ("POST", "2.01", {"location_path": "7"}, None),
        ("POST", "2.01", {"location_query": "id=7"}, None),
        ("POST", "2.04", {}, None),
        ("PUT", "2.01", {}, None),
    ],
)
def test_where_the_created_resource_is(
    method: str, answered: str, answer: Fields, severity: Severity | None
) -> None:
    assert level(LOCATION, method, {}, answered, answer) is severity


@pytest.mark.parametrize("members", [GOOD, without("Message Type")])
def test_a_registration_creates_nothing_to_ask_for(members: Members) -> None:
    assert registered(members).rules()[LOCATION] is N


@pytest.mark.parametrize(
    ("answered", "answer", "severity"),
    [
        ("2.05", {"content_format": 60, "payload": b"\xf6"}, E),
        ("2.05", {"content_format": 50, "payload": b"1"}, None),
        ("2.05", {"payload": b"1"}, W),
        ("2.05", {}, None),
        ("2.05", {"payload": bytes(16), "block2": 0x08}, None),
        ("2.03", {"etag": b"1"}, None),
        ("4.04", {"content_format": 60, "payload": b"\xf6"}, None),
        ("4.06", {}, None),
    ],
)
def test_the_format_asked_for(answered: str, answer: Fields, severity: Severity | None) -> None:
    assert level(ACCEPT, "GET", {"accept": 50}, answered, answer) is severity
    assert level(ACCEPT, "GET", {}, answered, answer) is None


def test_a_change_in_another_format_is_doubtful() -> None:
    answer = {"content_format": 60, "payload": b"\xf6"}
    assert level(ACCEPT, "POST", {"accept": 50}, "2.04", answer) is W


@pytest.mark.parametrize(
    ("rule", "answered", "answer", "severity"),
    [
        (SIZE, "4.13", {}, N),
        (SIZE, "4.13", {"size1": 1024}, None),
        (SIZE, "4.13", {"block1": 6}, None),
        (SIZE, "4.00", {}, None),
        (MAX_AGE, "4.29", {}, N),
        (MAX_AGE, "4.29", {"max_age": 10}, None),
        (MAX_AGE, "5.03", {}, None),
    ],
)
def test_what_an_error_should_say(
    rule: str, answered: str, answer: Fields, severity: Severity | None
) -> None:
    assert level(rule, "PUT", {"payload": b"x"}, answered, answer) is severity


@pytest.mark.parametrize(
    ("value", "answered", "severity"),
    [
        (26, "2.04", N),
        (26, "4.04", N),
        (26, "5.00", N),
        (2, "2.04", N),
        (2, "4.04", None),
        (8, "2.04", None),
        (8, "4.04", N),
        (16, "5.00", N),
        (0, "2.04", None),
    ],
)
def test_classes_that_are_not_wanted(value: int, answered: str, severity: Severity | None) -> None:
    assert level(IGNORED, "PUT", {"no_response": value}, answered, {}) is severity


@pytest.mark.parametrize(
    ("path", "ask", "answer", "severity"),
    [
        ("/.well-known/core", {}, {"content_format": 40, "payload": b"</a>"}, None),
        ("/.well-known/core", {}, {"content_format": 0, "payload": b"</a>"}, W),
        ("/.well-known/core", {}, {"payload": b"</a>"}, W),
        ("/.well-known/core", {"accept": 60}, {"content_format": 60, "payload": b"\xf6"}, None),
        ("/.well-known/core", {}, {"payload": bytes(16), "block2": 0x18}, None),
        ("/.well-known/edhoc", {}, {"content_format": 0, "payload": b"a"}, None),
        ("/a/core", {}, {"content_format": 0, "payload": b"a"}, None),
    ],
)
def test_discovery(path: str, ask: Fields, answer: Fields, severity: Severity | None) -> None:
    assert level(DISCOVERY, "GET", {"path": path, **ask}, "2.05", answer) is severity


def test_discovery_is_told_apart_from_its_neighbours() -> None:
    answer: Fields = {"content_format": 0, "payload": b"a"}
    talk = Conversation().con("GET", path="/.well-known/rd", token=b"a").ack("2.05", **answer)
    talk.con("GET", path="/.well-known/core", token=b"b").ack("2.05", **answer)
    assert talk.rules()[DISCOVERY] is W


@pytest.mark.parametrize(
    ("answered", "answer", "severity"),
    [
        ("2.04", {}, W),
        ("2.05", {}, W),
        ("4.01", {}, N),
        ("4.04", {}, None),
        ("2.04", {"options": PROTECTED, "payload": b"x"}, None),
    ],
)
def test_oscore_is_answered_by_oscore(
    answered: str, answer: Fields, severity: Severity | None
) -> None:
    sealed = {"options": PROTECTED, "payload": b"x"}
    assert level(OSCORE, "POST", sealed, answered, answer) is severity
    assert level(OSCORE, "POST", {}, answered, answer) is None


@pytest.mark.parametrize(
    ("options", "answered", "severity"),
    [
        ([(25, b"x")], "2.05", W),
        ([(25, b"x")], "4.02", None),
        ([(26, b"x")], "2.05", None),
        ([(17, b"\0\0\0\0")], "2.05", W),
        ([(17, b""), (17, b"")], "2.05", W),
        ([(28, b""), (28, b"")], "2.05", None),
    ],
)
def test_a_wrong_critical_option_accepted(
    options: list[tuple[int, bytes]], answered: str, severity: Severity | None
) -> None:
    assert level(BAD_OPTION, "GET", {"options": options}, answered, {}) is severity
