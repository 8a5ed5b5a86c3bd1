# SPDX-License-Identifier: GPL-2.0-only
"""What the header of a message taken out of a carrier says of it (kernel)."""

from __future__ import annotations

from analyzer.facts import (
    BEGUN,
    CARRIED,
    CONNECTION,
    FLAGS,
    KNOWN_PORT,
    LINK_HASH,
    MID,
    RELIABLE,
    SECURE_PORT,
    SECURED,
    UNWRAPPED,
)
from dissectors import carried
from dissectors.carried import wide
from dissectors.coap import wire
from dissectors.kernel import Bytes, Rows


def carried_facts(data: Bytes, start: int, facts: Rows, f: int) -> int:
    """What the header of a message taken out of a carrier says of it, but for its ends; how it is
    framed."""
    marks = data[start + carried.MARKS_AT] * 1
    framing = data[start + carried.FRAMING_AT] * 1
    connection = wide(data, start + carried.CONNECTION_AT, 4)
    facts[f + CONNECTION] = connection if marks & carried.BY_CLIENT else -connection
    facts[f + MID] = wide(data, start + carried.NUMBER_AT, 2)
    facts[f + LINK_HASH] = wide(data, start + carried.LINK_HASH_AT, 8)
    flags = CARRIED
    if framing != wire.DATAGRAM:
        flags |= RELIABLE
    if marks & (carried.SECURED | carried.UNWRAPPED):
        flags |= SECURED
    if marks & carried.UNWRAPPED:
        flags |= UNWRAPPED
    if marks & carried.BEGUN:
        flags |= BEGUN
    flags |= SECURE_PORT if marks & carried.OFF_PORT else KNOWN_PORT
    facts[f + FLAGS] = flags
    return framing
