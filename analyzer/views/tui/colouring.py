# SPDX-License-Identifier: GPL-2.0-only
"""Colours of rows: of conversations that the user coloured, and of the colour rules."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from textual.color import Color, ColorParseError

from analyzer.views.tui.inks import CONVERSATION_COLOURS, paint

if TYPE_CHECKING:
    from analyzer.colour_rules import ColourRule, Judge, Written
    from analyzer.session import Session
    from analyzer.views.preferences import Preferences

Pair: TypeAlias = tuple[int, int]
"""The two endpoints of a conversation, the smaller index first."""

_MOST: Final = 1 << 20
"""Characters of a file of rules."""


class Rules:
    """Colour rules ready for use. Rows that are shown are judged in a thread: `begin` is called
    when there are some, and has `judge` run there."""

    def __init__(self, rules: Sequence[tuple[ColourRule, str]] = ()) -> None:
        self._rules = rules
        self._judge: Judge | None = None
        self._of: Session | None = None
        self._wanted: dict[int, list[int]] = {}  # by the first of rows that are judged together
        self._judging = False
        self.begin: Callable[[], object] = lambda: None

    def __bool__(self) -> bool:
        return bool(self._rules)

    def _index(self, session: Session, rows: Sequence[int], index: int) -> int:
        if not self._rules:
            return -1
        from analyzer.colour_rules import Judge, neighbours

        if self._judge is None or self._of is not session:
            self._of, self._judge = session, Judge(session, [rule for rule, _ in self._rules])
            self._wanted.clear()
        found, holds = self._judge.known(int(rows[index]))
        if not holds:
            around = neighbours(rows, index)
            self._wanted[around[0]] = around
            if not self._judging:
                self._judging = True
                self.begin()
        return found

    def judge(self, changed: Callable[[], object]) -> None:
        """Judge what is wanted, in a thread; `changed` is called when rows look different now."""
        try:
            different = False
            while self._wanted and self._judge is not None:
                _, rows = self._wanted.popitem()
                different |= self._judge.judge(rows)
        finally:
            self._judging = False
        if different:
            changed()

    def ink(self, session: Session, rows: Sequence[int], index: int) -> str:
        """The ink of the rule that wins for a row of a list, "" where none does."""
        found = self._index(session, rows, index)
        return self._rules[found][1] if found >= 0 else ""

    def name(self, session: Session, rows: Sequence[int], index: int) -> str:
        """The name of that rule, not escaped."""
        found = self._index(session, rows, index)
        return self._rules[found][0].written.name if found >= 0 else ""


def rules_of(preferences: Preferences) -> tuple[Rules, list[str]]:
    """The colour rules a user prefers, those of the preferences first, and what is wrong with the
    others. Takes its time: filters are compiled."""
    if not (preferences.colours or preferences.colour_rules):
        return Rules(), []
    from analyzer.colour_rules import compiled_rules

    problems: list[str] = []
    compiled = [(rule, "colours") for rule in _kept(*compiled_rules(preferences.colours), problems)]
    if preferences.colour_rules:
        foreign, told = _imported(preferences.colour_rules)
        compiled += [(rule, preferences.colour_rules) for rule in foreign]
        problems += told
    rules = []
    for rule, where in compiled:
        try:
            rules.append((rule, _paint(rule.written)))
        except ColorParseError:
            colours = " ".join(filter(None, (rule.written.foreground, rule.written.background)))
            problems.append(f"{where}: {rule.written.name}: no colour {colours[:60]}")
    return Rules(rules), problems


def _kept(
    rules: Sequence[ColourRule], told: Sequence[str], problems: list[str]
) -> Sequence[ColourRule]:
    problems += [f"colours: {reason}" for reason in told]
    return rules


def _imported(path: str) -> tuple[Sequence[ColourRule], list[str]]:
    """Rules of a Wireshark file. It has many for what is no CoAP, so those are one sentence."""
    from analyzer.colour_rules import compiled_rules, wireshark_rules

    if not os.path.isfile(path):  # a pipe would be waited for
        return [], [f"{path}: no such file"]
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST)
    except (OSError, ValueError) as error:
        return [], [f"{path}: {getattr(error, 'strerror', None) or error}"]
    written, problems = wireshark_rules(text)
    rules, refused = compiled_rules(written)
    if refused:
        total = len(written)
        problems.append(f"{len(refused)} of {total} rules passed over, such as {refused[0]}")
    return rules, [f"{path}: {problem}" for problem in problems]


def _paint(rule: Written) -> str:
    """The ink of a rule; on a background alone text is black or white, whichever reads better."""
    fore, back = (
        Color.parse(colour) if colour else None for colour in (rule.foreground, rule.background)
    )
    if fore is None and back is not None:
        fore = back.get_contrast_text(1.0)
    return paint(_hex(fore), _hex(back))


def _hex(colour: Color | None) -> str:
    return "" if colour is None else f"#{bytes(colour.rgb).hex()}"


class Conversations:
    """Conversations the user coloured: two endpoints, whatever goes between them."""

    def __init__(self) -> None:
        self._colours: dict[Pair, int] = {}

    def __bool__(self) -> bool:
        return bool(self._colours)

    def toggle(self, one: int, other: int) -> int:
        """Give a conversation the colour used least, or take away the one it has: 0."""
        pair = _pair(one, other)
        if self._colours.pop(pair, 0):
            return 0
        used = list(self._colours.values())
        colour = min(range(1, CONVERSATION_COLOURS + 1), key=lambda number: used.count(number))
        self._colours[pair] = colour
        return colour

    def colour(self, one: int, other: int) -> int:
        """From 1; 0 for none."""
        return self._colours.get(_pair(one, other), 0)


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one <= other else (other, one)
