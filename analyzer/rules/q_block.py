# SPDX-License-Identifier: GPL-2.0-only
"""Robust block transfer in one message: RFC 9177; Request-Tag: RFC 9175 clause 3."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, Scope, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block_of, has, payload_span, whole_payload
from dissectors.cbor import MAX_DEPTH, cbor_error
from dissectors.coap import numbers
from dissectors.coap.numbers import code_name
from dissectors.kernel import rows

_SPEC: Final = "RFC 9177"


@rule(
    "COAP-9177-4.1-MIX",
    E,
    Scope.MESSAGE,
    _SPEC,
    "4.1",
    title="Block and Q-Block in one message",
    what="A message has Block1 or Block2, and Q-Block1 or Q-Block2 as well.",
    why="The two ways to transfer a body must not be mixed in one message (clause 4.1): they "
    "differ in who asks for what is missing. The receiver answers 4.02.",
    bad="40 01 12 34 d1 0a 06 81 06  GET with Block2 and Q-Block2",
    good="40 01 12 34 d1 12 06  GET with Q-Block2",
    fix="Use Q-Block only with peers that were found to know it, and then alone.",
)
def mix(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if not (message.is_request or message.is_response):
        return
    found = [o for o in message.coap.options if o.number in numbers.BLOCK_OPTIONS]
    robust = [o for o in found if o.number in (numbers.Q_BLOCK1, numbers.Q_BLOCK2)]
    if robust and len(robust) < len(found):
        names = ", ".join(dict.fromkeys(option.name for option in found))
        yield Breach(
            f"{names} in one message",
            message,
            seen=names,
            expected="Block or Q-Block options",
            span=robust[0].span,
        )


@rule(
    "COAP-9177-4.3-NO-REQTAG",
    E,
    Scope.MESSAGE,
    _SPEC,
    "4.3",
    title="Q-Block1 without Request-Tag",
    what="A request has Q-Block1, but no Request-Tag.",
    why="Blocks arrive in any order and without a dialogue; Request-Tag tells which body each "
    "belongs to (clause 4.3 requires it in all of them). Without it two bodies run together.",
    bad="40 02 12 34 d0 06 d1 1c 01 ff 31  Q-Block1 0/0/16 and Size1 1",
    good="40 02 12 34 d0 06 d1 1c 01 d1 db 01 ff 31  and Request-Tag 01",
    fix="Add a Request-Tag, the same in all blocks of a body and another for the next body.",
)
def no_request_tag(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.Q_BLOCK1) if message.is_request else None
    if option is not None and not message.cut and not has(message, numbers.REQUEST_TAG):
        yield Breach(
            "Q-Block1 without Request-Tag",
            message,
            seen="no Request-Tag",
            expected="Request-Tag",
            span=option.span,
        )


@rule(
    "COAP-9177-4.6-NO-SIZE",
    E,
    Scope.MESSAGE,
    _SPEC,
    "4.6",
    title="Q-Block without the size of the body",
    what="A request has Q-Block1 and a payload, but no Size1; or a response has Q-Block2 and a "
    "payload, but no Size2.",
    why="The size must stand in every block (clause 4.6): from it the receiver knows which blocks "
    "are missing, and can ask for the last ones.",
    bad="40 02 12 34 d0 06 e1 00 04 01 ff 31  Q-Block1 0/0/16 and Request-Tag 01",
    good="40 02 12 34 d0 06 d1 1c 01 d1 db 01 ff 31  and Size1 1",
    fix="Add Size1 to requests and Size2 to responses, with the exact length of the whole body.",
)
def no_size(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.cut or not message.coap.payload:
        return
    if message.is_request:
        robust, size, name = numbers.Q_BLOCK1, numbers.SIZE1, "Size1"
    elif message.is_response:
        robust, size, name = numbers.Q_BLOCK2, numbers.SIZE2, "Size2"
    else:
        return
    option = message.coap.first(robust)
    if option is not None and not has(message, size):
        yield Breach(
            f"{option.name} without {name}",
            message,
            seen=f"no {name}",
            expected=f"{name}, the length of the body",
            span=option.span,
        )


@rule(
    "COAP-9177-4.4-REPEATED-RESP",
    E,
    Scope.MESSAGE,
    _SPEC,
    "4.4",
    title="Q-Block2 options out of order",
    what="A request has several Q-Block2 options whose block numbers do not increase. More than "
    "one Q-Block2 in a response is COAP-7252-5.4.5-REPEATED.",
    why="Several of them ask for missing blocks, each once and in increasing order (clause 4.4); a "
    "server refuses other lists with 4.00.",
    bad="40 01 12 34 d1 12 26 01 16  GET with Q-Block2 2/0/1024 and 1/0/1024",
    good="40 01 12 34 d1 12 16 01 26  GET with Q-Block2 1/0/1024 and 2/0/1024",
    fix="Sort the missing block numbers and ask for each once.",
)
def out_of_order(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if not message.is_request:
        return
    asked = [(o, block_of(o)) for o in message.coap.all(numbers.Q_BLOCK2)]
    for (_, before), (option, value) in pairwise(asked):
        if before is not None and value is not None and value.num <= before.num:
            yield Breach(
                f"Q-Block2 asks for block {value.num} after block {before.num}",
                message,
                seen=f"{before.num}, {value.num}",
                expected="increasing block numbers",
                span=option.span,
            )
            return


@rule(
    "COAP-9177-5-MISSING-CF",
    E,
    Scope.MESSAGE,
    _SPEC,
    "5",
    reads_values=True,
    title="List of missing blocks out of order",
    what="The payload of a 4.08 with Content-Format 272 is not a sequence of CBOR unsigned "
    "integers, or they do not increase. A 4.08 that should have 272 and has not is not told: "
    "nothing shows that it lists blocks. Not judged in single blocks or behind OSCORE.",
    why="The client sends exactly the blocks of this list again, and it is read in ascending order "
    "without doubles (clause 5).",
    bad="60 88 12 34 c2 01 10 ff 02 01  4.08 that misses blocks 2 and 1",
    good="60 88 12 34 c2 01 10 ff 01 02  4.08 that misses blocks 1 and 2",
    fix="Sort the numbers and write each once, one CBOR item after the other, without an array.",
)
def missing_blocks(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code != numbers.INCOMPLETE:
        return
    if message.coap.uint(numbers.CONTENT_FORMAT) != numbers.MISSING_BLOCKS:
        return
    payload = whole_payload(message)
    if cbor_error(payload, 0, len(payload), rows(MAX_DEPTH), True) >= 0:
        return  # COAP-7252-5.5.1-BODY-FORMAT
    listed = _unsigned(payload)
    if listed is None or any(after <= before for before, after in pairwise(listed)):
        shown = "no list of block numbers" if listed is None else ", ".join(map(str, listed[:8]))
        yield Breach(
            "The missing blocks are not listed in ascending order",
            message,
            seen=shown,
            expected="increasing block numbers",
            span=payload_span(message),
        )


def _unsigned(sequence: bytes) -> list[int] | None:
    """The items of a well-formed CBOR sequence; None where one is no unsigned integer."""
    found = []
    at = 0
    while at < len(sequence):
        if sequence[at] > 0x1B:  # major type 0 ends with an argument of eight bytes
            return None
        more = 1 << sequence[at] - 24 if sequence[at] >= 24 else 0
        value = sequence[at + 1 : at + 1 + more] if more else sequence[at : at + 1]
        found.append(int.from_bytes(value, "big"))
        at += 1 + more
    return found


@rule(
    "COAP-9175-3.2-REQTAG-RESPONSE",
    E,
    Scope.MESSAGE,
    "RFC 9175",
    "3.2",
    title="Request-Tag in a response",
    what="A response has Request-Tag. Not judged behind OSCORE.",
    why="Request-Tag tells the operations of a client apart; a server never sends it (clause 3.2). "
    "Clients ignore it.",
    bad="60 44 12 34 e1 00 17 01  2.04 with Request-Tag 01",
    good="60 44 12 34  2.04",
    fix="Do not copy the options of the request into the response.",
)
def request_tag_in_response(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.REQUEST_TAG) if message.is_response else None
    if option is not None and not message.protected:
        yield Breach(
            f"Request-Tag in {code_name(message.code)}",
            message,
            seen=option.value.hex() or "(empty)",
            expected="no Request-Tag",
            span=option.span,
        )
