# SPDX-License-Identifier: GPL-2.0-only
"""What waits for something that comes later: answers seen before what they answer, and datagrams
that nobody may answer: of another version, or no messages. Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer.state import (
    BASE,
    EARLY,
    EXCHANGE_LIFETIME,
    FIRST_EARLY,
    NEWEST_EMPTY,
    NEXT_EARLY,
    ROWS,
)
from dissectors.kernel import Rows

MOST_EARLY: Final = 1024

# They wait as rows of facts, in one ring.
TAKEN: Final = fact.KIND
IS_EARLY, IS_UNREADABLE, IS_TAKEN = 1, 2, 3


def early_at(s: Rows, number: int) -> int:
    """Index of a waiting row of facts."""
    return s[EARLY + BASE] + (number & (s[EARLY + ROWS] - 1)) * fact.SLOTS


def keep_waiting(s: Rows, facts: Rows, f: int, kind: int) -> None:
    number = s[NEXT_EARLY]
    s[NEXT_EARLY] = number + 1
    if s[NEXT_EARLY] - s[FIRST_EARLY] > s[EARLY + ROWS]:
        s[FIRST_EARLY] += 1
    at = early_at(s, number)
    for slot in range(fact.SLOTS):
        s[at + slot] = facts[f + slot]
    s[at + TAKEN] = kind
    if kind == IS_EARLY and facts[f + fact.CODE] == 0:
        s[NEWEST_EMPTY] = number


def between_the_same(s: Rows, at: int, facts: Rows, f: int, patience: int) -> bool:
    """What waits at index `at` and the message in `facts` went opposite ways between the same two
    endpoints, at most `patience` apart."""
    return (
        s[at + fact.SOURCE] == facts[f + fact.DESTINATION]
        and s[at + fact.DESTINATION] == facts[f + fact.SOURCE]
        and abs(facts[f + fact.TIME] - s[at + fact.TIME]) <= patience
    )


def take(s: Rows, at: int, facts: Rows, spare: int) -> None:
    """What waits at index `at` waits no longer: its facts, in the spare row."""
    s[at + TAKEN] = IS_TAKEN
    for slot in range(fact.SLOTS):
        facts[spare + slot] = s[at + slot]


def unreadable(s: Rows, facts: Rows, f: int) -> int:
    """The datagram of another version, or the CON that is no message, whose Message ID this ACK or
    RST carries: row + 1."""
    for number in range(s[FIRST_EARLY], s[NEXT_EARLY]):
        at = early_at(s, number)
        if (
            s[at + TAKEN] == IS_UNREADABLE
            and s[at + fact.MID] == facts[f + fact.MID]
            and between_the_same(s, at, facts, f, s[EXCHANGE_LIFETIME])
        ):
            return s[at + fact.MESSAGE]
    return 0
