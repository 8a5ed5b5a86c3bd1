# SPDX-License-Identifier: GPL-2.0-only
"""Following a capture: rows of facts, one after the other, through the gates into the tables.

`follow` and `finish` are kernels (dissectors.kernel). They pause after each record of which they
have something to tell, so that it is judged before the next record changes anything: the result
does not depend on how the capture was cut into batches.
"""

from __future__ import annotations

from typing import Final

from analyzer import duplicates, flows
from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.arriving import add_message, endpoint, keep_names
from analyzer.capture.records import NO_TIME
from analyzer.duplicates import original, recent_at
from analyzer.duplicates import restart as forget_recent
from analyzer.exchanges.pairing import pair
from analyzer.exchanges.timers import advance
from analyzer.flows import (
    FIRST_FRAME,
    Verdict,
    drop_pending,
    flow_at,
    flow_of,
    judge,
    keep_pending,
    note_at,
    pending_at,
)
from analyzer.flows import restart as restart_flows
from analyzer.happenings import tell, told_before
from analyzer.messages import Role
from analyzer.profiles.transmission import MILLISECOND, SECOND
from analyzer.state import (
    BASE,
    BYTES_READ,
    CARRIERS_READ,
    CLOCK,
    COAP_READ,
    EVENTS,
    EXCHANGE_LIFETIME,
    FIRST_TIME,
    FRAGMENTS_DUE,
    FRAGMENTS_READ,
    INTERFACES,
    LAST_TIME,
    NEXT_RECENT,
    OTHER_READ,
    RECORDS_READ,
    REPEATS,
    STAGE,
    STARTED,
    UDP_READ,
    UNREADABLE_READ,
)
from analyzer.tables import Cells
from dissectors import checksum, link
from dissectors.kernel import Bytes, Rows, Text

_PROBING_SPAN: Final = 60 * SECOND
"""Time over which PROBING_RATE, a byte per second, is an average (clause 4.8)."""

_LATEST: Final = (1 << 62) - 1
"""Capture times, 146 years before and after 1970, whose difference fits 64 bits."""

# Values of STAGE: how far the record at which `follow` paused has come.
NEW, RESTARTED, TIMED, MET = 0, 1, 2, 3


def _count_other(s: Rows, kind: int, interface: int) -> None:
    if kind == link.UNKNOWN_LINK:
        s[s[INTERFACES + BASE] + interface] += 1
    elif kind == link.OTHER:
        s[OTHER_READ] += 1
    else:
        s[UNREADABLE_READ] += 1


def _arrived(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
    spare: int,
) -> None:
    """A CoAP message of a confirmed flow."""
    s[COAP_READ] += 1
    flow = flow_at(s, facts[f + fact.FLOW])
    if s[flow + FIRST_FRAME] == 0:
        s[flow + FIRST_FRAME] = facts[f + fact.FRAME]
    readable = facts[f + fact.FLAGS] & fact.READABLE
    s[flow + (flows.READABLE if readable else flows.UNREADABLE)] += 1
    if s[flow + flows.RECEIVED] == 0 and facts[f + fact.FLAGS] & fact.RELIABLE == 0:
        _probes(s, facts, f, flow)
    if facts[f + fact.CHECKSUM] >= checksum.WRONG:
        _checksum_wrong(s, facts, f)
    pair(s, facts, f, mm, xx, spare)


def _probes(s: Rows, facts: Rows, f: int, flow: int) -> None:
    """Somebody goes on sending though nothing comes back: at what rate is told once (RFC 7252
    clause 4.7)."""
    s[flow + flows.BYTES] += facts[f + fact.END] - facts[f + fact.AT]
    time = facts[f + fact.TIME]
    span = time - s[flow + flows.START]
    sent = s[flow + flows.BYTES]
    if span < _PROBING_SPAN or sent * SECOND <= span:
        return
    note = note_at(s, facts[f + fact.FLOW], flows.PROBED)
    if not told_before(s, note, facts[f + fact.FRAME], time, 0):
        row = facts[f + fact.MESSAGE] - 1
        tell(s, tells.PROBED, row, sent, span, flows.PROBED, facts[f + fact.FLOW])


def _checksum_wrong(s: Rows, facts: Rows, f: int) -> None:
    """A checksum that is not right; told once per flow, direction and verdict, then counted."""
    flow = facts[f + fact.FLOW]
    verdict = facts[f + fact.CHECKSUM]
    back = 0 if s[flow_at(s, flow) + flows.FIRST] == facts[f + fact.SOURCE] else 1
    note = flows.CHECKSUMS + 2 * (verdict - checksum.WRONG) + back
    frame, time = facts[f + fact.FRAME], facts[f + fact.TIME]
    if not told_before(s, note_at(s, flow, note), frame, time, 0):
        message = facts[f + fact.MESSAGE] - 1
        tell(s, tells.CHECKSUM_WRONG, message, verdict, note, flow, 0)


def _meet(s: Rows, data: Bytes, text: Text, arena: Text, facts: Rows, f: int) -> None:
    """The endpoints and the flow of a datagram that may be CoAP."""
    length = facts[f + fact.ADDRESS_LENGTH]
    source_at, source_port = facts[f + fact.SOURCE_AT], facts[f + fact.SOURCE_PORT]
    destination_at, destination_port = (
        facts[f + fact.DESTINATION_AT],
        facts[f + fact.DESTINATION_PORT],
    )
    by, to = max(0, facts[f + fact.CONNECTION]), max(0, -facts[f + fact.CONNECTION])
    if facts[f + fact.FLAGS] & fact.ENDS_IN_TEXT:
        source = endpoint(s, arena, text, source_at, length, source_port, by)
        destination = endpoint(s, arena, text, destination_at, length, destination_port, to)
    else:
        source = endpoint(s, arena, data, source_at, length, source_port, by)
        destination = endpoint(s, arena, data, destination_at, length, destination_port, to)
    facts[f + fact.SOURCE], facts[f + fact.DESTINATION] = source, destination
    facts[f + fact.FLOW] = flow_of(s, source, destination, facts[f + fact.TIME])


def _datagram(
    s: Rows,
    data: Bytes,
    text: Text,
    arena: Text,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
    spare: int,
) -> None:
    """A datagram that may be CoAP, through the gates G-DUP and G-FLOW."""
    flow = facts[f + fact.FLOW]
    at = flow_at(s, flow)
    known = 0  # a stream is put together already: what came twice is there once
    if facts[f + fact.FLAGS] & fact.RELIABLE:
        facts[f + fact.LEG_OF] = 0
    else:
        known = original(s, facts, f)
    if known:
        if s[at + flows.CONFIRMED]:
            keep_names(s, arena, data, text, facts, f)
            row = add_message(s, facts, f, mm, Role.CAPTURE_DUPLICATE)
            first = recent_at(s, known)
            mm[row * m.CELLS + m.FIRST] = s[first + duplicates.FRAME]
            _recorded_twice(s, facts, f, row, first, flow)
        return
    verdict = judge(s, facts, f, flow)
    if verdict == Verdict.OPAQUE and s[at + flows.OPAQUE] == 1:
        tell(s, tells.OPAQUE_FLOW, flow, facts[f + fact.FRAME], 0, 0, 0)
    if verdict != Verdict.COAP and verdict != Verdict.PENDING:
        return
    keep_names(s, arena, data, text, facts, f)
    row = add_message(s, facts, f, mm, Role.UNCONFIRMED)
    if facts[f + fact.FLAGS] & fact.RELIABLE == 0:
        newest = recent_at(s, s[NEXT_RECENT] - 1)
        s[newest + duplicates.MESSAGE] = row + 1
    if verdict == Verdict.PENDING:
        keep_pending(s, facts, f, flow)
        return
    for number in range(s[at + flows.PENDINGS]):
        waits = pending_at(s, s[at + flows.FIRST_PENDING + number])
        for slot in range(fact.SLOTS):
            facts[spare + fact.SLOTS + slot] = s[waits + slot]
        earlier = spare + fact.SLOTS
        _arrived(s, facts, earlier, mm, xx, spare)
    drop_pending(s, flow)
    _arrived(s, facts, f, mm, xx, spare)


def _recorded_twice(s: Rows, facts: Rows, f: int, row: int, first: int, flow: int) -> None:
    """A capture duplicate; told once per flow, then counted."""
    frame, time = s[first + duplicates.FRAME], s[first + duplicates.TIME]
    now = facts[f + fact.TIME]
    if told_before(s, note_at(s, flow, flows.DUPLICATED), facts[f + fact.FRAME], now, frame):
        return
    tell(s, tells.CAPTURE_DUPLICATE, row, frame, time, flow, 0)


def _tick(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """Capture time comes to that of the record. A jump back by more than EXCHANGE_LIFETIME begins
    a new segment."""
    time = facts[f + fact.TIME]
    kind = facts[f + fact.KIND]
    carried = kind == link.UDP and facts[f + fact.FLAGS] & fact.CARRIED
    counted_before = carried or kind == fact.NOTICE  # with what carried it
    if s[STAGE] == NEW:
        if not counted_before:
            s[RECORDS_READ] += 1
            s[BYTES_READ] += facts[f + fact.CAPTURED]
        if time == NO_TIME:
            time = s[CLOCK]
        time = facts[f + fact.TIME] = max(min(time, _LATEST), -_LATEST)
        if not counted_before:
            s[LAST_TIME] = time
        if s[STARTED] == 0:
            s[FIRST_TIME] = time
            s[STARTED] = 1
            s[CLOCK] = time
        if time >= s[CLOCK]:
            s[CLOCK] = time
            s[STAGE] = TIMED
        elif counted_before:  # it waited for what did not come
            s[STAGE] = TIMED
        elif s[CLOCK] - time > s[EXCHANGE_LIFETIME]:
            s[STAGE] = RESTARTED
        else:
            if s[CLOCK] - time > MILLISECOND:
                tell(s, tells.CLOCK_STEP, facts[f + fact.FRAME], s[CLOCK] - time, 0, 0, 0)
            s[STAGE] = TIMED
    if s[STAGE] == RESTARTED:
        if advance(s, s[CLOCK], 1, facts, mm, xx):
            return
        tell(s, tells.CLOCK_STEP, facts[f + fact.FRAME], s[CLOCK] - time, 0, 0, 0)
        s[CLOCK] = time
        forget_recent(s)
        restart_flows(s, time)
        s[STAGE] = TIMED


def follow(
    s: Rows,
    data: Bytes,
    text: Text,
    arena: Text,
    facts: Rows,
    first: int,
    count: int,
    mm: Cells,
    xx: Cells,
) -> int:
    """Take the rows of facts from `first` on; the row at which to go on, `count` at the end.

    Behind the `count` rows, `facts` has two spare ones. There is room in every table for what
    `count` records can add. What there is to tell stands in `events`; with STAGE not NEW, the
    record at which it paused is not through.
    """
    spare = len(facts) - 2 * fact.SLOTS
    row = first
    while row < count:
        f = row * fact.SLOTS
        kind = facts[f + fact.KIND]
        if kind == fact.NOTHING:
            row += 1
            continue
        _tick(s, facts, f, mm, xx)
        if s[STAGE] == TIMED:  # timers know that something came back
            if kind == link.UDP:
                _meet(s, data, text, arena, facts, f)
            s[STAGE] = MET
        if s[STAGE] == MET:
            if s[FRAGMENTS_DUE] and s[CLOCK] > s[FRAGMENTS_DUE]:
                s[FRAGMENTS_DUE] = 0
                tell(s, tells.FRAGMENTS_DUE, 0, 0, 0, 0, 0)
            advance(s, s[CLOCK], 0, facts, mm, xx)
        if kind == link.UDP and facts[f + fact.FLAGS] & fact.ODD_BODY:
            tell(s, tells.ODD_BODY, row, 0, 0, 0, 0)
        if s[EVENTS]:
            return row
        s[STAGE] = NEW
        row += 1
        if kind == link.UDP:
            if facts[f + fact.FLAGS] & fact.CARRIED == 0:
                s[UDP_READ] += 1
            _datagram(
                s,
                data,
                text,
                arena,
                facts,
                f,
                mm,
                xx,
                spare,
            )
        elif kind == fact.FRAGMENT:
            s[FRAGMENTS_READ] += 1
            tell(s, tells.FRAGMENT, row - 1, 0, 0, 0, 0)
        elif kind == link.ICMP_ERROR:
            tell(s, tells.ICMP_ERROR, row - 1, 0, 0, 0, 0)
        elif kind == fact.OTHER_UDP:
            s[UDP_READ] += 1
        elif kind == fact.CARRIER:
            s[CARRIERS_READ] += 1
        elif kind == fact.NOTICE:
            tell(s, tells.CARRIER_NOTICE, facts[f + fact.FRAME], 0, 0, 0, 0)
        else:
            _count_other(s, kind, facts[f + fact.INTERFACE])
        if s[EVENTS] or s[REPEATS] >= tells.ENOUGH_REPEATS:
            return row
    return row


def finish(
    s: Rows,
    facts: Rows,
    mm: Cells,
    xx: Cells,
) -> int:
    """The capture is over: tell what still waits. Returns 1 when there is more to tell."""
    return advance(s, s[CLOCK], 1, facts, mm, xx)
