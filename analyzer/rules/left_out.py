# SPDX-License-Identifier: GPL-2.0-only
"""Rules that the specification has and the catalogue has not, each with the reason."""

from __future__ import annotations

from typing import Final

_EPOCH: Final = (
    "Messages are told apart by their DTLS association, not by the epoch in it that carried them."
)

LEFT_OUT: Final[dict[str, str]] = {
    "COAP-7252-9.1.1-EPOCH-RETR": _EPOCH,
    "COAP-7252-9.1.1-EPOCH-ACK": _EPOCH,
    "COAP-7252-9.1.2-NOSEC-RESPONSE": "Awaits an event: tokens are compared within one association "
    "or connection; a response outside it is told as one that answers nothing.",
    "COAP-9175-4.2-TOKEN-REUSE-SECURE": "COAP-7252-5.3.1-TOKEN-REUSE tells the same inside an "
    "association; that it is worse there awaits an event that knows when the association ended.",
    "COAP-8323-3.3-OTHER-CONNECTION": "Awaits an event: tokens are compared within one connection; "
    "such a response is told as one that answers nothing, beside the request it may belong to.",
    "COAP-8323-7.4-NO-DEREG": "What a client reads is not seen: over TCP nothing refuses a "
    "notification.",
    "COAP-7252-5.3.1-TOKEN-SHORT": "Awaits an event that tells once per flow what its tokens are "
    "like, and which addresses are global.",
    "COAP-7252-5.3.1-TOKEN-PREDICTABLE": "Awaits an event that tells once per flow what its tokens "
    "are like.",
    "COAP-7252-4.4-MID-START": "Undecidable: the first Message ID that was captured need not be "
    "the first that was sent, and 0 or 1 may be chance.",
    "COAP-7252-8.1-MID-OVERLAP-MC": "Awaits an event: Message IDs are compared between the same "
    "two endpoints alone.",
    "COAP-6690-4.1-FILTER": "A server may know links by attributes that it does not show; only a "
    "list in which every link has the attribute would tell, and then little.",
    "COAP-8768-3-NOT-DECREMENTED": "It takes both legs of a request through a proxy, and nothing "
    "in them is certain to tell that they belong together.",
    "COAP-9175-2.2-ECHO-WRONG-SERVER": "Echo values are opaque and may be alike by chance; each "
    "one that a server ever gave out would have to be kept.",
    "COAP-9175-2.4-AMPLIFICATION": "What proved an address to the server is not seen, such as an "
    "exchange before the capture; nearly every first answer to a discovery would break it.",
    "COAP-9177-4.1-PROBE-NON": "Whether a client found out before the capture that the server "
    "knows Q-Block, or was told, is not seen.",
}
"""Rule id -> why."""
