# SPDX-License-Identifier: GPL-2.0-only
"""Information elements of the registration response."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..registrations import REGISTERED, UE, answered, asked, registered
from . import Example


def answer(members: dict[str, Any] | bytes, **fields: Any) -> Conversation:
    """A good registration, and this response."""
    return answered(asked(), members, **fields)


EXAMPLES: Final[dict[str, Example]] = {
    "MSG-24538-6.3.1.2.1.c-PAYLOAD": Example(
        answer(b"", content_format=None),
        registered(),
    ),
    "MSG-24538-6.3.1.2.1.c-CONTENT-FORMAT": Example(
        answer(REGISTERED, content_format=None),
        answer(REGISTERED, content_format=50),
    ),
    "MSG-24538-6.3.1.2.1.c1-UE-SERVICE-ID": Example(
        answer({"Registration result": "success"}),
        registered(),
    ),
    "MSG-24538-6.3.1.2.1.c2-RESULT": Example(
        answer({"UE Service ID": UE, "Registration result": "maybe"}),
        registered(),
    ),
    "MSG-24538-6.3.1.2.1.c2-CONTRADICTION": Example(
        answer(REGISTERED, code="4.01"),
        answer(REGISTERED, code="2.01"),
    ),
}
