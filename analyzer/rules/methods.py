# SPDX-License-Identifier: GPL-2.0-only
"""What a response may be to such a request: its code, its options, its format.

RFC 7252 clauses 5.8 to 5.10, RFC 6690 clause 4, RFC 7967 clause 2, RFC 8516 clause 3, RFC 8613
clause 2. Rules on code and options are silent where OSCORE wraps the true ones (gate G-OSC).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Responded
from analyzer.relations import Match
from analyzer.rules.catalogue import Alike, Breach, E, N, Scope, Severity, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe, wants_no_response
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.media_types import content_format_name
from dissectors.coap.numbers import code_name
from dissectors.coap.successes import Success, success
from dissectors.msgin5g.akma import is_akma_bootstrap

_MORE: Final = 8
"""The bit of a block option that says that more follows (RFC 7959 clause 2.2)."""

_OSCORE_ERRORS: Final = frozenset({numbers.BAD_REQUEST, numbers.UNAUTHORIZED, numbers.BAD_OPTION})


def in_clear(event: Responded) -> bool:
    """Neither the request nor the response is protected, and they surely belong together."""
    sure = event.match not in (Match.OTHER_MID, Match.OTHER_ENDPOINT)
    return sure and not (event.exchange.request.protected or event.message.protected)


def breach(event: Responded, text: str, expected: str, severity: Severity | None = None) -> Breach:
    """A breach of a response that is wrong for its request; those of one flow are one finding."""
    answer = event.message
    return Breach(
        f"{describe(event.exchange.request)}: {text}",
        answer,
        seen=describe(answer),
        expected=expected,
        span=answer.coap.code_span,
        severity=severity,
        frames=(event.exchange.request.frame,),
        group=Alike(answer.flow, (event.exchange.request.code, answer.code, severity)),
    )


@rule(
    "COAP-7252-5.9-CODE-METHOD",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.9",
    title="Success code does not fit the method",
    what="A request is answered by a success that its method does not have: 2.05 or 2.03 to other "
    "than GET and FETCH, 2.01 or 2.04 to those or DELETE, 2.02 to those; 2.31 to anything but a "
    "block with more to come. A warning for 2.02 to PUT, PATCH and iPATCH.",
    why="The code tells what became of the resource, created, changed or deleted, and what the "
    "payload is (clauses 5.8, 5.9.1). A client, and every cache on the way, draws wrong "
    "conclusions: 2.05 to a POST is taken for the representation of the resource.",
    bad="POST /a, answered by 2.05 Content.",
    good="POST /a, answered by 2.04 Changed, with a payload if need be.",
    fix="Answer POST and PUT by 2.01 or 2.04, DELETE by 2.02, GET and FETCH by 2.05 or 2.03.",
)
def code_of_method(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    fits = success(request.code, answer.code)
    if fits is Success.ALWAYS or not in_clear(event):
        return
    if fits is Success.MORE_FOLLOWS and _more_follows(request):
        return
    allowed = [
        code_name(code)
        for code in numbers.CODES
        if code >> 5 == 2 and success(request.code, code) is Success.ALWAYS
    ]
    yield breach(
        event,
        f"answered by {code_name(answer.code)}",
        " or ".join(allowed),
        W if fits is Success.UNUSUAL else None,
    )


def _more_follows(request: Message) -> bool:
    blocks = (request.coap.uint(number) for number in (numbers.BLOCK1, numbers.Q_BLOCK1))
    return any(block is not None and block & _MORE for block in blocks)


@rule(
    "COAP-7252-5.8-UNKNOWN-METHOD",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.8",
    title="Unknown method not refused",
    what="A request with a method code that is not registered is answered by other than 4.05 or "
    "5.01. Not for groups, nor with No-Response.",
    why="A server refuses methods that it does not know by 4.05 Method Not Allowed (clause 5.8): "
    "the client learns what is wrong, instead of looking for a fault in the resource.",
    bad="Request 0.09 for /a, answered by 2.05.",
    good="Request 0.09 for /a, answered by 4.05.",
    fix="In the server, look at the method before the path, and answer 4.05 for what is not "
    "implemented.",
)
def unknown_method(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    unknown = request.is_request and request.code not in numbers.CODES
    refused = answer.code in (numbers.METHOD_NOT_ALLOWED, numbers.NOT_IMPLEMENTED)
    if not unknown or refused or event.match is Match.MULTICAST or wants_no_response(request):
        return
    if in_clear(event):
        yield breach(event, f"answered by {code_name(answer.code)}", "4.05 Method Not Allowed")


@rule(
    "COAP-7252-5.8.2-CREATED-NO-LOCATION",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.8.2",
    title="Created resource without its place",
    what="A POST is answered by 2.01 Created without Location-Path or Location-Query. A note for "
    "MSGin5G messages: TS 24.538 names no resource that a UE would ask for. Not of the AKMA "
    "bootstrap.",
    why="The client should learn where the new resource is (clause 5.8.2): without it, it can "
    "neither read nor delete what it made. If nothing was created, the code is wrong.",
    bad="POST /a, answered by 2.01 alone.",
    good="POST /a, answered by 2.01 with Location-Path `a`, `7`.",
    fix="Name the new resource in Location-Path, one option for each segment, or answer 2.04 "
    "Changed when none was made.",
)
def created_somewhere(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if request.code != numbers.POST or answer.code != numbers.CREATED or not in_clear(event):
        return
    if is_akma_bootstrap(request.coap):  # it makes a security context
        return
    if not any(answer.coap.first(n) for n in (numbers.LOCATION_PATH, numbers.LOCATION_QUERY)):
        severity = N if request.message_type or event.exchange.registration else None
        text = "2.01 without Location-Path or Location-Query"
        yield breach(event, text, "Location-Path", severity)


@rule(
    "COAP-7252-5.10.4-ACCEPT",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.10.4",
    title="Answered in another format than asked for",
    what="A request has Accept, and its success has a payload of another Content-Format. A warning "
    "where the response names no format, or is 2.01, 2.02 or 2.04.",
    why="A server that cannot answer in the format asked for must say 4.06 Not Acceptable (clause "
    "5.10.4): Accept is critical, as the client cannot read anything else.",
    bad="GET with Accept 50 (JSON), answered by 2.05 with Content-Format 60 (CBOR).",
    good="GET with Accept 50 (JSON), answered by 2.05 with Content-Format 50.",
    fix="Honour Accept or answer 4.06; in the client, leave Accept out if any format will do.",
)
def accepted_format(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    wanted, given = request.coap.uint(numbers.ACCEPT), answer.content_format
    if wanted is None or answer.code >> 5 != 2 or wanted == given or not in_clear(event):
        return
    if not answer.coap.payload or answer.code in (numbers.VALID, numbers.CONTINUE):
        return
    if given is None and answer.in_blocks:
        return
    name = "no Content-Format"
    if given is not None:
        name = f"Content-Format {given}, {content_format_name(given)}"
    doubtful = given is None or answer.code != numbers.CONTENT
    yield breach(
        event,
        f"asked for {wanted}, {content_format_name(wanted)}, and got {name}",
        f"Content-Format {wanted}, or 4.06 Not Acceptable",
        W if doubtful else None,
    )


@rule(
    "COAP-7252-5.9.2.9-413-NO-SIZE1",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.9.2.9",
    title="Too large, without saying how large it may be",
    what="A response 4.13 Request Entity Too Large has neither Size1 nor Block1.",
    why="The server should say what it can take (clause 5.9.2.9), or by Block1 which block size "
    "(RFC 7959 clause 2.9.3); else the client can only guess.",
    bad="PUT with 1024 bytes, answered by 4.13 alone.",
    good="PUT with 1024 bytes, answered by 4.13 with Size1 512.",
    fix="Add Size1 with the largest body that the server takes, or Block1 with a block size.",
)
def too_large(event: Responded, context: Context) -> Iterator[Breach]:
    answer = event.message
    if answer.code != numbers.TOO_LARGE or not in_clear(event):
        return
    if not any(answer.coap.first(number) for number in (numbers.SIZE1, numbers.BLOCK1)):
        yield breach(event, "4.13 without Size1 or Block1", "Size1")


@rule(
    "COAP-8516-3-429-NO-MAXAGE",
    N,
    Scope.EXCHANGE,
    "RFC 8516",
    "3",
    title="Too many requests, without saying until when",
    what="A response 4.29 Too Many Requests has no Max-Age.",
    why="Max-Age says when the client may ask again (RFC 8516 clause 3). Without it 60 s hold, "
    "which few servers mean.",
    bad="GET /a, answered by 4.29 alone.",
    good="GET /a, answered by 4.29 with Max-Age 10.",
    fix="Add Max-Age with the seconds after which the server takes the request.",
)
def too_many_until(event: Responded, context: Context) -> Iterator[Breach]:
    answer = event.message
    too_many = answer.code == numbers.TOO_MANY_REQUESTS
    if too_many and in_clear(event) and not answer.coap.first(numbers.MAX_AGE):
        yield breach(event, "4.29 without Max-Age", "Max-Age")


@rule(
    "COAP-7967-2-IGNORED",
    N,
    Scope.EXCHANGE,
    "RFC 7967",
    "2",
    title="Response that the client did not want",
    what="A response is of a class that the No-Response option of its request asks to keep back.",
    why="No-Response saves traffic and battery (RFC 7967 clause 2). A server may answer "
    "nevertheless, and one that does not know the option always does: it is elective.",
    bad="NON PUT with No-Response 26, answered by 2.04.",
    good="NON PUT with No-Response 26, and silence.",
    fix="Support No-Response in the server; in the client, do not count on it.",
)
def unwanted(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    kept_back = request.coap.uint(numbers.NO_RESPONSE) or 0
    if kept_back >> (answer.code >> 5) - 1 & 1 and in_clear(event):
        yield breach(
            event,
            f"No-Response {kept_back}, and answered by {code_name(answer.code)}",
            f"no response of class {answer.code >> 5}",
        )


@rule(
    "COAP-6690-4-WELLKNOWN-CF",
    W,
    Scope.EXCHANGE,
    "RFC 6690",
    "4",
    title="Discovery not in link format",
    what="A GET for /.well-known/core without Accept is answered by 2.05 with another "
    "Content-Format than 40, application/link-format, or without one.",
    why="Clients parse what they find there as links (RFC 6690 clause 4), most of them without a "
    "look at the format.",
    bad="GET /.well-known/core, answered by 2.05 with Content-Format 0.",
    good="GET /.well-known/core, answered by 2.05 with Content-Format 40.",
    fix="Answer in application/link-format with Content-Format 40; another format only for a "
    "client that asks for it by Accept.",
)
def discovery_format(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if (request.code, answer.code) != (numbers.GET, numbers.CONTENT) or not in_clear(event):
        return
    if request.path != "/.well-known/core" or request.coap.first(numbers.ACCEPT):
        return
    given = answer.content_format
    if given != numbers.LINK_FORMAT and not (given is None and answer.in_blocks):
        seen = "no Content-Format" if given is None else f"Content-Format {given}"
        yield breach(event, f"answered with {seen}", f"Content-Format {numbers.LINK_FORMAT}")


@rule(
    "COAP-8613-2-RESP-UNPROTECTED",
    W,
    Scope.EXCHANGE,
    "RFC 8613",
    "2",
    causes=(
        "COAP-8613-7.2-NONCE-REUSED",
        "COAP-8613-7.2-PIV-REPLAY",
        "COAP-8613-7.4-PIV-BACKWARDS",
    ),
    title="Unprotected response to a protected request",
    what="A request with the OSCORE option is answered by a success without it. A note for 4.00, "
    "4.01 and 4.02, which is how OSCORE itself fails.",
    why="A success must be protected (RFC 8613 clause 2): the client cannot know who made this "
    "one, and discards it.",
    bad="POST with OSCORE, answered by 2.05 without OSCORE.",
    good="POST with OSCORE, answered by 2.04 with OSCORE.",
    fix="Look for a server or proxy that takes the outer request for a plain one; for 4.01, "
    "compare the security contexts of both sides.",
)
def unprotected(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    fails = answer.code in _OSCORE_ERRORS
    sealed = answer.protected or answer.unwrapped
    asked = request.protected or request.unwrapped
    if asked and not sealed and (fails or answer.code >> 5 == 2):
        text = f"protected by OSCORE, answered by {code_name(answer.code)} in the clear"
        yield breach(event, text, "the OSCORE option", N if fails else None)
