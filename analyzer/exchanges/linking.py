# SPDX-License-Identifier: GPL-2.0-only
"""Requests opened as exchanges, and responses linked to them. Kernels (dissectors.kernel)."""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges import model as x
from analyzer.exchanges.asking import asked, refused
from analyzer.exchanges.blockwise import block_requested, block_responded, offset_of
from analyzer.exchanges.message_layer import (
    newest,
    sent_at,
    settle,
    when_at,
)
from analyzer.exchanges.model import State
from analyzer.exchanges.observing import notified, observe_requested
from analyzer.exchanges.request_layer import (
    deregistered,
    end_observation,
    of_group,
    of_other_server,
    of_token,
    open_exchange,
)
from analyzer.exchanges.states import Event, move
from analyzer.exchanges.waiting import (
    IS_EARLY,
    TAKEN,
    between_the_same,
    early_at,
    keep_waiting,
    take,
)
from analyzer.flows import MULTICAST, endpoint_at
from analyzer.happenings import tell
from analyzer.messages import Role, message_id, set_role
from analyzer.registrations import registration_requested, registration_responded
from analyzer.state import (
    ACK_TIMEOUT,
    CLOCK,
    EXCHANGE_LIFETIME,
    EXCHANGES,
    FIRST_EARLY,
    NEXT_EARLY,
    REORDER_WINDOW,
    mix,
)
from analyzer.tables import Cells, set_wide, wide
from analyzer.verdicts import counted_alike, judged_quiet
from dissectors.coap.numbers import ACK, VALID
from dissectors.kernel import Rows

MOST_OF_GROUP: Final = 256
"""Responses to a request to a group that are told one by one."""


def join(mm: Cells, row: int, exchange: int, xx: Cells) -> None:
    """The message belongs to the exchange, and is shown with the URI of its request."""
    mm[row * m.CELLS + m.EXCHANGE] = exchange
    if exchange:
        request = xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW]
        mm[row * m.CELLS + m.URI] = mm[request * m.CELLS + m.URI]


def open_by(
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
    if facts[f + fact.FLAGS] & fact.REQUEST and 0 <= facts[f + fact.OBSERVE] <= 1:
        observes = x.DEREGISTERS if facts[f + fact.OBSERVE] else x.OBSERVES
        xx[(exchange - 1) * x.CELLS + x.FLAGS] |= observes
    mm[row * m.CELLS + m.EXCHANGE] = exchange
    set_role(mm, row, role)
    s[sent_at(s, number) + ml.EXCHANGE] = exchange
    return exchange


def request(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
    spare: int,
) -> None:
    """A new request; responses that came before it are linked."""
    exchange = open_by(s, facts, f, number, mm, xx, Role.REQUEST)
    group = s[endpoint_at(s, facts[f + fact.DESTINATION]) + MULTICAST]
    xx[(exchange - 1) * x.CELLS + x.FORM] = (facts[f + fact.FORM] ^ group) & 0xFFFFFFFF
    open_exchange(s, facts, f, mm, xx, exchange)
    asked(s, facts, f, exchange)
    if facts[f + fact.OBSERVE] == 0 or facts[f + fact.OBSERVE] == 1:
        observe_requested(s, facts, f, exchange, xx)
    registration_requested(s, facts, f, exchange, mm, xx)
    if facts[f + fact.FLAGS] & (fact.IN_BLOCKS | fact.LATER_BLOCK):
        block_requested(s, facts, f, exchange, mm, xx)
    for early in range(s[FIRST_EARLY], s[NEXT_EARLY]):
        at = early_at(s, early)
        if (
            s[at + TAKEN] != IS_EARLY
            or s[at + fact.CODE] == 0
            or s[at + fact.TOKEN] != facts[f + fact.TOKEN]
            or s[at + fact.TOKEN_LENGTH] != facts[f + fact.TOKEN_LENGTH]
            or not between_the_same(s, at, facts, f, s[REORDER_WINDOW])
        ):
            continue
        piggybacked = s[at + fact.TYPE] == ACK
        if piggybacked and s[at + fact.MID] != facts[f + fact.MID]:
            continue
        take(s, at, facts, spare)
        if not piggybacked:
            own = newest(s, s[at + fact.SOURCE], s[at + fact.DESTINATION], s[at + fact.MID])
            if own and s[sent_at(s, own) + ml.MESSAGE] == s[at + fact.MESSAGE]:
                s[sent_at(s, own) + ml.EXCHANGE] = exchange
        match = x.MID_TOKEN if piggybacked else _by_token(facts, spare)
        link(s, facts, spare, exchange, match, number, 0, mm, xx)


def _by_token(facts: Rows, f: int) -> int:
    """How a response on its own is matched: a token holds for one connection (RFC 8323 3.3)."""
    return x.BY_CONNECTION if facts[f + fact.FLAGS] & fact.RELIABLE else x.BY_TOKEN


def response(
    s: Rows,
    facts: Rows,
    f: int,
    number: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """A response on its own: a CON or NON."""
    match = _by_token(facts, f)
    exchange = of_token(s, facts, f, mm, xx)
    if exchange == 0:
        exchange = of_group(s, facts, f, mm, xx)
        match = x.MULTICAST
    if exchange == 0:
        exchange = of_other_server(s, facts, f, mm, xx, False)
        match = x.OTHER_ENDPOINT
    if exchange == 0:
        row = facts[f + fact.MESSAGE] - 1
        set_role(mm, row, Role.ORPHAN)
        keep_waiting(s, facts, f, IS_EARLY)
        return
    s[sent_at(s, number) + ml.EXCHANGE] = exchange
    link(s, facts, f, exchange, match, 0, 0, mm, xx)


def link(
    s: Rows,
    facts: Rows,
    f: int,
    exchange: int,
    match: int,
    number: int,
    promised: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """A response belongs to an exchange, whose request is transmission `number` where that is known
    (0: not). `promised`: an Empty ACK came before it under its Message ID."""
    row = facts[f + fact.MESSAGE] - 1
    cells = (exchange - 1) * x.CELLS
    request = xx[cells + x.REQUEST_ROW]
    join(mm, row, exchange, xx)
    code = facts[f + fact.CODE]
    success = code >> 5 == 2
    observe = facts[f + fact.OBSERVE] >= 0
    notifies = xx[cells + x.STATE] == State.OBSERVING and (observe or not success)
    if observe and xx[cells + x.ENDED_BY]:  # the server goes on
        notifies = True
        set_wide(xx, cells + x.KEPT_UNTIL, s[CLOCK] + s[EXCHANGE_LIFETIME])
    set_role(mm, row, Role.NOTIFICATION if notifies else Role.RESPONSE)
    mm[row * m.CELLS + m.PEER] = mm[request * m.CELLS + m.FRAME]
    took = facts[f + fact.TIME] - wide(mm, request * m.CELLS + m.TIME)
    set_wide(mm, row * m.CELLS + m.RESPONSE_TIME, took)
    xx[cells + x.RESPONSES] += 1
    if number == 0:
        number = _transmission_of(s, mm, request)
    how = _how(s, facts, f, exchange, number, promised, xx)
    if facts[f + fact.TYPE] != ACK and number:
        _mark_answered(s, number, match)
    first = xx[cells + x.RESPONSE] == 0
    if first:
        xx[cells + x.RESPONSE] = row + 1
        mm[request * m.CELLS + m.PEER] = facts[f + fact.FRAME]
        set_wide(mm, request * m.CELLS + m.RESPONSE_TIME, took)
        unsure = xx[cells + x.FLAGS] & x.AMBIGUOUS and match != x.MID_TOKEN
        confidence = x.AMBIGUOUS_MATCH if unsure else x.CONFIDENCE_OF_MATCH[match]
        xx[cells + x.MATCHED] = match + confidence * 0x10000
        if facts[f + fact.TYPE] == ACK and xx[cells + x.ACK] == 0:
            xx[cells + x.ACK] = row + 1
    observed = xx[cells + x.STATE] == State.OBSERVING
    if not success:
        move(xx, exchange, Event.REFUSED)
        if observed:
            end_observation(s, exchange, row, xx)
    elif observe and xx[cells + x.FLAGS] & x.OBSERVES and xx[cells + x.ENDED_BY] == 0:
        move(xx, exchange, Event.ACCEPTED)
    else:
        move(xx, exchange, Event.RESPONSE)
    if xx[cells + x.FLAGS] & x.DEREGISTERS and first:
        deregistered(s, exchange, row, mm, xx)
    registration_responded(s, facts, f, exchange, match, first, mm, xx)
    if facts[f + fact.FLAGS] & fact.IN_BLOCKS or xx[cells + x.OPERATION]:
        block_responded(s, facts, f, exchange, mm, xx)
    client = mm[request * m.CELLS + m.SOURCE]
    if number:
        refused(s, facts, f, exchange, client, s[sent_at(s, number) + ml.KEY])
    if notifies or (observe and xx[cells + x.FLAGS] & x.OBSERVES):
        notified(s, facts, f, exchange, number, mm, xx)
    if facts[f + fact.FORM] == 0:
        return
    how += 1 if first else 0
    how += 2 if notifies else 0
    signature = mix(facts[f + fact.FORM], xx[cells + x.FORM])
    signature = mix(signature, (how * 16 + match) * 64 + _blocks_agree(s, facts, f, number)) | 1
    if code == VALID and how & 256 == 0:  # another of the ETags asked for, or none of them
        signature = 0
    if match == x.MULTICAST and xx[cells + x.RESPONSES] <= MOST_OF_GROUP:
        signature = 0
    asked_in = mm[request * m.CELLS + m.FRAME]
    if not judged_quiet(s, signature) and not counted_alike(s, signature, facts, f, asked_in):
        tell(s, tells.RESPONDED, row, exchange, match, signature, how)


def _how(s: Rows, facts: Rows, f: int, exchange: int, number: int, promised: int, xx: Cells) -> int:
    """In which way a response came, as bits of relations.How above the first two."""
    cells = (exchange - 1) * x.CELLS
    how = 4 if xx[cells + x.ACK] else 0
    how += 8 if xx[cells + x.RESET] else 0
    how += 16 if promised else 0
    how += 32 if xx[cells + x.RETRANSMISSIONS] else 0
    if xx[cells + x.STATE] == State.OBSERVING or xx[cells + x.ENDED_BY]:
        how += 64
    if number:
        sent = sent_at(s, number)
        if facts[f + fact.TIME] - s[sent + ml.LAST] > s[ACK_TIMEOUT]:
            how += 128
        if s[sent + ml.ETAG] and s[sent + ml.ETAG] == facts[f + fact.ETAG]:
            how += 256
    return how


def _blocks_agree(s: Rows, facts: Rows, f: int, number: int) -> int:
    """How the blocks of request and response lie to each other: of Block1, then of Block2, 0 where
    both name the same one, 1 for another offset, 2 if the number differs too; 3 more where the
    response's is larger. Less than 64."""
    if number == 0:
        return 0
    sent = sent_at(s, number)
    of_request = _blocks_apart(s[sent + ml.BLOCK1], facts[f + fact.BLOCK1])
    return of_request * 8 + _blocks_apart(s[sent + ml.BLOCK2], facts[f + fact.BLOCK2])


def _blocks_apart(asked: int, answered: int) -> int:
    if answered < 0:
        return 0
    if asked < 0:  # a first block is what was asked for without the option
        return 1 if answered >> 4 else 0
    apart = 0
    if offset_of(asked) != offset_of(answered):
        apart = 1 if asked >> 4 == answered >> 4 else 2
    return apart + (3 if answered & 7 > asked & 7 else 0)


def _transmission_of(s: Rows, mm: Cells, request: int) -> int:
    """The transmission of a request, by its row; 0 when it is forgotten."""
    number = newest(
        s,
        mm[request * m.CELLS + m.SOURCE],
        mm[request * m.CELLS + m.DESTINATION],
        message_id(mm, request),
    )
    return number if number and s[sent_at(s, number) + ml.MESSAGE] == request + 1 else 0


def _mark_answered(s: Rows, number: int, match: int) -> None:
    """A transmission was answered; a group may go on answering."""
    s[sent_at(s, number) + ml.ANSWERED] = 1
    settle(s, sent_at(s, number))
    if match != x.MULTICAST:
        s[when_at(s, number)] |= 1
