# SPDX-License-Identifier: GPL-2.0-only
"""Block-wise transfers: bodies put together by byte offset (RFC 7959, RFC 9177).

A body is what the blocks of one direction of an operation carry: those of requests (Block1) or
those of responses (Block2). Requests of one operation have client, server, method and the options
of facts.KEY in common; the token is no part of it (RFC 7959 clause 2.5). One body of each is
followed at a time, as a server may keep one. Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges import model as x
from analyzer.exchanges.likeness import overtaken, same_path_or_token
from analyzer.exchanges.message_layer import newest, sent_at
from analyzer.happenings import NEARLY, tell
from analyzer.messages import message_id
from analyzer.option_facts import in_blocks
from analyzer.profiles.transmission import SECOND
from analyzer.state import (
    BASE,
    BODIES,
    BODIES_ENDED,
    BODY_KEYS,
    COUNT,
    EVENTS,
    EXCHANGE_LIFETIME,
    ROWS,
    ends,
    get,
    mix,
    put,
)
from analyzer.tables import Cells
from analyzer.verdicts import judged_quiet
from dissectors.coap.numbers import CONTINUE, INCOMPLETE, MISSING_BLOCKS, NON
from dissectors.kernel import Rows

# A body. `FIRST`, `NEWEST` are rows of messages + 1, `OPERATION` the first exchange; in bytes:
# `CONTIGUOUS` is how far it is there from its start, `END` how far any block reaches, `SIZE` the
# whole, -1 until a last block tells; `MISSING` is what must come before it may be whole.
STANDING, OPERATION, FIRST, NEWEST, BLOCKS, TIME = 0, 1, 2, 3, 4, 5
CONTIGUOUS, END, SIZE, MISSING, LOOKS, AGAIN, ETAG = 6, 7, 8, 9, 10, 11, 12
# The newest block: its option, form and the end of its bytes.
BLOCK, FORM, REACHED = 13, 14, 15
# The smallest size exponent that the server asked for + 1; where the body given up for this one
# stopped; Q-Blocks sent in one go; what else is known of it.
ASKED, LEFT, BURST, MARKS = 16, 17, 18, 19
BODY_SLOTS: Final = 24

# Directions, and how a body stands.
OF_REQUESTS, OF_RESPONSES = 1, 2
RECEIVING, WHOLE, ENDED = 1, 2, 3

# Why a body that was not whole was given up.
RESTARTED, EXPIRED, OTHER_ETAG, REFUSED, CAPTURE_OVER = 1, 2, 3, 4, 5

# Marks: it begins where another ETag was seen; it answers a body in blocks; the server told what is
# missing of it.
CHANGED, COMBINED, RECOVERED = 1, 2, 4

# How a block, or the request for one, follows the newest block of its body: bits of
# relations.Following.
REPEATS, RETURNS, SKIPS, OVERTAKEN, LARGER = 1, 2, 4, 8, 16
AFTER_CHANGE, AFTER_UPLOAD, INTERLEAVED, IN_BURST, RECOVERS = 32, 64, 128, 256, 512

MOST_BODIES: Final = 1 << 19
"""Bodies followed: one of each direction, client, server and resource."""

MOST_LOOKS: Final = 8
"""Times that a body with holes is looked through for being whole."""

MOST_AGAIN: Final = 16
"""Blocks of a body that are compared with what stood there before."""

_PAYLOADS: Final = 10
"""MAX_PAYLOADS: Q-Blocks sent as NONs in one go (RFC 9177 clause 7.2)."""

_PAUSE: Final = 2 * SECOND
"""NON_TIMEOUT: after this time the next ones may be sent."""

_NEWEST: Final = 2  # added to a direction: the newest body between two endpoints


def offset_of(block: int) -> int:
    """Byte offset of a block by the value of its option; SZX 7 counts as 1024 (clause 2.2)."""
    return (block >> 4) << (min(block & 7, 6) + 4)


def body_at(s: Rows, body: int) -> int:
    """Index of a body's first slot."""
    return s[BODIES + BASE] + body * BODY_SLOTS


def _known(s: Rows, client: int, server: int, key: int, direction: int) -> int:
    """The body followed under a key, 0 for none."""
    return get(s, BODY_KEYS, ends(client, server), key, direction)


def _begin(s: Rows, between: int, key: int, direction: int, exchange: int, why: int) -> int:
    """A new body in place of the one before, which was given up; 0 when there is no room."""
    body, left = get(s, BODY_KEYS, between, key, direction), 0
    if body:
        receiving = s[body_at(s, body) + STANDING] == RECEIVING
        if receiving and why == RESTARTED and direction == OF_REQUESTS:
            left = s[body_at(s, body) + REACHED]
        _give_up(s, body, why)
    else:
        if s[BODIES + COUNT] + 1 >= s[BODIES + ROWS]:
            return 0
        s[BODIES + COUNT] += 1
        body = s[BODIES + COUNT]
        put(s, BODY_KEYS, between, key, direction, body)
    put(s, BODY_KEYS, between, 0, direction + _NEWEST, body)
    at = body_at(s, body)
    for slot in range(BODY_SLOTS):
        s[at + slot] = 0
    s[at + LEFT] = left
    s[at + STANDING] = RECEIVING
    s[at + OPERATION] = exchange
    s[at + SIZE] = -1
    return body


def _give_up(s: Rows, body: int, why: int) -> None:
    """A body that is not whole yet stays so."""
    at = body_at(s, body)
    if s[at + STANDING] == RECEIVING:
        tell(s, tells.BODY_INCOMPLETE, s[at + NEWEST] - 1, s[at + CONTIGUOUS], why, body, 0)
    s[at + STANDING] = ENDED


def _add(
    s: Rows, facts: Rows, f: int, body: int, block: int, exchange: int, mm: Cells, xx: Cells
) -> None:
    """One more block of a body."""
    at = body_at(s, body)
    row = facts[f + fact.MESSAGE] - 1
    offset = offset_of(block)
    end = offset + facts[f + fact.PAYLOAD_LENGTH]
    if facts[f + fact.FLAGS] & fact.Q_BLOCK and facts[f + fact.TYPE] == NON:
        if facts[f + fact.TIME] - s[at + TIME] >= _PAUSE:
            s[at + BURST] = 0
        s[at + BURST] += 1
    if s[at + NEWEST]:
        _followed(s, facts, f, at, block, exchange, mm, xx)
    mm[row * m.CELLS + m.OLDER_BLOCK] = s[at + NEWEST]
    if s[at + FIRST] == 0:
        s[at + FIRST] = row + 1
    s[at + NEWEST] = row + 1
    s[at + BLOCKS] += 1
    s[at + BLOCK], s[at + FORM], s[at + REACHED] = block, facts[f + fact.FORM], end
    s[at + TIME] = facts[f + fact.TIME]
    last = block & 8 == 0
    past_end = s[at + SIZE] >= 0 and (last or end > s[at + SIZE])
    if (offset < s[at + END] or past_end) and s[at + AGAIN] < MOST_AGAIN:
        s[at + AGAIN] += 1
        tell(s, tells.BLOCK_AGAIN, row, exchange, offset, end, 0)
    if offset <= s[at + CONTIGUOUS] < end:
        s[at + CONTIGUOUS] = end
    s[at + END] = max(s[at + END], end)
    if last:
        s[at + SIZE] = end
        s[at + MISSING] = 0
    else:
        s[at + MISSING] -= end - offset
    if s[at + SIZE] < 0 or facts[f + fact.FLAGS] & fact.CUT:
        return
    if s[at + CONTIGUOUS] >= s[at + SIZE]:
        complete(s, body, row, mm)
        tell(s, tells.BODY_WHOLE, row, exchange, body, 0, 0)
    elif s[at + MISSING] <= 0 and s[at + LOOKS] < MOST_LOOKS:
        s[at + LOOKS] += 1  # blocks may have come in another order
        tell(s, tells.BODY_DUE, row, exchange, body, 0, 0)


def _followed(
    s: Rows, facts: Rows, f: int, at: int, block: int, exchange: int, mm: Cells, xx: Cells
) -> None:
    """A block, or a request for one, comes after the newest of the body at index `at`; told unless
    blocks of these forms that follow each other so are known to break no rule."""
    earlier = s[at + NEWEST] - 1
    how = _order(s, at, offset_of(block))
    if overtaken(facts, f, earlier, mm):
        how += OVERTAKEN
    if s[at + ASKED] and block & 7 >= s[at + ASKED]:
        how += LARGER
    if s[at + MARKS] & COMBINED:
        how += AFTER_UPLOAD
    if s[at + SIZE] >= 0 or s[at + MARKS] & RECOVERED:
        how += RECOVERS
    if s[at + BURST] == _PAYLOADS + 1:
        s[at + BURST] += 1  # once of each
        how += IN_BURST
    if s[at + MARKS] & CHANGED and facts[f + fact.FLAGS] & fact.REQUEST:
        s[at + MARKS] -= CHANGED
        how += AFTER_CHANGE
    signature = mix(facts[f + fact.FORM], s[at + FORM])
    signature = mix(signature, xx[(exchange - 1) * x.CELLS + x.FORM] * 1024 + how) | 1
    if not judged_quiet(s, signature):
        row = facts[f + fact.MESSAGE] - 1
        tell(s, tells.BLOCK_FOLLOWED, row, exchange, earlier, signature, how)


def _order(s: Rows, at: int, offset: int) -> int:
    """Where a block lies beside the newest one of its body."""
    reached = s[at + REACHED]
    if offset == reached:
        return 0
    if (
        s[at + LEFT] and offset == s[at + LEFT]
    ):  # the body before this one, with which it would be done
        s[at + LEFT] = 0
        return INTERLEAVED
    if offset > reached:
        return SKIPS
    return REPEATS if offset == offset_of(s[at + BLOCK]) else RETURNS


def complete(s: Rows, body: int, row: int, mm: Cells) -> None:
    """The body is whole with the message of this row."""
    s[body_at(s, body) + STANDING] = WHOLE
    mm[row * m.CELLS + m.STANDING] |= m.WHOLE_BODY * 0x10000


def _follows(s: Rows, body: int, time: int) -> bool:
    """A body is being received, and not for so long that the server may have dropped it."""
    at = body_at(s, body)
    return s[at + STANDING] == RECEIVING and time - s[at + TIME] <= s[EXCHANGE_LIFETIME]


def block_requested(s: Rows, facts: Rows, f: int, exchange: int, mm: Cells, xx: Cells) -> None:
    """A request with a block of its body, or one that asks for a later block of the response's."""
    block, asked = facts[f + fact.BLOCK1], facts[f + fact.BLOCK2]
    if asked >> 4 > 0:
        _later_requested(s, facts, f, exchange, asked, mm, xx)
        return
    if not in_blocks(block):
        return
    client, server, key = facts[f + fact.SOURCE], facts[f + fact.DESTINATION], facts[f + fact.KEY]
    cells, later = (exchange - 1) * x.CELLS, block >> 4 > 0
    body = _known(s, client, server, key, OF_REQUESTS)
    if body and later and _has(s, body, offset_of(block), facts[f + fact.TIME]):
        xx[cells + x.OPERATION] = s[body_at(s, body) + OPERATION]
        return
    if body == 0 or not later or not _follows(s, body, facts[f + fact.TIME]):
        if body == 0 and later:
            _detached(s, facts, f, exchange, OF_REQUESTS, offset_of(block), mm, xx)
        why = EXPIRED if later else RESTARTED
        body = _begin(s, ends(client, server), key, OF_REQUESTS, exchange, why)
    if body:
        xx[cells + x.OPERATION] = s[body_at(s, body) + OPERATION]
        _add(s, facts, f, body, block, exchange, mm, xx)


def _later_requested(
    s: Rows, facts: Rows, f: int, exchange: int, asked: int, mm: Cells, xx: Cells
) -> None:
    """A request for a block of the response's body that is not the first."""
    client, server, key = facts[f + fact.SOURCE], facts[f + fact.DESTINATION], facts[f + fact.KEY]
    body = _known(s, client, server, key, OF_RESPONSES)
    if body == 0:
        _detached(s, facts, f, exchange, OF_RESPONSES, offset_of(asked), mm, xx)
        return
    at = body_at(s, body)
    xx[(exchange - 1) * x.CELLS + x.OPERATION] = s[at + OPERATION]
    s[at + BURST] = 0
    if s[at + STANDING] == RECEIVING:
        _followed(s, facts, f, at, asked, exchange, mm, xx)


def _has(s: Rows, body: int, offset: int, time: int) -> bool:
    """The body is whole, since not long ago, and has this byte: a block of it is sent again."""
    at = body_at(s, body)
    whole = s[at + STANDING] == WHOLE and offset < s[at + SIZE]
    return whole and time - s[at + TIME] <= s[EXCHANGE_LIFETIME]


def _detached(
    s: Rows,
    facts: Rows,
    f: int,
    exchange: int,
    direction: int,
    offset: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """A later block, or a request for one, of a body of which nothing is known; told with the block
    of another body, of the same path or token, that ends where this one begins."""
    between = ends(facts[f + fact.SOURCE], facts[f + fact.DESTINATION])
    body, before = get(s, BODY_KEYS, between, 0, direction + _NEWEST), 0
    if body and _follows(s, body, facts[f + fact.TIME]):
        at = body_at(s, body)
        row = s[at + NEWEST] - 1
        if s[at + REACHED] == offset and same_path_or_token(facts, f, row, mm, xx):
            before = row + 1
    if before or (direction == OF_REQUESTS and facts[f + fact.FLAGS] & fact.Q_BLOCK == 0):
        tell(s, tells.BLOCK_DETACHED, facts[f + fact.MESSAGE] - 1, exchange, before, 0, 0)


def block_responded(s: Rows, facts: Rows, f: int, exchange: int, mm: Cells, xx: Cells) -> None:
    """A response to a block of a request, or with a block of its own body."""
    request = xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW]
    client = mm[request * m.CELLS + m.SOURCE]
    server = mm[request * m.CELLS + m.DESTINATION]
    number = newest(s, client, server, message_id(mm, request))
    if number == 0 or s[sent_at(s, number) + ml.MESSAGE] != request + 1:
        return  # its request is forgotten
    key = s[sent_at(s, number) + ml.KEY]
    if s[sent_at(s, number) + ml.FLAGS] & fact.IN_BLOCKS:
        body = _known(s, client, server, key, OF_REQUESTS)
        if body:
            _accepted(s, facts, f, body, exchange)
    if facts[f + fact.FLAGS] & fact.IN_BLOCKS:
        operation = xx[(exchange - 1) * x.CELLS + x.OPERATION]
        begins = operation if operation else exchange
        body = _body_of_response(s, facts, f, client, key, begins)
        if body:
            at = body_at(s, body)
            xx[(exchange - 1) * x.CELLS + x.OPERATION] = s[at + OPERATION]
            if s[sent_at(s, number) + ml.BLOCK1] >= 0:
                s[at + MARKS] |= COMBINED
            if _past_end(s, facts, f, at):
                row = facts[f + fact.MESSAGE] - 1
                tell(s, tells.BLOCK_PAST_END, row, exchange, s[at + SIZE], s[at + NEWEST] - 1, 0)
            elif s[at + STANDING] == RECEIVING:
                _add(s, facts, f, body, facts[f + fact.BLOCK2], exchange, mm, xx)


def _past_end(s: Rows, facts: Rows, f: int, at: int) -> bool:
    """A last block lies behind the last one of its body."""
    block, success = facts[f + fact.BLOCK2], facts[f + fact.CODE] >> 5 == 2
    return success and block & 8 == 0 and 0 <= s[at + SIZE] <= offset_of(block)


def _body_of_response(s: Rows, facts: Rows, f: int, client: int, key: int, begins: int) -> int:
    """The body of which a response carries a block: the one being received, or a new one that the
    exchange `begins`; one that is whole where it is asked for a later block of it once more."""
    server, etag = facts[f + fact.SOURCE], facts[f + fact.ETAG]
    between, later = ends(client, server), facts[f + fact.BLOCK2] >> 4 > 0
    body = _known(s, client, server, key, OF_RESPONSES)
    why = RESTARTED
    if body and later:
        at = body_at(s, body)
        if s[at + ETAG] == etag or s[at + ETAG] == 0 or etag == 0:  # one without may be the same
            if s[at + STANDING] == WHOLE or _follows(s, body, facts[f + fact.TIME]):
                return body
            why = EXPIRED
        else:
            why = OTHER_ETAG
    body = _begin(s, between, key, OF_RESPONSES, begins, why)
    if body:
        s[body_at(s, body) + ETAG] = etag
        s[body_at(s, body) + MARKS] = CHANGED if why == OTHER_ETAG else 0
    return body


def _accepted(s: Rows, facts: Rows, f: int, body: int, exchange: int) -> None:
    """What the server says of a block of a request."""
    at = body_at(s, body)
    code, block = facts[f + fact.CODE], facts[f + fact.BLOCK1]
    s[at + BURST] = 0
    if block >= 0 and facts[f + fact.FLAGS] & fact.Q_BLOCK == 0:
        size = (block & 7) + 1
        s[at + ASKED] = size if s[at + ASKED] == 0 else min(size, s[at + ASKED])
    if s[at + STANDING] != RECEIVING or code == CONTINUE:
        return
    if code == INCOMPLETE and facts[f + fact.CONTENT_FORMAT] == MISSING_BLOCKS:
        s[at + MARKS] |= RECOVERED
        return  # the rest is still to come (RFC 9177 clause 4.3)
    if code >> 5 != 2:
        _give_up(s, body, REFUSED)
    elif s[at + SIZE] >= 0:  # as if it had all blocks
        row = facts[f + fact.MESSAGE] - 1
        tell(s, tells.BODY_ACCEPTED, row, exchange, s[at + CONTIGUOUS], s[at + SIZE], 0)
        s[at + STANDING] = ENDED


def end_bodies(s: Rows) -> int:
    """The capture is over: tell of the bodies that are not whole. Returns 1 when there is more to
    tell than the events have room for."""
    while s[BODIES_ENDED] < s[BODIES + COUNT]:
        if s[EVENTS] >= NEARLY:
            return 1
        s[BODIES_ENDED] += 1
        _give_up(s, s[BODIES_ENDED], CAPTURE_OVER)
    return 0
