# SPDX-License-Identifier: GPL-2.0-only
"""Colour rules: display filters with colours, the first that a message passes wins.

They are Wireshark's: a name, a filter, a foreground and a background. Rows are judged when they are
shown, a few at a time, so a list of any length stays as fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.filters.filter import Filter, compiled
from analyzer.filters.model import FilterError

if TYPE_CHECKING:
    from analyzer.filters.matching import Matcher
    from analyzer.session import Session

NONE: Final = -1
"""No rule."""

MOST_RULES: Final = 200

_NEIGHBOURS: Final = 32
"""Rows of the list that are judged together."""

_CLOSE: Final = 1 << 15
"""Rows of the table that cost little more to compare than one."""

_MOST_KEPT: Final = 1 << 16

_COLOUR: Final = r"\[([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5})\]"
_LINE: Final = re.compile(rf"(!?)@([^@]*)@(.*)@{_COLOUR}{_COLOUR}")
"""Wireshark's: `@name@filter@[background][foreground]`, 16 bits a channel, `!` before it is off."""


class Written(NamedTuple):
    """A rule as it was written; colours are `#rrggbb` or names, "" for that of the list."""

    name: str
    filter: str
    foreground: str = ""
    background: str = ""


class ColourRule(NamedTuple):
    """A rule that can be judged."""

    written: Written
    filter: Filter


def wireshark_rules(text: str) -> tuple[list[Written], list[str]]:
    """The rules of a Wireshark file `colorfilters` that are on; what is wrong with its lines."""
    rules, problems = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            problems.append(f"line {number} is not @name@filter@[r,g,b][r,g,b]")
        elif not match[1]:
            channels = [min(int(value), 0xFFFF) >> 8 for value in match.groups()[3:]]
            background, foreground = (bytes(channels[at : at + 3]).hex() for at in (0, 3))
            rules.append(Written(match[2], match[3], f"#{foreground}", f"#{background}"))
    return rules, problems


def compiled_rules(written: Iterable[Written]) -> tuple[list[ColourRule], list[str]]:
    """The rules whose filters are understood, and for the others why not."""
    rules, problems = [], []
    for rule in written:
        try:
            rules.append(ColourRule(rule, compiled(rule.filter)))
        except FilterError as error:
            problems.append(f"{rule.name or rule.filter}: {error}")
    if len(rules) > MOST_RULES:
        problems.append(f"only the first {MOST_RULES} of {len(rules)} rules are used")
    return rules[:MOST_RULES], problems


class Judge:
    """Which rule wins for a message of a session. What was found out is kept, and is looked at
    again when more was read: some filters take their time, so a thread may do that."""

    def __init__(self, session: Session, rules: Sequence[ColourRule]) -> None:
        from analyzer.filters.matching import Matcher

        self._session = session
        self._rules: list[Matcher] = [Matcher(session, rule.filter) for rule in rules]
        self._settled = all(rule.filter.settled for rule in rules)
        self._found: dict[int, tuple[int, int]] = {}  # the rule, and the version it was found in

    def known(self, row: int) -> tuple[int, bool]:
        """The index of the rule as last found out, NONE for none, and whether that still holds."""
        found = self._found.get(row)
        if found is None:
            return NONE, False
        return found[0], self._settled or found[1] == self._session.version

    def judge(self, rows: Sequence[int]) -> bool:
        """Look at these rows of the messages table; whether any has another rule than before."""
        version = self._session.version
        if len(self._found) > _MOST_KEPT:
            self._found.clear()
        rule_of = dict.fromkeys(rows, NONE)
        for number, matcher in enumerate(self._rules):
            left = [row for row in rows if rule_of[row] == NONE]
            if not left:
                break
            together = max(left) - min(left) < _CLOSE
            for among in [left] if together else [[row] for row in left]:
                rule_of.update(dict.fromkeys(matcher.passing(among), number))
        changed = any(self.known(row)[0] != rule for row, rule in rule_of.items())
        self._found.update({row: (rule, version) for row, rule in rule_of.items()})
        return changed


def neighbours(rows: Sequence[int], index: int) -> list[int]:
    """The rows that are listed around one: looked at together they cost little more than one."""
    first = index - index % _NEIGHBOURS
    return [int(row) for row in rows[first : first + _NEIGHBOURS]]
