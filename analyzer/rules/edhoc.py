# SPDX-License-Identifier: GPL-2.0-only
"""EDHOC and OSCORE in one request: RFC 9668 clause 3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block
from analyzer.stream_events import Outside
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Option

_SPEC: Final = "RFC 9668"


def _option(message: Message) -> Option | None:
    return message.coap.first(numbers.EDHOC) if message.is_request else None


@rule(
    "COAP-9668-3.1-EDHOC-ALONE",
    E,
    Scope.MESSAGE,
    _SPEC,
    "3.1",
    title="EDHOC option without OSCORE",
    what="A request has the EDHOC option, but no OSCORE option or no payload.",
    why="The option says that the payload is EDHOC message_3 followed by an OSCORE ciphertext "
    "(clause 3.1): without either the server answers 4.00 and ends the session.",
    bad="40 02 12 34 d0 08 ff 31  EDHOC without OSCORE",
    good="40 02 12 34 93 09 00 6b c0 ff 31  OSCORE and EDHOC",
    fix="Send message_3 alone without the option, as a POST to the EDHOC resource.",
)
def alone(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = _option(message)
    if option is None or message.cut or (message.protected and message.coap.payload):
        return
    missing = "payload" if message.protected else "OSCORE option"
    yield Breach(
        f"EDHOC option without {missing}",
        message,
        seen=f"no {missing}",
        expected="OSCORE option and payload",
        span=option.span,
    )


@rule(
    "COAP-9668-3.1-EDHOC-VALUE",
    W,
    Scope.MESSAGE,
    _SPEC,
    "3.1",
    title="EDHOC option with a value",
    what="The EDHOC option is not empty.",
    why="The option is a flag; a receiver must ignore its value (clause 3.1).",
    bad="40 02 12 34 93 09 00 6b c1 01 ff 31  EDHOC 01",
    good="40 02 12 34 93 09 00 6b c0 ff 31  EDHOC, empty",
    fix="Send it without value; the data goes into the payload.",
)
def value(event: Formed | Outside, context: Context) -> Iterator[Breach]:
    option = _option(event.message)
    if option is not None and option.value:
        yield Breach(
            f"EDHOC option of {len(option.value)} bytes",
            event.message,
            seen=option.value[:16].hex(),
            expected="an empty option",
            span=option.span,
        )


@rule(
    "COAP-9668-3.2-EDHOC-BLOCK",
    E,
    Scope.MESSAGE,
    _SPEC,
    "3.2",
    title="EDHOC option in a later block",
    what="A request has the EDHOC option and a Block1 other than the first.",
    why="message_3 goes ahead of the first block (clause 3.2); with a later one the server answers "
    "4.00.",
    bad="40 02 12 34 93 09 00 6b c0 61 10 ff 31  EDHOC and Block1 1/0/16",
    good="40 02 12 34 93 09 00 6b c0 60 ff 31  EDHOC and Block1 0/0/16",
    fix="Send the option with block 0 alone.",
)
def later_block(event: Formed | Outside, context: Context) -> Iterator[Breach]:
    option = _option(event.message)
    found = block(event.message, numbers.BLOCK1)
    if option is not None and found is not None and found.num:
        yield Breach(
            f"EDHOC option with block {found.num}",
            event.message,
            seen=f"Block1 NUM {found.num}",
            expected="EDHOC with NUM 0 alone",
            span=option.span,
        )
