# SPDX-License-Identifier: GPL-2.0-only
"""The registration request as a CoAP message."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..registrations import REGISTERED, asked, body, registered
from . import Example

DTLS_PORT: Final = "192.0.2.2:5684"

SEALED: Final = "17 fe fd 0001 000000000005 0018 0001000000000005 9f2c61d07ab8e4435d10c6f2881e7a09"
"""A record of application data (RFC 6347 clause 4.1)."""

EXAMPLES: Final[dict[str, Example]] = {
    "MSG-24538-6.3.1.1.1-METHOD": Example(
        registered(code="PUT"),
        registered(code="POST"),
    ),
    # A NON cannot be answered in an ACK: 6.3.1.2.1.a-NOT-PIGGYBACKED is told as well.
    "MSG-24538-6.3.1.1.1.a-NOT-CONFIRMABLE": Example(
        asked(non=True).non("2.01", content_format=50, payload=body(REGISTERED)),
        registered(),
    ),
    "MSG-24538-6.3.1.1.1.b-NO-SERVER-ADDRESS": Example(
        registered(path=""),
        registered(),
    ),
    "MSG-24538-6.3.1.1.1.c-CONTENT-FORMAT": Example(
        registered(content_format=0),
        registered(content_format=50),
    ),
    "MSG-24538-6.3.1.1.1.d-PAYLOAD": Example(
        registered(b'{"Message Type": "REG", "UE Service ID": }'),
        registered(),
    ),
    "MSG-33501-Y-CLEARTEXT": Example(
        registered(),
        Conversation(server=DTLS_PORT).raw(SEALED).raw(SEALED, by="server"),
    ),
}
