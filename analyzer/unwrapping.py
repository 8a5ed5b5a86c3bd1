# SPDX-License-Identifier: GPL-2.0-only
"""What the stage of carriers tells, as events: of a message taken out of one, its row is known
now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analyzer import state
from analyzer.messages import Role
from analyzer.stream_events import Outside, StreamEvent, Told, Unwrapped, Unwrapping
from analyzer.subjects import Message, OuterMessage

if TYPE_CHECKING:
    from analyzer.session import Session

_COPIES: Final = (Role.RETRANSMISSION, Role.DUPLICATE_ACK, Role.CAPTURE_DUPLICATE)


def told_events(session: Session, told: Told) -> Iterator[StreamEvent]:
    """The events of what is told; a notice about a message stands right behind its row."""
    if not isinstance(told, Unwrapping):
        yield told
        return
    row = session.memory[state.MESSAGES] - 1
    message = Message(session, row)
    if message.role in _COPIES:
        return
    yield Unwrapped(message, told.found)
    if told.found.outside:
        yield Outside(OuterMessage(session, row, told.outside, told.framing))
