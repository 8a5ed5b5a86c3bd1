# SPDX-License-Identifier: GPL-2.0-only
"""The AKMA bootstrap of OSCORE."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..ordinary import TOKEN
from . import Example


def bootstrap() -> Conversation:
    """A UE that asks for a context; the payload is its A-KID."""
    return Conversation().con("POST", path="/akma", token=TOKEN, content_format=0, payload=b"a-kid")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-CAP-AKMA": Example(bootstrap().ack("2.01"), bootstrap().ack("4.01")),
}
