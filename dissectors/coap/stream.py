# SPDX-License-Identifier: GPL-2.0-only
"""Where CoAP messages begin and end in a stream (RFC 8323 clause 3.2). Kernels.

    Len TKL | extended length | code | extended token length | token | options, marker, payload
     4   4       0, 1, 2, 4      1         0, 1, 2              ...     <---- as Len says ---->

Version, type and Message ID are not there. Len counts what follows the token, so it can be too
small for the options but never for the token. The extended token length is RFC 8974 clause 2.1.
"""

from __future__ import annotations

from typing import Final

from dissectors.kernel import Bytes

MORE: Final = -1
"""More bytes are needed."""
NEVER: Final = -2
"""No message begins like this: a token length of 15 (RFC 8974 clause 2.1)."""

LONGEST_HEAD: Final = 8
"""Bytes that tell the length of any message."""


def code_place(data: Bytes, at: int) -> int:
    """Where the code stands of the message at `at`, whose first byte is there."""
    nibble = data[at] // 16
    if nibble < 13:
        return at + 1
    return at + (5 if nibble == 15 else nibble - 11)


def body_length(data: Bytes, at: int) -> int:
    """What Len says of the message at `at`: the bytes behind the token. All up to the code must
    be there."""
    nibble = data[at] // 16
    if nibble == 13:
        return data[at + 1] + 13
    if nibble == 14:
        return data[at + 1] * 256 + data[at + 2] + 269
    if nibble == 15:
        high = data[at + 1] * 256 + data[at + 2]
        return high * 65536 + data[at + 3] * 256 + data[at + 4] + 65805
    return nibble


def message_length(data: Bytes, at: int, end: int) -> int:
    """Bytes of the whole message at `at`, from what of it is in `data[at:end]`; MORE or NEVER.

    It may be as much as 4 GiB: what a peer writes here is no promise.
    """
    if at >= end:
        return MORE
    nibble, tkl = data[at] // 16, data[at] % 16
    if nibble < 13 and tkl < 13:
        return 2 + nibble + tkl
    if tkl == 15:
        return NEVER
    code_at = code_place(data, at)
    if code_at > end:
        return MORE
    length = code_at - at + 1 + body_length(data, at)
    if tkl < 13:
        return length + tkl
    if code_at + tkl - 11 > end:
        return MORE
    if tkl == 13:
        return length + 1 + data[code_at + 1] + 13
    return length + 2 + data[code_at + 1] * 256 + data[code_at + 2] + 269
