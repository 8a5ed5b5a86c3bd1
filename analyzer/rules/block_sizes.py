# SPDX-License-Identifier: GPL-2.0-only
"""Size1 and Size2: RFC 7959 clause 4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import has
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Option, uint
from dissectors.coap.numbers import OPTIONS, code_name

_SPEC: Final = "RFC 7959"


@rule(
    "COAP-7959-4-SIZE2-REQ",
    E,
    Scope.MESSAGE,
    _SPEC,
    "4",
    title="Size2 of a request is not 0",
    what="Size2 in a request has another value than 0.",
    why="In a request Size2 asks the server to tell the size, and its value must be 0 (clause 4): "
    "the client does not know it yet.",
    bad="40 01 12 34 d1 0f 64  GET with Size2 100",
    good="40 01 12 34 d0 0f  GET with Size2 0",
    fix="Send Size2 with no value. The size of the request's own body goes into Size1.",
)
def size2_in_request(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.SIZE2) if message.is_request else None
    if option is not None and uint(option):
        yield Breach(
            f"Size2 {uint(option)} in {code_name(message.code)}",
            message,
            seen=str(uint(option)),
            expected="0",
            span=option.span,
        )


@rule(
    "COAP-7959-4-SIZE-CONTEXT",
    W,
    Scope.MESSAGE,
    _SPEC,
    "4",
    title="Size option out of place",
    what="Size1 in a request without Block1 or Q-Block1, or in an error other than 4.13; Size2 in "
    "a response without Block2 or Q-Block2. Not judged behind OSCORE. Size1 in a success, or in a "
    "method without payload, is COAP-7252-5.4-CONTEXT-METHOD.",
    why="The two announce the size of a body in blocks; besides, Size1 in a 4.13 tells the largest "
    "body the server takes (clause 4). Elsewhere they have no meaning.",
    bad="40 02 12 34 d1 2f 64 ff 31  POST with Size1 100 and no Block1",
    good="40 02 12 34 d1 0e 00 d1 14 01 ff 31  POST with Block1 0/0/16 and Size1 1",
    fix="Leave it out; the length of a payload in one message is plain.",
)
def out_of_place(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    found = None if message.protected or message.cut else _misplaced(message)
    if found is not None:
        option, expected = found
        yield Breach(
            f"{option.name} in {code_name(message.code)}",
            message,
            seen=option.name,
            expected=expected,
            span=option.span,
            group=(message.flow, message.source, option.number, message.code),
        )


def _misplaced(message: Message) -> tuple[Option, str] | None:
    size1, size2 = (message.coap.first(number) for number in (numbers.SIZE1, numbers.SIZE2))
    if message.is_request:
        takes_body = OPTIONS[numbers.SIZE1].requests >> message.code & 1
        if size1 and takes_body and not has(message, numbers.BLOCK1, numbers.Q_BLOCK1):
            return size1, "Block1 beside it, or no Size1"
    elif message.is_response:
        if size1 and message.code >> 5 == 4 and message.code != numbers.TOO_LARGE:
            return size1, "Size1 in 4.13 alone"
        if size2 and not has(message, numbers.BLOCK2, numbers.Q_BLOCK2):
            return size2, "Block2 beside it, or no Size2"
    return None
