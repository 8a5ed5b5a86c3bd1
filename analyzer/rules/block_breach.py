# SPDX-License-Identifier: GPL-2.0-only
"""A breach by a block option, beside the message that tells that it is one."""

from __future__ import annotations

from analyzer.events import BlockDetached, BlockFollowed, Responded
from analyzer.rules.catalogue import Breach, Severity
from analyzer.subjects import Message


def block_breach(
    event: BlockDetached | BlockFollowed | Responded,
    option: int,
    text: str,
    seen: str,
    expected: str,
    *,
    beside: Message | None,
    severity: Severity | None = None,
    absent: tuple[int, int] | None = None,
) -> Breach:
    """A breach by the first `option` of the event's message; `absent` is the span to mark where it
    has none."""
    found = event.message.coap.first(option)
    return Breach(
        text,
        event.message,
        seen=seen,
        expected=expected,
        span=found.span if found is not None else absent,
        severity=severity,
        exchange=event.exchange,
        frames=(beside.frame,) if beside is not None else (),
    )
