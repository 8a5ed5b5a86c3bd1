# SPDX-License-Identifier: GPL-2.0-only
"""What Block1 and Block2 say in one message: RFC 7959 clauses 2.1 to 2.3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block, blocks, has, payload_span
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Option
from dissectors.coap.numbers import OPTIONS, code_name
from dissectors.coap.values import Block

_SPEC: Final = "RFC 7959"
_RESERVED: Final = 7
_NO_BODY: Final = (numbers.VALID, numbers.CONTINUE)


def _carried(message: Message) -> Block | None:
    """The block that the payload is: of Block1 in a request, of Block2 in a response. None where
    bytes are missing or the block has no size (COAP-7959-2.2-SZX7)."""
    if message.is_request and OPTIONS[numbers.BLOCK1].requests >> message.code & 1:
        ours, other = numbers.BLOCK1, numbers.Q_BLOCK1
    elif message.is_response and message.code not in _NO_BODY:
        ours, other = numbers.BLOCK2, numbers.Q_BLOCK2
    else:
        return None
    if message.cut or (has(message, ours) and has(message, other)):
        return None
    value = block(message, ours if has(message, ours) else other)
    return None if value is None or value.szx == _RESERVED else value


def _size(message: Message, value: Block, expected: str, why: str) -> Breach:
    size = len(message.coap.payload)
    return Breach(
        f"Block {value.num} of {value.size} bytes has {size}{why}",
        message,
        seen=f"{size} bytes",
        expected=expected,
        span=payload_span(message) if size else (1, 2),
    )


@rule(
    "COAP-7959-2.2-SZX7",
    E,
    Scope.MESSAGE,
    _SPEC,
    "2.2",
    title="Block size 7",
    what="A block option has the size exponent (SZX) 7.",
    why="7 is reserved over UDP (clause 2.2): 4 to 10 is all that a block can be as a power of "
    "two. Over TCP it means BERT (RFC 8323), several blocks in one. The receiver answers 4.00 or "
    "takes 2048, which nobody defines.",
    bad="40 01 12 34 d1 0a 07  GET with Block2 0/0 and SZX 7",
    good="40 01 12 34 d1 0a 06  GET with Block2 0/0/1024",
    fix="Use 0 to 6, for 16 to 1024 bytes.",
)
def reserved_size(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if not (message.is_request or message.is_response):
        return
    for option, value in blocks(message):
        if value.szx == _RESERVED and not message.reliable:  # else BERT (RFC 8323 clause 6)
            yield Breach(
                f"{option.name} has SZX 7",
                message,
                seen=f"{option.value.hex()}: SZX 7",
                expected="SZX 0 to 6",
                span=option.span,
            )


def _block_option(message: Message, number: int) -> tuple[Option, Block] | None:
    return next(((o, b) for o, b in blocks(message) if o.number == number), None)


@rule(
    "COAP-7959-2.2-B2-REQ-M",
    E,
    Scope.MESSAGE,
    _SPEC,
    "2.2",
    title="More-bit in a Block2 request",
    what="Block2 in a request has the M bit set.",
    why="Block2 in a request asks for a block; whether more follow, the server says. The bit has "
    "no meaning there and must be zero (clauses 2.2 and 2.3).",
    bad="40 01 12 34 d1 0a 1e  GET with Block2 1/1/1024",
    good="40 01 12 34 d1 0a 16  GET with Block2 1/0/1024",
    fix="Clear the bit; do not copy Block2 from the response before.",
)
def more_in_request(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    found = _block_option(message, numbers.BLOCK2) if message.is_request else None
    if found is not None and found[1].more:
        yield Breach(
            f"Block2 {found[1].num}/1/{found[1].size} in a request",
            message,
            seen="M 1",
            expected="M 0",
            span=found[0].span,
        )


@rule(
    "COAP-7959-2.3-SIZE",
    E,
    Scope.MESSAGE,
    _SPEC,
    "2.3",
    title="Block of another size than it says",
    what="A block after which more follow (M 1) has more or fewer bytes than its size: Block1 of a "
    "request, Block2 of a response, Q-Block1 and Q-Block2 alike.",
    why="All blocks but the last are exactly as long as SZX says (clause 2.3), for the receiver "
    "puts block NUM at NUM times the size. The body gets a hole or is refused with 4.00 or 4.08.",
    bad="40 02 12 34 d1 0e 08 ff 31  POST with Block1 0/1/16 and one byte",
    good="40 02 12 34 d1 0e 00 ff 31  POST with Block1 0/0/16 and one byte",
    fix="Cut the body at multiples of the block size and set M on all parts but the last.",
)
def size(event: Formed, context: Context) -> Iterator[Breach]:
    value = _carried(event.message)
    if value is not None and value.more and len(event.message.coap.payload) != value.size:
        yield _size(event.message, value, f"{value.size} bytes", ", and more follow")


@rule(
    "COAP-7959-2.3-LAST-LARGE",
    N,
    Scope.MESSAGE,
    _SPEC,
    "2.3",
    title="Last block larger than its size",
    what="A last block (M 0) has more bytes than its size.",
    why="SZX does not bind the last block, but nothing says why it should be longer (clause 2.3): "
    "a receiver with a buffer of that size refuses or cuts it.",
    bad="40 02 12 34 d1 0e 00 ff 30 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36  17 bytes",
    good="40 02 12 34 d1 0e 00 ff 30  one byte",
    fix="Send the rest in blocks of the size.",
)
def last_large(event: Formed, context: Context) -> Iterator[Breach]:
    value = _carried(event.message)
    if value is not None and not value.more and len(event.message.coap.payload) > value.size:
        yield _size(event.message, value, f"at most {value.size} bytes", " and is the last")


@rule(
    "COAP-7959-2.3-EMPTY-LAST",
    N,
    Scope.MESSAGE,
    _SPEC,
    "2.3",
    title="Empty last block",
    what="The last block of a body (M 0) is not the first and has no payload. Errors (4.xx, 5.xx) "
    "are not looked at.",
    why="A body that ends at a block boundary is whole with the block before, which then has M 0 "
    "(clause 2.3). The extra block costs a round trip, and some receivers refuse it.",
    bad="40 02 12 34 d1 0e 10  POST with Block1 1/0/16 and no payload",
    good="40 02 12 34 d1 0e 10 ff 31  POST with Block1 1/0/16 and one byte",
    fix="Look one byte ahead before M is set.",
)
def empty_last(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    value = _carried(message)
    if value is None or value.more or not value.num or message.coap.payload:
        return
    if message.code >> 5 not in (4, 5):
        yield _size(message, value, "the rest of the body", " and is the last")


@rule(
    "COAP-7959-2.1-B1-NO-PAYLOAD-METHOD",
    W,
    Scope.MESSAGE,
    _SPEC,
    "2.1",
    title="Block1 in a method without payload",
    what="A GET or DELETE has Block1. Not judged behind OSCORE.",
    why="Block1 is about the payload of the request (clause 2.1), and these methods have none. It "
    "is critical: a server that gives it no meaning there answers 4.02.",
    bad="40 01 12 34 d1 0e 06  GET with Block1 0/0/1024",
    good="40 01 12 34 d1 0a 06  GET with Block2 0/0/1024",
    fix="Ask for blocks of the response by Block2.",
)
def block1_without_payload(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code not in (numbers.GET, numbers.DELETE) or message.protected:
        return
    option = message.coap.first(numbers.BLOCK1)
    if option is not None:
        yield Breach(
            f"Block1 in {code_name(message.code)}",
            message,
            seen="Block1",
            expected="Block2, or none",
            span=option.span,
        )


@rule(
    "COAP-7959-2.3-B1M-WITH-B2",
    E,
    Scope.MESSAGE,
    _SPEC,
    "2.3",
    title="Answer before the body is whole",
    what="A response has Block1 with the M bit set, and Block2 beside it.",
    why="M 1 in a Block1 response says that this is no final answer yet (clause 2.3); Block2 says "
    "that it is the first part of one. A client cannot do both.",
    bad="60 44 12 34 d1 0a 02 41 08  2.04 with Block2 0/0/64 and Block1 0/1/16",
    good="60 44 12 34 d1 0a 02 40  2.04 with Block2 0/0/64 and Block1 0/0/16",
    fix="Answer 2.31 until the last block is there; then begin Block2, with M 0 in Block1.",
)
def more_and_answer(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    found = _block_option(message, numbers.BLOCK1) if message.is_response else None
    if found is not None and found[1].more and has(message, numbers.BLOCK2):
        yield Breach(
            "Block1 says that more of the request is awaited, Block2 answers it",
            message,
            seen="Block1 M 1, Block2",
            expected="one of the two",
            span=found[0].span,
        )
