# SPDX-License-Identifier: GPL-2.0-only
"""Bodies sent by Q-Block1 and Q-Block2 that examples vary: blocks of 64 bytes, as NONs."""

from __future__ import annotations

from typing import Any, Final

from .conversation import Conversation
from .ordinary import OTHER_TOKEN, asked

SZX: Final = 2
SIZE: Final = 64
BODY_TAG: Final = b"\x01"
"""Request-Tag of a body that goes up, ETag of one that comes down."""


def _block(number: int, last: int) -> dict[str, Any]:
    """What the message of a block has besides the block option."""
    text = f"entry {number:02}, ".encode() * 7
    return {"content_format": 0, "payload": text[: 20 if number == last else SIZE]}


def _body_size(last: int) -> int:
    return last * SIZE + 20


def up(
    talk: Conversation, *numbers: int, last: int, non: bool = True, **fields: Any
) -> Conversation:
    """Blocks of a PUT up to number `last`, each under a token of its own."""
    for number in numbers:
        wanted = {
            "path": "/logs",
            "token": bytes([0xA1, number]),
            "q_block1": (number, number < last, SZX),
            "request_tag": BODY_TAG,
            "size1": _body_size(last),
        }
        asked("PUT", talk, non=non, **wanted | _block(number, last) | fields)
    return talk


def down(
    talk: Conversation, *numbers: int, last: int, etag: bytes | None = BODY_TAG
) -> Conversation:
    """Blocks of a 2.05 up to number `last`."""
    for number in numbers:
        tags = {} if etag is None else {"etag": etag}
        talk.non(
            "2.05",
            q_block2=(number, number < last, SZX),
            size2=_body_size(last),
            **tags | _block(number, last),
        )
    return talk


def got() -> Conversation:
    """A GET of a whole body."""
    return asked(non=True, path="/logs", q_block2=(0, True, SZX))


def fetched(*missing: int) -> Conversation:
    """A body of four blocks of which 1 and 2 are lost, and then asked for in this order."""
    talk = down(got(), 0, 3, last=3)
    wanted = [(number, False, SZX) for number in missing]
    asked("GET", talk, non=True, path="/logs", token=OTHER_TOKEN, q_block2=wanted)
    return down(talk, *missing, last=3)
