# SPDX-License-Identifier: GPL-2.0-only
"""Requests that were refused and are made again: too soon, or unchanged."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example


def twice(
    code: str,
    refusal: str,
    first: dict[str, Any],
    then: dict[str, Any],
    *,
    seconds: float = 1,
    **answer: Any,
) -> Conversation:
    """A request that is refused, and made again."""
    talk = Conversation().con(code, token=b"\x4a\x01", **first).ack(refusal, **answer)
    talk.wait(seconds - 0.01).con(code, token=b"\x4a\x02", **then)
    return talk


GET: Final = {"path": "/temp"}
PUT: Final = {"path": "/lamp", "payload": b"on", "content_format": 0}
ONLY_NEW: Final = PUT | {"if_none_match": b""}

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.9.2.3-REPEATED-BADOPT": Example(
        bad=twice("PUT", "4.02", ONLY_NEW, ONLY_NEW).ack("4.02"),
        good=twice("PUT", "4.02", ONLY_NEW, PUT).ack("2.04"),
    ),
    "COAP-8516-4-RETRY-EARLY": Example(
        bad=twice("GET", "4.29", GET, GET, max_age=10).ack("4.29", max_age=10),
        good=twice("GET", "4.29", GET, GET, max_age=10, seconds=11).ack("2.05", payload=b"21.5"),
    ),
    "COAP-7252-5.9.3.4-RETRY-EARLY": Example(
        bad=twice("GET", "5.03", GET, GET, max_age=30).ack("5.03", max_age=30),
        good=twice("GET", "5.03", GET, GET, max_age=30, seconds=31).ack("2.05", payload=b"21.5"),
    ),
    "COAP-9175-2.3-ECHO-NOT-RETURNED": Example(
        bad=twice("PUT", "4.01", PUT, PUT, echo=b"\x01\x02").ack("4.01", echo=b"\x01\x03"),
        good=twice("PUT", "4.01", PUT, PUT | {"echo": b"\x01\x02"}, echo=b"\x01\x02").ack("2.04"),
    ),
}
