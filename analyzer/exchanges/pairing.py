# SPDX-License-Identifier: GPL-2.0-only
"""Pairing: one message after the other, in file order, to its transmission and its exchange.

Kernels (dissectors.kernel). State that looks ahead (timers, responses that precede their request)
is bounded by the lifetimes of RFC 7252 clause 4.8.2 and driven by capture time alone, so the
result does not depend on how the capture was cut into batches.
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges import model as x
from analyzer.exchanges.message_layer import (
    acknowledged_by,
    keep_ack,
    newest,
    repeated,
    sameness,
    send,
    sent_at,
)
from analyzer.exchanges.model import State
from analyzer.exchanges.request_layer import (
    of_group,
    of_other_server,
    of_token,
    open_by_token,
    open_exchange,
)
from analyzer.flows import FIRST as FLOW_FIRST
from analyzer.flows import (
    FIRST_FRAME,
    MULTICAST,
    SERIAL,
    TOLD,
    TOLD_PING,
    endpoint_at,
    flow_at,
    one_way,
    repeats,
)
from analyzer.flows import PLAIN_ON_5684 as FLOW_PLAIN
from analyzer.happenings import NEARLY, tell, tell_again
from analyzer.messages import Role, message_id, role_of, set_role, token_length
from analyzer.profiles.transmission import SECOND
from analyzer.registrations import registration_requested, registration_responded, settle_undecided
from analyzer.state import (
    BASE,
    CLOCK,
    EARLY,
    EVENTS,
    EXCHANGE_LIFETIME,
    EXCHANGES,
    FIRST_EARLY,
    FIRST_SENT,
    MAX_TRANSMIT_WAIT,
    NEXT_EARLY,
    NEXT_SENT,
    OLDEST_EXCHANGE,
    ROWS,
    SEEN_WHEN,
    WAITED,
)
from analyzer.tables import Cells, set_wide, wide
from dissectors.coap.wire import Defect
from dissectors.kernel import Rows

REORDER_WINDOW: Final = 2 * SECOND
"""A response seen before its request waits this long for it."""

MOST_EARLY: Final = 1024
MOST_BAD_VERSIONS: Final = 1024

_NOT_PAIRED: Final = (
    (1 << Defect.NON_EMPTY) | (1 << Defect.ACK_REQUEST) | (1 << Defect.SIGNAL_ON_UDP)
)
"""Wrong combinations of type and code, which the receiver must ignore (clauses 4.2, 4.3)."""

_VERSION: Final = 1 << Defect.VERSION
_EMPTY_EXTRA: Final = 1 << Defect.EMPTY_EXTRA
_CON, _NON, _ACK, _RST = 0, 1, 2, 3
_UNANSWERED_STATES: Final = (1 << State.OPEN) | (1 << State.ACKNOWLEDGED) | (1 << State.UNANSWERED)

# Early responses and datagrams of other versions wait as rows of facts, in one ring.
_TAKEN: Final = fact.KIND  # of an early response: 1 once its request came
_IS_EARLY, _IS_BAD_VERSION, _IS_TAKEN = 1, 2, 3


def early_at(s: Rows, number: int) -> int:
    """Index of a waiting row of facts."""
    return s[EARLY + BASE] + (number & (s[EARLY + ROWS] - 1)) * fact.SLOTS


def _keep_waiting(s: Rows, facts: Rows, f: int, kind: int) -> None:
    number = s[NEXT_EARLY]
    s[NEXT_EARLY] = number + 1
    if s[NEXT_EARLY] - s[FIRST_EARLY] > s[EARLY + ROWS]:
        s[FIRST_EARLY] += 1
    at = early_at(s, number)
    for slot in range(fact.SLOTS):
        s[at + slot] = facts[f + slot]
    s[at + _TAKEN] = kind


def pair(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
    spare: int,
) -> None:
    """Take the next message. `spare` is the index of a row of `facts` for an early response."""
    row = facts[f + fact.MESSAGE] - 1
    flags = facts[f + fact.FLAGS]
    defects = facts[f + fact.DEFECTS]
    if flags & fact.READABLE == 0 or defects & _NOT_PAIRED:
        set_role(mm, row, Role.UNREADABLE)
        if defects & _VERSION and facts[f + fact.END] - facts[f + fact.AT] >= 4:
            _keep_waiting(s, facts, f, _IS_BAD_VERSION)
    elif facts[f + fact.TYPE] <= _NON:
        known = repeated(s, facts, f)
        if known:
            _repeat(s, facts, f, known, mm, xx)
            return
        number = send(s, facts, f)
        if facts[f + fact.CODE] == 0:
            _open(s, facts, f, number, mm, xx, Role.PING)
        elif flags & fact.REQUEST:
            _request(s, facts, f, number, mm, xx, spare)
        else:
            _response(s, facts, f, number, mm, xx)
    else:
        sent = acknowledged_by(s, facts, f)
        if sent:
            if _acknowledgement(s, facts, f, sent, mm, xx) == 0:
                return
        else:
            _unmatched_acknowledgement(s, facts, f, mm, xx)
    _seen(s, facts, f, mm)


def _seen(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
) -> None:
    """Tell of a message whose role is known, if a rule asks for any of what it is."""
    row = facts[f + fact.MESSAGE] - 1
    flow = flow_at(s, facts[f + fact.FLOW])
    flags = facts[f + fact.FLAGS]
    if s[flow + FLOW_PLAIN]:
        flags |= fact.PLAIN_ON_5684
    if facts[f + fact.LEG_OF]:
        flags |= fact.NAT_LEG
    if flags & fact.READABLE and s[flow + FIRST_FRAME] == facts[f + fact.FRAME]:
        if flags & fact.REQUEST:
            if flags & fact.LATER_BLOCK:
                flags |= fact.BEGINS_LATE
        elif mm[row * m.CELLS + m.EXCHANGE] == 0:
            flags |= fact.BEGINS_LATE
    if role_of(mm, row) != Role.PING:
        flags &= ~fact.PING
    flags &= s[SEEN_WHEN]
    if flags == fact.PING:
        forth = s[flow + FLOW_FIRST] == facts[f + fact.SOURCE]
        note = TOLD_PING if forth else 2 * TOLD_PING
        if s[flow + TOLD] & note:
            frame, time = facts[f + fact.FRAME], facts[f + fact.TIME]
            tell_again(s, note, s[flow + SERIAL], frame, time, 0)
            return
        s[flow + TOLD] |= note
        tell(s, tells.SEEN, row, flags, 0, note, facts[f + fact.FLOW])
    elif flags:
        tell(s, tells.SEEN, row, flags, facts[f + fact.LEG_OF], 0, 0)


# Message layer ----------------------------------------------------------------------------------


def _repeat(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """A CON or NON once more."""
    sent = sent_at(s, number)
    row = facts[f + fact.MESSAGE] - 1
    time = facts[f + fact.TIME]
    gap = time - s[sent + ml.LAST]
    s[sent + ml.LAST] = time
    s[sent + ml.COPIES] += 1
    first = s[sent + ml.MESSAGE] - 1
    set_role(mm, row, Role.RETRANSMISSION)
    mm[row * m.CELLS + m.FIRST] = s[sent + ml.FRAME]
    mm[row * m.CELLS + m.URI] = mm[first * m.CELLS + m.URI]
    exchange = s[sent + ml.EXCHANGE]
    mm[row * m.CELLS + m.EXCHANGE] = exchange
    if exchange:
        cells = (exchange - 1) * x.CELLS
        if xx[cells + x.REQUEST_ROW] == first:
            xx[cells + x.RETRANSMISSIONS] += 1
        elif facts[f + fact.FLAGS] & fact.RESPONSE:
            mm[row * m.CELLS + m.PEER] = mm[first * m.CELLS + m.PEER]
    repeats(s, facts[f + fact.FLOW], facts[f + fact.SOURCE])
    tell(s, tells.RETRANSMITTED, row, number, s[sent + ml.COPIES], gap, 0)


def _acknowledgement(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
) -> int:
    """An ACK or RST of a known transmission; 0 when it only repeats one."""
    sent = sent_at(s, number)
    row = facts[f + fact.MESSAGE] - 1
    kind = facts[f + fact.TYPE]
    response = facts[f + fact.FLAGS] & fact.RESPONSE != 0
    responds = response and kind == _ACK
    news = responds and s[sent + ml.ACK_RESPONDS] == 0
    exchange = s[sent + ml.EXCHANGE]
    _join(mm, row, exchange, xx)
    asked = s[sent + ml.FLAGS] & fact.REQUEST != 0
    if s[sent + ml.ACK_TYPES] >> kind & 1 and not news:
        set_role(mm, row, Role.DUPLICATE_ACK)
        if exchange:
            mm[row * m.CELLS + m.FIRST] = s[sent + ml.ACK_FRAME]
            if response and asked:
                request = xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW]
                mm[row * m.CELLS + m.PEER] = mm[request * m.CELLS + m.FRAME]
                took = facts[f + fact.TIME] - wide(mm, request * m.CELLS + m.TIME)
                set_wide(mm, row * m.CELLS + m.RESPONSE_TIME, took)
            same = sameness(
                s[sent + ml.ACK_DATA],
                s[sent + ml.ACK_LASTING],
                s[sent + ml.ACK_PAYLOAD],
                s[sent + ml.ACK_OBSERVES],
                facts,
                f,
            )
            differs = 1 if same == ml.OTHER else 0
            if differs:
                first = s[sent + ml.ACK] - 1
                tell(s, tells.ANSWERED_AGAIN, row, exchange, first, differs, 0)
        return 0
    keep_ack(s, sent, facts, f, responds)
    if responds and asked:
        if exchange:
            request = xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW]
            same_token = facts[f + fact.TOKEN] == wide(mm, request * m.CELLS + m.TOKEN) and facts[
                f + fact.TOKEN_LENGTH
            ] == token_length(mm, request)
            if facts[f + fact.TOKEN_LENGTH] > 8:
                same_token = facts[f + fact.TOKEN_NAME] == wide(mm, request * m.CELLS + m.TOKEN)
            match = x.MID_TOKEN if same_token else x.OTHER_TOKEN
            _link(s, facts, f, exchange, match, mm, xx)
    else:
        _empty(s, facts, f, number, mm, xx)
    return 1


def _empty(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """An Empty ACK, a RST, or an ACK with a code where only an Empty one may stand."""
    sent = sent_at(s, number)
    row = facts[f + fact.MESSAGE] - 1
    exchange = s[sent + ml.EXCHANGE]
    reset = facts[f + fact.TYPE] == _RST
    set_role(mm, row, Role.RESET if reset else Role.ACK)
    if reset and exchange:
        settle_undecided(s, facts, -1, exchange, mm, xx)
    long_token = s[sent + ml.FLAGS] & fact.LONG_TOKEN
    cells = (exchange - 1) * x.CELLS
    if reset and (long_token or (exchange and xx[cells + x.FLAGS] & x.REGISTRATION)):
        tell(s, tells.ACKNOWLEDGED, row, number, 0, 0, 0)
    if exchange == 0:
        return
    state = xx[cells + x.STATE]
    if reset:
        if xx[cells + x.RESET] == 0:
            xx[cells + x.RESET] = row + 1
        if _UNANSWERED_STATES >> state & 1:
            xx[cells + x.STATE] = State.RESET
        elif state == State.OBSERVING:  # the observer is gone (RFC 7641 clause 3.6)
            xx[cells + x.STATE] = State.ANSWERED
            set_wide(xx, (exchange - 1) * x.CELLS + x.KEPT_UNTIL, s[CLOCK] + s[EXCHANGE_LIFETIME])
    elif xx[cells + x.REQUEST_ROW] == s[sent + ml.MESSAGE] - 1:
        if xx[cells + x.ACK] == 0:
            xx[cells + x.ACK] = row + 1
        if state == State.OPEN or state == State.UNANSWERED:
            xx[cells + x.STATE] = State.ACKNOWLEDGED
    if xx[cells + x.MATCHED] == 0:
        flawed = facts[f + fact.DEFECTS] & _EMPTY_EXTRA
        xx[cells + x.MATCHED] = x.BY_MID + (x.LOW if flawed else x.EXACT) * 0x10000


def _unmatched_acknowledgement(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """An ACK or RST under a Message ID that nobody sent."""
    row = facts[f + fact.MESSAGE] - 1
    bad = _bad_version(s, facts, f)
    if bad:
        tell(s, tells.BAD_VERSION_ANSWERED, row, bad - 1, 0, 0, 0)
    exchange, match = 0, x.OTHER_MID
    response = facts[f + fact.FLAGS] & fact.RESPONSE != 0
    if response and facts[f + fact.TYPE] == _ACK:
        exchange = of_other_server(s, facts, f, mm, xx, True)
        if exchange:
            match = x.OTHER_ENDPOINT
        else:
            exchange = open_by_token(s, facts, f, xx)
            if exchange == 0:
                exchange = of_other_server(s, facts, f, mm, xx, False)
                match = x.OTHER_ENDPOINT
    if exchange:
        _link(s, facts, f, exchange, match, mm, xx)
        return
    set_role(mm, row, Role.ORPHAN)
    if response:
        _keep_waiting(s, facts, f, _IS_EARLY)


def _bad_version(s: Rows, facts: Rows, f: int) -> int:
    """The datagram of another version whose Message ID this ACK or RST carries: row + 1."""
    for number in range(s[FIRST_EARLY], s[NEXT_EARLY]):
        at = early_at(s, number)
        if (
            s[at + _TAKEN] == _IS_BAD_VERSION
            and s[at + fact.SOURCE] == facts[f + fact.DESTINATION]
            and s[at + fact.DESTINATION] == facts[f + fact.SOURCE]
            and s[at + fact.MID] == facts[f + fact.MID]
            and abs(facts[f + fact.TIME] - s[at + fact.TIME]) <= s[EXCHANGE_LIFETIME]
        ):
            return s[at + fact.MESSAGE]
    return 0


# Request layer ----------------------------------------------------------------------------------


def _join(mm: Cells, row: int, exchange: int, xx: Cells) -> None:
    """The message belongs to the exchange, and is shown with the URI of its request."""
    mm[row * m.CELLS + m.EXCHANGE] = exchange
    if exchange:
        request = xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW]
        mm[row * m.CELLS + m.URI] = mm[request * m.CELLS + m.URI]


def _open(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
    role: int,
) -> int:
    """The id of a new exchange, whose request this message is."""
    s[EXCHANGES] += 1
    exchange = s[EXCHANGES]
    row = facts[f + fact.MESSAGE] - 1
    xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW] = row
    xx[(exchange - 1) * x.CELLS + x.PATH] = facts[f + fact.PATH]
    if facts[f + fact.FLAGS] & fact.REQUEST and facts[f + fact.OBSERVE] == 0:
        xx[(exchange - 1) * x.CELLS + x.FLAGS] |= x.OBSERVES
    mm[row * m.CELLS + m.EXCHANGE] = exchange
    set_role(mm, row, role)
    s[sent_at(s, number) + ml.EXCHANGE] = exchange
    return exchange


def _request(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
    spare: int,
) -> None:
    """A new request; responses that came before it are linked."""
    exchange = _open(s, facts, f, number, mm, xx, Role.REQUEST)
    open_exchange(s, facts, f, xx, exchange)
    registration_requested(s, facts, f, exchange, mm, xx)
    time = facts[f + fact.TIME]
    while s[FIRST_EARLY] < s[NEXT_EARLY]:
        waits = early_at(s, s[FIRST_EARLY])
        bad = s[waits + _TAKEN] == _IS_BAD_VERSION
        if s[CLOCK] - s[waits + fact.TIME] <= (s[EXCHANGE_LIFETIME] if bad else REORDER_WINDOW):
            break
        s[FIRST_EARLY] += 1
    for early in range(s[FIRST_EARLY], s[NEXT_EARLY]):
        at = early_at(s, early)
        if (
            s[at + _TAKEN] != _IS_EARLY
            or s[at + fact.DESTINATION] != facts[f + fact.SOURCE]
            or s[at + fact.SOURCE] != facts[f + fact.DESTINATION]
            or s[at + fact.TOKEN] != facts[f + fact.TOKEN]
            or s[at + fact.TOKEN_LENGTH] != facts[f + fact.TOKEN_LENGTH]
            or abs(time - s[at + fact.TIME]) > REORDER_WINDOW
        ):
            continue
        piggybacked = s[at + fact.TYPE] == _ACK
        if piggybacked and s[at + fact.MID] != facts[f + fact.MID]:
            continue
        s[at + _TAKEN] = _IS_TAKEN
        for slot in range(fact.SLOTS):
            facts[spare + slot] = s[at + slot]
        if not piggybacked:
            own = newest(s, s[at + fact.SOURCE], s[at + fact.DESTINATION], s[at + fact.MID])
            if own and s[sent_at(s, own) + ml.MESSAGE] == s[at + fact.MESSAGE]:
                s[sent_at(s, own) + ml.EXCHANGE] = exchange
        match = x.MID_TOKEN if piggybacked else x.BY_TOKEN
        _link(s, facts, spare, exchange, match, mm, xx)


def _response(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """A response on its own: a CON or NON."""
    match = x.BY_TOKEN
    exchange = of_token(s, facts, f, xx)
    if exchange == 0:
        exchange = of_group(s, facts, f, mm, xx)
        match = x.MULTICAST
    if exchange == 0:
        exchange = of_other_server(s, facts, f, mm, xx, False)
        match = x.OTHER_ENDPOINT
    if exchange == 0:
        row = facts[f + fact.MESSAGE] - 1
        set_role(mm, row, Role.ORPHAN)
        _keep_waiting(s, facts, f, _IS_EARLY)
        return
    s[sent_at(s, number) + ml.EXCHANGE] = exchange
    _link(s, facts, f, exchange, match, mm, xx)


def _link(
    s: Rows,
    facts: Rows,
    f: int,
    exchange: int,
    match: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """A response belongs to an exchange."""
    row = facts[f + fact.MESSAGE] - 1
    cells = (exchange - 1) * x.CELLS
    request = xx[cells + x.REQUEST_ROW]
    _join(mm, row, exchange, xx)
    code = facts[f + fact.CODE]
    success = code >> 5 == 2
    observe = facts[f + fact.OBSERVE] >= 0
    notifies = xx[cells + x.STATE] == State.OBSERVING and (observe or not success)
    set_role(mm, row, Role.NOTIFICATION if notifies else Role.RESPONSE)
    mm[row * m.CELLS + m.PEER] = mm[request * m.CELLS + m.FRAME]
    took = facts[f + fact.TIME] - wide(mm, request * m.CELLS + m.TIME)
    set_wide(mm, row * m.CELLS + m.RESPONSE_TIME, took)
    xx[cells + x.RESPONSES] += 1
    if facts[f + fact.TYPE] != _ACK:
        _mark_answered(s, mm, request)
    first = xx[cells + x.RESPONSE] == 0
    if first:
        xx[cells + x.RESPONSE] = row + 1
        mm[request * m.CELLS + m.PEER] = facts[f + fact.FRAME]
        set_wide(mm, request * m.CELLS + m.RESPONSE_TIME, took)
        unsure = xx[cells + x.FLAGS] & x.AMBIGUOUS and match != x.MID_TOKEN
        confidence = x.AMBIGUOUS_MATCH if unsure else x.CONFIDENCE_OF_MATCH[match]
        xx[cells + x.MATCHED] = match + confidence * 0x10000
        if facts[f + fact.TYPE] == _ACK and xx[cells + x.ACK] == 0:
            xx[cells + x.ACK] = row + 1
    state = xx[cells + x.STATE]
    if xx[cells + x.FLAGS] & x.OBSERVES and observe and success:
        xx[cells + x.STATE] = State.OBSERVING
    elif state != State.OBSERVING or not success:
        xx[cells + x.STATE] = State.ANSWERED
        if state == State.OBSERVING:
            set_wide(xx, (exchange - 1) * x.CELLS + x.KEPT_UNTIL, s[CLOCK] + s[EXCHANGE_LIFETIME])
    registration_responded(s, facts, f, exchange, match, first, mm, xx)
    if match == x.OTHER_TOKEN or match == x.OTHER_MID or match == x.OTHER_ENDPOINT:
        tell(s, tells.RESPONDED, row, exchange, match, 0, 0)


def _mark_answered(s: Rows, mm: Cells, request: int) -> None:
    """The transmission of a request was answered."""
    number = newest(
        s,
        mm[request * m.CELLS + m.SOURCE],
        mm[request * m.CELLS + m.DESTINATION],
        message_id(mm, request),
    )
    if number and s[sent_at(s, number) + ml.MESSAGE] == request + 1:
        s[sent_at(s, number) + ml.ANSWERED] = 1


# Timers -----------------------------------------------------------------------------------------


def advance(
    s: Rows,
    now: int,
    ended: int,
    facts: Rows,
    mm: Cells,
    xx: Cells,
) -> int:
    """Capture time has come to `now`: tell what waited too long; with `ended`, what waits at all.
    Returns 1 when there is more to tell than the events have room for."""
    while s[WAITED] < s[NEXT_SENT]:
        sent = sent_at(s, s[WAITED])
        early = s[sent + ml.FIRST] + s[MAX_TRANSMIT_WAIT] >= now
        if early and not ended:
            break
        if s[EVENTS] >= NEARLY:
            return 1
        _waited(s, sent, 1 if early else 0, facts, mm, xx)
        s[WAITED] += 1
    while s[FIRST_SENT] < s[WAITED]:
        if s[sent_at(s, s[FIRST_SENT]) + ml.FIRST] + s[EXCHANGE_LIFETIME] >= now and not ended:
            break
        s[FIRST_SENT] += 1
    if ended:
        s[FIRST_EARLY] = s[NEXT_EARLY]
        s[OLDEST_EXCHANGE] = s[EXCHANGES] + 1
    return 0


def _waited(
    s: Rows,
    sent: int,
    ended: int,
    facts: Rows,
    mm: Cells,
    xx: Cells,
) -> None:
    """MAX_TRANSMIT_WAIT is over: tell what is missing."""
    request = s[sent + ml.FLAGS] & fact.REQUEST != 0
    if not request and s[sent + ml.TYPE] != _CON:
        return
    number = s[WAITED]
    source, destination = s[sent + ml.SOURCE], s[sent + ml.DESTINATION]
    exchange = s[sent + ml.EXCHANGE]
    cells = (exchange - 1) * x.CELLS
    silent = s[sent + ml.ACK] == 0 and s[sent + ml.ANSWERED] == 0
    if request and exchange and xx[cells + x.RESPONSE]:  # its Message ID was used again since
        silent = False
    multicast = s[endpoint_at(s, destination) + MULTICAST] != 0
    if s[sent + ml.TYPE] == _CON and silent and not multicast:
        alone = 1 if one_way(s, source, destination) else 0
        tell(s, tells.UNACKNOWLEDGED, number, ended, alone, 0, 0)
    if not request or exchange == 0:
        return
    if xx[cells + x.RESPONSE] or xx[cells + x.RESET]:
        return
    if xx[cells + x.STATE] == State.OPEN and not ended:
        xx[cells + x.STATE] = State.UNANSWERED
    settle_undecided(s, facts, -1, exchange, mm, xx)
    alone = 1 if one_way(s, source, destination) else 0
    tell(s, tells.UNANSWERED, exchange, ended, alone, 0, 0)
