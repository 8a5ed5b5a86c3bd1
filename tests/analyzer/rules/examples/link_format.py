# SPDX-License-Identifier: GPL-2.0-only
"""RFC 6690: lists of links."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from . import Example


def discovered(links: bytes) -> Conversation:
    talk = Conversation().con("GET", mid=0x1234, token=b"\x4a\x1f", path="/.well-known/core")
    return talk.ack("2.05", content_format=40, payload=links)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-6690-2-SYNTAX": Example(bad=discovered(b"</a>,"), good=discovered(b"</a>")),
    "COAP-6690-3-ATTR-REPEATED": Example(
        bad=discovered(b"</>;sz=1;sz=2"), good=discovered(b"</>;sz=1")
    ),
}
