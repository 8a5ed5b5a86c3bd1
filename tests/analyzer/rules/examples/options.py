# SPDX-License-Identifier: GPL-2.0-only
"""How options are written: number, length and value."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import READING, asked, read, rejected
from . import Example


def answered(request: str) -> Conversation:
    """A request with Message ID 0x1234 and no token, and its 2.05."""
    return Conversation().raw(request).raw("60 45 12 34 c0 ff 32 31 2e 35", by="server")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-3.1-DELTA-15": Example(
        rejected("40 01 12 34 f1 61"),
        answered("40 01 12 34 b1 61"),
    ),
    "COAP-7252-3.1-LENGTH-15": Example(
        rejected("40 01 12 34 bf 61"),
        answered("40 01 12 34 b1 61"),
    ),
    "COAP-7252-3.1-EXT-TRUNC": Example(
        rejected("40 01 12 34 d1"),
        answered("40 01 12 34 d1 02 61"),
    ),
    "COAP-7252-3.1-VALUE-TRUNC": Example(
        rejected("40 01 12 34 b4 61 62"),
        answered("40 01 12 34 b2 61 62"),
    ),
    "COAP-7252-3.1-NUMBER-OVERFLOW": Example(
        rejected("40 01 12 34 b1 61 e1 fe eb 68"),
        answered("40 01 12 34 31 68 81 61"),
    ),
    "COAP-7252-5.4.3-LEN-CRITICAL": Example(
        asked(uri_host="").ack("4.02"),
        read(uri_host="sensor"),
    ),
    "COAP-7252-5.4.3-LEN-ELECTIVE": Example(
        asked("POST", content_format=b"\x00\x00\x32", payload=b"{}").ack("2.04"),
        asked("POST", content_format=50, payload=b"{}").ack("2.04"),
    ),
    "COAP-7252-3.2-UINT-LEADING-ZERO": Example(
        asked().ack("2.05", **READING | {"content_format": b"\x00"}),
        read(),
    ),
    "COAP-7252-3.2-UTF8": Example(
        asked(path="", uri_path=b"\xc3\x28").ack("4.00"),
        read(path="/ä"),
    ),
}
