# SPDX-License-Identifier: GPL-2.0-only
"""Answers to requests with conditions: ETag, If-Match, If-None-Match.

RFC 7252 clauses 5.9.1.3, 5.10.6 and 5.10.8. Silent where OSCORE wraps the true options.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Responded
from analyzer.rules.catalogue import Breach, E, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.methods import breach, in_clear
from dissectors.coap import numbers

_WRITE: Final = frozenset({numbers.PUT, numbers.PATCH, numbers.IPATCH})
"""Methods whose 2.01 says that their own resource did not exist."""


@rule(
    "COAP-7252-5.9.1.3-VALID-UNASKED",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.9.1.3",
    title="Valid, though nobody asked",
    what="A response 2.03 Valid answers a request without ETag; of an observation, a registration "
    "without one.",
    why="2.03 says that the client's own copy still holds (clause 5.9.1.3). A client that named "
    "none has nothing to show.",
    bad="GET /lamp without ETag, answered by 2.03 with ETag 01.",
    good="GET /lamp with ETag 01, answered by 2.03 with ETag 01.",
    fix="Answer 2.03 only when one of the request's ETags fits; else 2.05 with the representation.",
)
def valid_unasked(event: Responded, context: Context) -> Iterator[Breach]:
    if event.message.code != numbers.VALID or not in_clear(event):
        return
    if not event.exchange.request.coap.first(numbers.ETAG):
        yield breach(event, "it has no ETag, and is answered by 2.03", "2.05 Content")


@rule(
    "COAP-7252-5.9.1.3-VALID-ETAG",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.9.1.3",
    title="Valid, with an ETag that nobody sent",
    what="A response 2.03 Valid has an ETag that is none of those in the request.",
    why="The ETag tells which of the client's copies holds (clause 5.9.1.3); with this one it "
    "cannot know, and may show an old state.",
    bad="GET /lamp with ETag 01, answered by 2.03 with ETag 02.",
    good="GET /lamp with ETag 01, answered by 2.03 with ETag 01.",
    fix="Compare the ETags of the request with the current one byte by byte, and answer 2.05 with "
    "the representation when none is equal.",
)
def valid_etag(event: Responded, context: Context) -> Iterator[Breach]:
    answer = event.message
    if answer.code != numbers.VALID or not in_clear(event):
        return
    asked = [option.value for option in event.exchange.request.coap.all(numbers.ETAG)]
    given = answer.coap.first(numbers.ETAG)
    if asked and given is not None and given.value not in asked:
        known = ", ".join(value.hex() for value in asked)
        yield breach(event, f"2.03 with ETag {given.value.hex()}", f"an ETag of {known}")._replace(
            span=given.span
        )


@rule(
    "COAP-7252-5.10.8.1-IFMATCH",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.10.8.1",
    title="Created in spite of If-Match",
    what="A PUT, PATCH or iPATCH with If-Match is answered by 2.01 Created.",
    why="If-Match asks for a resource that exists (clause 5.10.8.1). 2.01 says that it did not, so "
    "the answer must be 4.12: a client that guards against lost updates is misled.",
    bad="PUT /lamp with If-Match 01, answered by 2.01.",
    good="PUT /lamp with If-Match 01, answered by 4.12 where /lamp does not exist.",
    fix="Look at If-Match before the request is done; it is critical and may not be passed over.",
)
def if_match(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if request.code not in _WRITE or answer.code != numbers.CREATED or not in_clear(event):
        return
    if request.coap.first(numbers.IF_MATCH):
        yield breach(event, "it has If-Match, and is answered by 2.01", "4.12 Precondition Failed")


@rule(
    "COAP-7252-5.10.8.2-IFNONEMATCH",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.10.8.2",
    title="Changed in spite of If-None-Match",
    what="A PUT with If-None-Match is answered by 2.04 Changed. Not for blocks with more to come.",
    why="If-None-Match asks for a resource that does not exist (clause 5.10.8.2). 2.04 says that "
    "it did, so the answer must be 4.12: something was overwritten that the client meant to keep.",
    bad="PUT /lamp with If-None-Match, answered by 2.04.",
    good="PUT /lamp with If-None-Match, answered by 4.12 where /lamp exists, else by 2.01.",
    fix="Look at If-None-Match before the request is done; answer 2.01 when the resource is new.",
)
def if_none_match(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if (request.code, answer.code) != (numbers.PUT, numbers.CHANGED) or not in_clear(event):
        return
    if request.coap.first(numbers.IF_NONE_MATCH) and not request.in_blocks:
        expected = "4.12 Precondition Failed, or 2.01 Created"
        yield breach(event, "it has If-None-Match, and is answered by 2.04", expected)
