# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of one body sent robustly, one after the other."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..q_blocks import down, got, up
from . import Example


def stored(talk: Conversation, last: int) -> Conversation:
    """The response to the last block."""
    return talk.non("2.04", q_block1=(last, False, 2))


def log(*, paused: bool) -> Conversation:
    """A body of eleven blocks, perhaps with the pause after the tenth."""
    talk = up(Conversation(), *range(10), last=10)
    if paused:
        talk.non("2.31", q_block1=(9, True, 2))
    return up(talk, 10, last=10)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-9177-4.3-ORDER": Example(
        stored(up(Conversation(), 0, 2, 1, 3, last=3), 3),
        stored(up(Conversation(), 0, 1, 2, 3, last=3), 3),
    ),
    "COAP-9177-4.4-ETAG": Example(
        down(got(), 0, 1, last=1, etag=None),
        down(got(), 0, 1, last=1),
    ),
    "COAP-9177-7-MIXED-TYPES": Example(
        up(up(Conversation(), 0, 1, last=2), 2, last=2, non=False).ack(
            "2.04", q_block1=(2, False, 2)
        ),
        stored(up(Conversation(), 0, 1, 2, last=2), 2),
    ),
    # It takes more than ten blocks to break it.
    "COAP-9177-7.2-BURST": Example(log(paused=False), log(paused=True)),
}
