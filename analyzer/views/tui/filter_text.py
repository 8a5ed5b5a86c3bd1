# SPDX-License-Identifier: GPL-2.0-only
"""The text of a filter while it is written: what is wrong with it, what may stand at the cursor,
what was written before. Nothing here raises, whatever was typed or pasted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.views.tui.places import Join

if TYPE_CHECKING:
    from analyzer.filters.completion import Completion
    from analyzer.session import Session

MOST_OFFERED: Final = 50
MOST_TEXT: Final = 10_000

_JOINING: Final = frozenset(("and", "or"))
_WORD: Final = re.compile(r"[\w.:/\-]*")


class Problem(NamedTuple):
    """Why a filter is not understood, and at which offset of its text."""

    text: str
    at: int


def cleaned(text: str) -> str:
    """On one line and without what would act on a terminal, which a string may have escaped."""
    if text.isprintable():
        return text[:MOST_TEXT]
    return "".join(map(_cleaned, text[:MOST_TEXT]))[:MOST_TEXT]


def _cleaned(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def problem(text: str) -> Problem | None:
    """What is wrong with a filter, None for nothing."""
    from analyzer.filters.filter import compiled
    from analyzer.filters.model import FilterError

    try:
        compiled(text)
    except FilterError as error:
        return Problem(str(error), max(0, min(error.at, len(text))))
    return None


# Completion -------------------------------------------------------------------------------------


def offers(
    text: str, cursor: int, session: Session | None = None, asked: bool = False
) -> list[Completion]:
    """What may stand at the cursor. Unless it is asked for, not what nobody looks for: every field
    where nothing is typed yet, how to go on where the filter may end, or what stands there."""
    from analyzer.filters.completion import complete

    found = complete(text, cursor, session)
    if not found:
        return []
    typed = text[found[0].start : cursor]
    found.sort(key=lambda completion: not completion.replacement.startswith(typed))
    if asked:
        return found
    words = {completion.replacement for completion in found}
    if not typed:
        from analyzer.filters.kinds import known_fields

        return [] if words <= _JOINING or words & known_fields().keys() else found
    return [] if words == {typed} or words <= _JOINING else found


def completed(text: str, cursor: int, taken: Completion) -> tuple[str, int]:
    """The text with a completion in place of the word at the cursor, a space behind it; and the
    cursor behind that."""
    end = cursor
    word = _WORD.match(text, cursor)
    if word is not None and cursor > taken.start:
        end = word.end()
    before = text[: taken.start] + taken.replacement
    after = text[end:]
    return f"{before} {after.removeprefix(' ')}", len(before) + 1


# Joining ----------------------------------------------------------------------------------------


def joined(text: str, condition: str, join: Join) -> str:
    """A filter with a condition more, in parentheses where the grammar needs them."""
    text, condition = text.strip(), condition.strip()
    if not condition:
        return text
    if join in (Join.AND_NOT, Join.NOT):
        condition = f"!({condition})"
    if join in (Join.REPLACE, Join.NOT) or not text:
        return condition
    word = "or" if join is Join.OR else "and"
    if join is not Join.OR:
        text, condition = (f"({one})" if _joins_loosely(one) else one for one in (text, condition))
    return text if text == condition else f"{text} {word} {condition}"


def _joins_loosely(text: str) -> bool:
    """Whether `and` would take a part of it alone."""
    from analyzer.filters.grammar import parse
    from analyzer.filters.model import FilterError, Or

    try:
        return isinstance(parse(text), Or)
    except FilterError:  # it is still being written
        return "or" in text or "|" in text


# History ----------------------------------------------------------------------------------------


class History:
    """Filters of before, the last one first; what is being written stands after them all."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [cleaned(text) for text in texts]
        self._at = -1
        self._draft = ""

    def older(self, text: str) -> str | None:
        """The one before; None when there is no other. `text` is what stands in the bar."""
        if self._at < 0:
            self._draft = text
        for at in range(self._at + 1, len(self._texts)):
            if self._texts[at] != text:
                self._at = at
                return self._texts[at]
        return None

    def newer(self) -> str | None:
        """The one after, at last what was being written; None when that stands there."""
        if self._at < 0:
            return None
        self._at -= 1
        return self._draft if self._at < 0 else self._texts[self._at]

    def written(self) -> None:
        """The user goes on from what stands there now."""
        self._at = -1
