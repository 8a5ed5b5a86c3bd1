# SPDX-License-Identifier: GPL-2.0-only
"""Conditional requests, validation and the place of what was created: RFC 7252 clauses 5.9.1.3,
5.10.7, 5.10.8; RFC 7959 clause 2.10."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, N, Scope, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block, has
from dissectors.coap import numbers
from dissectors.coap.numbers import code_name

_SPEC: Final = "RFC 7252"


@rule(
    "COAP-7252-5.9.1.3-VALID-NO-ETAG",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5.9.1.3",
    title="2.03 Valid without ETag",
    what="A 2.03 has no ETag. Not judged behind OSCORE.",
    why="2.03 must name the stored representation that is still good by its entity-tag (clause "
    "5.9.1.3). A client that asked with several cannot tell which, and has to ask again.",
    bad="60 43 12 34  2.03",
    good="60 43 12 34 41 01  2.03 with ETag 01",
    fix="Repeat the ETag of the request that matches.",
)
def valid_no_etag(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code != numbers.VALID or message.cut or message.protected:
        return
    if not has(message, numbers.ETAG):
        yield Breach(
            "2.03 does not say which representation is valid",
            message,
            seen="no ETag",
            expected="the ETag that is still valid",
            span=message.coap.code_span,
        )


@rule(
    "COAP-7252-5.10.7-LOCATION-CODE",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5.10.7",
    title="Location in a response other than 2.01",
    what="Location-Path or Location-Query stands in a response that is not 2.01 Created. Not "
    "judged behind OSCORE.",
    why="The two tell where a resource was created (clause 5.10.7); in another response they have "
    "no meaning, and a client that follows them goes astray.",
    bad="60 44 12 34 81 61  2.04 with Location-Path `a`",
    good="60 41 12 34 81 61  2.01 with Location-Path `a`",
    fix="Answer 2.01 when a resource was created; else leave the location out.",
)
def location_code(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if not message.is_response or message.code == numbers.CREATED or message.protected:
        return
    location = (numbers.LOCATION_PATH, numbers.LOCATION_QUERY)
    found = next((o for o in message.coap.options if o.number in location), None)
    if found is not None:
        yield Breach(
            f"{code_name(message.code)} has {found.name}",
            message,
            seen=code_name(message.code),
            expected="2.01 Created, or no location",
            span=found.span,
        )


@rule(
    "COAP-7252-5.10.8-BOTH-CONDITIONS",
    N,
    Scope.MESSAGE,
    _SPEC,
    "5.10.8",
    title="If-Match and If-None-Match together",
    what="A request has both If-Match and If-None-Match.",
    why="The one asks that the resource exists, the other that it does not (clause 5.10.8): the "
    "request never succeeds.",
    bad="40 03 12 34 10 40  PUT with both",
    good="40 03 12 34 50  PUT with If-None-Match",
    fix="If-None-Match creates, If-Match changes: send the one that is meant.",
)
def both_conditions(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.IF_NONE_MATCH) if message.is_request else None
    if option is not None and has(message, numbers.IF_MATCH):
        yield Breach(
            "If-Match and If-None-Match can never both hold",
            message,
            seen="both",
            expected="one of the two",
            span=option.span,
        )


@rule(
    "COAP-7959-2.10-IFNONEMATCH",
    E,
    Scope.MESSAGE,
    "RFC 7959",
    "2.10",
    title="If-None-Match in a later block",
    what="A request has If-None-Match and a Block1 other than the first.",
    why="The condition is checked with the first block (clause 2.10). With a later one it must not "
    "be sent: the resource may exist by then because of the transfer itself, and the client gets "
    "4.12 for its own body.",
    bad="40 03 12 34 50 d1 09 10  PUT with If-None-Match, Block1 1/0/16",
    good="40 03 12 34 50 d1 09 08  PUT with If-None-Match, Block1 0/1/16",
    fix="Send If-None-Match with block 0 alone.",
)
def if_none_match_later(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.IF_NONE_MATCH) if message.is_request else None
    value = block(message, numbers.BLOCK1)
    if option is not None and value is not None and value.num:
        yield Breach(
            f"If-None-Match with block {value.num} of the body",
            message,
            seen=f"Block1 NUM {value.num}",
            expected="If-None-Match with NUM 0 alone",
            span=option.span,
        )
