# SPDX-License-Identifier: GPL-2.0-only
"""What Content-Format says of a payload, and where it is missing."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example


def ask(code: str, **fields: Any) -> Conversation:
    return Conversation().con(code, mid=0x1234, token=b"\x4a\x1f", path="/lamp", **fields)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.10.3-CF-UNASSIGNED": Example(
        bad=ask("POST", content_format=65000, payload=b"1").ack("2.04"),
        good=ask("POST", content_format=50, payload=b"1").ack("2.04"),
    ),
    "COAP-7252-5.10.3-CF-NO-PAYLOAD": Example(
        bad=ask("GET", content_format=50).ack("2.05", content_format=50, payload=b"1"),
        good=ask("GET", accept=50).ack("2.05", content_format=50, payload=b"1"),
    ),
    "COAP-7252-5.5.1-NO-CF": Example(
        bad=ask("POST", payload=b"1").ack("2.04"),
        good=ask("POST", content_format=0, payload=b"1").ack("2.04"),
    ),
    "COAP-8132-2.3.1-FETCH-NO-CF": Example(
        bad=ask("FETCH", payload=b"1").ack("4.15"),
        good=ask("FETCH", content_format=60, payload=b"\x01").ack(
            "2.05", content_format=60, payload=b"\xf5"
        ),
    ),
    "COAP-8132-3-PATCH-NO-CF": Example(
        bad=ask("PATCH", payload=b"{}").ack("4.15"),
        good=ask("PATCH", content_format=52, payload=b"{}").ack("2.04"),
    ),
}
