# SPDX-License-Identifier: GPL-2.0-only
"""The Observe option in one message."""

from __future__ import annotations

from typing import Final

from ..ordinary import FIRST_BLOCK, READING, TOKEN, asked, observed, read, second_block
from . import Example

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7641-2-REQ-VALUE": Example(
        read(observe=2),
        observed(),
    ),
    "COAP-7641-2-METHOD": Example(
        asked("POST", observe=0, **READING).ack("2.04"),
        asked("FETCH", observe=0, **READING).ack("2.05", observe=5, **READING),
    ),
    "COAP-7641-4.2-ON-ERROR": Example(
        asked(observe=0).ack("4.04", observe=5),
        asked(observe=0).ack("4.04"),
    ),
    "COAP-7959-2.6-OBS-FOLLOWUP": Example(
        second_block(observed(**FIRST_BLOCK), token=TOKEN, observe=0),
        second_block(observed(**FIRST_BLOCK)),
    ),
}
