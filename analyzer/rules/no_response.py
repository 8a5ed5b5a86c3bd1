# SPDX-License-Identifier: GPL-2.0-only
"""No-Response: RFC 7967."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, N, Scope, W, rule
from analyzer.rules.context import Context
from dissectors.coap import numbers
from dissectors.coap.message import uint

CLASSES: Final = 2 | 8 | 16
"""Bits of the value: no 2.xx, no 4.xx, no 5.xx (clause 2)."""


@rule(
    "COAP-7967-2-VALUE",
    W,
    Scope.MESSAGE,
    "RFC 7967",
    "2",
    title="No-Response names no class",
    what="No-Response has other bits than 2 (no 2.xx), 8 (no 4.xx) and 16 (no 5.xx) set. The value "
    "0 is a note.",
    why="Each bit stands for a class of responses the client does not want (clause 2); the others "
    "mean nothing. 0 wants all, as if the option were not there.",
    bad="40 02 12 34 d1 f5 01  POST with No-Response 1",
    good="40 02 12 34 d1 f5 1a  POST with No-Response 26",
    fix="Add up 2, 8 and 16; 26 wants no response at all, 2 errors only.",
)
def value(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.NO_RESPONSE) if message.is_request else None
    said = uint(option) if option is not None else None
    if option is not None and said is not None and (said == 0 or said & ~CLASSES):
        yield Breach(
            f"No-Response is {said}",
            message,
            seen=str(said),
            expected="a sum of 2, 8 and 16",
            span=option.span,
            severity=None if said else N,
            group=(message.flow, message.source, said),
        )
