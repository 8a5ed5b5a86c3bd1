# SPDX-License-Identifier: GPL-2.0-only
"""Answers to requests with ETag, If-Match, If-None-Match."""

from __future__ import annotations

from typing import Final

from . import Example
from .conditional import get, put

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.9.1.3-VALID-UNASKED": Example(
        bad=get().ack("2.03", etag=b"\x01"), good=get(etag=b"\x01").ack("2.03", etag=b"\x01")
    ),
    "COAP-7252-5.9.1.3-VALID-ETAG": Example(
        bad=get(etag=b"\x01").ack("2.03", etag=b"\x02"),
        good=get(etag=b"\x01").ack("2.03", etag=b"\x01"),
    ),
    "COAP-7252-5.10.8.1-IFMATCH": Example(
        bad=put(if_match=b"\x01").ack("2.01"), good=put(if_match=b"\x01").ack("4.12")
    ),
    "COAP-7252-5.10.8.2-IFNONEMATCH": Example(
        bad=put(if_none_match=b"").ack("2.04"), good=put(if_none_match=b"").ack("4.12")
    ),
}
