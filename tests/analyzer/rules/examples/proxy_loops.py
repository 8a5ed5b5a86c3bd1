# SPDX-License-Identifier: GPL-2.0-only
"""Requests that went round in a loop of proxies."""

from __future__ import annotations

from typing import Final

from ..ordinary import READING, asked
from . import Example

FORWARD: Final = {"path": "", "proxy_uri": "coap://sensor/temperature", "hop_limit": 10}

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-8768-4-LOOP": Example(
        asked(**FORWARD).ack("5.08", payload=b"proxy-b proxy-a proxy-b"),
        asked(**FORWARD).ack("2.05", **READING),
    ),
}
