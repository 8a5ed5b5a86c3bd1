# SPDX-License-Identifier: GPL-2.0-only
"""Timers of capture time: what waits too long for an acknowledgement or a response.

Kernels (dissectors.kernel).
"""

from __future__ import annotations

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges import model as x
from analyzer.exchanges.blockwise import end_bodies
from analyzer.exchanges.message_layer import (
    sent_at,
    when_at,
)
from analyzer.exchanges.model import State
from analyzer.exchanges.request_layer import end_observation
from analyzer.exchanges.states import Event, move
from analyzer.flows import (
    MULTICAST,
    endpoint_at,
    one_way,
)
from analyzer.happenings import NEARLY, tell
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
    Returns 1 when there is more to tell than the events have room for."""
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
    while s[FIRST_SENT] < s[WAITED]:
        if (s[when_at(s, s[FIRST_SENT])] >> 1) + s[EXCHANGE_LIFETIME] >= now and not ended:
            break
        s[FIRST_SENT] += 1
    if ended:
        if end_bodies(s):
            return 1
        s[BODIES_ENDED] = 0
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
    if not request and s[sent + ml.TYPE] != CON:
        return
    number = s[WAITED]
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
        if notifies and not ended and not alone:  # RFC 7641 clause 4.5
            end_observation(s, exchange, s[sent + ml.MESSAGE] - 1, xx)
    if not request or exchange == 0:
        return
    if xx[cells + x.RESPONSE] or xx[cells + x.RESET]:
        return
    if not ended:
        move(xx, exchange, Event.SILENCE)
    settle_undecided(s, facts, -1, exchange, mm, xx)
    alone = 1 if one_way(s, source, destination) else 0
    tell(s, tells.UNANSWERED, exchange, ended, alone, 0, 0)
