# SPDX-License-Identifier: GPL-2.0-only
"""How a UE and its server agree on an OSCORE context by AKMA: TS 33.535 Annex D."""

from __future__ import annotations

from typing import Final

from dissectors.coap import numbers
from dissectors.coap.message import Message

AKMA_PATH: Final = "/akma"
"""Uri-Path of the bootstrap."""


def is_akma_bootstrap(request: Message, response: Message | None = None) -> bool:
    """A POST to /akma, answered by 2.01 where there is an answer. It is no MSGin5G registration."""
    path = b"/".join(option.value for option in request.all(numbers.URI_PATH))
    return (
        request.readable
        and request.code == numbers.POST
        and request.first(numbers.OSCORE) is None
        and path == AKMA_PATH[1:].encode()
        and (response is None or response.code == numbers.CREATED)
    )
