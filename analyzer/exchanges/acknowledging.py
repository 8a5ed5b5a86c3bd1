# SPDX-License-Identifier: GPL-2.0-only
"""ACKs and RSTs: which CON or NON each answers, and whether it may (RFC 7252 clauses 4.2 to 4.5).

Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges import model as x
from analyzer.exchanges.linking import join, link
from analyzer.exchanges.message_layer import keep_ack, sameness, sent_at, settle
from analyzer.exchanges.model import State
from analyzer.exchanges.request_layer import end_observation, of_other_server, open_by_token
from analyzer.exchanges.states import Event, move
from analyzer.exchanges.waiting import (
    IS_EARLY,
    TAKEN,
    between_the_same,
    early_at,
    keep_waiting,
    take,
    unreadable,
)
from analyzer.flows import MULTICAST, SURPLUS, direction, endpoint_at, note_at
from analyzer.happenings import tell, told_before
from analyzer.messages import Role, set_role, token_length
from analyzer.registrations import settle_undecided
from analyzer.state import ACK_TIMEOUT, FIRST_EARLY, NEXT_EARLY, REORDER_WINDOW
from analyzer.tables import Cells, set_wide, wide
from dissectors.coap.numbers import ACK, CON, RST
from dissectors.coap.wire import Defect
from dissectors.kernel import Rows

_EMPTY_EXTRA: Final = 1 << Defect.EMPTY_EXTRA


def acknowledgement(
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
            _answered_again(s, facts, f, number, same == ml.OTHER)
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


def _answered_again(s: Rows, facts: Rows, f: int, number: int, differs: bool) -> None:
    """One more ACK or RST of a kind that came before; of a group each member may send one. What
    is but one too many is told once per flow and direction, then counted."""
    sent = sent_at(s, number)
    if s[endpoint_at(s, s[sent + ml.DESTINATION]) + MULTICAST]:
        return
    row, first, flow = facts[f + fact.MESSAGE] - 1, s[sent + ml.ACK] - 1, facts[f + fact.FLOW]
    note = 0
    if not differs:
        if s[sent + ml.ACKS] <= s[sent + ml.COPIES] + 1:
            return
        note = SURPLUS + direction(s, flow, facts[f + fact.SOURCE])
        frame, time = facts[f + fact.FRAME], facts[f + fact.TIME]
        if told_before(s, note_at(s, flow, note), frame, time, 0):
            return
    tell(s, tells.ANSWERED_AGAIN, row, flow, first, note, number)


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
    if s[sent + ml.TYPE] != CON or facts[f + fact.CODE]:
        return True
    flawed = s[sent + ml.FLAGS] & fact.DEFECT != 0
    late = facts[f + fact.TIME] - s[sent + ml.LAST] > s[ACK_TIMEOUT]
    return flawed or late or s[endpoint_at(s, s[sent + ml.DESTINATION]) + MULTICAST] != 0


def early_acknowledgements(
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
            and between_the_same(s, at, facts, f, s[REORDER_WINDOW])
        ):
            take(s, at, facts, spare)
            acknowledgement(s, facts, spare, number, mm, xx)


def unmatched_acknowledgement(
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
