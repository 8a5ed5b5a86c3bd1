# SPDX-License-Identifier: GPL-2.0-only
"""Payloads: where there must be none, and whether they are what they say. RFC 7252 clause 5.5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.block_bodies import MOST_JUDGED
from analyzer.events import BodyWhole, Formed
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import has, payload_span, whole_payload
from analyzer.subjects import Message
from dissectors.cbor import MAX_DEPTH, cbor_error
from dissectors.coap import numbers
from dissectors.coap.content_formats import Syntax, syntax_of
from dissectors.coap.media_types import content_format_name
from dissectors.coap.numbers import code_name
from dissectors.kernel import rows
from dissectors.msgin5g.payload import ERROR_TEXTS, read_json
from dissectors.utf8 import utf8_error

_SPEC: Final = "RFC 7252"
_NAMES: Final = {
    Syntax.TEXT: "UTF-8",
    Syntax.JSON: "JSON (RFC 8259)",
    Syntax.CBOR: "one CBOR item (RFC 8949)",
    Syntax.CBOR_SEQUENCE: "a CBOR sequence (RFC 8742)",
}
_CONTEXT: Final = 8


def _unwanted(message: Message, why: str) -> Breach:
    size = len(message.coap.payload)
    return Breach(
        f"{code_name(message.code)} with {size} {'byte' if size == 1 else 'bytes'} of payload{why}",
        message,
        seen=f"payload of {size}",
        expected="no payload",
        span=payload_span(message),
    )


@rule(
    "COAP-7252-5.5-GET-PAYLOAD",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5.5",
    title="Payload in GET or DELETE",
    what="A GET or DELETE has a payload. Not judged behind OSCORE.",
    why="Only methods that are defined to have a payload may have one (clause 5.5), and these are "
    "not. Servers ignore it, refuse the request, or read it as the beginning of something else.",
    bad="40 01 12 34 ff 31  GET with the payload `1`",
    good="40 05 12 34 c0 ff 31  FETCH with the payload `1`",
    fix="Put parameters into Uri-Query, or use FETCH or POST.",
)
def get_payload(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    reads_none = message.code in (numbers.GET, numbers.DELETE)
    if reads_none and message.coap.payload and not message.protected:
        yield _unwanted(message, "")


@rule(
    "COAP-7252-5.9.1.3-VALID-PAYLOAD",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5.9.1.3",
    title="2.03 Valid with payload",
    what="A 2.03 has a payload. Not judged behind OSCORE.",
    why="2.03 says that what the client has stored is still good; it has no payload (clause "
    "5.9.1.3). A client keeps its stored representation and drops these bytes.",
    bad="60 43 12 34 41 01 ff 31  2.03 with ETag 01 and a payload",
    good="60 43 12 34 41 01  2.03 with ETag 01",
    fix="Send the representation as 2.05, or 2.03 without it.",
)
def valid_payload(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code == numbers.VALID and message.coap.payload and not message.protected:
        yield _unwanted(message, "")


@rule(
    "COAP-7959-2.9.1-CONTINUE-PAYLOAD",
    W,
    Scope.MESSAGE,
    "RFC 7959",
    "2.9.1",
    title="2.31 Continue with payload",
    what="A 2.31 has a payload. Not judged behind OSCORE.",
    why="2.31 only tells that a block was received and the next one may come; nothing is returned "
    "yet (clause 2.9.1). A client has no use for the bytes, and some take them for the answer.",
    bad="60 5f 12 34 d1 0e 08 ff 31  2.31 with Block1 0/1/16 and a payload",
    good="60 5f 12 34 d1 0e 08  2.31 with Block1 0/1/16",
    fix="Send the response once the last block is there.",
)
def continue_payload(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code == numbers.CONTINUE and message.coap.payload and not message.protected:
        yield _unwanted(message, "")


@rule(
    "COAP-7252-5.9.2.7-NOTACCEPTABLE-PAYLOAD",
    N,
    Scope.MESSAGE,
    _SPEC,
    "5.9.2.7",
    title="4.06 Not Acceptable with a representation",
    what="A 4.06 has a payload with a Content-Format: more than a diagnostic text. Problem details "
    "(257) are such a text in a form of their own and not counted. Not judged behind OSCORE.",
    why="4.06 says that there is no representation the client would accept (clause 5.9.2.7); one "
    "in another format is what the client did not ask for.",
    bad="60 86 12 34 c1 32 ff 7b 7d  4.06 with JSON",
    good="60 86 12 34 ff 6e 6f  4.06 with the text `no`",
    fix="Leave the payload out, or send a short text without Content-Format.",
)
def not_acceptable_payload(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code != numbers.NOT_ACCEPTABLE or message.protected or not message.coap.payload:
        return
    diagnostic = message.coap.uint(numbers.CONTENT_FORMAT) == numbers.PROBLEM_DETAILS
    if has(message, numbers.CONTENT_FORMAT) and not diagnostic:
        yield _unwanted(message, " and Content-Format")


@rule(
    "COAP-7252-5.5.2-DIAG-UTF8",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5.5.2",
    reads_values=True,
    title="Diagnostic payload is not UTF-8",
    what="The payload of an error (4.xx, 5.xx) without Content-Format is not valid UTF-8. Not "
    "judged in single blocks or behind OSCORE.",
    why="Such a payload is a text for people, in UTF-8 (clause 5.5.2); logs and tools print it as "
    "that.",
    bad="60 80 12 34 ff ff fe  4.00 with the bytes ff fe",
    good="60 80 12 34 ff 6e 6f  4.00 with the text `no`",
    fix="Write a short text in UTF-8, or say by Content-Format what else the payload is.",
)
def diagnostic_not_utf8(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code >> 5 not in (4, 5) or has(message, numbers.CONTENT_FORMAT):
        return
    payload = whole_payload(message)
    broken = utf8_error(payload, 0, len(payload))
    if broken >= 0:
        yield Breach(
            f"The diagnostic text breaks UTF-8 at byte {broken + 1}",
            message,
            seen=payload[broken : broken + _CONTEXT].hex(),
            expected="UTF-8",
            span=_at(message, broken, len(payload)),
        )


@rule(
    "COAP-7252-5.5.1-BODY-FORMAT",
    W,
    Scope.EXCHANGE,
    _SPEC,
    "5.5.1",
    reads_values=True,
    title="Payload is not what Content-Format says",
    what="A payload, or a body in blocks that is whole, is not well-formed in its Content-Format: "
    "text that is not UTF-8, or no JSON, CBOR or CBOR sequence. Link format has a rule of its own. "
    "A NUL at the end of a text is a note. Not judged behind OSCORE, where bytes are missing, nor "
    f"in bodies of more than {MOST_JUDGED} bytes.",
    why="The receiver reads the payload by its Content-Format (clause 5.5.1). One that does not "
    "parse is lost, mostly without a word.",
    bad="40 02 12 34 c1 32 ff 7b  POST of JSON: `{`",
    good="40 02 12 34 c1 32 ff 7b 7d  POST of JSON: `{}`",
    fix="Check the Content-Format first, then the length that is sent: a byte too many (often the "
    "NUL that ends a C string) or a buffer cut off are the usual causes.",
)
def body_format(event: Formed | BodyWhole, context: Context) -> Iterator[Breach]:
    message = event.message
    if isinstance(event, Formed):
        content_format = message.coap.uint(numbers.CONTENT_FORMAT)
        payload = whole_payload(message) if content_format is not None else b""
    else:
        content_format = event.first.coap.uint(numbers.CONTENT_FORMAT)
        readable = content_format is not None and syntax_of(content_format) in _NAMES
        judged = readable and event.size <= MOST_JUDGED and not message.protected
        payload = message.payload if judged else b""
    if not payload or content_format is None:
        return
    syntax = syntax_of(content_format)
    at, why = _fault(syntax, payload)
    if not why:
        return
    nul = payload.endswith(b"\0")
    at_end = nul and at == len(payload) - 1
    yield Breach(
        f"Payload of Content-Format {content_format} ({content_format_name(content_format)}): "
        + ("it ends with a NUL byte" if at_end else f"{why}, byte {at + 1}"),
        message,
        seen=payload[at : at + 1].hex() or "(its end)",  # no more: it may be of a credential
        expected=_NAMES[syntax] + (" without a NUL at its end" if at_end else ""),
        span=_at(message, at, len(payload)) if isinstance(event, Formed) else None,
        within=None if isinstance(event, Formed) else _byte(at, len(payload)),
        severity=N if at_end and syntax is Syntax.TEXT else None,
    )


def _fault(syntax: Syntax, payload: bytes) -> tuple[int, str]:
    """Where a payload breaks its syntax and how; no words for nowhere."""
    size = len(payload)
    match syntax:
        case Syntax.TEXT:
            at = utf8_error(payload, 0, size)
            if at < 0 and payload.endswith(b"\0"):
                at = size - 1
            return at, "not UTF-8" if at >= 0 else ""
        case Syntax.JSON:
            document = read_json(payload)
            return document.error_at, ERROR_TEXTS[document.error] if document.error else ""
        case Syntax.CBOR | Syntax.CBOR_SEQUENCE:
            sequence = syntax is Syntax.CBOR_SEQUENCE
            at = cbor_error(payload, 0, size, rows(MAX_DEPTH), sequence)
            why = "ends too early" if at == size else "not CBOR"
            return at, why if at >= 0 else ""
    return -1, ""


def _at(message: Message, first: int, size: int) -> tuple[int, int]:
    """The byte `first` of the payload, or its last one, as a span in the message."""
    at, after = _byte(first, size)
    return message.coap.payload_offset + at, message.coap.payload_offset + after


def _byte(first: int, size: int) -> tuple[int, int]:
    """The byte `first` of so many, or the last one."""
    at = min(first, size - 1)
    return at, at + 1
