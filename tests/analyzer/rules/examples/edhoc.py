# SPDX-License-Identifier: GPL-2.0-only
"""RFC 9668: the EDHOC option."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example

PROTECTED: Final[dict[str, Any]] = {"oscore": b"\x09\x00k", "payload": b"\x8a\x41\x9e\x02\x77"}
SEALED: Final[dict[str, Any]] = {"oscore": b"", "payload": b"\x5d\x13\xe0\x88"}


def post(**fields: Any) -> Conversation:
    return Conversation().con("POST", mid=0x1234, token=b"\x4a\x1f", **fields)


def good(**fields: Any) -> Conversation:
    return post(edhoc=b"", **PROTECTED, **fields)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-9668-3.1-EDHOC-ALONE": Example(
        bad=post(edhoc=b"", payload=b"\x8a\x41\x9e\x02\x77").ack("4.00"),
        good=good().ack("2.04", **SEALED),
    ),
    "COAP-9668-3.1-EDHOC-VALUE": Example(
        bad=post(edhoc=b"\x01", **PROTECTED).ack("2.04", **SEALED),
        good=good().ack("2.04", **SEALED),
    ),
    "COAP-9668-3.2-EDHOC-BLOCK": Example(
        bad=good(block1=(1, False, 0)).ack("4.00"),
        good=good(block1=(0, False, 0)).ack("2.04", **SEALED),
    ),
}
