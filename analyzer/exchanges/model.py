# SPDX-License-Identifier: GPL-2.0-only
"""The exchanges table: a request (or CoAP ping) and all that belongs to it."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from analyzer.relations import Confidence, Match
from analyzer.tables import Layout


class State(IntEnum):
    """Where an exchange stands."""

    OPEN = 0
    ACKNOWLEDGED = 1  # Empty ACK seen, the response is owed (RFC 7252 clause 5.2.2)
    ANSWERED = 2
    RESET = 3
    UNANSWERED = 4  # nothing within MAX_TRANSMIT_WAIT
    OBSERVING = 5  # registered: notifications follow (RFC 7641)

    @property
    def label(self) -> str:
        return self.name.lower()


STORED: Final = Layout(
    {
        "kept_until": "i8",
        "request_row": "u4",
        "ack": "u4",
        "response": "u4",
        "reset": "u4",
        "responses": "u4",
        "retransmissions": "u4",
        "path": "u4",
        "ue": "u4",
        "older": "u4",
        "older_of_client": "u4",
        "tag": "u4",
        "operation": "u4",
        "ended_by": "u4",
        "icmp": "u4",
        "form": "u4",
        "state": "u4",
        "flags": "u4",
        "match": "u2",
        "confidence": "u2",
        "message_type": "u4",
        "severity": "u4",
    }
)
"""What is stored of an exchange; the id of a row is its index + 1. `ack`, `response`, `reset` are
rows of the messages table + 1, 0 for none; `icmp` is the frame of an ICMP error about it;
`form` is that of its request, cut to 32 bits;
`operation` is the first exchange of the block-wise operation or observation it belongs to, 0 for
none, `ended_by` the row + 1 of the message that ended its observation; `match` and `confidence`
index MATCHES and CONFIDENCES; `older...` chain those of one bucket of tokens, `tag` is a hash that
tells most of them apart."""

CELLS: Final = STORED.cells
KEPT_UNTIL: Final = STORED.cell("kept_until")
REQUEST_ROW: Final = STORED.cell("request_row")
ACK: Final = STORED.cell("ack")
RESPONSE: Final = STORED.cell("response")
RESET: Final = STORED.cell("reset")
RESPONSES: Final = STORED.cell("responses")
RETRANSMISSIONS: Final = STORED.cell("retransmissions")
PATH: Final = STORED.cell("path")
UE: Final = STORED.cell("ue")
OLDER: Final = STORED.cell("older")
OLDER_OF_CLIENT: Final = STORED.cell("older_of_client")
TAG: Final = STORED.cell("tag")
OPERATION: Final = STORED.cell("operation")
ENDED_BY: Final = STORED.cell("ended_by")
ICMP: Final = STORED.cell("icmp")
FORM: Final = STORED.cell("form")
STATE: Final = STORED.cell("state")
FLAGS: Final = STORED.cell("flags")
MATCHED: Final = STORED.cell("match")  # and confidence above it
MESSAGE_TYPE: Final = STORED.cell("message_type")

# Bits of FLAGS.
AMBIGUOUS: Final = 1  # another request with the token was open
REGISTRATION: Final = 2
UNDECIDED: Final = 4  # a POST that did not say what it is; its answer, or silence, may
BODY_UNREADABLE: Final = 8  # the request's body cannot contradict: none, or no JSON object
BODY_ELEMENTS: Final = 16  # the request's body has information elements
OBSERVES: Final = 32  # the request registers an observation (RFC 7641 clause 2)
DEREGISTERS: Final = 64  # ... or ends one

MATCHES: Final = (None, *Match)
CONFIDENCES: Final = (None, *Confidence)

CONFIDENCE_OF: Final = {
    Match.MID_TOKEN: Confidence.EXACT,
    Match.MID: Confidence.EXACT,
    Match.TOKEN: Confidence.TOKEN,
    Match.MULTICAST: Confidence.RELAXED,
    Match.OTHER_TOKEN: Confidence.LOW,
    Match.OTHER_MID: Confidence.LOW,
    Match.OTHER_ENDPOINT: Confidence.LOW,
    Match.CONNECTION: Confidence.EXACT,
}

REASONS: Final = {
    (Match.MID_TOKEN, Confidence.EXACT): "Message ID and Token",
    (Match.MID, Confidence.EXACT): "Message ID; an Empty message carries no Token",
    (Match.MID, Confidence.LOW): "Message ID; the ACK or RST carries what an Empty message may not",
    (Match.TOKEN, Confidence.TOKEN): (
        "Token and endpoints; the response came as a message of its own, with a Message ID of its "
        "own"
    ),
    (Match.TOKEN, Confidence.AMBIGUOUS): (
        "Token and endpoints, but several requests with this Token were open"
    ),
    (Match.MULTICAST, Confidence.RELAXED): (
        "Token and client alone; a multicast request is answered from any endpoint"
    ),
    (Match.MULTICAST, Confidence.AMBIGUOUS): (
        "Token and client alone, of a multicast request, but several requests with this Token were "
        "open"
    ),
    (Match.OTHER_TOKEN, Confidence.LOW): "Message ID and endpoints, but another Token",
    (Match.OTHER_TOKEN, Confidence.AMBIGUOUS): (
        "Message ID and endpoints, but another Token, and several requests with the Token asked "
        "for were open"
    ),
    (Match.OTHER_MID, Confidence.LOW): "Token and endpoints, but another Message ID",
    (Match.OTHER_MID, Confidence.AMBIGUOUS): (
        "Token and endpoints, but another Message ID, and several requests with this Token were "
        "open"
    ),
    (Match.CONNECTION, Confidence.EXACT): "Token and connection",
    (Match.CONNECTION, Confidence.AMBIGUOUS): (
        "Token and connection, but several requests with this Token were open"
    ),
    (Match.OTHER_ENDPOINT, Confidence.LOW): "Token and client, but from another endpoint",
    (Match.OTHER_ENDPOINT, Confidence.AMBIGUOUS): (
        "Token and client, but from another endpoint, and several requests with this Token were "
        "open"
    ),
}
"""Why a pairing has its confidence, one sentence for each that there is."""


def reason(match: int, confidence: int) -> str | None:
    """The sentence about a pairing by the numbers in its row; None for none."""
    by, sure = MATCHES[match], CONFIDENCES[confidence]
    return None if by is None or sure is None else REASONS[by, sure]


# As the kernels write them.
MID_TOKEN: Final = MATCHES.index(Match.MID_TOKEN)
BY_TOKEN: Final = MATCHES.index(Match.TOKEN)
BY_MID: Final = MATCHES.index(Match.MID)
OTHER_TOKEN: Final = MATCHES.index(Match.OTHER_TOKEN)
OTHER_MID: Final = MATCHES.index(Match.OTHER_MID)
OTHER_ENDPOINT: Final = MATCHES.index(Match.OTHER_ENDPOINT)
MULTICAST: Final = MATCHES.index(Match.MULTICAST)
BY_CONNECTION: Final = MATCHES.index(Match.CONNECTION)
EXACT: Final = CONFIDENCES.index(Confidence.EXACT)
LOW: Final = CONFIDENCES.index(Confidence.LOW)
AMBIGUOUS_MATCH: Final = CONFIDENCES.index(Confidence.AMBIGUOUS)
CONFIDENCE_OF_MATCH: Final = bytes(
    CONFIDENCES.index(CONFIDENCE_OF[match]) if match else 0 for match in MATCHES
)
