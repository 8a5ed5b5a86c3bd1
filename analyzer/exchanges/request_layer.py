# SPDX-License-Identifier: GPL-2.0-only
"""Request layer: requests and responses by (client, server, Token).

RFC 7252 clause 5.3.2; observations RFC 7641. The empty token is a token like any other. Who is the
client is told by each message: a request's sender is. Kernels (dissectors.kernel).

Exchanges under one key are a chain, newest first. One whose lifetime is over gets no response any
more, unless it observes.
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import messages
from analyzer.exchanges.model import (
    AMBIGUOUS,
    CELLS,
    FLAGS,
    KEPT_UNTIL,
    OLDER,
    OLDER_OF_CLIENT,
    REQUEST_ROW,
    STATE,
    State,
)
from analyzer.flows import MULTICAST, endpoint_at
from analyzer.messages import message_id
from analyzer.state import (
    BASE,
    CLIENT_KEYS,
    CLOCK,
    ENTRY,
    EXCHANGE_LIFETIME,
    GONE,
    OLDEST_EXCHANGE,
    ROWS,
    TOKEN_KEYS,
    VALUE,
    entry,
    get,
    put_at,
    value_at,
)
from analyzer.tables import Cells, set_wide, wide
from dissectors.kernel import Rows

MOST_PER_TOKEN: Final = 64
"""Exchanges looked at under one token: a sender that uses one for everything costs no more."""

_WAITING: Final = (1 << State.OPEN) | (1 << State.ACKNOWLEDGED) | (1 << State.UNANSWERED)


def pair_key(client: int, server: int) -> int:
    """Client and server in one number."""
    return client * 0x40000000 + server


def _waits(state: int) -> bool:
    """No response, and none was refused."""
    return _WAITING >> state & 1 == 1


def _alive(s: Rows, xx: Cells, exchange: int, time: int) -> bool:
    """A response is still expected, or would still be taken for one."""
    if exchange < s[OLDEST_EXCHANGE]:
        return False
    row = exchange - 1
    return xx[row * CELLS + STATE] == State.OBSERVING or time <= wide(xx, row * CELLS + KEPT_UNTIL)


def open_exchange(s: Rows, facts: Rows, f: int, xx: Cells, exchange: int) -> None:
    """A new request: an older one with its token makes later matches ambiguous, or is an
    observation that it takes over."""
    client, server = facts[f + fact.SOURCE], facts[f + fact.DESTINATION]
    token, length = facts[f + fact.TOKEN], facts[f + fact.TOKEN_LENGTH]
    time = facts[f + fact.TIME]
    continues = facts[f + fact.FLAGS] & fact.CONTINUES
    set_wide(xx, (exchange - 1) * CELLS + KEPT_UNTIL, time + s[EXCHANGE_LIFETIME])
    key = pair_key(client, server)
    place = entry(s, TOKEN_KEYS, key, token, length)
    newest = value_at(s, place)
    xx[(exchange - 1) * CELLS + OLDER] = newest
    steps = 0
    while newest and steps < MOST_PER_TOKEN:
        row = newest - 1
        if _alive(s, xx, newest, time):
            state = xx[row * CELLS + STATE]
            if not continues and (state == State.OPEN or state == State.ACKNOWLEDGED):
                xx[row * CELLS + FLAGS] |= AMBIGUOUS
                xx[(exchange - 1) * CELLS + FLAGS] |= AMBIGUOUS
            if state == State.OBSERVING and facts[f + fact.OBSERVE] == 0:
                xx[row * CELLS + STATE] = State.ANSWERED
                set_wide(xx, row * CELLS + KEPT_UNTIL, time + s[EXCHANGE_LIFETIME])
        newest = xx[row * CELLS + OLDER]
        steps += 1
    put_at(s, TOKEN_KEYS, place, key, token, length, exchange)
    place = entry(s, CLIENT_KEYS, client, token, length)
    xx[(exchange - 1) * CELLS + OLDER_OF_CLIENT] = value_at(s, place)
    put_at(s, CLIENT_KEYS, place, client, token, length, exchange)


def of_token(s: Rows, facts: Rows, f: int, xx: Cells) -> int:
    """The exchange that a response on its own (CON or NON) belongs to: the newest one that was
    promised it, else observes, else waits; 0 for none."""
    key = pair_key(facts[f + fact.DESTINATION], facts[f + fact.SOURCE])
    exchange = get(s, TOKEN_KEYS, key, facts[f + fact.TOKEN], facts[f + fact.TOKEN_LENGTH])
    notifies = facts[f + fact.OBSERVE] >= 0 or facts[f + fact.CODE] >> 5 != 2
    newest = waiting = observing = 0
    steps = 0
    while exchange and steps < MOST_PER_TOKEN:
        row = exchange - 1
        if _alive(s, xx, exchange, facts[f + fact.TIME]):
            state = xx[row * CELLS + STATE]
            if state == State.ACKNOWLEDGED:
                return exchange
            if state == State.OBSERVING and notifies and observing == 0:
                observing = exchange
            if waiting == 0 and (_waits(state) or state == State.OBSERVING):
                waiting = exchange
            if newest == 0:
                newest = exchange
        exchange = xx[row * CELLS + OLDER]
        steps += 1
    if observing:
        return observing
    return waiting if waiting else newest


def open_by_token(s: Rows, facts: Rows, f: int, xx: Cells) -> int:
    """An exchange with the token of this ACK that still waits, from the same server."""
    key = pair_key(facts[f + fact.DESTINATION], facts[f + fact.SOURCE])
    exchange = get(s, TOKEN_KEYS, key, facts[f + fact.TOKEN], facts[f + fact.TOKEN_LENGTH])
    steps = 0
    while exchange and steps < MOST_PER_TOKEN:
        row = exchange - 1
        if _waits(xx[row * CELLS + STATE]) and _alive(s, xx, exchange, facts[f + fact.TIME]):
            return exchange
        exchange = xx[row * CELLS + OLDER]
        steps += 1
    return 0


def of_group(s: Rows, facts: Rows, f: int, mm: Cells, xx: Cells) -> int:
    """A multicast request of this client with the token, from any responder (clause 8.2)."""
    return _of_client(s, facts, f, mm, xx, True, False)


def of_other_server(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
    same_mid: bool,
) -> int:
    """An open exchange of this client with the token, asked of another endpoint.

    With `same_mid` the Message ID must be equal too; without, an empty token proves nothing.
    """
    if not same_mid and facts[f + fact.TOKEN_LENGTH] == 0:
        return 0
    return _of_client(s, facts, f, mm, xx, False, same_mid)


def _of_client(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
    group: bool,
    same_mid: bool,
) -> int:
    token, length = facts[f + fact.TOKEN], facts[f + fact.TOKEN_LENGTH]
    exchange = get(s, CLIENT_KEYS, facts[f + fact.DESTINATION], token, length)
    steps = 0
    while exchange and steps < MOST_PER_TOKEN:
        row = exchange - 1
        if _alive(s, xx, exchange, facts[f + fact.TIME]):
            request = xx[row * CELLS + REQUEST_ROW]
            server = mm[request * messages.CELLS + messages.DESTINATION]
            multicast = s[endpoint_at(s, server) + MULTICAST] != 0
            if group:
                if multicast:
                    return exchange
            elif server != facts[f + fact.SOURCE] and not multicast:
                agrees = not same_mid or message_id(mm, request) == facts[f + fact.MID]
                if agrees and _waits(xx[row * CELLS + STATE]):
                    return exchange
        exchange = xx[row * CELLS + OLDER_OF_CLIENT]
        steps += 1
    return 0


def bury(s: Rows, table: int, xx: Cells) -> int:
    """Drop the keys under which no exchange gets a response any more; how many keys are left."""
    base = s[table + BASE]
    left = 0
    for row in range(s[table + ROWS]):
        place = base + row * ENTRY + VALUE
        exchange = s[place]
        if exchange <= 0:
            continue
        alive, steps = False, 0
        while exchange and not alive and steps < MOST_PER_TOKEN:
            alive = _alive(s, xx, exchange, s[CLOCK])
            at = (exchange - 1) * CELLS
            exchange = xx[at + (OLDER if table == TOKEN_KEYS else OLDER_OF_CLIENT)]
            steps += 1
        if alive:
            left += 1
        else:
            s[place] = GONE
    return left
