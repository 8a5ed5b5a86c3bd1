# SPDX-License-Identifier: GPL-2.0-only
"""Request layer: requests and responses by (client, server, Token).

RFC 7252 clause 5.3.2; observations RFC 7641. The empty token is a token like any other. Who is the
client is told by each message: a request's sender is. Kernels (dissectors.kernel).

Exchanges of one bucket of keys are a chain, newest first. One whose lifetime is over gets no
response any more, unless it observes.
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import messages
from analyzer.exchanges.model import (
    AMBIGUOUS,
    CELLS,
    ENDED_BY,
    FLAGS,
    KEPT_UNTIL,
    OBSERVES,
    OLDER,
    OLDER_OF_CLIENT,
    OPERATION,
    REQUEST_ROW,
    STATE,
    TAG,
    State,
)
from analyzer.exchanges.reusing import token_reused
from analyzer.exchanges.states import Event, move, waits
from analyzer.flows import MULTICAST, endpoint_at
from analyzer.messages import Role, message_id, role_of, token_length
from analyzer.state import (
    BASE,
    CLIENT_BUCKETS,
    CLOCK,
    COUNT,
    EXCHANGE_LIFETIME,
    EXCHANGES,
    FILED,
    OLDEST_EXCHANGE,
    ROWS,
    SEED,
    TOKEN_BUCKETS,
    ends,
    place,
)
from analyzer.tables import Cells, set_wide, wide
from dissectors.kernel import Rows

MOST_PER_TOKEN: Final = 64
"""Exchanges looked at under one token: a sender that uses one for everything costs no more."""

_MOST_STEPS: Final = 1024
"""Exchanges passed in one bucket, whatever their tokens."""

_HASHED: Final = (1 << 59) - 1
_TAG_SHIFT: Final = 27  # above the bits that tell the bucket
_TAG_MASK: Final = (1 << 32) - 1

# What a bucket holds of its newest exchange: the id, bits that tell most keys apart, and 1 where
# another one came before it in the bucket.
_SIEVE: Final = (1 << 16) - 1
_ITEM: Final = 1 << 17


def _alive(s: Rows, xx: Cells, exchange: int, time: int) -> bool:
    """A response is still expected, or would still be taken for one."""
    if exchange < s[OLDEST_EXCHANGE]:
        return False
    row = exchange - 1
    return xx[row * CELLS + STATE] == State.OBSERVING or time <= wide(xx, row * CELLS + KEPT_UNTIL)


def _token(facts: Rows, f: int) -> int:
    """The token as rows of messages hold it."""
    long = facts[f + fact.TOKEN_LENGTH] > 8
    return facts[f + fact.TOKEN_NAME] if long else facts[f + fact.TOKEN]


def _length(facts: Rows, f: int) -> int:
    """The token's length as rows of messages hold it."""
    return min(facts[f + fact.TOKEN_LENGTH], messages.LONG_TOKEN)


def _place(s: Rows, client: int, server: int, token: int, length: int) -> int:
    """Hash of a key: bucket and tag. Eight tokens that follow one another lie side by side, as many
    senders count them up."""
    hash = place(s[SEED], ends(client, server), token >> 3, length)
    return (hash & _HASHED) * 8 + (token & 7)


def _head(s: Rows, table: int, hash: int) -> int:
    """Index of the item that holds the newest exchange of a bucket."""
    return s[table + BASE] + (hash & (s[table + ROWS] - 1))


def _tag(hash: int) -> int:
    return hash >> _TAG_SHIFT & _TAG_MASK


def _newest(s: Rows, head: int, tag: int) -> int:
    """The newest exchange of a bucket, 0 where it is the only one and has another tag."""
    held = s[head]
    if held & 1 == 0 and held >> 1 & _SIEVE != tag & _SIEVE:
        return 0
    return held // _ITEM


def _file_first(s: Rows, xx: Cells, head: int, link: int, exchange: int, tag: int) -> None:
    """Put an exchange first in its bucket."""
    older = s[head] // _ITEM
    xx[(exchange - 1) * CELLS + link] = older
    s[head] = exchange * _ITEM + (tag & _SIEVE) * 2 + (1 if older else 0)


def _alike(
    mm: Cells,
    xx: Cells,
    exchange: int,
    link: int,
    tag: int,
    client: int,
    server: int,
    token: int,
    length: int,
) -> int:
    """The first exchange from this one on in the chain by `link` that `client` asked with the
    token, of `server` and with its tag, unless these are 0; 0 for none."""
    steps = 0
    while exchange and steps < _MOST_STEPS:
        at = (exchange - 1) * CELLS
        if tag == 0 or xx[at + TAG] == tag:
            request = xx[at + REQUEST_ROW]
            cells = request * messages.CELLS
            if (
                mm[cells + messages.SOURCE] == client
                and (server == 0 or mm[cells + messages.DESTINATION] == server)
                and wide(mm, cells + messages.TOKEN) == token
                and token_length(mm, request) == length
            ):
                return exchange
        exchange = xx[at + link]
        steps += 1
    return 0


def open_exchange(s: Rows, facts: Rows, f: int, mm: Cells, xx: Cells, exchange: int) -> None:
    """A new request: an older one with its token makes later matches ambiguous, or is an
    observation that it takes over."""
    client, server = facts[f + fact.SOURCE], facts[f + fact.DESTINATION]
    token, length = _token(facts, f), _length(facts, f)
    time = facts[f + fact.TIME]
    continues = facts[f + fact.FLAGS] & fact.CONTINUES
    new = (exchange - 1) * CELLS
    set_wide(xx, new + KEPT_UNTIL, time + s[EXCHANGE_LIFETIME])
    hash = _place(s, client, server, token, length)
    tag = _tag(hash)
    head = _head(s, TOKEN_BUCKETS, hash)
    newest = _newest(s, head, tag)
    _file_first(s, xx, head, OLDER, exchange, tag)
    xx[new + TAG] = tag
    steps = 0
    older = _alike(mm, xx, newest, OLDER, tag, client, server, token, length)
    while older and steps < MOST_PER_TOKEN:
        at = (older - 1) * CELLS
        if _alive(s, xx, older, time):
            state = xx[at + STATE]
            if not continues and (state == State.OPEN or state == State.ACKNOWLEDGED):
                xx[at + FLAGS] |= AMBIGUOUS
                xx[new + FLAGS] |= AMBIGUOUS
            registers = state == State.OBSERVING and facts[f + fact.OBSERVE] >= 0
            if (not continues or registers) and steps == 0:
                token_reused(s, facts, f, exchange, older, mm, xx)
            if state == State.OBSERVING and 0 <= facts[f + fact.OBSERVE] <= 1:
                _observes_on(s, older, exchange, mm, xx, time)
        older = _alike(mm, xx, xx[at + OLDER], OLDER, tag, client, server, token, length)
        steps += 1
    s[TOKEN_BUCKETS + COUNT] += 1
    s[CLIENT_BUCKETS + COUNT] += 1


def _observes_on(s: Rows, older: int, exchange: int, mm: Cells, xx: Cells, time: int) -> None:
    """A request registers once more under the token of an observation, or deregisters: it belongs
    to the observation, unless it takes the token for another resource (RFC 7641 clause 4.1)."""
    was, new = (older - 1) * CELLS, (exchange - 1) * CELLS
    row = xx[new + REQUEST_ROW]
    request, before = row * messages.CELLS, xx[was + REQUEST_ROW] * messages.CELLS
    same = mm[request + messages.URI] == mm[before + messages.URI]
    if same:
        operation = xx[was + OPERATION]
        xx[new + OPERATION] = operation if operation else older
    if xx[new + FLAGS] & OBSERVES:
        move(xx, older, Event.OVER)
        set_wide(xx, was + KEPT_UNTIL, time + s[EXCHANGE_LIFETIME])
        if not same:
            xx[was + ENDED_BY] = row + 1


def end_observation(s: Rows, exchange: int, row: int, xx: Cells) -> None:
    """The message of a row ends an observation; what the server sends on still belongs to it."""
    at = (exchange - 1) * CELLS
    move(xx, exchange, Event.OVER)
    xx[at + ENDED_BY] = row + 1
    set_wide(xx, at + KEPT_UNTIL, s[CLOCK] + s[EXCHANGE_LIFETIME])


def deregistered(s: Rows, exchange: int, row: int, mm: Cells, xx: Cells) -> None:
    """The answer to a deregistration, in a row, ends the observation with its token (RFC 7641
    clause 3.6)."""
    at = (exchange - 1) * CELLS
    request = xx[at + REQUEST_ROW]
    cells = request * messages.CELLS
    client, server = mm[cells + messages.SOURCE], mm[cells + messages.DESTINATION]
    token, length = wide(mm, cells + messages.TOKEN), token_length(mm, request)
    tag, steps = xx[at + TAG], 0
    older = _alike(mm, xx, xx[at + OLDER], OLDER, tag, client, server, token, length)
    while older and steps < MOST_PER_TOKEN:
        if xx[(older - 1) * CELLS + STATE] == State.OBSERVING and older >= s[OLDEST_EXCHANGE]:
            end_observation(s, older, row, xx)
        older = xx[(older - 1) * CELLS + OLDER]
        older = _alike(mm, xx, older, OLDER, tag, client, server, token, length)
        steps += 1


def of_token(s: Rows, facts: Rows, f: int, mm: Cells, xx: Cells) -> int:
    """The exchange that a response on its own (CON or NON) belongs to: the newest one that was
    promised it, else observes, else waits, else observed; 0 for none."""
    client, server = facts[f + fact.DESTINATION], facts[f + fact.SOURCE]
    token, length = _token(facts, f), _length(facts, f)
    hash = _place(s, client, server, token, length)
    tag = _tag(hash)
    newest_of_all = _newest(s, _head(s, TOKEN_BUCKETS, hash), tag)
    exchange = _alike(mm, xx, newest_of_all, OLDER, tag, client, server, token, length)
    notifies = facts[f + fact.OBSERVE] >= 0 or facts[f + fact.CODE] >> 5 != 2
    newest = waiting = observing = observed = 0
    steps = 0
    while exchange and steps < MOST_PER_TOKEN:
        at = (exchange - 1) * CELLS
        if _alive(s, xx, exchange, facts[f + fact.TIME]):
            state = xx[at + STATE]
            if state == State.ACKNOWLEDGED:
                return exchange
            if state == State.OBSERVING and notifies and observing == 0:
                observing = exchange
            if xx[at + ENDED_BY] and facts[f + fact.OBSERVE] >= 0 and observed == 0:
                observed = exchange
            if waiting == 0 and (waits(state) or state == State.OBSERVING):
                waiting = exchange
            if newest == 0:
                newest = exchange
        exchange = _alike(mm, xx, xx[at + OLDER], OLDER, tag, client, server, token, length)
        steps += 1
    if observing:
        return observing
    if waiting:
        return waiting
    return observed if observed else newest


def open_by_token(s: Rows, facts: Rows, f: int, mm: Cells, xx: Cells) -> int:
    """An exchange with the token of this ACK that still waits, from the same server."""
    client, server = facts[f + fact.DESTINATION], facts[f + fact.SOURCE]
    token, length = _token(facts, f), _length(facts, f)
    hash = _place(s, client, server, token, length)
    tag = _tag(hash)
    newest = _newest(s, _head(s, TOKEN_BUCKETS, hash), tag)
    exchange = _alike(mm, xx, newest, OLDER, tag, client, server, token, length)
    steps = 0
    while exchange and steps < MOST_PER_TOKEN:
        at = (exchange - 1) * CELLS
        if waits(xx[at + STATE]) and _alive(s, xx, exchange, facts[f + fact.TIME]):
            return exchange
        exchange = _alike(mm, xx, xx[at + OLDER], OLDER, tag, client, server, token, length)
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


def _file(s: Rows, mm: Cells, xx: Cells) -> None:
    """Put the requests that came since the last time into the buckets of their clients: few
    captures ask for them, and then not for all."""
    first = max(s[FILED] + 1, s[OLDEST_EXCHANGE])
    for exchange in range(first, s[EXCHANGES] + 1):
        at = (exchange - 1) * CELLS
        request = xx[at + REQUEST_ROW]
        if role_of(mm, request) == Role.PING or _forgotten(s, xx, exchange):
            continue
        cells = request * messages.CELLS
        token, length = wide(mm, cells + messages.TOKEN), token_length(mm, request)
        hash = _place(s, mm[cells + messages.SOURCE], 0, token, length)
        head = _head(s, CLIENT_BUCKETS, hash)
        _file_first(s, xx, head, OLDER_OF_CLIENT, exchange, _tag(hash))
    s[FILED] = s[EXCHANGES]


def _of_client(
    s: Rows,
    facts: Rows,
    f: int,
    mm: Cells,
    xx: Cells,
    group: bool,
    same_mid: bool,
) -> int:
    client = facts[f + fact.DESTINATION]
    token, length = _token(facts, f), _length(facts, f)
    _file(s, mm, xx)
    hash = _place(s, client, 0, token, length)
    newest = _newest(s, _head(s, CLIENT_BUCKETS, hash), _tag(hash))
    exchange = _alike(mm, xx, newest, OLDER_OF_CLIENT, 0, client, 0, token, length)
    steps = 0
    while exchange and steps < MOST_PER_TOKEN:
        at = (exchange - 1) * CELLS
        if _alive(s, xx, exchange, facts[f + fact.TIME]):
            request = xx[at + REQUEST_ROW]
            server = mm[request * messages.CELLS + messages.DESTINATION]
            multicast = s[endpoint_at(s, server) + MULTICAST] != 0
            if group:
                if multicast:
                    return exchange
            elif server != facts[f + fact.SOURCE] and not multicast:
                agrees = not same_mid or message_id(mm, request) == facts[f + fact.MID]
                if agrees and waits(xx[at + STATE]):
                    return exchange
        older = xx[at + OLDER_OF_CLIENT]
        exchange = _alike(mm, xx, older, OLDER_OF_CLIENT, 0, client, 0, token, length)
        steps += 1
    return 0


# Buckets ----------------------------------------------------------------------------------------


def _forgotten(s: Rows, xx: Cells, exchange: int) -> bool:
    """No response to come will be taken for one of this exchange, however late its time."""
    if exchange < s[OLDEST_EXCHANGE]:
        return True
    at = (exchange - 1) * CELLS
    # A message whose time is further behind begins a new segment.
    over = wide(xx, at + KEPT_UNTIL) + s[EXCHANGE_LIFETIME] < s[CLOCK]
    return over and xx[at + STATE] != State.OBSERVING


def relink(s: Rows, heads: Rows, table: int, mm: Cells, xx: Cells) -> None:
    """Chain the exchanges of `heads`, the items of a region of buckets, anew in the empty buckets
    of `table`, but for those that get no response any more."""
    link = OLDER if table == TOKEN_BUCKETS else OLDER_OF_CLIENT
    count = 0
    for bucket in range(len(heads)):
        exchange, newer = heads[bucket] // _ITEM, 0
        while exchange:  # the oldest first
            at = (exchange - 1) * CELLS + link
            older = xx[at]
            xx[at] = newer
            newer = exchange
            exchange = older
        while newer:
            exchange = newer
            at = (exchange - 1) * CELLS
            newer = xx[at + link]
            if _forgotten(s, xx, exchange):
                continue
            request = xx[at + REQUEST_ROW]
            cells = request * messages.CELLS
            server = mm[cells + messages.DESTINATION] if table == TOKEN_BUCKETS else 0
            token, length = wide(mm, cells + messages.TOKEN), token_length(mm, request)
            hash = _place(s, mm[cells + messages.SOURCE], server, token, length)
            _file_first(s, xx, _head(s, table, hash), link, exchange, _tag(hash))
            count += 1
    s[table + COUNT] = count if table == TOKEN_BUCKETS else s[TOKEN_BUCKETS + COUNT]
