# SPDX-License-Identifier: GPL-2.0-only
"""Gate G-FLOW: which UDP flows carry CoAP. Kernels (dissectors.kernel).

A flow is the unordered pair of its endpoints. It is confirmed by a CoAP port (5683 or one the user
names), or by two datagrams in a row that parse as CoAP without fault. On an unconfirmed flow a
parse failure means "not CoAP", never a breach.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from analyzer import facts as fact
from analyzer.state import (
    BASE,
    COUNT,
    ENDPOINTS,
    FLOW_KEYS,
    FLOW_SERIAL,
    FLOWS,
    FREE_PENDING,
    LAST_USED,
    LEAST_USED,
    PENDING,
    get,
    put,
    remove,
)
from dissectors.kernel import Rows

# A flow; `sent` counts the datagrams of `first`.
FIRST, SECOND, START, CONFIRMED, PLAIN_ON_5684, OPAQUE = 0, 1, 2, 3, 4, 5
SENT, RECEIVED, READABLE, UNREADABLE, FAILURES, FIRST_FRAME = 6, 7, 8, 9, 10, 11
FIRST_REPEATS, SECOND_REPEATS, PENDINGS, OLDER, NEWER, SERIAL = 12, 13, 14, 15, 16, 17
BYTES, OUTSTANDING = 18, 19  # sent while nothing came back; CONs waiting, by direction
FIRST_PENDING: Final = 21
MOST_PENDING: Final = 8
NOTES: Final = FIRST_PENDING + MOST_PENDING
"""A slot for each note that is given once per flow, or once per direction of it: 0 until then, the
id of the finding that it became, or happenings.TOLD while it has become none."""
PINGS, CLEAR, DUPLICATED, CHECKSUMS = 0, 2, 3, 4  # pings and each of three checksums by direction
MID_REUSES: Final = CHECKSUMS + 6  # certain and possible ones, by direction
ORPHANS: Final = MID_REUSES + 4  # of each kind of orphan (happenings.py), by direction
TOKEN_REUSES: Final = ORPHANS + 14  # of each kind (happenings.py), by direction
BUSY: Final = TOKEN_REUSES + 8  # more than NSTART outstanding, by direction
PROBED: Final = BUSY + 2
SURPLUS: Final = PROBED + 1  # an ACK or RST more than transmissions, by direction
SILENT: Final = SURPLUS + 2  # a NON request never answered, by direction
# Of a connection (RFC 8323), by the direction of what is sent: what its receiver said it takes, 0
# where its CSM was not seen.
LARGEST: Final = NOTES + SILENT + 2  # bytes of a message
LONGEST_TOKEN: Final = LARGEST + 2
BERT: Final = LARGEST + 4  # bits; large blocks want both (clause 6)
TAKES_BLOCKS, TAKES_LARGE = 1, 2  # messages larger than the base
TAKES_BERT: Final = TAKES_BLOCKS | TAKES_LARGE
HEARD: Final = LARGEST + 6  # 1: its sender sent something
CLOSES: Final = LARGEST + 8  # 1: its sender sent a Release, 2: an Abort
FLOW_SLOTS: Final = LARGEST + 10

MOST_FLOWS: Final = 1 << 16
"""Flows remembered; beyond that the one used longest ago is forgotten."""

MOST_WAITING: Final = 1 << 12
"""Datagrams that wait for their flow to be confirmed, of all flows together."""

_REJECTED_AFTER: Final = 3

# An endpoint: address (a name), port, and what is known of it.
ADDRESS, PORT, MULTICAST, SERVER, SENDER, VERSION = 0, 1, 2, 3, 4, 5
ENDPOINT_SLOTS: Final = 6


class Verdict(IntEnum):
    """What a datagram is taken for."""

    OTHER = 0
    COAP = 1
    PENDING = 2  # parses; another one will confirm
    OPAQUE = 3  # a DTLS record


def flow_at(s: Rows, flow: int) -> int:
    """Index of a flow's first slot."""
    return s[FLOWS + BASE] + flow * FLOW_SLOTS


def endpoint_at(s: Rows, endpoint: int) -> int:
    """Index of an endpoint's first slot."""
    return s[ENDPOINTS + BASE] + endpoint * ENDPOINT_SLOTS


def note_at(s: Rows, flow: int, note: int) -> int:
    """Index of the slot of a note of a flow."""
    return flow_at(s, flow) + NOTES + note


def known_flow(s: Rows, a: int, b: int) -> int:
    """The flow between two endpoints, 0 when it is not known (any more)."""
    return get(s, FLOW_KEYS, min(a, b), max(a, b), 0)


def _unlink(s: Rows, flow: int) -> None:
    at = flow_at(s, flow)
    older, newer = s[at + OLDER], s[at + NEWER]
    if older:
        s[flow_at(s, older) + NEWER] = newer
    else:
        s[LEAST_USED] = newer
    if newer:
        s[flow_at(s, newer) + OLDER] = older
    else:
        s[LAST_USED] = older


def _link_last(s: Rows, flow: int) -> None:
    at = flow_at(s, flow)
    last = s[LAST_USED]
    s[at + OLDER] = last
    s[at + NEWER] = 0
    if last:
        s[flow_at(s, last) + NEWER] = flow
    else:
        s[LEAST_USED] = flow
    s[LAST_USED] = flow


def flow_of(s: Rows, source: int, destination: int, time: int) -> int:
    """The flow between two endpoints, made when first seen; it counts the datagram."""
    low, high = min(source, destination), max(source, destination)
    flow = get(s, FLOW_KEYS, low, high, 0)
    if flow:
        if s[LAST_USED] != flow:
            _unlink(s, flow)
            _link_last(s, flow)
    else:
        if s[FLOWS + COUNT] < MOST_FLOWS:
            s[FLOWS + COUNT] += 1
            flow = s[FLOWS + COUNT]
        else:
            flow = s[LEAST_USED]
            old = flow_at(s, flow)
            drop_pending(s, flow)
            first, second = s[old + FIRST], s[old + SECOND]
            remove(s, FLOW_KEYS, min(first, second), max(first, second), 0)
            _unlink(s, flow)
        at = flow_at(s, flow)
        for slot in range(FLOW_SLOTS):
            s[at + slot] = 0
        s[at + FIRST] = source
        s[at + SECOND] = destination
        s[at + START] = time
        s[FLOW_SERIAL] += 1
        s[at + SERIAL] = s[FLOW_SERIAL]
        put(s, FLOW_KEYS, low, high, 0, flow)
        _link_last(s, flow)
    at = flow_at(s, flow)
    if s[at + FIRST] == source:
        s[at + SENT] += 1
    else:
        s[at + RECEIVED] += 1
    return flow


def direction(s: Rows, flow: int, source: int) -> int:
    """0 for what the first endpoint of the flow sends, 1 for the other."""
    return 0 if s[flow_at(s, flow) + FIRST] == source else 1


def repeats(s: Rows, flow: int, source: int) -> None:
    """`source` sent a message again."""
    at = flow_at(s, flow)
    s[at + (FIRST_REPEATS if s[at + FIRST] == source else SECOND_REPEATS)] = 1


def one_way(s: Rows, source: int, destination: int) -> bool:
    """Gate G-ONEWAY: nothing came back, and `source` behaves as if it were answered."""
    flow = known_flow(s, source, destination)
    if flow == 0:
        return False
    at = flow_at(s, flow)
    if s[at + FIRST] == source:
        return s[at + RECEIVED] == 0 and s[at + FIRST_REPEATS] == 0
    return s[at + SENT] == 0 and s[at + SECOND_REPEATS] == 0


# What waits for its flow to be confirmed: rows of facts ----------------------------------------


def pending_at(s: Rows, place: int) -> int:
    """Index of a pending row of facts."""
    return s[PENDING + BASE] + place * fact.SLOTS


def keep_pending(s: Rows, facts: Rows, f: int, flow: int) -> None:
    at = flow_at(s, flow)
    count = s[at + PENDINGS]
    if count == MOST_PENDING:
        return
    place = s[FREE_PENDING]
    if place:
        s[FREE_PENDING] = s[pending_at(s, place)]
    elif s[PENDING + COUNT] < MOST_WAITING:
        s[PENDING + COUNT] += 1
        place = s[PENDING + COUNT]
    else:
        return
    row = pending_at(s, place)
    for slot in range(fact.SLOTS):
        s[row + slot] = facts[f + slot]
    s[at + FIRST_PENDING + count] = place
    s[at + PENDINGS] = count + 1


def drop_pending(s: Rows, flow: int) -> None:
    """Nothing of this flow waits any more."""
    at = flow_at(s, flow)
    for number in range(s[at + PENDINGS]):
        place = s[at + FIRST_PENDING + number]
        s[pending_at(s, place)] = s[FREE_PENDING]
        s[FREE_PENDING] = place
    s[at + PENDINGS] = 0


# The gate ----------------------------------------------------------------------------------------


def judge(s: Rows, facts: Rows, f: int, flow: int) -> int:
    """Take a datagram for what it is; may confirm its flow."""
    at = flow_at(s, flow)
    flags = facts[f + fact.FLAGS]
    if s[at + CONFIRMED] == 0 and flags & fact.DTLS:
        s[at + OPAQUE] += 1
        return Verdict.OPAQUE
    if s[at + CONFIRMED] == 0 and flags & fact.KNOWN_PORT:
        s[at + CONFIRMED] = 1
    if s[at + CONFIRMED]:
        _learn(s, facts, f)
        return Verdict.COAP
    if s[at + FAILURES] >= _REJECTED_AFTER:
        return Verdict.OTHER
    if flags & fact.CLEAN == 0:
        s[at + FAILURES] += 1
        drop_pending(s, flow)
        return Verdict.OTHER
    s[at + PLAIN_ON_5684] = 1 if flags & fact.SECURE_PORT else 0
    server = (
        s[endpoint_at(s, facts[f + fact.SOURCE]) + SERVER]
        or s[endpoint_at(s, facts[f + fact.DESTINATION]) + SERVER]
    )
    if s[at + PLAIN_ON_5684] or server or _proves(s, facts, f, flow):
        s[at + CONFIRMED] = 1
        _learn(s, facts, f)
        return Verdict.COAP
    if s[at + PENDINGS]:
        first = pending_at(s, s[at + FIRST_PENDING])
        if s[first + fact.DATA_HASH] != facts[f + fact.DATA_HASH]:
            drop_pending(s, flow)
    return Verdict.PENDING


def _learn(s: Rows, facts: Rows, f: int) -> None:
    """A server that answers on a confirmed flow makes its other flows known at once."""
    if facts[f + fact.FLAGS] & fact.RESPONSE:
        s[endpoint_at(s, facts[f + fact.SOURCE]) + SERVER] = 1


def _proves(s: Rows, facts: Rows, f: int, flow: int) -> bool:
    """Two datagrams in a row that parse: different ones, and not both Empty unless one answers."""
    at = flow_at(s, flow)
    if s[at + PENDINGS] == 0:
        return False
    first = pending_at(s, s[at + FIRST_PENDING])
    if s[first + fact.DATA_HASH] == facts[f + fact.DATA_HASH]:
        return False
    if s[first + fact.CODE] or facts[f + fact.CODE]:
        return True
    same = s[first + fact.MID] == facts[f + fact.MID]
    return same and s[first + fact.SOURCE] == facts[f + fact.DESTINATION]


def restart(s: Rows, time: int) -> None:
    """A new segment of the capture begins: starts count anew (gate G-START)."""
    for flow in range(1, s[FLOWS + COUNT] + 1):
        s[flow_at(s, flow) + START] = time
        drop_pending(s, flow)
