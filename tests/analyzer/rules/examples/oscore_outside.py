# SPDX-License-Identifier: GPL-2.0-only
"""What may stand outside of OSCORE."""

from __future__ import annotations

from typing import Final

from ..protected import answered, asked
from . import Example

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-8613-2-NO-PAYLOAD": Example(
        asked(payload=b"").ack("4.02"),
        answered(asked()),
    ),
    "COAP-8613-4.2-OUTER-CODE": Example(
        answered(asked(code="GET")),
        answered(asked(code="POST")),
    ),
    "COAP-8613-4.1.1-OUTER-CLASS-E": Example(
        answered(asked(path="/temperature")),
        answered(asked(uri_host="sensor")),
    ),
    "COAP-8613-4.1.3.6-OUTER-NORESPONSE": Example(
        asked(no_response=2).ack(),
        asked(no_response=26).ack(),
    ),
}
