# SPDX-License-Identifier: GPL-2.0-only
"""What may stand at the cursor of a filter that is being written, by the grammar that reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.filters.grammar import terminals_behind
from analyzer.filters.kinds import Kind, kind_of, known_fields, ops_of, words_of
from analyzer.filters.model import Literal, Op
from dissectors.fields import Field, Table, fields

if TYPE_CHECKING:
    from lark import Token

    from analyzer.session import Session

_MOST_VALUES: Final = 50
_MOST_LOOKED_AT: Final = 20_000
"""Rows whose values are offered."""

_HELP: Final = {
    Op.EQ: "equal; any of several values",
    Op.NE: "not equal; all of several values",
    Op.ALL_EQ: "equal; all of several values",
    Op.ANY_NE: "not equal; any of several values",
    Op.LT: "less than",
    Op.GT: "greater than",
    Op.LE: "at most",
    Op.GE: "at least",
    Op.CONTAINS: "has this in it",
    Op.MATCHES: "fits a regular expression, whatever the case",
    Op.IN: "one of a set: {1, 2, 5..9}",
}
_JOINING: Final = {"_AND": ("and", "both"), "_OR": ("or", "either")}
_LEADING: Final = {
    "_NOT": (("not", "what follows is not so"),),
    "QUANTIFIER": (("any", "one value at least"), ("all", "every value")),
}
_VALUE_FOLLOWS: Final = frozenset(("OPERATOR", "LBRACE", "COMMA", "__ANON_0"))
_UES: Final = frozenset(
    (
        *("exchange.ue_service_id", "finding.ue_service_id", "msgin5g.ue_service_id"),
        *("msgin5g.originating_ue_service_id", "msgin5g.recipient_ue_service_id"),
    )
)


class Completion(NamedTuple):
    """`replacement` may stand in place of the text from `start` to the cursor; `help` tells what it
    is."""

    start: int
    replacement: str
    help: str


class _Place(NamedTuple):
    """The cursor: which terminals may stand there, the field that is compared, and whether a value
    of it is due."""

    terminals: frozenset[str]
    field: Field | None
    value_due: bool


def complete(text: str, cursor: int, session: Session | None = None) -> list[Completion]:
    """What may stand at the cursor, the likeliest first; values are those that the session has.
    Nothing where the text before is not understood."""
    head = text[:cursor]
    start = _word_start(head)
    typed = head[start:]
    place = _place(head[:start])
    if place is None:
        return []
    found = _values(place, session) if place.value_due else _others(place)
    return [
        Completion(start, word, help)
        for word, help in found
        if word.startswith(typed) or word.startswith(f'"{typed}') or _folded(word, typed)
    ]


def _folded(word: str, typed: str) -> bool:
    return bool(typed) and word.lower().startswith(typed.lower())


_WORDS: Final = re.compile(r'[rR]?"(?:\\.|[^"\\])*("|$)|[\w.:/\-]+|.', re.DOTALL)


def _word_start(head: str) -> int:
    """Where the word or string begins that the cursor stands in or behind."""
    start = len(head)
    for found in _WORDS.finditer(head):
        closed = found[0].endswith('"') and found[1] == '"'
        partial = re.fullmatch(r'[\w.:/\-]+|[rR]?".*', found[0], re.DOTALL) and not closed
        start = found.start() if partial else found.end()
    return start


def _place(before: str) -> _Place | None:
    """What the text before the word at the cursor comes to."""
    tokens: list[Token] = []
    terminals = terminals_behind(before, tokens)
    if not terminals:
        return None
    operand = last = ""
    for token in tokens:
        if token.type == "WORD" and last not in _VALUE_FOLLOWS:
            operand = str(token)
        last = token.type
    field = known_fields().get(operand.lower())
    return _Place(terminals, field, last in _VALUE_FOLLOWS)


def _others(place: _Place) -> Iterator[tuple[str, str]]:
    """Fields, operators and words that join tests."""
    if "WORD" in place.terminals:
        yield from ((field.name, field.help) for field in known_fields().values())
        for terminal, words in _LEADING.items():
            if terminal in place.terminals:
                yield from words
    if "OPERATOR" in place.terminals and place.field is not None:
        yield from ((str(op), _HELP[op]) for op in ops_of(kind_of(place.field)))
    for terminal, word in _JOINING.items():
        if terminal in place.terminals:
            yield word


def _values(place: _Place, session: Session | None) -> Iterator[tuple[str, str]]:
    field = place.field
    if field is None:
        return
    kind = kind_of(field)
    words = words_of(field)
    seen: dict[str, None] = {}
    for word, value in words.items():
        text = _written(word)
        if text not in seen:
            seen[text] = None
            yield text, "" if isinstance(value, str) or word == str(value) else str(value)
    if kind is Kind.BOOLEAN:
        yield from (("true", ""), ("false", ""))
    if session is not None and not words:
        for value in _seen(session, field):
            yield (_written(value, kind is Kind.STRING), "in this capture")


def _written(word: str, quoted: bool = False) -> str:
    """A word as a filter may have it."""
    plain = not quoted and re.fullmatch(r"[\w.:\-]+", word)
    return word if plain else str(Literal(word, quoted=True))


def _seen(session: Session, field: Field) -> Iterable[str]:
    """Values of the rows at the end of the table, those of the newest row first."""
    import numpy as np

    from analyzer.filters.readings import BOTH, NAMED, key_of
    from analyzer.filters.relations import size
    from analyzer.filters.stored import COLUMNS

    if field.name in _UES:
        field = fields()["exchange.ue_service_id"]
    table, key = key_of(field)
    found: dict[str, None] = {}
    for one in BOTH.get(key, (key,)) if table != Table.FINDINGS else ():
        if (table, one) not in NAMED:
            continue
        last = size(session, table)
        first = max(0, last - _MOST_LOOKED_AT)
        keys, owners = NAMED[table, one](session, first, last)
        _, places = np.unique(keys[::-1], return_index=True)
        newest = len(keys) - 1 - np.sort(places)[:_MOST_VALUES]
        rows = newest if owners is None else owners[newest]
        values = COLUMNS[table][one](session, (rows + first).tolist())
        found |= {str(value): None for value in values if value is not None}
    return found
