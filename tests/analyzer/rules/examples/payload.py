# SPDX-License-Identifier: GPL-2.0-only
"""Payloads: where there must be none, and whether they are what they say."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import READING, asked
from . import Example

QUESTION: Final = {"content_format": 50, "payload": b'{"from": "08:00"}'}


def continued(payload: bytes) -> Conversation:
    """A PUT in two blocks; the 2.31 between them has this payload."""
    talk = asked("PUT", content_format=0, block1=(0, True, 0), payload=b"21.5 21.6 21.5 2")
    talk.ack("2.31", block1=(0, True, 0), payload=payload)
    asked("PUT", talk, content_format=0, block1=(1, False, 0), payload=b"1.4")
    return talk.ack("2.04", block1=(1, False, 0))


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.5-GET-PAYLOAD": Example(
        asked("GET", **QUESTION).ack("2.05", **READING),
        asked("FETCH", **QUESTION).ack("2.05", **READING),
    ),
    "COAP-7252-5.9.1.3-VALID-PAYLOAD": Example(
        asked(etag=b"\x01").ack("2.03", etag=b"\x01", payload=b"21.5"),
        asked(etag=b"\x01").ack("2.03", etag=b"\x01"),
    ),
    "COAP-7959-2.9.1-CONTINUE-PAYLOAD": Example(continued(b"OK"), continued(b"")),
    "COAP-7252-5.9.2.7-NOTACCEPTABLE-PAYLOAD": Example(
        asked(accept=60).ack("4.06", content_format=50, payload=b"21.5"),
        asked(accept=60).ack("4.06", payload=b"only JSON here"),
    ),
    "COAP-7252-5.5.2-DIAG-UTF8": Example(
        asked(path="/küche").ack("4.04", payload="küche?".encode("latin-1")),
        asked(path="/küche").ack("4.04", payload="küche?".encode()),
    ),
    "COAP-7252-5.5.1-BODY-FORMAT": Example(
        asked("POST", content_format=50, payload=b'{"t": 21.5').ack("2.04"),
        asked("POST", content_format=50, payload=b'{"t": 21.5}').ack("2.04"),
    ),
}
