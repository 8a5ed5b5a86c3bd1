# SPDX-License-Identifier: GPL-2.0-only
"""What a response may be to such a request: its code, its options, its format."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example
from .block_responses import part
from .edhoc import PROTECTED, SEALED

Fields = dict[str, Any]


def exchange(code: str, ask: Fields, answered: str, answer: Fields | None = None) -> Conversation:
    """A request and its piggybacked response."""
    named: Fields = {"mid": 0x1234, "token": b"\x4a\x1f"} | ask
    return Conversation().con(code, **named).ack(answered, **answer or {})


def quiet() -> Conversation:
    """A request that wants no response at all."""
    named = {"mid": 0x1234, "token": b"\x4a\x1f", "no_response": 26}
    return Conversation().non("PUT", **named, **ON)


A: Final[Fields] = {"path": "/a"}
ON: Final[Fields] = A | {"content_format": 0, "payload": b"on"}
LARGE: Final[Fields] = A | {"content_format": 0, "payload": part((0, True, 6))}
JSON: Final[Fields] = {"content_format": 50, "payload": b"21"}
CBOR: Final[Fields] = {"content_format": 60, "payload": b"\x15"}
CORE: Final[Fields] = {"path": "/.well-known/core"}

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.9-CODE-METHOD": Example(
        bad=exchange("POST", ON, "2.05", JSON), good=exchange("POST", ON, "2.04", JSON)
    ),
    "COAP-7252-5.8-UNKNOWN-METHOD": Example(
        bad=exchange("0.09", A, "2.05", JSON),
        good=exchange("0.09", A, "4.05"),
        beside={"COAP-7252-12.1-METHOD-UNASSIGNED": "what is not refused is that"},
    ),
    "COAP-7252-5.8.2-CREATED-NO-LOCATION": Example(
        bad=exchange("POST", ON, "2.01"),
        good=exchange("POST", ON, "2.01", {"location_path": ["a", "7"]}),
    ),
    "COAP-7252-5.10.4-ACCEPT": Example(
        bad=exchange("GET", A | {"accept": 50}, "2.05", CBOR),
        good=exchange("GET", A | {"accept": 50}, "2.05", JSON),
    ),
    "COAP-7252-5.9.2.9-413-NO-SIZE1": Example(
        bad=exchange("PUT", LARGE, "4.13"), good=exchange("PUT", LARGE, "4.13", {"size1": 512})
    ),
    "COAP-8516-3-429-NO-MAXAGE": Example(
        bad=exchange("GET", A, "4.29"), good=exchange("GET", A, "4.29", {"max_age": 10})
    ),
    "COAP-7967-2-IGNORED": Example(bad=quiet().non("2.04", mid=0x8000), good=quiet()),
    "COAP-6690-4-WELLKNOWN-CF": Example(
        bad=exchange("GET", CORE, "2.05", {"content_format": 0, "payload": b"</a>"}),
        good=exchange("GET", CORE, "2.05", {"content_format": 40, "payload": b"</a>"}),
    ),
    "COAP-8613-2-RESP-UNPROTECTED": Example(
        bad=exchange("POST", PROTECTED, "2.05", JSON),
        good=exchange("POST", PROTECTED, "2.04", SEALED),
    ),
}
