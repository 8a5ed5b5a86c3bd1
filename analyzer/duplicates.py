# SPDX-License-Identifier: GPL-2.0-only
"""Gate G-DUP: one transmission recorded twice, and the two legs of an address translator.

A capture duplicate (`any` interface, mirror port, merged files) has the same addresses, ports and
bytes. Time alone proves nothing: stacks do answer twice within a millisecond. So a copy counts as
a duplicate only if (a) it repeats a non-zero IPv4 identification within a second, from a sender
that does not use one constant identification; or (c), without a usable identification, it follows
within 5 ms and differs only in what a second tap changes, or the sender's datagrams come doubled
as a rule. Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer.flows import SENDER, VERSION, endpoint_at
from analyzer.state import (
    BASE,
    DATAGRAMS,
    DUP_WINDOW,
    DUP_WINDOW_UNNUMBERED,
    ENDPOINTS_LESS,
    FIRST_RECENT,
    IDENTIFICATIONS,
    NAT_WINDOW,
    NEXT_RECENT,
    RECENT,
    RECENT_BUCKETS,
    ROWS,
    SENDERS,
    bucket,
    ends,
)
from dissectors.kernel import Rows

# A datagram of the last second, in one line of the processor's cache: `ends` are its endpoints,
# `marks` what a second tap changes, `older` is the number of the one before in its bucket.
HASH, OLDER, TIME, ENDS, MARKS, LINK_HASH, MESSAGE, FRAME = 0, 1, 2, 3, 4, 5, 6, 7
RECENT_SLOTS: Final = 8
_MARK: Final = 0x10000

MOST_RECENT: Final = 1 << 17
"""Datagrams remembered; in a faster second, the first ones are forgotten early."""

# What was learnt of one sending address. `doubled` has a bit for each of its last datagrams, set
# where a copy came.
IDENTIFICATION, DATAGRAMS_WITH_IT, DOUBLED = 0, 1, 2
SENDER_SLOTS: Final = 3

_DOUBLED: Final = 8
_OF_LAST: Final = 10
_CONSTANT_AFTER: Final = 3
_NAT_MIN_BYTES: Final = 12
_NAT_MIN_TOKEN: Final = 4
_MOST_ALIKE: Final = 16
"""Datagrams with the same bytes that a copy is compared with, newest first."""


def recent_at(s: Rows, number: int) -> int:
    """Index of the first slot of a recent datagram."""
    return s[RECENT + BASE] + (number & (s[RECENT + ROWS] - 1)) * RECENT_SLOTS


def _marks(facts: Rows, f: int) -> int:
    """IP identification, TTL and interface."""
    above = facts[f + fact.INTERFACE] * 256 + facts[f + fact.TTL]
    return above * _MARK + facts[f + fact.IP_ID] % _MARK


def _sender_at(s: Rows, endpoint: int) -> int:
    return s[SENDERS + BASE] + s[endpoint_at(s, endpoint) + SENDER] * SENDER_SLOTS


def _bits(value: int) -> int:
    count = 0
    while value:
        count += value & 1
        value >>= 1
    return count


def _constant(s: Rows, ip_id: int, sender: int) -> bool:
    """The sender, or the whole capture (made by a script), uses one identification."""
    if s[sender + IDENTIFICATION] == ip_id and s[sender + DATAGRAMS_WITH_IT] >= _CONSTANT_AFTER:
        return True
    uses = s[s[IDENTIFICATIONS + BASE] + ip_id]
    return uses >= _CONSTANT_AFTER and 2 * uses >= s[DATAGRAMS]


def _same_transmission(s: Rows, facts: Rows, f: int, earlier: int, sender: int) -> bool:
    gap = abs(facts[f + fact.TIME] - s[earlier + TIME])
    ip_id = facts[f + fact.IP_ID]
    version = s[endpoint_at(s, facts[f + fact.SOURCE]) + VERSION]
    if ip_id and version == 4 and not _constant(s, ip_id, sender):
        return ip_id == s[earlier + MARKS] % _MARK and gap <= s[DUP_WINDOW]
    if gap > s[DUP_WINDOW_UNNUMBERED]:
        return False
    # Interface, TTL, or link header (MAC, VLAN, packet type).
    other_marks = s[earlier + MARKS] // _MARK != _marks(facts, f) // _MARK
    other_tap = other_marks or s[earlier + LINK_HASH] != facts[f + fact.LINK_HASH]
    return other_tap or _bits(s[sender + DOUBLED]) >= _DOUBLED


def _other_leg(s: Rows, facts: Rows, f: int, earlier: int) -> bool:
    """The same bytes with one side's address rewritten by a router, which lowers the TTL."""
    length = facts[f + fact.END] - facts[f + fact.AT]
    if length < _NAT_MIN_BYTES or facts[f + fact.TOKEN_LENGTH] < _NAT_MIN_TOKEN:
        return False
    source, destination = s[earlier + ENDS] // ENDPOINTS_LESS, s[earlier + ENDS] % ENDPOINTS_LESS
    one_side = (source == facts[f + fact.SOURCE]) != (destination == facts[f + fact.DESTINATION])
    close = abs(facts[f + fact.TIME] - s[earlier + TIME]) <= s[NAT_WINDOW]
    return one_side and close and facts[f + fact.TTL] < s[earlier + MARKS] // _MARK % 256


def _expire(s: Rows, now: int) -> None:
    while s[FIRST_RECENT] < s[NEXT_RECENT]:
        if now - s[recent_at(s, s[FIRST_RECENT]) + TIME] <= s[DUP_WINDOW]:
            return
        s[FIRST_RECENT] += 1


def original(s: Rows, facts: Rows, f: int) -> int:
    """The number of the earlier record of the same transmission; 0 when this is a transmission,
    which then is the last of the recent ones, and LEG_OF tells whether it is another's leg."""
    _expire(s, facts[f + fact.TIME])
    sender = _sender_at(s, facts[f + fact.SOURCE])
    facts[f + fact.LEG_OF] = 0
    place = bucket(s, RECENT_BUCKETS, facts[f + fact.DATA_HASH], 0, 0)
    between = ends(facts[f + fact.SOURCE], facts[f + fact.DESTINATION])
    number, steps = s[place], 0
    alike, found, leg = False, 0, 0
    while number >= s[FIRST_RECENT] and steps < _MOST_ALIKE:
        earlier = recent_at(s, number)
        number, this = s[earlier + OLDER], number
        if s[earlier + HASH] != facts[f + fact.DATA_HASH]:
            continue
        steps += 1
        if s[earlier + ENDS] == between:
            alike = True
            if _same_transmission(s, facts, f, earlier, sender):
                found = this
                break
        elif leg == 0 and _other_leg(s, facts, f, earlier):
            leg = s[earlier + MESSAGE]
    if alike:
        s[sender + DOUBLED] |= 1
    else:
        _count(s, facts[f + fact.IP_ID], sender)
    if found:
        return found
    facts[f + fact.LEG_OF] = leg
    _remember(s, facts, f, s[place])
    s[place] = s[NEXT_RECENT] - 1
    return 0


def _count(s: Rows, ip_id: int, sender: int) -> None:
    """A datagram that was not seen before."""
    if s[sender + IDENTIFICATION] == ip_id and s[sender + DATAGRAMS_WITH_IT]:
        s[sender + DATAGRAMS_WITH_IT] += 1
    else:
        s[sender + IDENTIFICATION] = ip_id
        s[sender + DATAGRAMS_WITH_IT] = 1
    s[sender + DOUBLED] = s[sender + DOUBLED] << 1 & (1 << _OF_LAST) - 1
    s[DATAGRAMS] += 1
    s[s[IDENTIFICATIONS + BASE] + ip_id] += 1


def _remember(s: Rows, facts: Rows, f: int, older: int) -> None:
    if s[NEXT_RECENT] - s[FIRST_RECENT] == s[RECENT + ROWS]:
        s[FIRST_RECENT] += 1
    number = s[NEXT_RECENT]
    s[NEXT_RECENT] = number + 1
    at = recent_at(s, number)
    s[at + HASH] = facts[f + fact.DATA_HASH]
    s[at + OLDER] = older
    s[at + TIME] = facts[f + fact.TIME]
    s[at + ENDS] = ends(facts[f + fact.SOURCE], facts[f + fact.DESTINATION])
    s[at + MARKS] = _marks(facts, f)
    s[at + LINK_HASH] = facts[f + fact.LINK_HASH]
    s[at + MESSAGE] = 0
    s[at + FRAME] = facts[f + fact.FRAME]


def restart(s: Rows) -> None:
    """Forget recent datagrams: a new segment of the capture begins."""
    s[FIRST_RECENT] = s[NEXT_RECENT]
