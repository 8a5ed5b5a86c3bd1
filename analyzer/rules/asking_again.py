# SPDX-License-Identifier: GPL-2.0-only
"""Requests that were refused and are made again: too soon, or unchanged.

RFC 7252 clauses 5.9.2.3 and 5.9.3.4, RFC 8516 clause 4, RFC 9175 clause 2.3. Which request is like
one that was refused is told by its method and cache key (RFC 7252 clause 5.6).
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import AskedAgain
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Breach, N, Scope, Severity, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe, seconds
from analyzer.rules.option_use import DEFAULT_MAX_AGE
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.numbers import code_name


@rule(
    "COAP-7252-5.9.2.3-REPEATED-BADOPT",
    W,
    Scope.CONVERSATION,
    "RFC 7252",
    "5.9.2.3",
    title="Refused request repeated unchanged",
    what="A client repeats a request with the same critical options after 4.02 Bad Option. A note "
    "after 4.01 Unauthorized, where the whole request is the same: rights may have been granted "
    "in the meantime.",
    why="The server said that it cannot process one of these options (clause 5.9.2.3), or that it "
    "needs credentials (clause 5.9.2.2): the same request fails the same way.",
    bad="PUT with If-None-Match, 4.02, and PUT with If-None-Match again.",
    good="PUT with If-None-Match, 4.02, and PUT without it.",
    fix="Leave out or replace the option that the server names in its diagnostic payload; after "
    "4.01, authenticate first.",
)
def repeated_unchanged(event: AskedAgain, context: Context) -> Iterator[Breach]:
    request, refused, answer = event.exchange.request, event.refused.request, event.refused.response
    if answer is None or request.protected or answer.coap.first(numbers.ECHO):
        return
    same = (request.coap.options, request.payload) == (refused.coap.options, refused.payload)
    if answer.code == numbers.BAD_OPTION and _critical(request) == _critical(refused):
        yield _again(event, answer, "the same critical options", "another request", None)
    elif answer.code == numbers.UNAUTHORIZED and same:
        yield _again(event, answer, "the same request", "credentials", N)


def _critical(request: Message) -> list[tuple[int, bytes]]:
    return [(o.number, o.value) for o in request.coap.options if o.number & 1]


def _again(
    event: AskedAgain, answer: Message, seen: str, expected: str, severity: Severity | None
) -> Breach:
    request = event.exchange.request
    since = seconds(request.time - answer.time)
    return Breach(
        f"{describe(request)}: again {since} after {code_name(answer.code)}, {seen}",
        request,
        seen=seen,
        expected=expected,
        severity=severity,
        exchange=event.exchange,
        frames=(event.refused.request.frame, answer.frame),
        group=(request.flow, answer.code),
    )


@rule(
    "COAP-8516-4-RETRY-EARLY",
    W,
    Scope.CONVERSATION,
    "RFC 8516",
    "4",
    title="Asked again too soon after 4.29",
    what="A client makes the same request again before the Max-Age of the 4.29 Too Many Requests "
    "is over, 60 s where it has none.",
    why="Until then the server does not take it (RFC 8516 clause 4). Asking earlier adds to the "
    "load that it complains about, and some servers then block the client.",
    bad="GET /temp, 4.29 with Max-Age 10, and 1 s later GET /temp.",
    good="GET /temp, 4.29 with Max-Age 10, and 11 s later GET /temp.",
    fix="In the client, keep the request back until Max-Age is over.",
)
def too_soon_after_too_many(event: AskedAgain, context: Context) -> Iterator[Breach]:
    answer = event.refused.response
    if answer is not None and answer.code == numbers.TOO_MANY_REQUESTS:
        max_age = answer.coap.uint(numbers.MAX_AGE)
        yield from _too_soon(event, answer, DEFAULT_MAX_AGE if max_age is None else max_age)


@rule(
    "COAP-7252-5.9.3.4-RETRY-EARLY",
    N,
    Scope.CONVERSATION,
    "RFC 7252",
    "5.9.3.4",
    title="Asked again too soon after 5.03",
    what="A client makes the same request again before the Max-Age of the 5.03 Service Unavailable "
    "is over; only where it has one.",
    why="Max-Age says when the server expects to be back (clause 5.9.3.4); asking earlier keeps an "
    "overloaded one down.",
    bad="GET /temp, 5.03 with Max-Age 30, and 1 s later GET /temp.",
    good="GET /temp, 5.03 with Max-Age 30, and 31 s later GET /temp.",
    fix="In the client, keep the request back until Max-Age is over.",
)
def too_soon_after_unavailable(event: AskedAgain, context: Context) -> Iterator[Breach]:
    answer = event.refused.response
    if answer is not None and answer.code == numbers.SERVICE_UNAVAILABLE:
        max_age = answer.coap.uint(numbers.MAX_AGE)
        if max_age is not None:
            yield from _too_soon(event, answer, max_age)


def _too_soon(event: AskedAgain, answer: Message, max_age: int) -> Iterator[Breach]:
    if 0 <= event.exchange.request.time - answer.time < max_age * SECOND:
        yield _again(event, answer, "too soon", f"a pause of {max_age} s", None)


@rule(
    "COAP-9175-2.3-ECHO-NOT-RETURNED",
    W,
    Scope.CONVERSATION,
    "RFC 9175",
    "2.3",
    title="Echo value not returned",
    what="A request was answered by 4.01 with an Echo option, and the client makes it again "
    "without that value.",
    why="The server wants to see its Echo value to know that the request is fresh and the client's "
    "address is true (RFC 9175 clause 2.3): it refuses each request without it.",
    bad="PUT /lamp, 4.01 with Echo 0102, and PUT /lamp without Echo.",
    good="PUT /lamp, 4.01 with Echo 0102, and PUT /lamp with Echo 0102.",
    fix="In the client, repeat the request with the Echo option of the response, unchanged.",
)
def echo_not_returned(event: AskedAgain, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.refused.response
    if answer is None or answer.code != numbers.UNAUTHORIZED:
        return
    echo, returned = answer.coap.first(numbers.ECHO), request.coap.first(numbers.ECHO)
    if echo is None or request.protected:
        return
    if returned is None or returned.value != echo.value:
        seen = "without its Echo" if returned is None else "with another Echo"
        yield _again(event, answer, seen, f"Echo {echo.value.hex()}", None)
