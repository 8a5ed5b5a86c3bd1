# SPDX-License-Identifier: GPL-2.0-only
"""Timers of capture time: what waits too long for an acknowledgement or a response.

Kernels (dissectors.kernel).
"""

from __future__ import annotations

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges import model as x
from analyzer.exchanges.blockwise import end_bodies
from analyzer.exchanges.message_layer import (
    sent_at,
    settle,
    when_at,
)
from analyzer.exchanges.model import State
from analyzer.exchanges.observing import superseded
from analyzer.exchanges.orphans import orphaned
from analyzer.exchanges.request_layer import end_observation
from analyzer.exchanges.states import Event, move
from analyzer.exchanges.waiting import IS_EARLY, IS_UNREADABLE, TAKEN, early_at
from analyzer.flows import (
    MULTICAST,
    SILENT,
    direction,
    endpoint_at,
    known_flow,
    note_at,
    one_way,
)
from analyzer.happenings import NEARLY, tell, told_before
from analyzer.registrations import settle_undecided
from analyzer.state import (
    BODIES_ENDED,
    EVENTS,
    EXCHANGE_LIFETIME,
    EXCHANGES,
    FIRST_EARLY,
    FIRST_SENT,
    MAX_TRANSMIT_WAIT,
    NEXT_EARLY,
    NEXT_SENT,
    OLDEST_EXCHANGE,
    REORDER_WINDOW,
    WAITED,
)
from analyzer.tables import Cells
from dissectors.coap.numbers import CON
from dissectors.kernel import Rows


def advance(
    s: Rows,
    now: int,
    ended: int,
    facts: Rows,
    mm: Cells,
    xx: Cells,
) -> int:
    """Capture time has come to `now`: tell what waited too long; with `ended`, what waits at all.
    Returns 1 when there is more to tell: the events have no more room, or the first of several
    alike has to be judged before the others can be counted."""
    while s[WAITED] < s[NEXT_SENT]:
        when = s[when_at(s, s[WAITED])]
        early = (when >> 1) + s[MAX_TRANSMIT_WAIT] >= now
        if early and not ended:
            break
        if s[EVENTS] >= NEARLY:
            return 1
        if when & 1 == 0:
            _waited(s, sent_at(s, s[WAITED]), 1 if early else 0, facts, mm, xx)
        s[WAITED] += 1
    if s[FIRST_EARLY] < s[NEXT_EARLY] and _expire_early(s, now, ended):
        return 1
    while s[FIRST_SENT] < s[WAITED]:
        when = s[when_at(s, s[FIRST_SENT])]
        young = (when >> 1) + s[EXCHANGE_LIFETIME] >= now
        if young and not ended:
            break
        if s[EVENTS] >= NEARLY:
            return 1
        sent = sent_at(s, s[FIRST_SENT])
        noted = when & 1 == 0 and _forgotten(s, sent, 1 if young else 0, mm, xx)
        s[FIRST_SENT] += 1
        if noted:
            return 1
    if ended:
        if end_bodies(s):
            return 1
        s[BODIES_ENDED] = 0
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
    if not request and s[sent + ml.TYPE] != CON:
        return
    number = s[WAITED]
    settle(s, sent)
    copied = s[sent + ml.COPIES] and s[sent + ml.LAST] > s[sent + ml.ACKED_AT]
    if s[sent + ml.TYPE] == CON and copied and s[sent + ml.ACKS] == 1:
        tell(s, tells.COPIES_IGNORED, number, ended, 0, 0, 0)
    source, destination = s[sent + ml.SOURCE], s[sent + ml.DESTINATION]
    exchange = s[sent + ml.EXCHANGE]
    cells = (exchange - 1) * x.CELLS
    silent = s[sent + ml.ACK] == 0 and s[sent + ml.ANSWERED] == 0
    if s[sent + ml.FLAGS] & fact.Q_BLOCK:  # not each block is answered (RFC 9177 clause 4.3)
        return
    if request and exchange and xx[cells + x.RESPONSE]:  # its Message ID was used again since
        silent = False
    multicast = s[endpoint_at(s, destination) + MULTICAST] != 0
    if s[sent + ml.TYPE] == CON and silent and not multicast:
        alone = 1 if one_way(s, source, destination) else 0
        tell(s, tells.UNACKNOWLEDGED, number, ended, alone, 0, 0)
        notifies = exchange != 0 and not request and xx[cells + x.STATE] == State.OBSERVING
        row = s[sent + ml.MESSAGE] - 1
        lost = notifies and not ended and not alone
        if lost and not superseded(s, exchange, row, mm):  # RFC 7641 clause 4.5
            end_observation(s, exchange, row, xx)
    if not request or exchange == 0:
        return
    if xx[cells + x.RESPONSE] or xx[cells + x.RESET]:
        return
    if not ended:
        move(xx, exchange, Event.SILENCE)
    settle_undecided(s, facts, -1, exchange, mm, xx)
    alone = 1 if one_way(s, source, destination) else 0
    tell(s, tells.UNANSWERED, exchange, ended, alone, 0, 0)


def _forgotten(s: Rows, sent: int, ended: int, mm: Cells, xx: Cells) -> bool:
    """EXCHANGE_LIFETIME is over: a response that comes now is too late. A group may have answered
    all the time. True when a note was given."""
    exchange = s[sent + ml.EXCHANGE]
    if exchange == 0 or s[sent + ml.FLAGS] & fact.REQUEST == 0 or s[sent + ml.FLAGS] & fact.Q_BLOCK:
        return False
    cells = (exchange - 1) * x.CELLS
    if s[endpoint_at(s, s[sent + ml.DESTINATION]) + MULTICAST]:
        tell(s, tells.GROUP_OVER, exchange, 0, 0, 0, 0)
    elif not ended and xx[cells + x.RESPONSE] == 0 and xx[cells + x.RESET] == 0:
        return _never_answered(s, sent, exchange, mm)
    return False


def _never_answered(s: Rows, sent: int, exchange: int, mm: Cells) -> bool:
    """A request that wants a response got none; of NONs told once per flow and direction, then
    counted. A CON that was not even acknowledged was told of before. True when a note was given."""
    if s[sent + ml.FLAGS] & fact.UNWANTED:
        return False
    source, destination = s[sent + ml.SOURCE], s[sent + ml.DESTINATION]
    if s[sent + ml.TYPE] == CON:
        if s[sent + ml.ACK]:
            tell(s, tells.NEVER_ANSWERED, exchange, 0, 0, 0, 0)
        return False
    flow = known_flow(s, source, destination)
    if flow == 0 or one_way(s, source, destination):
        return False
    note = SILENT + direction(s, flow, source)
    frame = mm[(s[sent + ml.MESSAGE] - 1) * m.CELLS + m.FRAME]
    if told_before(s, note_at(s, flow, note), frame, s[sent + ml.LAST], 0):
        return False
    tell(s, tells.NEVER_ANSWERED, exchange, note, flow, 0, 0)
    return True


def _expire_early(s: Rows, now: int, ended: int) -> int:
    """What was seen before that which it answers waits no longer: it answers nothing. Returns 1
    when there is more to tell, as `advance` does."""
    while s[FIRST_EARLY] < s[NEXT_EARLY]:
        at = early_at(s, s[FIRST_EARLY])
        longer = s[at + TAKEN] == IS_UNREADABLE
        patience = s[EXCHANGE_LIFETIME] if longer else s[REORDER_WINDOW]
        waits = now - s[at + fact.TIME] <= patience
        if waits and not ended:
            return 0
        if s[EVENTS] >= NEARLY:
            return 1
        s[FIRST_EARLY] += 1
        if s[at + TAKEN] == IS_EARLY and orphaned(s, at, waits):
            return 1
    return 0
