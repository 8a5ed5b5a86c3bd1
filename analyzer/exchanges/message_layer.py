# SPDX-License-Identifier: GPL-2.0-only
"""Message layer: CON and NON by (source, destination, Message ID), their copies, ACK and RST.

RFC 7252 clause 4. Role is never inferred from a port: the sender of a CON or NON owns its Message
ID, whoever that is. Kernels (dissectors.kernel); times are capture times in nanoseconds.

Transmissions are numbered as they are seen and remembered for EXCHANGE_LIFETIME, in a ring. Under
one Message ID only the newest can be repeated or acknowledged.
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer.flows import MULTICAST, endpoint_at, flow_at
from analyzer.flows import OUTSTANDING as FLOW_OUTSTANDING
from analyzer.state import (
    BASE,
    EXCHANGE_LIFETIME,
    FILED_SENT,
    FIRST_SENT,
    FORGOTTEN,
    GROUP_BUCKETS,
    MID_BUCKETS,
    NEXT_SENT,
    NON_LIFETIME,
    ROWS,
    SEED,
    SENT,
    SOURCE_BUCKETS,
    WAITED,
    WHEN,
    bucket,
    place,
)
from dissectors.kernel import Rows

# A transmission: one CON or NON and its copies, in four lines of the processor's cache. What it is
# found by comes first, with the number before it in its bucket, then what tells that nobody waits
# for more.
MID, SOURCE, DESTINATION, OLDER, TYPE, FIRST, ANSWERED, ACK_RESPONDS = 0, 1, 2, 3, 4, 5, 6, 7
MESSAGE, FLAGS, LAST, COPIES, EXCHANGE, DATA_HASH, LASTING_HASH, PAYLOAD_HASH = range(8, 16)
# The first ACK or RST, or the first response in an ACK; 0: none. A bit for each type of them seen,
# and one for a response with Observe.
ACK, ACK_DATA, ACK_LASTING, ACK_PAYLOAD, ACK_TYPES = 16, 17, 18, 19, 20
ACK_NOTIFIES: Final = 1 << 8
ICMP: Final = 21  # frame of an error about it
OLDER_TO_GROUP, KEY = 22, 23
# What the request asked for, as facts; how far the last copy was from the one before it; when the
# first ACK or RST came, and how many did; the flow in which it is outstanding (outstanding.py).
BLOCK1, BLOCK2, ETAG = 24, 25, 26
GAP, ACKED_AT, ACKS, OUTSTANDING, OLDER_OF_SOURCE = 27, 28, 29, 30, 31
SENT_SLOTS: Final = 32

MOST_LIVE: Final = 1 << 18
"""Transmissions remembered at most: beyond that the oldest is forgotten before its lifetime is
over, so that no flood of messages can fill the memory."""

# How two messages under one Message ID compare.
OTHER, IDENTICAL, REFRESHED, NEW_PAYLOAD = 0, 1, 2, 3

_MOST_STEPS: Final = 64


def sent_at(s: Rows, number: int) -> int:
    """Index of a transmission's first slot."""
    return s[SENT + BASE] + (number & (s[SENT + ROWS] - 1)) * SENT_SLOTS


def when_at(s: Rows, number: int) -> int:
    """Index of when a transmission was first sent, times 2, plus 1 once it was answered: what
    timers look at, apart from all else."""
    return s[WHEN + BASE] + (number & (s[WHEN + ROWS] - 1))


def sameness(data: int, lasting: int, payload: int, notifies: int, facts: Rows, f: int) -> int:
    """Is the message in `facts` a repetition of the one with these hashes?

    Max-Age and Observe may be refreshed (RFC 7252 clause 5.10.5, RFC 7641 clause 4.4), and a
    notification may be repeated with another payload (RFC 7641 clause 4.5.2).
    """
    if data == facts[f + fact.DATA_HASH]:
        return IDENTICAL
    if lasting != facts[f + fact.LASTING_HASH] or facts[f + fact.CODE] == 0:
        return OTHER
    if payload == facts[f + fact.PAYLOAD_HASH]:
        return REFRESHED
    flags = facts[f + fact.FLAGS]
    if flags & fact.RESPONSE and notifies and flags & fact.NOTIFIES:
        return NEW_PAYLOAD
    return OTHER


def _young(s: Rows, number: int, time: int, lifetime: int) -> bool:
    return number >= s[FIRST_SENT] and time - s[sent_at(s, number) + FIRST] <= lifetime


# What a bucket of Message IDs holds of its newest transmission: the number, bits that tell most
# pairs of endpoints apart, and 1 where another one came before it in the bucket.
_TAG_BITS: Final = 16
_TAG_MASK: Final = (1 << _TAG_BITS) - 1
_TAG_SHIFT: Final = 40  # above the bits that tell the bucket
_NUMBER: Final = 1 << _TAG_BITS + 1


def _pair(s: Rows, source: int, destination: int) -> int:
    """Hash of two endpoints."""
    return place(s[SEED], source, destination, 0)


def _mid_bucket(s: Rows, pair: int, message_id: int) -> int:
    """Index of the bucket of a Message ID. Those that follow one another lie side by side, as
    senders count them up (clause 4.4)."""
    return s[MID_BUCKETS + BASE] + (pair + message_id & s[MID_BUCKETS + ROWS] - 1)


def newest(s: Rows, source: int, destination: int, message_id: int) -> int:
    """The newest CON or NON sent from `source` to `destination` under a Message ID, 0 for none."""
    pair = _pair(s, source, destination)
    held = s[_mid_bucket(s, pair, message_id)]
    tag = pair >> _TAG_SHIFT & _TAG_MASK
    if held & 1 == 0 and held >> 1 & _TAG_MASK != tag:
        return 0
    number = held // _NUMBER
    while number >= s[FIRST_SENT]:
        at = sent_at(s, number)
        if (
            s[at + MID] == message_id
            and s[at + SOURCE] == source
            and s[at + DESTINATION] == destination
        ):
            return number
        number = s[at + OLDER]
    return 0


def _file(s: Rows, number: int, at: int) -> None:
    """Put a transmission first in its bucket."""
    pair = _pair(s, s[at + SOURCE], s[at + DESTINATION])
    head = _mid_bucket(s, pair, s[at + MID])
    older = s[head] // _NUMBER
    more = older >= s[FIRST_SENT]
    s[at + OLDER] = older
    tag = pair >> _TAG_SHIFT & _TAG_MASK
    s[head] = number * _NUMBER + tag * 2 + (1 if more else 0)


def _newest_to_group(s: Rows, source: int, message_id: int) -> int:
    """The newest multicast CON or NON sent from `source` under a Message ID, 0 for none."""
    number = s[bucket(s, GROUP_BUCKETS, source, message_id, 0)]
    while number >= s[FIRST_SENT]:
        at = sent_at(s, number)
        if s[at + MID] == message_id and s[at + SOURCE] == source:
            return number
        number = s[at + OLDER_TO_GROUP]
    return 0


def repeated(s: Rows, facts: Rows, f: int) -> int:
    """The number of the transmission of which this CON or NON is a copy; that of one whose Message
    ID it uses again too early as a negative number; 0 for neither."""
    source, destination = facts[f + fact.SOURCE], facts[f + fact.DESTINATION]
    number = newest(s, source, destination, facts[f + fact.MID])
    if number == 0:
        return 0
    at = sent_at(s, number)
    confirmable = s[at + TYPE] == 0
    lifetime = s[EXCHANGE_LIFETIME] if confirmable else s[NON_LIFETIME]
    if not _young(s, number, facts[f + fact.TIME], s[EXCHANGE_LIFETIME]):
        return 0
    if s[at + TYPE] != facts[f + fact.TYPE] or not _young(
        s, number, facts[f + fact.TIME], lifetime
    ):
        return -number
    same = sameness(
        s[at + DATA_HASH],
        s[at + LASTING_HASH],
        s[at + PAYLOAD_HASH],
        s[at + FLAGS] & fact.NOTIFIES,
        facts,
        f,
    )
    return number if same != OTHER else -number


def send(s: Rows, facts: Rows, f: int) -> int:
    """The number of a CON or NON seen for the first time."""
    if s[NEXT_SENT] - s[FIRST_SENT] == s[SENT + ROWS]:
        forget_oldest(s)
    number = s[NEXT_SENT]
    s[NEXT_SENT] = number + 1
    at = sent_at(s, number)
    s[when_at(s, number)] = 2 * facts[f + fact.TIME]
    for slot in range(ANSWERED, SENT_SLOTS):
        s[at + slot] = 0
    s[at + MID] = facts[f + fact.MID]
    s[at + SOURCE] = facts[f + fact.SOURCE]
    s[at + DESTINATION] = facts[f + fact.DESTINATION]
    s[at + TYPE] = facts[f + fact.TYPE]
    s[at + FIRST] = s[at + LAST] = facts[f + fact.TIME]
    s[at + MESSAGE] = facts[f + fact.MESSAGE]
    s[at + FLAGS] = facts[f + fact.FLAGS]
    s[at + DATA_HASH] = facts[f + fact.DATA_HASH]
    s[at + LASTING_HASH] = facts[f + fact.LASTING_HASH]
    s[at + PAYLOAD_HASH] = facts[f + fact.PAYLOAD_HASH]
    s[at + KEY] = facts[f + fact.KEY]
    s[at + BLOCK1] = facts[f + fact.BLOCK1]
    s[at + BLOCK2] = facts[f + fact.BLOCK2]
    s[at + ETAG] = facts[f + fact.ETAG]
    _file(s, number, at)
    if s[endpoint_at(s, s[at + DESTINATION]) + MULTICAST]:
        head = bucket(s, GROUP_BUCKETS, s[at + SOURCE], s[at + MID], 0)
        s[at + OLDER_TO_GROUP] = s[head]
        s[head] = number
    return number


def forget_oldest(s: Rows) -> None:
    """Make room for one more; what was not answered is counted."""
    at = sent_at(s, s[FIRST_SENT])
    settle(s, at)
    waits = s[at + TYPE] == 0 or s[at + FLAGS] & fact.REQUEST
    if waits and s[at + ACK] == 0 and s[at + ANSWERED] == 0:
        s[FORGOTTEN] += 1
    s[FIRST_SENT] += 1
    s[WAITED] = max(s[WAITED], s[FIRST_SENT])


def settle(s: Rows, sent: int) -> None:
    """A transmission, by the index of its first slot, is not outstanding any more (clause 4.7)."""
    held = s[sent + OUTSTANDING]
    if held:
        at = flow_at(s, held >> 1) + FLOW_OUTSTANDING + (held & 1)
        s[at] = max(0, s[at] - 1)
        s[sent + OUTSTANDING] = 0


def acknowledged_by(s: Rows, facts: Rows, f: int) -> int:
    """The CON or NON that this ACK or RST answers (clause 4.2), 0 for none."""
    source, destination = facts[f + fact.SOURCE], facts[f + fact.DESTINATION]
    mid, time = facts[f + fact.MID], facts[f + fact.TIME]
    number = newest(s, destination, source, mid)
    if number:
        return number if _young(s, number, time, s[EXCHANGE_LIFETIME]) else 0
    number = _newest_to_group(s, destination, mid)
    return number if number and _young(s, number, time, s[NON_LIFETIME]) else 0


def of_other_receiver(s: Rows, facts: Rows, f: int) -> int:
    """The newest CON or NON under the Message ID of this ACK or RST that its receiver sent to
    somebody else, and that nobody acknowledged; 0 for none."""
    _file_sources(s)
    source, mid = facts[f + fact.DESTINATION], facts[f + fact.MID]
    number = s[bucket(s, SOURCE_BUCKETS, source, mid, 0)]
    steps = 0
    while number >= s[FIRST_SENT] and steps < _MOST_STEPS:
        at = sent_at(s, number)
        if s[at + MID] == mid and s[at + SOURCE] == source and s[at + ACK] == 0:
            young = _young(s, number, facts[f + fact.TIME], s[EXCHANGE_LIFETIME])
            group = s[endpoint_at(s, s[at + DESTINATION]) + MULTICAST]
            if young and not group:
                return number
        number = s[at + OLDER_OF_SOURCE]
        steps += 1
    return 0


def _file_sources(s: Rows) -> None:
    """Put what was sent since the last time into the buckets of its senders: few captures ask."""
    for number in range(max(s[FILED_SENT] + 1, s[FIRST_SENT]), s[NEXT_SENT]):
        at = sent_at(s, number)
        head = bucket(s, SOURCE_BUCKETS, s[at + SOURCE], s[at + MID], 0)
        s[at + OLDER_OF_SOURCE] = s[head]
        s[head] = number
    s[FILED_SENT] = s[NEXT_SENT] - 1


def keep_ack(s: Rows, number: int, facts: Rows, f: int, responds: bool) -> None:
    """An acknowledgement of a transmission; further ones compare with the first, or with the first
    that responds."""
    sent = sent_at(s, number)
    s[sent + ACK_TYPES] |= 1 << facts[f + fact.TYPE]
    if s[sent + ACK] and not responds:
        return
    s[sent + ACK] = facts[f + fact.MESSAGE]
    s[sent + ACK_DATA] = facts[f + fact.DATA_HASH]
    s[sent + ACK_LASTING] = facts[f + fact.LASTING_HASH]
    s[sent + ACK_PAYLOAD] = facts[f + fact.PAYLOAD_HASH]
    s[sent + ACK_TYPES] &= ~ACK_NOTIFIES
    if facts[f + fact.FLAGS] & fact.NOTIFIES:
        s[sent + ACK_TYPES] |= ACK_NOTIFIES
    if responds:
        s[sent + ACK_RESPONDS] = 1
        s[when_at(s, number)] |= 1
