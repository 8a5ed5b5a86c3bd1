# SPDX-License-Identifier: GPL-2.0-only
"""Requests to a proxy."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..ordinary import READING, asked
from . import Example

URI: Final = "coap://sensor/temperature"


def forwarded(**options: Any) -> Conversation:
    """A GET to a proxy that passes it on."""
    return asked(**{"path": ""} | options).ack("2.05", **READING)


def refused(code: str = "4.00", **options: Any) -> Conversation:
    """A GET to a proxy that does not."""
    return asked(**{"path": ""} | options).ack(code)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.10.2-PROXYURI-MIXED": Example(
        refused(proxy_uri=URI, path="/temperature"),
        forwarded(proxy_uri=URI),
    ),
    "COAP-7252-5.10.2-PROXYURI-FORM": Example(
        refused(proxy_uri="/temperature"),
        forwarded(proxy_uri=URI),
    ),
    "COAP-7252-5.10.2-PROXYSCHEME-NOHOST": Example(
        refused("5.05", proxy_scheme="coap", path="/temperature"),
        forwarded(proxy_scheme="coap", uri_host="sensor", path="/temperature"),
    ),
    "COAP-7252-5.10.2-PROXY-BOTH": Example(
        refused(proxy_uri=URI, proxy_scheme="http"),
        forwarded(proxy_uri=URI),
    ),
    "COAP-8768-3-RANGE": Example(
        refused(proxy_uri=URI, hop_limit=b"\x00"),
        forwarded(proxy_uri=URI, hop_limit=16),
    ),
}
