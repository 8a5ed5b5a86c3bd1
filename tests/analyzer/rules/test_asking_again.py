# SPDX-License-Identifier: GPL-2.0-only
"""Requests that were refused and are made again: too soon, or unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import N, Severity, W

from .conversation import Conversation

UNCHANGED, ECHO = "COAP-7252-5.9.2.3-REPEATED-BADOPT", "COAP-9175-2.3-ECHO-NOT-RETURNED"
TOO_MANY, UNAVAILABLE = "COAP-8516-4-RETRY-EARLY", "COAP-7252-5.9.3.4-RETRY-EARLY"
RULES = {UNCHANGED, ECHO, TOO_MANY, UNAVAILABLE}


def again(
    code: str,
    seconds: float = 1,
    *,
    ask: dict[str, Any] | None = None,
    then: dict[str, Any] | None = None,
    **answer: Any,
) -> dict[str, Severity]:
    """The rules broken by asking `then` (the same unless given) after a refusal."""
    first = {"path": "/a"} | (ask or {})
    talk = Conversation().con("GET", token=b"a", **first).ack(code, **answer).wait(seconds)
    second = first if then is None else {"path": "/a"} | then
    talk.con("GET", token=b"b", **second)
    return {id: level for id, level in talk.rules().items() if id in RULES}


@pytest.mark.parametrize(
    ("code", "seconds", "max_age", "expected"),
    [
        ("4.29", 1, 10, {TOO_MANY: W}),
        ("4.29", 11, 10, {}),
        ("4.29", 59, None, {TOO_MANY: W}),
        ("4.29", 61, None, {}),
        ("5.03", 1, 30, {UNAVAILABLE: N}),
        ("5.03", 31, 30, {}),
        ("5.03", 1, None, {}),
        ("4.04", 1, 30, {}),
        ("5.00", 1, 30, {}),
    ],
)
def test_too_soon(
    code: str, seconds: float, max_age: int | None, expected: dict[str, Severity]
) -> None:
    answer = {} if max_age is None else {"max_age": max_age}
    assert again(code, seconds, **answer) == expected
    assert again(code, seconds, then={"path": "/b"}, **answer) == {}, "another resource"


def test_what_was_under_way_is_no_retry() -> None:
    talk = Conversation().con("GET", token=b"a", mid=1).con("GET", token=b"b", mid=2)
    talk.ack("4.29", mid=1, token=b"a")
    assert TOO_MANY not in talk.rules()


def test_each_refusal_is_told_of_once() -> None:
    talk = Conversation().con("GET", token=b"a").ack("4.29", max_age=60)
    for number in range(3):
        talk.con("GET", token=bytes([number])).ack("2.05")
    (finding,) = talk.findings(TOO_MANY)
    assert (finding.count, finding.frames) == (1, [3, 1, 2])


def test_a_client_that_hammers_is_one_finding() -> None:
    talk = Conversation()
    for number in range(5):
        talk.con("GET", token=bytes([number])).ack("4.29", max_age=60)
    (finding,) = talk.findings(TOO_MANY)
    assert finding.count == 4


UNKNOWN = {"options": [(25, b"x")]}


def test_the_same_critical_options() -> None:
    assert again("4.02", ask=UNKNOWN) == {UNCHANGED: W}
    assert again("4.02", ask={"if_match": b"1"}, then={}) == {}


def test_the_same_request_without_rights() -> None:
    assert again("4.01") == {UNCHANGED: N}
    assert again("4.01", ask={"payload": b"1"}, then={"payload": b"2"}) == {}


@pytest.mark.parametrize(
    ("then", "expected"),
    [({}, {ECHO: W}), ({"echo": b"12"}, {}), ({"echo": b"34"}, {ECHO: W})],
)
def test_an_echo_value(then: dict[str, Any], expected: dict[str, Severity]) -> None:
    assert again("4.01", then=then, echo=b"12") == expected
