# SPDX-License-Identifier: GPL-2.0-only
"""What notifications say, and responses where there should be one."""

from __future__ import annotations

from typing import Any, Final

from .. import protected
from ..ordinary import (
    FIRST_BLOCK,
    READING,
    SECOND_BLOCK,
    TOKEN,
    asked,
    notified,
    observed,
    read,
    second_block,
)
from . import Example

JSON: Final[dict[str, Any]] = {"content_format": 50, "payload": b"21.5"}
CBOR: Final[dict[str, Any]] = {"content_format": 60, "payload": b"\x15"}

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7641-4.1-UNREQUESTED": Example(
        asked().ack("2.05", observe=5, **READING),
        observed(5),
    ),
    "COAP-7641-4.1-NOT-ACCEPTED": Example(
        read(observe=0),
        observed(1),
    ),
    "COAP-7641-4.2-NOTIF-NO-OPTION": Example(
        observed(5).wait(10).non("2.05", token=TOKEN, **READING),
        notified(observed(5).wait(10), 6),
    ),
    "COAP-7959-2.6-NOTIF-BLOCK": Example(
        notified(observed(4).wait(10), 5, **SECOND_BLOCK),
        second_block(notified(observed(4).wait(10), 5, **FIRST_BLOCK)),
    ),
    "COAP-7641-4.4-SEQ": Example(
        notified(observed(255).wait(10), 0),
        notified(observed(255).wait(10), 256),
    ),
    "COAP-7641-4.4-SEQ-TOO-FAST": Example(
        notified(observed(5, max_age=300).wait(150), 9_000_000, max_age=300),
        notified(observed(5, max_age=300).wait(150), 6, max_age=300),
    ),
    "COAP-7641-4.2-CF-CHANGED": Example(
        notified(observed(5, **JSON).wait(10), 6, **CBOR),
        notified(observed(5, **JSON).wait(10), 6, **JSON),
    ),
    "COAP-8613-4.1.3.5-NOTIF-NO-PIV": Example(
        protected.notified(protected.observed().wait(10), 2, ""),
        protected.notified(protected.observed().wait(10), 2, "01 05"),
    ),
}
