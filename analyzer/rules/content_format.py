# SPDX-License-Identifier: GPL-2.0-only
"""Content-Format and Accept: registered, and where they are needed. RFC 7252 clause 5.10.3,
RFC 8132."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import has, is_later_block, payload_span
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.media_types import CONTENT_FORMATS, DOCUMENTATION, EXPERIMENTAL, FORMAT_SETS
from dissectors.coap.message import uint
from dissectors.coap.numbers import code_name

_SPEC: Final = "RFC 7252"
_NO_FORMAT_OF_THEIR_OWN: Final = (numbers.VALID, numbers.CONTINUE)


def _status(value: int) -> str:
    """Why a Content-Format is not one to use; `""` for a registered one."""
    if value in CONTENT_FORMATS:
        return ""
    for numbers_, why in (
        (EXPERIMENTAL, "for experiments only"),
        (DOCUMENTATION, "for documentation only"),
        (FORMAT_SETS["LwM2M"], "of early LwM2M and not to be used"),
    ):
        if value in numbers_:
            return why
    return "not registered"


@rule(
    "COAP-7252-5.10.3-CF-UNASSIGNED",
    W,
    Scope.MESSAGE,
    _SPEC,
    "5.10.3",
    title="Content-Format not registered",
    what="Content-Format or Accept has a value that the registry does not hold, one for "
    "experiments (65000 to 65535) or documentation (64998, 64999), or one of early LwM2M (1542, "
    "1543), unless the switch lwm2m is on.",
    why="The number stands for a media type that both sides must know the same (clauses 5.10.3 "
    "and 12.3). A receiver that does not know it answers 4.15 or 4.06, or guesses.",
    bad="40 02 12 34 c2 fd e8 ff 31  Content-Format 65000",
    good="40 02 12 34 c1 32 ff 31  Content-Format 50",
    fix="Take the number of the media type from the registry; for one of your own register a "
    "number, 20000 to 32999 takes an application only. LwM2M has 11542 to 11544.",
)
def unassigned(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if not (message.is_request or message.is_response):
        return
    for option in (numbers.CONTENT_FORMAT, numbers.ACCEPT):
        found = message.coap.first(option)
        value = uint(found) if found is not None else None
        if found is None or value is None or value in context.profile.content_formats:
            continue
        why = _status(value)
        if why:
            yield Breach(
                f"{found.name} {value} is {why}",
                message,
                seen=str(value),
                expected="a registered Content-Format",
                span=found.span,
                group=(message.flow, message.source, option, value),
            )


@rule(
    "COAP-7252-5.10.3-CF-NO-PAYLOAD",
    N,
    Scope.MESSAGE,
    _SPEC,
    "5.10.3",
    title="Content-Format without payload",
    what="A message has Content-Format, but no payload. Not for 2.03, and not for a request that "
    "asks for a further block, which repeats the options of the first.",
    why="Content-Format tells the format of a payload (clause 5.10.3). Without one it says "
    "nothing; the format one wants to receive is asked for by Accept.",
    bad="40 01 12 34 c1 32  GET with Content-Format 50",
    good="40 01 12 34 d1 04 32  GET with Accept 50",
    fix="Leave it out; in a GET send Accept. If a body was meant, look for where it got lost.",
)
def without_payload(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.cut or message.protected or message.coap.payload or message.code == numbers.VALID:
        return
    option = message.coap.first(numbers.CONTENT_FORMAT)
    asks_on = message.is_request and (
        is_later_block(message) or (message.code == numbers.FETCH and has(message, numbers.BLOCK2))
    )
    if option is not None and not asks_on and (message.is_request or message.is_response):
        yield Breach(
            f"{code_name(message.code)} has Content-Format, but no payload",
            message,
            seen="no payload",
            expected="a payload, or no Content-Format",
            span=option.span,
            group=(message.flow, message.source, message.code),
        )


def _says_not_what(message: Message) -> bool:
    """A payload begins here and Content-Format does not say what it is; later blocks may leave it
    to the first."""
    if not message.coap.payload or message.protected or has(message, numbers.CONTENT_FORMAT):
        return False
    return not is_later_block(message)


@rule(
    "COAP-7252-5.5.1-NO-CF",
    N,
    Scope.MESSAGE,
    _SPEC,
    "5.5.1",
    title="Payload without Content-Format",
    what="A POST, PUT or a success (2.xx) has a payload, but no Content-Format. FETCH, PATCH and "
    "iPATCH have rules of their own.",
    why="Clause 5.5.1 expects every representation to say its format; without it the receiver has "
    "to guess, and one that does not guess refuses the request (4.15). Test specifications count "
    "it as a failure.",
    bad="40 02 12 34 ff 31  POST with a payload of unknown format",
    good="40 02 12 34 c0 ff 31  POST of text/plain (0)",
    fix="Add Content-Format: 0 for text, 50 for JSON, 60 for CBOR, 42 for any bytes.",
)
def no_content_format(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    success = message.code >> 5 == 2 and message.code not in _NO_FORMAT_OF_THEIR_OWN
    if (success or message.code in (numbers.POST, numbers.PUT)) and _says_not_what(message):
        yield Breach(
            f"{code_name(message.code)}: nothing says what the payload is",
            message,
            seen="no Content-Format",
            expected="Content-Format",
            span=payload_span(message),
            group=(message.flow, message.source, message.code),
        )


@rule(
    "COAP-8132-2.3.1-FETCH-NO-CF",
    E,
    Scope.MESSAGE,
    "RFC 8132",
    "2.3.1",
    title="FETCH without Content-Format",
    what="A FETCH has no Content-Format. Not for requests of further blocks.",
    why="The payload of FETCH is the question, and its Content-Format tells how it is asked "
    "(clause 2.3.1 requires it): without it the server cannot know what is wanted, and answers "
    "4.15 or 4.00.",
    bad="40 05 12 34 ff 31  FETCH with a payload of unknown format",
    good="40 05 12 34 c1 3c ff 01  FETCH of CBOR (60)",
    fix="Add the Content-Format of the query.",
)
def fetch_no_content_format(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code != numbers.FETCH or message.cut or message.protected:
        return
    if message.coap.uint(numbers.CONTENT_FORMAT) is None and not is_later_block(message):
        yield Breach(
            "FETCH without Content-Format",
            message,
            seen="no Content-Format",
            expected="Content-Format",
            span=message.coap.code_span,
        )


@rule(
    "COAP-8132-3-PATCH-NO-CF",
    N,
    Scope.MESSAGE,
    "RFC 8132",
    "3",
    title="PATCH without Content-Format",
    what="A PATCH or iPATCH has no Content-Format. Not for requests of further blocks.",
    why="What a patch does depends on its format alone (clause 3): the same bytes are one change "
    "as merge-patch and another as a plain document. A server that does not guess answers 4.15.",
    bad="40 06 12 34 ff 7b 7d  PATCH with a payload of unknown format",
    good="40 06 12 34 c1 34 ff 7b 7d  PATCH of merge-patch+json (52)",
    fix="Add the Content-Format of the patch document, such as 51, 52, 320 or 322.",
)
def patch_no_content_format(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code not in (numbers.PATCH, numbers.IPATCH) or message.cut or message.protected:
        return
    if message.coap.uint(numbers.CONTENT_FORMAT) is None and not is_later_block(message):
        yield Breach(
            f"{code_name(message.code)} without Content-Format",
            message,
            seen="no Content-Format",
            expected="Content-Format",
            span=message.coap.code_span,
            group=(message.flow, message.code),
        )
