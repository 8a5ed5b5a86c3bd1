# SPDX-License-Identifier: GPL-2.0-only
"""What stands outside of what OSCORE encrypts: RFC 8613 clauses 2, 4.1 and 4.2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.no_response import CLASSES
from analyzer.rules.single import has
from analyzer.stream_events import Outside
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import uint
from dissectors.coap.numbers import code_name
from dissectors.coap.oscore import OUTER

_SPEC: Final = "RFC 8613"

_OF_BLOCKS: Final = (numbers.CONTINUE, numbers.INCOMPLETE, numbers.TOO_LARGE)
"""Responses with which a proxy itself may conduct outer blocks (clause 4.1.3.4.2)."""


def _wraps(message: Message) -> bool:
    return message.protected and (message.is_request or message.is_response)


@rule(
    "COAP-8613-2-NO-PAYLOAD",
    E,
    Scope.MESSAGE,
    _SPEC,
    "2",
    title="OSCORE without payload",
    what="A message has the OSCORE option, but no payload.",
    why="The payload is the ciphertext, and it is never empty: it has at least the code and the "
    "tag of the algorithm (clause 2). The receiver rejects the message as malformed.",
    bad="40 02 12 34 93 09 00 6b  OSCORE and nothing else",
    good="40 02 12 34 93 09 00 6b ff 31  OSCORE and a ciphertext",
    fix="Look for a stack that sends the option by itself, or cuts the payload off.",
)
def no_payload(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.OSCORE)
    if option is not None and _wraps(message) and not message.cut and not message.coap.payload:
        yield Breach(
            f"{code_name(message.code)} with OSCORE has no ciphertext",
            message,
            seen="no payload",
            expected="a ciphertext",
            span=option.span,
        )


@rule(
    "COAP-8613-4.2-OUTER-CODE",
    E,
    Scope.MESSAGE,
    _SPEC,
    "4.2",
    title="Code outside of OSCORE",
    what="A request with OSCORE is neither POST nor, with Observe, FETCH; or a response with "
    "OSCORE is neither 2.04 nor, with Observe, 2.05. A warning where only the pairing with Observe "
    "is wrong. 2.31, 4.08 and 4.13 of outer blocks are not judged.",
    why="The real code is encrypted; the outer one is a dummy that is the same for all (clauses "
    "4.2 and 4.1.3.5). Another one tells what should be hidden, and proxies treat the message by "
    "it: a GET may be answered from a cache.",
    bad="40 01 12 34 93 09 01 6b ff 31  GET with OSCORE",
    good="40 02 12 34 93 09 01 6b ff 31  POST with OSCORE",
    fix="Write the code of the message into the plaintext and POST or 2.04 outside.",
)
def outer_code(event: Formed | Outside, context: Context) -> Iterator[Breach]:
    message = event.message
    if not _wraps(message) or message.code in _OF_BLOCKS:
        return
    observe = has(message, numbers.OBSERVE)
    if message.is_request:
        plain, observing = numbers.POST, numbers.FETCH
    else:
        plain, observing = numbers.CHANGED, numbers.CONTENT
    wanted = observing if observe else plain
    if message.code != wanted:
        yield Breach(
            f"{code_name(message.code)} outside of OSCORE, {'with' if observe else 'no'} Observe",
            message,
            seen=code_name(message.code),
            expected=code_name(wanted),
            span=message.coap.code_span,
            severity=W if message.code in (plain, observing) else None,
        )


@rule(
    "COAP-8613-4.1.1-OUTER-CLASS-E",
    E,
    Scope.MESSAGE,
    _SPEC,
    "4.1.1",
    title="Option in clear that OSCORE encrypts",
    what="An option that has to be encrypted stands outside: If-Match, ETag, If-None-Match, "
    "Location-*, Uri-Path, Uri-Query, Content-Format, Accept and others. A warning for an option "
    "that is not registered.",
    why="Options of class E stand in the ciphertext alone (clauses 4.1 and 4.1.1). Outside they "
    "give away what is asked for, and the receiver ignores or rejects them, for nothing protects "
    "them.",
    bad="40 02 12 34 93 09 01 6b 21 61 ff 31  Uri-Path `a` beside OSCORE",
    good="40 02 12 34 31 68 63 09 01 6b ff 31  Uri-Host `h` beside OSCORE",
    fix="Take options from the application before the message is protected, not after.",
)
def outer_options(event: Formed | Outside, context: Context) -> Iterator[Breach]:
    message = event.message
    if not _wraps(message):
        return
    for number in dict.fromkeys(option.number for option in message.coap.options):
        option = message.coap.first(number)
        if option is not None and number not in OUTER:
            yield Breach(
                f"{option.name} stands outside of the ciphertext",
                message,
                seen=option.name,
                expected="encrypted",
                span=option.span,
                severity=None if message.knows(number) else W,
                group=(message.flow, message.source, number),
            )


@rule(
    "COAP-8613-4.1.3.6-OUTER-NORESPONSE",
    W,
    Scope.MESSAGE,
    _SPEC,
    "4.1.3.6",
    title="No-Response outside of OSCORE is not 26",
    what="A request with OSCORE has an outer No-Response with another value than 26.",
    why="Outside, every response is 2.04, so a proxy cannot tell classes apart: there the option "
    "says 26, no response at all, and the real wish is encrypted (clause 4.1.3.6).",
    bad="40 02 12 34 93 09 01 6b d1 ec 02 ff 31  No-Response 2 outside",
    good="40 02 12 34 93 09 01 6b d1 ec 1a ff 31  No-Response 26 outside",
    fix="Write 26 outside, and the value that is meant into the plaintext.",
)
def outer_no_response(event: Formed | Outside, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.NO_RESPONSE)
    if option is None or not message.is_request or not message.protected:
        return
    if uint(option) != CLASSES:
        yield Breach(
            f"Outer No-Response is {option.value.hex() or '0'}",
            message,
            seen=option.value.hex() or "(empty)",
            expected=f"{CLASSES}",
            span=option.span,
        )
