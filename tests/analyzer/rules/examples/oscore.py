# SPDX-License-Identifier: GPL-2.0-only
"""The OSCORE option."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..protected import answered, asked
from . import Example


def refused(oscore: str) -> Conversation:
    """A protected request with this option, which the server cannot read."""
    return asked(oscore).ack("4.02", max_age=0, payload=b"Failed to decode COSE")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-8613-6.1-RESERVED-BITS": Example(
        refused("49 05 6b"),
        answered(asked("09 05 6b")),
    ),
    "COAP-8613-6.1-PIV-LEN": Example(
        refused("0e 01 02 03 04 05 06 6b"),
        answered(asked("0d 01 02 03 04 05 6b")),
    ),
    "COAP-8613-6.1-ZERO-FLAGS": Example(
        answered(asked(), "00"),
        answered(asked()),
    ),
    "COAP-8613-6.1-TRUNC": Example(
        refused("0b"),
        answered(asked("0b 01 02 03 6b")),
    ),
    "COAP-8613-5-PIV-LEADING-ZERO": Example(
        refused("0a 00 01 6b"),
        answered(asked("09 01 6b")),
    ),
    "COAP-8613-5-REQ-FIELDS": Example(
        refused("01 05"),
        answered(asked("09 05 6b")),
    ),
    "COAP-8613-5-RESP-KIDCTX": Example(
        answered(asked(), "10 01 63"),
        answered(asked()),
    ),
}
