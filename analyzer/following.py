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
from analyzer.capture.records import NO_TIME
from analyzer.duplicates import original, recent_at
from analyzer.duplicates import restart as forget_recent
from analyzer.exchanges.pairing import advance, pair
from analyzer.flows import (
    FIRST_FRAME,
    Verdict,
    drop_pending,
    endpoint_at,
    flow_at,
    flow_of,
    judge,
    keep_pending,
    pending_at,
)
from analyzer.flows import restart as restart_flows
from analyzer.happenings import tell, tell_again
from analyzer.messages import Role
from analyzer.profiles.transmission import MILLISECOND
from analyzer.state import (
    BASE,
    BYTES_READ,
    CLOCK,
    COAP_READ,
    COUNT,
    ENDPOINT_KEYS,
    ENDPOINTS,
    EVENTS,
    EXCHANGE_LIFETIME,
    FIRST_TIME,
    FRAGMENTS_DUE,
    FRAGMENTS_READ,
    INTERFACES,
    LAST_TIME,
    MESSAGES,
    NEXT_RECENT,
    OTHER_READ,
    RECORDS_READ,
    REPEATS,
    SENDERS,
    STAGE,
    STARTED,
    UDP_READ,
    UNREADABLE_READ,
    get,
    name,
    put,
)
from analyzer.tables import Cells, set_wide
from dissectors import checksum, link
from dissectors.coap.wire import Defect
from dissectors.kernel import Bytes, Rows

# Values of STAGE: how far the record at which `follow` paused has come.
NEW, RESTARTED, TIMED, MET = 0, 1, 2, 3

MOST_TEXT: Final = 1024
"""Bytes kept of a URI or UE Service ID."""

MOST_ENDPOINTS: Final = 1 << 20


def _mapped(data: Bytes, at: int) -> bool:
    """An IPv4-mapped IPv6 address (RFC 4291 clause 2.5.5.2)."""
    for place in range(at, at + 10):
        if data[place]:
            return False
    return data[at + 10] == 255 and data[at + 11] == 255


def _is_multicast(data: Bytes, at: int, length: int) -> bool:
    """An IP multicast or limited broadcast address (gate G-MC)."""
    if length == 16:
        return data[at] == 255
    broadcast = data[at] == 255 and data[at + 1] == 255 and data[at + 2] == 255
    return data[at] >> 4 == 14 or (broadcast and data[at + 3] == 255)


def _endpoint(s: Rows, arena: memoryview, data: Bytes, at: int, length: int, port: int) -> int:
    """The id of an endpoint; IPv4-mapped IPv6 addresses are IPv4."""
    if length == 16 and _mapped(data, at):
        at += 12
        length = 4
    number = 0
    if length == 4:  # the address is its own name
        number = data[at] * 0x1000000 + data[at + 1] * 0x10000 + data[at + 2] * 0x100 + data[at + 3]
        known = get(s, ENDPOINT_KEYS, number, port, 4)
        if known:
            return known
    address = name(s, arena, data, at, at + length)
    key = number if length == 4 else address
    known = get(s, ENDPOINT_KEYS, key, port, length)
    if known:
        return known
    if s[ENDPOINTS + COUNT] >= MOST_ENDPOINTS:
        return 0
    sender = get(s, ENDPOINT_KEYS, address, -1, 0)
    if sender == 0:
        s[SENDERS + COUNT] += 1
        sender = s[SENDERS + COUNT]
        put(s, ENDPOINT_KEYS, address, -1, 0, sender)
    s[ENDPOINTS + COUNT] += 1
    id = s[ENDPOINTS + COUNT]
    put(s, ENDPOINT_KEYS, key, port, length, id)
    row = endpoint_at(s, id)
    s[row + flows.ADDRESS] = address
    s[row + flows.PORT] = port
    s[row + flows.MULTICAST] = 1 if _is_multicast(data, at, length) else 0
    s[row + flows.SENDER] = sender
    s[row + flows.VERSION] = 4 if length == 4 else 6
    return id


def _keep_names(
    s: Rows, arena: memoryview, data: Bytes, text: memoryview, facts: Rows, f: int
) -> None:
    """What a message is called by: its URI, its path, its UE, a long token."""
    path_at, path_end = facts[f + fact.PATH_AT], facts[f + fact.PATH_END]
    uri_at, uri_end = facts[f + fact.URI_AT], facts[f + fact.URI_END]
    facts[f + fact.PATH] = facts[f + fact.URI] = 0
    if facts[f + fact.FLAGS] & fact.REQUEST:
        facts[f + fact.PATH] = name(s, arena, text, path_at, min(path_end, path_at + MOST_TEXT))
        facts[f + fact.URI] = facts[f + fact.PATH]
        if uri_at != path_at or uri_end != path_end:
            facts[f + fact.URI] = name(s, arena, text, uri_at, min(uri_end, uri_at + MOST_TEXT))
    ue_at, ue_end = facts[f + fact.UE_AT], facts[f + fact.UE_END]
    if facts[f + fact.FLAGS] & fact.BODY_READ == 0:
        facts[f + fact.UE] = name(s, arena, data, ue_at, min(ue_end, ue_at + MOST_TEXT))
    facts[f + fact.TOKEN_NAME] = 0
    if facts[f + fact.TOKEN_LENGTH] > 8:
        at = facts[f + fact.TOKEN_AT]
        facts[f + fact.TOKEN_NAME] = name(s, arena, data, at, at + facts[f + fact.TOKEN_LENGTH])


def _add_message(s: Rows, facts: Rows, f: int, mm: Cells, role: int) -> int:
    """A new row of the messages table."""
    row = s[MESSAGES]
    s[MESSAGES] = row + 1
    facts[f + fact.MESSAGE] = row + 1
    cells = row * m.CELLS
    length = facts[f + fact.TOKEN_LENGTH]
    set_wide(mm, cells + m.TIME, facts[f + fact.TIME])
    set_wide(mm, cells + m.OFFSET, facts[f + fact.PLACE])
    set_wide(mm, cells + m.TOKEN, facts[f + (fact.TOKEN if length <= 8 else fact.TOKEN_NAME)])
    set_wide(mm, cells + m.RESPONSE_TIME, m.NO_RESPONSE_TIME)
    mm[cells + m.FRAME] = facts[f + fact.FRAME]
    mm[cells + m.CAPTURED] = facts[f + fact.CAPTURED]
    mm[cells + m.WIRE] = facts[f + fact.WIRE]
    mm[cells + m.COAP_AT] = facts[f + fact.AT] - facts[f + fact.START]
    mm[cells + m.COAP_LENGTH] = facts[f + fact.END] - facts[f + fact.AT]
    mm[cells + m.PAYLOAD_LENGTH] = facts[f + fact.PAYLOAD_LENGTH]
    mm[cells + m.SOURCE] = facts[f + fact.SOURCE]
    mm[cells + m.DESTINATION] = facts[f + fact.DESTINATION]
    mm[cells + m.URI] = facts[f + fact.URI]
    mm[cells + m.EXCHANGE] = 0
    mm[cells + m.PEER] = 0
    mm[cells + m.FIRST] = 0
    mm[cells + m.UE] = facts[f + fact.UE]
    other_version = facts[f + fact.DEFECTS] >> Defect.VERSION & 1
    mid = 0 if other_version else facts[f + fact.MID]
    mm[cells + m.NUMBERS] = mid + facts[f + fact.INTERFACE] * 0x10000
    kinds = facts[f + fact.TYPE] + facts[f + fact.CODE] * 0x100
    kinds += min(length, m.LONG_TOKEN) * 0x10000 + facts[f + fact.MESSAGE_TYPE] * 0x1000000
    mm[cells + m.KINDS] = kinds
    flags = m.CUT if facts[f + fact.FLAGS] & fact.CUT else 0
    flags |= m.NAT_LEG if facts[f + fact.LEG_OF] else 0
    flags |= m.FRAGMENTED if facts[f + fact.FLAGS] & fact.FRAGMENTED else 0
    mm[cells + m.STANDING] = role + flags * 0x10000
    return row


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
    if facts[f + fact.CHECKSUM] >= checksum.WRONG:
        _checksum_wrong(s, facts, f)
    pair(s, facts, f, mm, xx, spare)


def _checksum_wrong(s: Rows, facts: Rows, f: int) -> None:
    """A checksum that is not right; told once per flow, direction and verdict, then counted."""
    flow = flow_at(s, facts[f + fact.FLOW])
    verdict = facts[f + fact.CHECKSUM]
    back = 1 if s[flow + flows.FIRST] != facts[f + fact.SOURCE] else 0
    note = flows.TOLD_CHECKSUM << 2 * (verdict - checksum.WRONG) + back
    if s[flow + flows.TOLD] & note:
        frame, time = facts[f + fact.FRAME], facts[f + fact.TIME]
        tell_again(s, note, s[flow + flows.SERIAL], frame, time, 0)
        return
    s[flow + flows.TOLD] |= note
    message = facts[f + fact.MESSAGE] - 1
    tell(s, tells.CHECKSUM_WRONG, message, verdict, note, facts[f + fact.FLOW], 0)


def _meet(s: Rows, data: Bytes, text: memoryview, arena: memoryview, facts: Rows, f: int) -> None:
    """The endpoints and the flow of a datagram that may be CoAP."""
    length = facts[f + fact.ADDRESS_LENGTH]
    source_at, source_port = facts[f + fact.SOURCE_AT], facts[f + fact.SOURCE_PORT]
    destination_at, destination_port = (
        facts[f + fact.DESTINATION_AT],
        facts[f + fact.DESTINATION_PORT],
    )
    if facts[f + fact.FLAGS] & fact.ENDS_IN_TEXT:
        source = _endpoint(s, arena, text, source_at, length, source_port)
        destination = _endpoint(s, arena, text, destination_at, length, destination_port)
    else:
        source = _endpoint(s, arena, data, source_at, length, source_port)
        destination = _endpoint(s, arena, data, destination_at, length, destination_port)
    facts[f + fact.SOURCE], facts[f + fact.DESTINATION] = source, destination
    facts[f + fact.FLOW] = flow_of(s, source, destination, facts[f + fact.TIME])


def _datagram(
    s: Rows,
    data: Bytes,
    text: memoryview,
    arena: memoryview,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
    spare: int,
) -> None:
    """A datagram that may be CoAP, through the gates G-DUP and G-FLOW."""
    flow = facts[f + fact.FLOW]
    at = flow_at(s, flow)
    known = original(s, facts, f)
    if known:
        if s[at + flows.CONFIRMED]:
            _keep_names(s, arena, data, text, facts, f)
            row = _add_message(s, facts, f, mm, Role.CAPTURE_DUPLICATE)
            first = recent_at(s, known)
            mm[row * m.CELLS + m.FIRST] = s[first + duplicates.FRAME]
            _recorded_twice(s, facts, f, row, first, flow)
        return
    verdict = judge(s, facts, f, flow)
    if verdict == Verdict.OPAQUE and s[at + flows.OPAQUE] == 1:
        tell(s, tells.OPAQUE_FLOW, flow, facts[f + fact.FRAME], 0, 0, 0)
    if verdict != Verdict.COAP and verdict != Verdict.PENDING:
        return
    _keep_names(s, arena, data, text, facts, f)
    row = _add_message(s, facts, f, mm, Role.UNCONFIRMED)
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
    at = flow_at(s, flow)
    frame, time = s[first + duplicates.FRAME], s[first + duplicates.TIME]
    if s[at + flows.TOLD] & flows.TOLD_DUPLICATE:
        serial, now = s[at + flows.SERIAL], facts[f + fact.TIME]
        tell_again(s, flows.TOLD_DUPLICATE, serial, facts[f + fact.FRAME], now, frame)
        return
    s[at + flows.TOLD] |= flows.TOLD_DUPLICATE
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
    if s[STAGE] == NEW:
        s[RECORDS_READ] += 1
        s[BYTES_READ] += facts[f + fact.CAPTURED]
        if time == NO_TIME:
            time = facts[f + fact.TIME] = s[CLOCK]
        s[LAST_TIME] = time
        if s[STARTED] == 0:
            s[FIRST_TIME] = time
            s[STARTED] = 1
            s[CLOCK] = time
        if time >= s[CLOCK]:
            s[CLOCK] = time
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
    text: memoryview,
    arena: memoryview,
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
