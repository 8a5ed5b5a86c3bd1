# SPDX-License-Identifier: GPL-2.0-only
"""Token length, and tokens longer than 8 bytes."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import READING, asked, long_before, rejected
from . import Example

SHORT: Final = bytes.fromhex("4a1f6c0b92e35d78")
LONG: Final = SHORT + bytes.fromhex("a1b2c3d4")


def by_non(token: bytes) -> Conversation:
    """The first request with this token, long after others."""
    return asked("GET", long_before(), non=True, token=token).non("2.05", **READING)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-8974-2.1-TKL-15": Example(
        rejected("4f 01 12 34 aa bb cc dd"),
        asked(token=bytes.fromhex("aabbccdd")).ack("2.05", **READING),
    ),
    "COAP-7252-3-TKL-RESERVED": Example(
        asked(token=LONG[:9]).rst(),
        asked(token=SHORT).ack("2.05", **READING),
    ),
    # A long token is told by 3-TKL-RESERVED also where it is tried as it should be, by a CON: what
    # is good here does without one.
    "COAP-8974-2.2.2-PROBE-NON": Example(by_non(LONG), by_non(SHORT)),
    "COAP-8974-2.2.2-AFTER-RST": Example(
        asked("GET", asked(token=LONG).rst().wait(1), token=LONG).rst(),
        asked(token=SHORT).ack("2.05", **READING),
    ),
    "COAP-7252-3-TOKEN-TRUNC": Example(
        rejected("44 01 12 34 aa bb"),
        asked(token=bytes.fromhex("aabbccdd")).ack("2.05", **READING),
    ),
}
