# SPDX-License-Identifier: GPL-2.0-only
"""Events as the kernels tell them: rows of integers, each of which `events.py` makes a value.

A kernel tells only what a rule may look at: `*_WHEN` items of the state say, as bits, which facts
the rules in force ask for (rules/catalogue.py).
"""

from __future__ import annotations

from typing import Final

from analyzer.state import BASE, EVENT_ROWS, EVENTS, REPEAT_ROWS, REPEATS
from dissectors.kernel import Rows

KIND, A, B, C, D, E = 0, 1, 2, 3, 4, 5
EVENT_SLOTS: Final = 6
MOST_EVENTS: Final = 4096
"""Rows of events; a kernel pauses when `NEARLY` are filled."""
NEARLY: Final = 2048

# Kinds, and what stands in A to E. A message is its row, an exchange its id, a transmission its
# number.
SEEN: Final = 1  # message, bits of facts.FLAGS, message of the other NAT leg + 1, note, flow
RETRANSMITTED: Final = (
    2  # message, transmission, count, gap, the gap before * 4 + how it is the same
)
RESPONDED: Final = 3  # message, exchange, match, signature, bits of relations.How
ACKNOWLEDGED: Final = 4  # message, transmission
ANSWERED_AGAIN: Final = 5  # message, flow, first message, note or 0: it differs, transmission
UNACKNOWLEDGED: Final = 6  # transmission, ended, one way
UNANSWERED: Final = 7  # exchange, ended, one way
UNREADABLE_ANSWERED: Final = 8  # message, the unreadable one
CLOCK_STEP: Final = 9  # frame, step
CAPTURE_DUPLICATE: Final = 10  # message, frame and time of the original, flow
OPAQUE_FLOW: Final = 11  # flow, frame
ICMP_ERROR: Final = 12  # row of facts
REGISTRATION_REQUESTED: Final = 13  # exchange, signature
REGISTRATION_ANSWERED: Final = 14  # message, exchange, match, stood, signature
UE_MOVED: Final = 15  # message, ue, endpoint before, gap
UE_COLLISION: Final = 16  # message, ue, other endpoint
REGISTRATION_IN_CLEAR: Final = 17  # exchange, flow
ODD_BODY: Final = 18  # row of facts
FRAGMENT: Final = 19  # row of facts
FRAGMENTS_DUE: Final = 20
CHECKSUM_WRONG: Final = 21  # message, checksum, note, flow
BODY_WHOLE: Final = 22  # message, exchange, body
BODY_DUE: Final = 23  # message, exchange, body: it may be whole
BODY_INCOMPLETE: Final = 24  # newest block, bytes from its start, why, body
BODY_ACCEPTED: Final = 25  # message, exchange, bytes from its start, of how many: not whole
REGISTRATION_BODY: Final = 27  # message, exchange, signature
MID_REUSED: Final = 29  # message, the earlier one, certain, note, flow
ORPHANED: Final = 30  # message, kind, note, flow
TOKEN_REUSED: Final = 31  # exchange, the earlier one, kind, note, flow
ASKED_AGAIN: Final = 32  # exchange, the one that was refused
OUTSTANDING: Final = 33  # message, how many, note, flow
PROBED: Final = 34  # message, bytes, nanoseconds, note, flow
NEVER_ANSWERED: Final = 35  # exchange, note, flow
GROUP_OVER: Final = 36  # exchange
COPIES_IGNORED: Final = 37  # transmission, ended
NOTIFIED: Final = (
    38  # message, exchange, the notification before + 1, signature, bits of relations.News
)
OBSERVES: Final = (
    39  # exchange, observation with its token, with its resource, newest notification + 1; or 0
)
BLOCK_FOLLOWED: Final = (
    40  # message, exchange, block before, signature, bits of relations.Following
)
BLOCK_DETACHED: Final = 41  # message, exchange, the block where this one would go on + 1
BLOCK_PAST_END: Final = 42  # message, exchange, bytes of the body, its last block
FORMED: Final = 28  # message, signature, message of the other NAT leg + 1, form
CARRIER_NOTICE: Final = 43  # frame
SIGNALLED: Final = 44  # message, flow, direction
STREAM_ODD: Final = 45  # message, flow, direction, bits of exchanges.signalling
BLOCK_AGAIN: Final = 26  # message, exchange, offset, end: bytes that were there before

SIGNATURES: Final = {
    FORMED: 1,
    RESPONDED: 3,
    NOTIFIED: 3,
    BLOCK_FOLLOWED: 3,
    REGISTRATION_REQUESTED: 1,
    REGISTRATION_ANSWERED: 4,
    REGISTRATION_BODY: 2,
}
"""Where, from A on, the signature of an event stands: like ones that broke no rule are not told."""

FORMS: Final = SIGNATURES | {FORMED: 3}
"""... and that of all but values: rules that do not read them find the same in events alike."""

COUNTED_ALIKE: Final = frozenset({FORMED, RESPONDED})
"""Events of which like ones in a flow are only counted, where all that the first one broke allows
that (rules.catalogue.Alike)."""

NOTED: Final = {
    CHECKSUM_WRONG: (3, 2),
    MID_REUSED: (4, 3),
    ORPHANED: (3, 2),
    TOKEN_REUSED: (4, 3),
    OUTSTANDING: (3, 2),
    PROBED: (4, 3),
    ANSWERED_AGAIN: (1, 3),
    NEVER_ANSWERED: (2, 1),
}
"""Where, from A on, the flow and the note (flows.NOTES) of an event stand."""

# Kinds of orphans and of tokens used again: each is a note of its flow. `EARLY` ones came when what
# they answer may lie before the capture or after it (gates G-START, G-END); a notification's may
# always.
ORPHAN_RESPONSE, ORPHAN_NOTIFICATION, ORPHAN_ACK, ORPHAN_RST = 0, 1, 2, 3
EARLY_ORPHAN_RESPONSE, EARLY_ORPHAN_ACK = 4, 5
ORPHAN_ACKED: Final = 6  # a response that the client acknowledged nevertheless
ORPHAN_TO_OTHER, ORPHAN_TO_ACK = 7, 8  # told each time
NOTED_ORPHANS: Final = 7
REUSED_OPEN, REUSED_FAILED, REUSED_OBSERVING, REUSED_OF_GROUP = 0, 1, 2, 3

TOLD: Final = -1
"""A note that was given and has become no finding."""

REPEAT_SLOTS: Final = 4
"""Of a note given before: id of the finding it became, frame, time, another frame or 0."""

MOST_REPEATS: Final = 1 << 16
ENOUGH_REPEATS: Final = 1 << 15


def tell(s: Rows, kind: int, a: int, b: int, c: int, d: int, e: int) -> None:
    """Add an event; there is room, as kernels pause in time."""
    if s[EVENTS] == MOST_EVENTS:
        return
    at = s[EVENT_ROWS + BASE] + s[EVENTS] * EVENT_SLOTS
    s[at + KIND] = kind
    s[at + A] = a
    s[at + B] = b
    s[at + C] = c
    s[at + D] = d
    s[at + E] = e
    s[EVENTS] += 1


def told_before(s: Rows, note: int, frame: int, time: int, other: int) -> bool:
    """Was the note that stands at index `note` (flows.NOTES) given before? Then it holds of one
    more frame; else it is given now."""
    finding = s[note]
    if finding == 0:
        s[note] = TOLD
        return False
    if finding != TOLD:
        repeat(s, finding, frame, time, other)
    return True


def repeat(s: Rows, finding: int, frame: int, time: int, other: int) -> None:
    """A finding holds of one more frame."""
    if s[REPEATS] < MOST_REPEATS:
        at = s[REPEAT_ROWS + BASE] + s[REPEATS] * REPEAT_SLOTS
        s[at] = finding
        s[at + 1] = frame
        s[at + 2] = time
        s[at + 3] = other
        s[REPEATS] += 1
