# SPDX-License-Identifier: GPL-2.0-only
"""The OSCORE option: flags, Partial IV, kid context, kid. RFC 8613 clauses 5 and 6.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.stream_events import Outside
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Option
from dissectors.coap.oscore import GROUP, HAS_CONTEXT, LONGEST_PIV, RESERVED, read_oscore

_SPEC: Final = "RFC 8613"


def _option(message: Message) -> Option | None:
    return message.coap.first(numbers.OSCORE) if message.is_request or message.is_response else None


def _breach(message: Message, option: Option, text: str, expected: str) -> Breach:
    return Breach(
        text,
        message,
        seen=option.value.hex() or "(empty)",
        expected=expected,
        span=option.span,
    )


@rule(
    "COAP-8613-6.1-RESERVED-BITS",
    E,
    Scope.MESSAGE,
    _SPEC,
    "6.1",
    title="Reserved flags in the OSCORE option",
    what="One of the upper three bits of the first byte is set. 0x20 alone, the group flag of "
    "Group OSCORE, is a note.",
    why="These bits are reserved and must be zero (clause 6.1); a receiver that finds one it does "
    "not know answers 4.02 or drops the message.",
    bad="40 02 12 34 93 49 00 6b ff 31  flags 0x49",
    good="40 02 12 34 93 09 00 6b ff 31  flags 0x09: Partial IV of one byte, kid",
    fix="Check the order in which flags and Partial IV are written.",
)
def reserved_bits(event: Formed, context: Context) -> Iterator[Breach]:
    option = _option(event.message)
    flags = read_oscore(option.value).flags if option is not None else 0
    if option is not None and flags & RESERVED:
        told = _breach(
            event.message, option, f"Flags {flags:#04x}: reserved bits", "upper three bits 0"
        )
        yield told._replace(severity=N if flags & RESERVED == GROUP else None)


@rule(
    "COAP-8613-6.1-PIV-LEN",
    E,
    Scope.MESSAGE,
    _SPEC,
    "6.1",
    title="Partial IV longer than five bytes",
    what="The OSCORE option says that its Partial IV has 6 or 7 bytes.",
    why="A Partial IV has at most 5 bytes; 6 and 7 are reserved (clause 6.1). The receiver rejects "
    "the message.",
    bad="40 02 12 34 98 0e 01 02 03 04 05 06 6b ff 31  six bytes",
    good="40 02 12 34 97 0d 01 02 03 04 05 6b ff 31  five bytes",
    fix="Write the sequence number in as few bytes as it needs; it ends before 2 to the power of "
    "40.",
)
def piv_length(event: Formed, context: Context) -> Iterator[Breach]:
    option = _option(event.message)
    length = read_oscore(option.value).flags & 7 if option is not None else 0
    if option is not None and length > LONGEST_PIV:
        yield _breach(event.message, option, f"Partial IV of {length} bytes", "at most 5 bytes")


@rule(
    "COAP-8613-6.1-ZERO-FLAGS",
    E,
    Scope.MESSAGE,
    _SPEC,
    "6.1",
    title="OSCORE option of zero flags",
    what="The first byte of the OSCORE option is 00.",
    why="Where all flags are zero, the option must be empty (clause 6.1): nothing can follow. "
    "Peers that compare the option as part of the AAD fail to decrypt.",
    bad="60 44 12 34 91 00 ff 31  the byte 00",
    good="60 44 12 34 90 ff 31  an empty option",
    fix="Send the option with no value in responses that need no Partial IV.",
)
def zero_flags(event: Formed | Outside, context: Context) -> Iterator[Breach]:
    option = _option(event.message)
    if option is not None and option.value[:1] == b"\0":
        yield _breach(event.message, option, "All flags are zero", "an empty option")


@rule(
    "COAP-8613-6.1-TRUNC",
    E,
    Scope.MESSAGE,
    _SPEC,
    "6.1",
    title="Lengths in the OSCORE option do not add up",
    what="Partial IV or kid context run past the end of the option, or bytes are left where the "
    "flags say that there is no kid.",
    why="A receiver cannot find its security context and rejects the message with 4.02 (clauses "
    "6.1 and 8.2).",
    bad="40 02 12 34 91 0b ff 31  Partial IV of three bytes that are not there",
    good="40 02 12 34 95 0b 01 02 03 6b ff 31  Partial IV of three bytes, kid",
    fix="Write flags and lengths from the same values as the fields.",
)
def truncated(event: Formed, context: Context) -> Iterator[Breach]:
    option = _option(event.message)
    if option is None:
        return
    said = read_oscore(option.value)
    if said.flags and said.flags & 7 <= LONGEST_PIV and not said.whole:
        over = said.left > 0 and said.kid is None
        text = f"{said.left} bytes are left, and no kid is said" if over else "Fields run past it"
        yield _breach(event.message, option, text, "fields that fill the option")


@rule(
    "COAP-8613-5-PIV-LEADING-ZERO",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5",
    title="Partial IV with leading zeros",
    what="A Partial IV of more than one byte begins with 00.",
    why="Leading zeros must be left out, and zero itself is one byte (clause 5). The Partial IV "
    "goes into the nonce and the AAD: peers that write it their way do not decrypt.",
    bad="40 02 12 34 94 0a 00 01 6b ff 31  0001",
    good="40 02 12 34 93 09 01 6b ff 31  01",
    fix="Write the sequence number in the fewest bytes.",
)
def leading_zero(event: Formed | Outside, context: Context) -> Iterator[Breach]:
    option = _option(event.message)
    said = read_oscore(option.value) if option is not None else None
    if option is not None and said and said.flags & 7 > 1 and said.piv[:1] == b"\0":
        yield _breach(event.message, option, "The Partial IV begins with 00", "the fewest bytes")


@rule(
    "COAP-8613-5-REQ-FIELDS",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5",
    title="OSCORE request without kid or Partial IV",
    what="The OSCORE option of a request has no kid, or no Partial IV. Not told where its lengths "
    "do not add up.",
    why="By kid the server finds the security context, by the Partial IV it detects replays; a "
    "request has both (clause 5). Without them it answers 4.02 or 4.01.",
    bad="40 02 12 34 92 01 05 ff 31  Partial IV 05, no kid",
    good="40 02 12 34 93 09 05 6b ff 31  Partial IV 05, kid",
    fix="Write both into every request; an empty kid still sets its flag.",
)
def request_fields(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = _option(message) if message.is_request else None
    said = read_oscore(option.value) if option is not None else None
    if option is None or said is None or not said.whole:
        return
    missing = " and ".join(
        name
        for name, there in (("kid", said.kid is not None), ("Partial IV", said.flags & 7))
        if not there
    )
    if missing:
        yield _breach(message, option, f"Request without {missing}", "kid and Partial IV")


@rule(
    "COAP-8613-5-RESP-KIDCTX",
    W,
    Scope.MESSAGE,
    _SPEC,
    "5",
    title="kid context in a response",
    what="The OSCORE option of a response has a kid context.",
    why="The client knows the context from its request, so a response should not repeat it (clause "
    "5). Deriving new contexts by appendix B.2 is the exception.",
    bad="60 44 12 34 93 10 01 63 ff 31  kid context of one byte",
    good="60 44 12 34 90 ff 31  an empty option",
    fix="Leave it out, unless appendix B.2 is meant.",
)
def response_context(event: Formed | Outside, context: Context) -> Iterator[Breach]:
    message = event.message
    option = _option(message) if message.is_response else None
    if option is not None and read_oscore(option.value).flags & HAS_CONTEXT:
        yield _breach(message, option, "Response with a kid context", "no kid context")
