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
from analyzer.exchanges.acknowledging import (
    acknowledgement,
    early_acknowledgements,
    unmatched_acknowledgement,
)
from analyzer.exchanges.linking import open_by, request, response
from analyzer.exchanges.message_layer import (
    acknowledged_by,
    repeated,
    sameness,
    send,
    sent_at,
    when_at,
)
from analyzer.exchanges.outstanding import awaits
from analyzer.exchanges.reusing import mid_reused
from analyzer.exchanges.signalling import framed
from analyzer.exchanges.waiting import (
    IS_UNREADABLE,
    keep_waiting,
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
from analyzer.messages import Role, role_of, set_role
from analyzer.state import (
    FIRST_EARLY,
    NEWEST_EMPTY,
    SEEN_WHEN,
    mix,
)
from analyzer.tables import Cells
from analyzer.verdicts import counted_alike, judged_quiet
from dissectors.coap.numbers import CON, NON
from dissectors.coap.wire import FATAL, HEADER, Defect
from dissectors.kernel import Rows

_NOT_PAIRED: Final = (
    (1 << Defect.NON_EMPTY) | (1 << Defect.ACK_REQUEST) | (1 << Defect.SIGNAL_ON_UDP)
)
"""Wrong combinations of type and code, which the receiver must ignore (clauses 4.2, 4.3)."""

_VERSION: Final = 1 << Defect.VERSION
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
    elif flags & fact.RELIABLE:
        number = framed(s, facts, f, mm)
        if number and flags & fact.REQUEST:
            request(s, facts, f, number, mm, xx, spare)
        elif number:
            response(s, facts, f, number, mm, xx)
    elif facts[f + fact.TYPE] <= NON:
        known = repeated(s, facts, f)
        if known > 0:
            _repeat(s, facts, f, known, mm, xx)
            return
        number = send(s, facts, f)
        confirmable = facts[f + fact.TYPE] == CON
        if confirmable and flags & fact.RESPONSE == 0:
            awaits(s, facts, f, number)
        if known < 0:
            mid_reused(s, facts, f, -known)
        if facts[f + fact.CODE] == 0:
            open_by(s, facts, f, number, mm, xx, Role.PING)
        elif flags & fact.REQUEST:
            request(s, facts, f, number, mm, xx, spare)
        else:
            response(s, facts, f, number, mm, xx)
            if confirmable:  # now that one it replaces is not waited for any more
                awaits(s, facts, f, number)
        if s[NEWEST_EMPTY] >= s[FIRST_EARLY]:
            early_acknowledgements(s, facts, f, number, mm, xx, spare)
    else:
        sent = acknowledged_by(s, facts, f)
        if sent:
            if acknowledgement(s, facts, f, sent, mm, xx) == 0:
                return
        else:
            unmatched_acknowledgement(s, facts, f, mm, xx)
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
    if flags & fact.READABLE and facts[f + fact.FORM]:
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
    form = mix(facts[f + fact.FORM], s[to + MULTICAST] * 2 + s[by + MULTICAST]) | 1
    odd = facts[f + fact.ODD]
    signature = mix(form, odd) | 1 if odd else form
    if not judged_quiet(s, signature) and not counted_alike(s, signature, facts, f, 0):
        row = facts[f + fact.MESSAGE] - 1
        tell(s, tells.FORMED, row, signature, facts[f + fact.LEG_OF], form, 0)


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
