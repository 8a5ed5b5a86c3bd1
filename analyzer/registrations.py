# SPDX-License-Identifier: GPL-2.0-only
"""Which exchanges are MSGin5G registrations, and what each UE did before.

A request is a registration when its body names one in Message Type; or, where that element is
missing or unreadable, when a POST has elements only a registration has, its answer carries a
Registration result, or it goes to a path that this capture shows to be used by registrations and
by nothing else (spec/rules: never by port or path alone). What cannot be told at the request is
decided at its answer, or when none came. Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import bodies
from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.bodies import DEREGISTRATION_TYPE, REGISTRATION_TYPE
from analyzer.exchanges import model as x
from analyzer.flows import CLEAR, known_flow, note_at
from analyzer.happenings import tell, told_before
from analyzer.state import (
    AKMA_PATH,
    BASE,
    CONFIGURED_PATH,
    COUNT,
    LAST_TIME,
    PATH_KEYS,
    PATHS_MATTER,
    TOO_MANY,
    UE_KEYS,
    UES,
    entry,
    get,
    mix,
    put,
    put_at,
    value_at,
)
from analyzer.tables import Cells, wide
from analyzer.verdicts import judged_quiet
from dissectors.coap import numbers
from dissectors.kernel import Rows

# What was seen of one UE Service ID, and the endpoints it registered from, newest last.
ENDPOINT, SERVER, LAST, REGISTERED, REGISTERED_FROM = 0, 1, 2, 3, 4
FIRST_FROM: Final = 5
MOST_FROM: Final = 16
UE_SLOTS: Final = FIRST_FROM + MOST_FROM

MOST_UES: Final = 1 << 17

# Values of PATH_KEYS: a path that registrations alone use, or that something else used too.
_ALONE, _SHARED = 2, 1


def _ue_at(s: Rows, ue: int) -> int:
    return s[UES + BASE] + ue * UE_SLOTS


def _known_ue(s: Rows, name: int) -> int:
    """Index of what is known of a UE, -1 for nothing."""
    ue = get(s, UE_KEYS, name, 0, 0) if name > TOO_MANY else 0
    return _ue_at(s, ue) if ue else -1


def _learn_path(s: Rows, server: int, path: int, registration: bool) -> None:
    """Once seen with anything else, a path proves nothing any more."""
    place = entry(s, PATH_KEYS, server, path, 0)
    known = value_at(s, place)
    if known == 0 and s[PATH_KEYS + COUNT] >= MOST_UES:
        return
    now = _ALONE if registration and known != _SHARED else _SHARED
    put_at(s, PATH_KEYS, place, server, path, 0, now)


def _signature(s: Rows, facts: Rows, f: int, more: int) -> int:
    """A hash of all that rules on registrations look at, 0 where it cannot be told."""
    shape = facts[f + fact.SHAPE]
    if shape == 0:
        return 0
    hash = mix(shape, facts[f + fact.CODE] * 8 + facts[f + fact.TYPE])
    hash = mix(hash, facts[f + fact.OPTIONS])
    hash = mix(hash, facts[f + fact.DEFECTS])
    hash = mix(hash, facts[f + fact.FLAGS])
    hash = mix(hash, facts[f + fact.CONTENT_FORMAT])
    if s[PATHS_MATTER]:
        hash = mix(hash, facts[f + fact.PATH])
    return mix(hash, more) | 1


def registration_requested(
    s: Rows,
    facts: Rows,
    f: int,
    exchange: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """A new request: is it a registration, or may its answer tell?"""
    flags = facts[f + fact.FLAGS]
    not_whole = fact.PROTECTED | fact.IN_BLOCKS | fact.LATER_BLOCK
    if flags & not_whole or facts[f + fact.LEG_OF]:
        return
    kind = facts[f + fact.MESSAGE_TYPE]
    told = facts[f + fact.TELLS]
    path, server = facts[f + fact.PATH], facts[f + fact.DESTINATION]
    cells = (exchange - 1) * x.CELLS
    xx[cells + x.MESSAGE_TYPE] = kind
    xx[cells + x.UE] = facts[f + fact.UE]
    row = facts[f + fact.MESSAGE] - 1
    if kind and kind != REGISTRATION_TYPE:
        _learn_path(s, server, path, False)
        _moved(s, mm, row, facts[f + fact.UE], facts[f + fact.TIME])
        return
    if kind != REGISTRATION_TYPE:
        if facts[f + fact.CODE] != numbers.POST or path == s[AKMA_PATH]:
            return
        configured = path == s[CONFIGURED_PATH]
        if told & bodies.REGISTRATION == 0 and not configured:
            readable = told & bodies.OBJECT
            xx[cells + x.FLAGS] |= x.UNDECIDED
            if not readable:
                xx[cells + x.FLAGS] |= x.BODY_UNREADABLE
            if told & bodies.ELEMENTS:
                xx[cells + x.FLAGS] |= x.BODY_ELEMENTS
            return
    if kind == REGISTRATION_TYPE or told & bodies.REGISTRATION:
        _learn_path(s, server, path, True)
    signature = _signature(s, facts, f, 1)
    xx[cells + x.FLAGS] |= x.REGISTRATION
    xx[cells + x.MESSAGE_TYPE] = REGISTRATION_TYPE
    if not judged_quiet(s, signature):
        tell(s, tells.REGISTRATION_REQUESTED, exchange, signature, 0, 0, 0)
    if facts[f + fact.FLAGS] & fact.SECURED == 0:
        _in_clear(s, exchange, mm, row, facts[f + fact.FLOW], facts[f + fact.TIME])
    _registers(s, mm, row, facts[f + fact.UE], facts[f + fact.TIME])


def _in_clear(
    s: Rows,
    exchange: int,
    mm: Cells,
    row: int,
    flow: int,
    time: int,
) -> None:
    """A registration that anybody can read; told once per flow."""
    if told_before(s, note_at(s, flow, CLEAR), mm[row * m.CELLS + m.FRAME], time, 0):
        return
    tell(s, tells.REGISTRATION_IN_CLEAR, exchange, flow, 0, 0, 0)


def _registers(s: Rows, mm: Cells, row: int, name: int, time: int) -> None:
    """Follow from where a UE registers; `name` may be that of the answer alone."""
    _moved(s, mm, row, mm[row * m.CELLS + m.UE], time)
    ue = _known_ue(s, name)
    if ue < 0:
        return
    source = mm[row * m.CELLS + m.SOURCE]
    count = s[ue + REGISTERED_FROM]
    latest = s[ue + FIRST_FROM + count - 1] if count else 0
    if count and latest == source:
        return
    for number in range(count - 1):
        if s[ue + FIRST_FROM + number] == source:
            tell(s, tells.UE_COLLISION, row, name, latest, 0, 0)
            break
    if count == MOST_FROM:
        for number in range(1, count):
            s[ue + FIRST_FROM + number - 1] = s[ue + FIRST_FROM + number]
        count -= 1
    s[ue + FIRST_FROM + count] = source
    s[ue + REGISTERED_FROM] = count + 1


def _moved(s: Rows, mm: Cells, row: int, name: int, time: int) -> None:
    """Follow a UE's endpoint; a server that forwards for a UE is not the UE."""
    if name <= TOO_MANY:
        return
    source, destination = mm[row * m.CELLS + m.SOURCE], mm[row * m.CELLS + m.DESTINATION]
    ue = _known_ue(s, name)
    if ue < 0:
        if s[UES + COUNT] < MOST_UES:
            s[UES + COUNT] += 1
            put(s, UE_KEYS, name, 0, 0, s[UES + COUNT])
            ue = _ue_at(s, s[UES + COUNT])
            s[ue + ENDPOINT] = source
            s[ue + SERVER] = destination
            s[ue + LAST] = time
        return
    if s[ue + SERVER] != destination:
        return
    if s[ue + ENDPOINT] != source:
        tell(s, tells.UE_MOVED, row, name, s[ue + ENDPOINT], time - s[ue + LAST], 0)
    s[ue + ENDPOINT] = source
    s[ue + LAST] = time


def settle_undecided(
    s: Rows,
    facts: Rows,
    answer: int,
    exchange: int,
    mm: Cells,
    xx: Cells,
) -> None:
    """Settle a POST that did not say what it is. `answer` is the row of facts of its answer, -1
    where none came."""
    cells = (exchange - 1) * x.CELLS
    if xx[cells + x.FLAGS] & x.UNDECIDED == 0:
        return
    xx[cells + x.FLAGS] &= 0xFF - x.UNDECIDED
    row = xx[cells + x.REQUEST_ROW]
    server, path = mm[row * m.CELLS + m.DESTINATION], xx[cells + x.PATH]
    answered = answer >= 0 and facts[answer + fact.TELLS] & bodies.RESULT != 0
    if answered and xx[cells + x.UE] == 0:
        xx[cells + x.UE] = facts[answer + fact.UE]
    alone = get(s, PATH_KEYS, server, path, 0) == _ALONE
    if answered or (alone and xx[cells + x.FLAGS] & x.BODY_UNREADABLE):
        xx[cells + x.FLAGS] |= x.REGISTRATION
        xx[cells + x.MESSAGE_TYPE] = REGISTRATION_TYPE
        tell(s, tells.REGISTRATION_REQUESTED, exchange, 0, 0, 0, 0)
        flow = known_flow(s, mm[row * m.CELLS + m.SOURCE], server)
        if flow and mm[row * m.CELLS + m.STANDING] >> 16 & m.SECURED == 0:
            _in_clear(s, exchange, mm, row, flow, s[LAST_TIME])
        _registers(s, mm, row, xx[cells + x.UE], wide(mm, row * m.CELLS + m.TIME))
    elif xx[cells + x.FLAGS] & x.BODY_ELEMENTS:
        _learn_path(s, server, path, False)


def registration_responded(
    s: Rows,
    facts: Rows,
    f: int,
    exchange: int,
    match: int,
    first: bool,
    mm: Cells,
    xx: Cells,
) -> None:
    """A response: what it means for a registration, and for the UE."""
    if facts[f + fact.FLAGS] & fact.IN_BLOCKS == 0:
        settle_undecided(s, facts, f, exchange, mm, xx)
    cells = (exchange - 1) * x.CELLS
    asked = xx[cells + x.UE]
    answered = facts[f + fact.UE]
    if asked == 0:
        xx[cells + x.UE] = answered
    ue = _known_ue(s, xx[cells + x.UE])
    success = facts[f + fact.CODE] >> 5 == 2
    if xx[cells + x.FLAGS] & x.REGISTRATION and first:
        stood = 1 if ue >= 0 and s[ue + REGISTERED] else 0
        signature = 0
        if asked == answered or asked == 0 or answered == 0:
            same = 2 if asked == answered else 1
            signature = _signature(s, facts, f, (match * 2 + stood) * 4 + same)
        if not judged_quiet(s, signature):
            row = facts[f + fact.MESSAGE] - 1
            tell(s, tells.REGISTRATION_ANSWERED, row, exchange, match, stood, signature)
        told = facts[f + fact.TELLS]
        refused = told & bodies.HAS_RESULT and not told & bodies.SUCCESS
        if ue >= 0 and success and not refused:
            s[ue + REGISTERED] = 1
    elif xx[cells + x.MESSAGE_TYPE] == DEREGISTRATION_TYPE and ue >= 0 and success:
        s[ue + REGISTERED] = 0


def registration_body(s: Rows, facts: Rows, f: int, exchange: int, mm: Cells, xx: Cells) -> None:
    """The body of a response came in blocks and is whole: what it means for a registration."""
    settle_undecided(s, facts, f, exchange, mm, xx)
    cells = (exchange - 1) * x.CELLS
    asked, answered = xx[cells + x.UE], facts[f + fact.UE]
    if asked == 0:
        xx[cells + x.UE] = answered
    if xx[cells + x.FLAGS] & x.REGISTRATION == 0:
        return
    signature = _signature(s, facts, f, 3) if asked == answered else 0
    if not judged_quiet(s, signature):
        row = facts[f + fact.MESSAGE] - 1
        tell(s, tells.REGISTRATION_BODY, row, exchange, signature, 0, 0)
    ue = _known_ue(s, xx[cells + x.UE])
    told = facts[f + fact.TELLS]
    if ue >= 0 and told & bodies.HAS_RESULT and not told & bodies.SUCCESS:
        s[ue + REGISTERED] = 0
