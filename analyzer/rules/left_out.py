# SPDX-License-Identifier: GPL-2.0-only
"""Rules that the specification has and the catalogue has not, each with the reason."""

from __future__ import annotations

from typing import Final

_DTLS: Final = "awaits DTLS: sessions and epochs are not read yet"

LEFT_OUT: Final[dict[str, str]] = {
    "COAP-7252-9.1.1-EPOCH-RETR": _DTLS,
    "COAP-7252-9.1.1-EPOCH-ACK": _DTLS,
    "COAP-7252-9.1.2-NOSEC-RESPONSE": _DTLS,
    "COAP-9175-4.2-TOKEN-REUSE-SECURE": _DTLS,
    "COAP-7252-5.3.1-TOKEN-SHORT": "awaits an event that tells once per flow what its tokens are "
    "like, and which addresses are global",
    "COAP-7252-5.3.1-TOKEN-PREDICTABLE": "awaits an event that tells once per flow what its tokens "
    "are like",
    "COAP-7252-4.4-MID-START": "undecidable: the first Message ID that was captured need not be "
    "the first that was sent, and 0 or 1 may be chance",
    "COAP-7252-8.1-MID-OVERLAP-MC": "awaits an event: Message IDs are compared between the same "
    "two endpoints alone",
}
"""Rule id -> why."""
