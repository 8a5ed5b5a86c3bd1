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
from analyzer.exchanges.linking import join, link, open_by, request, response
from analyzer.exchanges.message_layer import (
    acknowledged_by,
    keep_ack,
    repeated,
    sameness,
    send,
    sent_at,
    when_at,
)
from analyzer.exchanges.model import State
from analyzer.exchanges.outstanding import awaits, settle
from analyzer.exchanges.request_layer import (
    end_observation,
    of_other_server,
    open_by_token,
)
from analyzer.exchanges.reuse import mid_reused
from analyzer.exchanges.states import Event, move
from analyzer.exchanges.waiting import (
    IS_EARLY,
    IS_TAKEN,
    IS_UNREADABLE,
    TAKEN,
    early_at,
    keep_waiting,
    unreadable,
)
from analyzer.flows import FIRST as FLOW_FIRST
from analyzer.flows import (
    FIRST_FRAME,
    MULTICAST,
    PINGS,
    endpoint_at,
    flow_at,
    note_at,
    repeats,
)
from analyzer.flows import PLAIN_ON_5684 as FLOW_PLAIN
from analyzer.happenings import tell, told_before
from analyzer.messages import Role, role_of, set_role, token_length
from analyzer.registrations import settle_undecided
from analyzer.state import (
    ACK_TIMEOUT,
    FIRST_EARLY,
    NEXT_EARLY,
    REORDER_WINDOW,
    SEEN_WHEN,
    mix,
)
from analyzer.tables import Cells, set_wide, wide
from analyzer.verdicts import judged_quiet
from dissectors.coap.numbers import ACK, CON, NON, RST
from dissectors.coap.wire import FATAL, HEADER, Defect
from dissectors.kernel import Rows

MOST_BAD_VERSIONS: Final = 1024

_NOT_PAIRED: Final = (
    (1 << Defect.NON_EMPTY) | (1 << Defect.ACK_REQUEST) | (1 << Defect.SIGNAL_ON_UDP)
)
"""Wrong combinations of type and code, which the receiver must ignore (clauses 4.2, 4.3)."""

_VERSION: Final = 1 << Defect.VERSION
_EMPTY_EXTRA: Final = 1 << Defect.EMPTY_EXTRA
_FATAL: Final = sum(1 << defect for defect in FATAL)


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
        refusable = defects & _VERSION or (facts[f + fact.TYPE] == CON and defects & _FATAL)
        if refusable and facts[f + fact.END] - facts[f + fact.AT] >= HEADER:
            keep_waiting(s, facts, f, IS_UNREADABLE)
    elif facts[f + fact.TYPE] <= NON:
        known = repeated(s, facts, f)
        if known > 0:
            _repeat(s, facts, f, known, mm, xx)
            return
        number = send(s, facts, f)
        if facts[f + fact.TYPE] == CON:
            awaits(s, facts, f, number)
        if known < 0:
            mid_reused(s, facts, f, -known)
        if facts[f + fact.CODE] == 0:
            open_by(s, facts, f, number, mm, xx, Role.PING)
        elif flags & fact.REQUEST:
            request(s, facts, f, number, mm, xx, spare)
        else:
            response(s, facts, f, number, mm, xx)
        if s[FIRST_EARLY] < s[NEXT_EARLY]:
            _early_acknowledgements(s, facts, f, number, mm, xx, spare)
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
    if flags & fact.READABLE:
        _formed(s, facts, f)
    flags &= s[SEEN_WHEN]
    if flags == fact.PING:
        forth = s[flow + FLOW_FIRST] == facts[f + fact.SOURCE]
        note = PINGS if forth else PINGS + 1
        frame, time = facts[f + fact.FRAME], facts[f + fact.TIME]
        if not told_before(s, note_at(s, facts[f + fact.FLOW], note), frame, time, 0):
            tell(s, tells.SEEN, row, flags, 0, note, facts[f + fact.FLOW])
    elif flags:
        tell(s, tells.SEEN, row, flags, facts[f + fact.LEG_OF], 0, 0)


def _formed(s: Rows, facts: Rows, f: int) -> None:
    """Tell of a message whose form is not known to break no rule."""
    to = endpoint_at(s, facts[f + fact.DESTINATION])
    by = endpoint_at(s, facts[f + fact.SOURCE])
    signature = mix(facts[f + fact.FORM], s[to + MULTICAST] * 2 + s[by + MULTICAST]) | 1
    if not judged_quiet(s, signature):
        row = facts[f + fact.MESSAGE] - 1
        tell(s, tells.FORMED, row, signature, facts[f + fact.LEG_OF], 0, 0)


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
    same = sameness(
        s[sent + ml.DATA_HASH],
        s[sent + ml.LASTING_HASH],
        s[sent + ml.PAYLOAD_HASH],
        s[sent + ml.FLAGS] & fact.NOTIFIES,
        facts,
        f,
    )
    s[sent + ml.LAST] = time
    if s[sent + ml.ACK]:
        s[when_at(s, number)] &= -2  # is it acknowledged once more?
    s[sent + ml.COPIES] += 1
    first = s[sent + ml.MESSAGE] - 1
    set_role(mm, row, Role.RETRANSMISSION)
    mm[row * m.CELLS + m.FIRST] = mm[first * m.CELLS + m.FRAME]
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
    before = s[sent + ml.GAP]
    tell(s, tells.RETRANSMITTED, row, number, s[sent + ml.COPIES], gap, before * 4 + same)
    s[sent + ml.GAP] = gap


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
    responds = response and kind == ACK
    news = responds and s[sent + ml.ACK_RESPONDS] == 0
    exchange = s[sent + ml.EXCHANGE]
    if s[sent + ml.ACKS] == 0:
        s[sent + ml.ACKED_AT] = facts[f + fact.TIME]
    s[sent + ml.ACKS] += 1
    settle(s, sent)
    join(mm, row, exchange, xx)
    asked = s[sent + ml.FLAGS] & fact.REQUEST != 0
    if s[sent + ml.ACK_TYPES] >> kind & 1 and not news:
        set_role(mm, row, Role.DUPLICATE_ACK)
        if exchange:
            mm[row * m.CELLS + m.FIRST] = mm[(s[sent + ml.ACK] - 1) * m.CELLS + m.FRAME]
            if response and asked:
                request = xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW]
                mm[row * m.CELLS + m.PEER] = mm[request * m.CELLS + m.FRAME]
                took = facts[f + fact.TIME] - wide(mm, request * m.CELLS + m.TIME)
                set_wide(mm, row * m.CELLS + m.RESPONSE_TIME, took)
            same = sameness(
                s[sent + ml.ACK_DATA],
                s[sent + ml.ACK_LASTING],
                s[sent + ml.ACK_PAYLOAD],
                s[sent + ml.ACK_TYPES] & ml.ACK_NOTIFIES,
                facts,
                f,
            )
            differs = 1 if same == ml.OTHER else 0
            if differs or s[sent + ml.ACKS] > s[sent + ml.COPIES] + 1:
                first = s[sent + ml.ACK] - 1
                tell(s, tells.ANSWERED_AGAIN, row, exchange, first, differs, number)
        return 0
    promised = s[sent + ml.ACK_TYPES] >> ACK & 1
    keep_ack(s, number, facts, f, responds)
    if responds and asked:
        if exchange:
            request = xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW]
            same_token = facts[f + fact.TOKEN] == wide(mm, request * m.CELLS + m.TOKEN) and facts[
                f + fact.TOKEN_LENGTH
            ] == token_length(mm, request)
            if facts[f + fact.TOKEN_LENGTH] > 8:
                same_token = facts[f + fact.TOKEN_NAME] == wide(mm, request * m.CELLS + m.TOKEN)
            match = x.MID_TOKEN if same_token else x.OTHER_TOKEN
            link(s, facts, f, exchange, match, number, promised, mm, xx)
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
    reset = facts[f + fact.TYPE] == RST
    set_role(mm, row, Role.RESET if reset else Role.ACK)
    if reset and exchange:
        settle_undecided(s, facts, -1, exchange, mm, xx)
    cells = (exchange - 1) * x.CELLS
    to_ping = s[sent + ml.FLAGS] & fact.PING != 0
    if to_ping != reset or _odd_acknowledgement(s, facts, f, sent):
        tell(s, tells.ACKNOWLEDGED, row, number, 0, 0, 0)
    if exchange == 0:
        return
    if reset:
        if xx[cells + x.RESET] == 0:
            xx[cells + x.RESET] = row + 1
        observed = xx[cells + x.STATE] == State.OBSERVING
        move(xx, exchange, Event.RST)
        if observed:  # the observer is gone (RFC 7641 clause 3.6)
            end_observation(s, exchange, row, xx)
    elif xx[cells + x.REQUEST_ROW] == s[sent + ml.MESSAGE] - 1:
        if xx[cells + x.ACK] == 0:
            xx[cells + x.ACK] = row + 1
        move(xx, exchange, Event.EMPTY_ACK)
    if xx[cells + x.MATCHED] == 0:
        flawed = facts[f + fact.DEFECTS] & _EMPTY_EXTRA
        xx[cells + x.MATCHED] = x.BY_MID + (x.LOW if flawed else x.EXACT) * 0x10000


def _odd_acknowledgement(s: Rows, facts: Rows, f: int, sent: int) -> bool:
    """An answer that rules ask for: late, to what needs none, or to what should be rejected."""
    if s[sent + ml.TYPE] != CON or s[sent + ml.EXCHANGE] == 0 or facts[f + fact.CODE]:
        return True
    flawed = s[sent + ml.FLAGS] & fact.DEFECT != 0
    late = facts[f + fact.TIME] - s[sent + ml.LAST] > s[ACK_TIMEOUT]
    return flawed or late or s[endpoint_at(s, s[sent + ml.DESTINATION]) + MULTICAST] != 0


def _early_acknowledgements(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
    spare: int,
) -> None:
    """Empty ACKs and RSTs that were recorded before what they answer."""
    for early in range(s[FIRST_EARLY], s[NEXT_EARLY]):
        at = early_at(s, early)
        if (
            s[at + TAKEN] == IS_EARLY
            and s[at + fact.CODE] == 0
            and s[at + fact.MID] == facts[f + fact.MID]
            and s[at + fact.SOURCE] == facts[f + fact.DESTINATION]
            and s[at + fact.DESTINATION] == facts[f + fact.SOURCE]
            and abs(facts[f + fact.TIME] - s[at + fact.TIME]) <= s[REORDER_WINDOW]
        ):
            s[at + TAKEN] = IS_TAKEN
            for slot in range(fact.SLOTS):
                facts[spare + slot] = s[at + slot]
            _acknowledgement(s, facts, spare, number, mm, xx)


def _unmatched_acknowledgement(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """An ACK or RST under a Message ID that nobody sent."""
    row = facts[f + fact.MESSAGE] - 1
    bad = unreadable(s, facts, f)
    if bad:
        tell(s, tells.UNREADABLE_ANSWERED, row, bad - 1, 0, 0, 0)
    exchange, match = 0, x.OTHER_MID
    response = facts[f + fact.FLAGS] & fact.RESPONSE != 0
    if response and facts[f + fact.TYPE] == ACK:
        exchange = of_other_server(s, facts, f, mm, xx, True)
        if exchange:
            match = x.OTHER_ENDPOINT
        else:
            exchange = open_by_token(s, facts, f, mm, xx)
            if exchange == 0:
                exchange = of_other_server(s, facts, f, mm, xx, False)
                match = x.OTHER_ENDPOINT
    if exchange:
        link(s, facts, f, exchange, match, 0, 0, mm, xx)
        return
    set_role(mm, row, Role.ORPHAN)
    if bad == 0:
        keep_waiting(s, facts, f, IS_EARLY)
