# SPDX-License-Identifier: GPL-2.0-only
"""Block-wise transfers as conversations: bodies cut into blocks (RFC 7959)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rules.conversation import Conversation

from analyzer.messages import WHOLE_BODY
from analyzer.session import Session
from analyzer.subjects import Message

URI: dict[str, Any] = {"path": "/firmware"}


def block(num: int, more: bool, szx: int) -> int:
    """Value of a block option (clause 2.2)."""
    return num << 4 | more << 3 | szx


def cut(body: bytes, szx: int, start: int = 0) -> list[tuple[int, bytes]]:
    """A body from `start` on as blocks: values of their options and their payloads."""
    size = 16 << szx
    return [
        (block(at // size, at + size < len(body), szx), body[at : at + size])
        for at in range(start, max(len(body), 1), size)
    ]


def upload(
    talk: Conversation,
    blocks: Sequence[tuple[int, bytes]],
    code: str = "PUT",
    final: str = "2.04",
    answer: dict[str, Any] | None = None,
    **fields: Any,
) -> Conversation:
    """A body sent by Block1, each block acknowledged."""
    for number, (value, payload) in enumerate(blocks):
        asked = {"token": bytes([number & 255, number >> 8])} | URI | fields
        talk.con(code, block1=value, payload=payload, **asked)
        more = value & 8
        talk.ack("2.31" if more else final, block1=value, **({} if more else answer or {}))
    return talk


def download(
    talk: Conversation, blocks: Sequence[tuple[int, bytes]], code: str = "GET", **fields: Any
) -> Conversation:
    """A body fetched by Block2; the request for block 0 has no option. All blocks have an ETag."""
    answer = {"etag": b"e"}
    answer |= {name: fields.pop(name) for name in ("etag", "content_format") if name in fields}
    for number, (value, payload) in enumerate(blocks):
        asked = {"token": bytes([number & 255, number >> 8])} | URI | fields
        if number or value >> 4:
            asked["block2"] = value & ~8
        talk.con(code, **asked).ack("2.05", block2=value, payload=payload, **answer)
    return talk


def bodies(session: Session) -> list[bytes]:
    """Every body that was whole, in the order of what made it so."""
    flags = session.messages.octets("flags")
    whole = [Message(session, row).body for row, bits in enumerate(flags) if bits & WHOLE_BODY]
    return [body.payload for body in whole if body is not None]
