# SPDX-License-Identifier: GPL-2.0-only
"""Observations as they go on: what each notification says beside the one before it (RFC 7641).

Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges import model as x
from analyzer.exchanges.likeness import overtaken
from analyzer.exchanges.message_layer import newest, sent_at, settle
from analyzer.exchanges.model import State
from analyzer.happenings import tell
from analyzer.messages import Role, message_id, role_of
from analyzer.profiles.transmission import SECOND
from analyzer.state import (
    ACK_TIMEOUT,
    BASE,
    COUNT,
    FIRST_SENT,
    OBSERVATIONS,
    OBSERVED_KEYS,
    ROWS,
    ends,
    get,
    mix,
    put,
)
from analyzer.tables import Cells, wide
from analyzer.verdicts import judged_quiet
from dissectors.coap.numbers import ACK, CON, NON
from dissectors.kernel import Rows

# The newest notification of an observation, and how many came since when. Rows of messages + 1:
# VALUED has the newest VALUE, CONFIRMABLE is the newest CON, NEWEST the newest of all registrations
# under the token.
ROW, VALUE, TIME, VALUED, FORM, MAX_AGE, TOLD, NOTIFICATIONS, FIRST, CONFIRMED = range(10)
CONFIRMABLE, NEWEST = 10, 11
SENT: Final = 12  # transmission of CONFIRMABLE
SLOTS: Final = 13

MOST_OBSERVATIONS: Final = 1 << 16

# What is new about a notification: bits of relations.News.
NOT_NEWER, SAME_VALUE, REORDERED, TOO_FAST = 1, 2, 4, 8
AFTER_RST, AFTER_ERROR, AFTER_DEREGISTERED, AFTER_SILENCE = 16, 32, 64, 128
STALE, UNCONFIRMED, RATE = 256, 512, 1024

FRESH: Final = 128 * SECOND
"""After this time a notification is newer whatever its number (RFC 7641 clause 3.4)."""

CONFIRM_WITHIN: Final = 24 * 3600 * SECOND
"""A server must see within this time that somebody still listens (clause 4.5)."""

LATEST_AFTER: Final = 15 * SECOND
"""A client waits so long at most, beyond Max-Age, before it registers anew (clause 3.3.1)."""

_HALF: Final = 1 << 23
_CROSSED: Final = 2 * SECOND
_RATE: Final = 3 * SECOND
_ENOUGH: Final = 5
_BY_EXCHANGE, _BY_RESOURCE = 0, 1


def _observation(s: Rows, exchange: int) -> int:
    """Index of the first slot of an observation, 0 when there is no room for more."""
    number = get(s, OBSERVED_KEYS, exchange, 0, _BY_EXCHANGE)
    if number == 0:
        if s[OBSERVATIONS + COUNT] + 1 >= s[OBSERVATIONS + ROWS]:
            return 0
        s[OBSERVATIONS + COUNT] += 1
        number = s[OBSERVATIONS + COUNT]
        put(s, OBSERVED_KEYS, exchange, 0, _BY_EXCHANGE, number)
    return s[OBSERVATIONS + BASE] + number * SLOTS


def notified(
    s: Rows, facts: Rows, f: int, exchange: int, number: int, mm: Cells, xx: Cells
) -> None:
    """A response of an observation; the request is transmission `number`, 0 when forgotten. Told
    unless like ones are known to break no rule."""
    at = _observation(s, exchange)
    if at == 0:
        return
    row, time, news = facts[f + fact.MESSAGE] - 1, facts[f + fact.TIME], 0
    if s[at + ROW]:
        news = _news(s, facts, f, at, mm) + _after(facts, f, exchange, mm, xx)
        signature = mix(mix(facts[f + fact.FORM], s[at + FORM]), news * 2 + 1) | 1
        if not judged_quiet(s, signature):
            tell(s, tells.NOTIFIED, row, exchange, s[at + ROW], signature, news)
    else:
        s[at + FIRST] = s[at + CONFIRMED] = time
        if number and xx[(exchange - 1) * x.CELLS + x.STATE] == State.OBSERVING:
            request = xx[(exchange - 1) * x.CELLS + x.REQUEST_ROW] * m.CELLS
            between = ends(mm[request + m.SOURCE], mm[request + m.DESTINATION])
            sent = sent_at(s, number)
            key = _resource(s[sent + ml.KEY], s[sent + ml.PAYLOAD_HASH])
            put(s, OBSERVED_KEYS, between, key, _BY_RESOURCE, exchange)
    if facts[f + fact.TYPE] != NON:
        s[at + CONFIRMED] = time
    if s[at + SENT] >= s[FIRST_SENT]:
        before = sent_at(s, s[at + SENT])
        if time - s[before + ml.LAST] >= s[ACK_TIMEOUT]:  # replaced (RFC 7641 clause 4.5.2)
            settle(s, before)
    if facts[f + fact.TYPE] == CON:
        s[at + CONFIRMABLE] = row + 1
        source, destination = facts[f + fact.SOURCE], facts[f + fact.DESTINATION]
        s[at + SENT] = newest(s, source, destination, facts[f + fact.MID])
    if s[at + ROW] == 0 or news & REORDERED == 0:
        s[at + VALUE], s[at + VALUED], s[at + TIME] = facts[f + fact.OBSERVE], row + 1, time
    s[at + ROW] = s[at + NEWEST] = row + 1
    s[at + FORM], s[at + MAX_AGE] = facts[f + fact.FORM], facts[f + fact.MAX_AGE]
    s[at + NOTIFICATIONS] += 1
    operation = xx[(exchange - 1) * x.CELLS + x.OPERATION]
    if operation:  # it registered once more
        begun = _observation(s, operation)
        if begun:
            s[begun + NEWEST] = row + 1


def _resource(key: int, payload: int) -> int:
    """What is observed: a FETCH tells it by its payload, too (RFC 8132 clause 2)."""
    return mix(key, payload)


def _news(s: Rows, facts: Rows, f: int, at: int, mm: Cells) -> int:
    """What a notification says beside the one before it, of the observation at index `at`."""
    time, before = facts[f + fact.TIME], s[at + TIME]
    value, last = facts[f + fact.OBSERVE], s[at + VALUE]
    news = 0
    ordered = facts[f + fact.FLAGS] & fact.RELIABLE != 0  # by its transport (RFC 8323 clause 7.1)
    if not ordered and value >= 0 and last >= 0:
        ahead = (value - last) % (2 * _HALF)
        if (ahead == 0 or ahead >= _HALF) and time - before <= FRESH:
            news = SAME_VALUE if ahead == 0 else NOT_NEWER
            late = facts[f + fact.TYPE] == ACK  # it may have been sent before all others
            if ahead and (late or overtaken(facts, f, s[at + VALUED] - 1, mm)):
                news += REORDERED
        elif ahead > _HALF and time - before <= 2 * FRESH:
            news = TOO_FAST
    if time - before > s[at + MAX_AGE] * SECOND + LATEST_AFTER:
        news += STALE
    if facts[f + fact.TYPE] != NON:
        return news
    if time - s[at + CONFIRMED] > CONFIRM_WITHIN:
        s[at + CONFIRMED] = time  # once a day is enough
        news += UNCONFIRMED
    count = s[at + NOTIFICATIONS]
    if count >= _ENOUGH and s[at + TOLD] == 0 and time - s[at + FIRST] < count * _RATE:
        s[at + TOLD] = 1
        news += RATE
    return news


def _after(facts: Rows, f: int, exchange: int, mm: Cells, xx: Cells) -> int:
    """Whether the observation was over, and by what: so long ago that nothing crossed it."""
    ended_by = xx[(exchange - 1) * x.CELLS + x.ENDED_BY]
    if ended_by == 0 or facts[f + fact.MESSAGE] == ended_by:
        return 0
    row = ended_by - 1
    late = facts[f + fact.TIME] - wide(mm, row * m.CELLS + m.TIME) > _CROSSED
    code, kind = mm[row * m.CELLS + m.KINDS] >> 8 & 0xFF, mm[row * m.CELLS + m.KINDS] & 0xFF
    role = role_of(mm, row)
    if role == Role.RESET:
        return AFTER_RST if late else 0
    if mm[row * m.CELLS + m.EXCHANGE] == exchange:
        if code >> 5 != 2:
            return AFTER_ERROR
        return AFTER_SILENCE if kind == CON else 0
    return AFTER_DEREGISTERED if late and role == Role.RESPONSE else 0


def superseded(s: Rows, exchange: int, row: int, mm: Cells) -> bool:
    """A later notification than that of a row, of the same observation, was acknowledged: nobody
    has to acknowledge the earlier one any more (clause 4.5.2)."""
    number = get(s, OBSERVED_KEYS, exchange, 0, _BY_EXCHANGE)
    if number == 0:
        return False
    later = s[s[OBSERVATIONS + BASE] + number * SLOTS + CONFIRMABLE] - 1
    if later <= row:
        return False
    cells = later * m.CELLS
    sent = newest(s, mm[cells + m.SOURCE], mm[cells + m.DESTINATION], message_id(mm, later))
    if sent == 0 or s[sent_at(s, sent) + ml.MESSAGE] != later + 1:
        return False
    return s[sent_at(s, sent) + ml.ACK] != 0


def observe_requested(s: Rows, facts: Rows, f: int, exchange: int, xx: Cells) -> None:
    """A request registers or deregisters: told where an observation with its token, or another one
    of its resource, stands."""
    by_token = xx[(exchange - 1) * x.CELLS + x.OPERATION]
    between = ends(facts[f + fact.SOURCE], facts[f + fact.DESTINATION])
    key = _resource(facts[f + fact.KEY], facts[f + fact.PAYLOAD_HASH])
    by_resource = get(s, OBSERVED_KEYS, between, key, _BY_RESOURCE)
    number = get(s, OBSERVED_KEYS, by_token if by_token else by_resource, 0, _BY_EXCHANGE)
    newest_of = s[s[OBSERVATIONS + BASE] + number * SLOTS + NEWEST] if number else 0
    if by_resource and xx[(by_resource - 1) * x.CELLS + x.STATE] != State.OBSERVING:
        by_resource = 0
    if by_token or by_resource:
        tell(s, tells.OBSERVES, exchange, by_token, by_resource, newest_of, 0)
