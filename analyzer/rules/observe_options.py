# SPDX-License-Identifier: GPL-2.0-only
"""The Observe option in one message: RFC 7641 clauses 2 and 4.2, RFC 7959 clause 2.6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block
from dissectors.coap import numbers
from dissectors.coap.message import uint
from dissectors.coap.numbers import CODES, OPTIONS, code_name

_SPEC: Final = "RFC 7641"
_REGISTER: Final = 0
_DEREGISTER: Final = 1


def _takes_observe(code: int) -> bool:
    return bool(OPTIONS[numbers.OBSERVE].requests >> code & 1)


@rule(
    "COAP-7641-2-REQ-VALUE",
    W,
    Scope.MESSAGE,
    _SPEC,
    "2",
    title="Observe neither registers nor deregisters",
    what="Observe in a GET or FETCH has another value than 0 (register) and 1 (deregister).",
    why="No other value has a meaning in a request (clause 2). Some servers take it for 0, others "
    "ignore it: the client waits for notifications that never come.",
    bad="40 01 12 34 61 02  GET with Observe 2",
    good="40 01 12 34 60  GET with Observe 0",
    fix="Send 0 or 1; do not copy the sequence number of a notification.",
)
def request_value(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.OBSERVE) if message.is_request else None
    said = uint(option) if option is not None else None
    if option is None or said is None or not _takes_observe(message.code):
        return
    if said not in (_REGISTER, _DEREGISTER):
        yield Breach(
            f"Observe is {said} in {code_name(message.code)}",
            message,
            seen=str(said),
            expected="0 or 1",
            span=option.span,
        )


@rule(
    "COAP-7641-2-METHOD",
    W,
    Scope.MESSAGE,
    _SPEC,
    "2",
    title="Observe in another method",
    what="Observe stands in a request that is neither GET nor FETCH. Behind OSCORE see "
    "COAP-8613-4.2-OUTER-CODE.",
    why="Only these two read a resource, so only they can be repeated by notifications (clause 2, "
    "RFC 8132 clause 2.4). Elsewhere the option is ignored.",
    bad="40 02 12 34 60  POST with Observe 0",
    good="40 05 12 34 60 61 3c ff 01  FETCH with Observe 0",
    fix="Observe by GET, or by FETCH where the request needs a payload.",
)
def method(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.OBSERVE) if message.is_request else None
    known = message.code in CODES and not message.protected
    if option is not None and known and not _takes_observe(message.code):
        yield Breach(
            f"Observe in {code_name(message.code)}",
            message,
            seen=code_name(message.code),
            expected="GET or FETCH",
            span=option.span,
        )


@rule(
    "COAP-7641-4.2-ON-ERROR",
    E,
    Scope.MESSAGE,
    _SPEC,
    "4.2",
    title="Observe in an error",
    what="A response of class 4.xx or 5.xx has Observe. Not judged behind OSCORE.",
    why="An error ends the observation, or says that there is none: it must not have the option "
    "(clause 4.2). A client that goes by the option alone waits for more.",
    bad="60 84 12 34 61 05  4.04 with Observe 5",
    good="60 84 12 34  4.04 without Observe",
    fix="Remove Observe from errors, and the client from the list of observers.",
)
def on_error(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.OBSERVE)
    if option is not None and message.code >> 5 in (4, 5) and not message.protected:
        yield Breach(
            f"{code_name(message.code)} with Observe",
            message,
            seen="Observe",
            expected="no Observe",
            span=option.span,
        )


@rule(
    "COAP-7959-2.6-OBS-FOLLOWUP",
    W,
    Scope.MESSAGE,
    "RFC 7959",
    "2.6",
    title="Observe in the request of a later block",
    what="A request with Block2 that asks for a block other than the first has Observe.",
    why="Notifications carry the first block; the client fetches the rest by plain requests "
    "without Observe (clause 2.6). With it, the server registers the client once more.",
    bad="40 01 12 34 60 d1 04 16  GET with Observe 0, Block2 1/0/1024",
    good="40 01 12 34 d1 0a 16  GET with Block2 1/0/1024",
    fix="Leave Observe out of all requests but the first.",
)
def follow_up(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.OBSERVE) if message.is_request else None
    value = block(message, numbers.BLOCK2)
    if option is not None and value is not None and value.num:
        yield Breach(
            f"Observe in the request of block {value.num}",
            message,
            seen=f"Observe, Block2 NUM {value.num}",
            expected="no Observe",
            span=option.span,
        )
