# SPDX-License-Identifier: GPL-2.0-only
"""A filter made ready for a table: every name is a field, every literal a value of its kind.

Raises FilterError for what makes no sense, with the offset where it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import and_, eq, ge, gt, le, lt, or_
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from analyzer.filters.kinds import Kind, kind_of, known_fields, ops_of
from analyzer.filters.literals import Network, comparable, meant
from analyzer.filters.model import (
    And,
    Compare,
    Exists,
    Expression,
    FilterError,
    Literal,
    Not,
    Op,
    Operand,
    Or,
    Part,
    Span,
)
from analyzer.profiles.toml import nearest
from dissectors.fields import Field

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = "np.ndarray[Any, Any]"

_FIELDLESS: Final = {
    "_ws.col.info": "_ws.col.info is made for the screen; filter by the fields that it shows"
}


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A test of a field. `passes` says of each value whether it passes, `numbers` does so of a
    column of numbers, and is None for values that are none. `every`: all values have to pass."""

    field: Field
    kind: Kind
    passes: Callable[[Sequence[Any]], Sequence[bool]]
    numbers: Callable[[Numbers], Numbers] | None = None
    every: bool = False
    op: Op | None = None
    wanted: Any = None
    parts: tuple[Part, ...] = ()
    """The operator, the value it compares with, and what of the field: None for existence."""


Node: TypeAlias = "Condition | Not[Node] | And[Node] | Or[Node]"


def conditions(tree: Expression) -> Node:
    """The tree with a Condition for each test. Raises FilterError."""
    if isinstance(tree, Not):
        return Not(conditions(tree.of))
    if isinstance(tree, And):
        return And(tuple(map(conditions, tree.items)))
    if isinstance(tree, Or):
        return Or(tuple(map(conditions, tree.items)))
    if isinstance(tree, Exists):
        return _existence(tree.operand)
    return _comparison(tree)


def field_of(operand: Operand) -> Field:
    """The field of a name; capitals are as good. Raises FilterError."""
    known, name = known_fields(), operand.name
    found = known.get(name) or known.get(name.lower())
    if name.lower() in _FIELDLESS:
        raise FilterError(_FIELDLESS[name.lower()], operand.at)
    if found is not None:
        return found
    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else "msgshark fields lists them"
    raise FilterError(f"no field {name}; {hint}", operand.at)


def _existence(operand: Operand) -> Condition:
    field = field_of(operand)
    kind = kind_of(field)
    if operand.parts:
        _refuse_slice(field, kind, operand)
        return Condition(field, kind, _values(kind, (), _fitting(operand.parts)))
    return Condition(
        field, kind, lambda values: [True] * len(values), lambda numbers: numbers == numbers
    )


def _fitting(parts: tuple[Part, ...]) -> Callable[[Any], bool]:
    return lambda value: all(placed(part, len(value)) for part in parts)


def _comparison(tree: Compare) -> Condition:
    field = field_of(tree.operand)
    kind = kind_of(field)
    if kind == Kind.PROTOCOL:
        raise FilterError(f"{field.name} is a protocol: write it alone, or name a field", tree.at)
    if tree.op not in ops_of(kind):
        raise FilterError(f"{field.name} is {kind}: {tree.op} is for strings and bytes", tree.at)
    if tree.operand.parts:
        _refuse_slice(field, kind, tree.operand)
    every = tree.every if tree.every is not None else tree.op in (Op.NE, Op.ALL_EQ)
    if tree.op is Op.MATCHES:
        passes = _pattern(tree.spans[0].first, kind, tree.operand.parts)
        return Condition(field, kind, passes, every=every)
    spans = [_meant(field, kind, tree, span) for span in tree.spans]
    negated = tree.op in (Op.NE, Op.ANY_NE)
    one = _one_of(spans) if tree.op is Op.IN else _OF[tree.op](spans[0][0])
    if negated:
        one = _none(one)
    return Condition(
        field,
        kind,
        _values(kind, tree.operand.parts, one, negated),
        one if kind in _NUMERIC else None,
        every,
        tree.op,
        spans[0][0],
        tree.operand.parts,
    )


_NUMERIC: Final = (Kind.NUMBER, Kind.TIME, Kind.MOMENT)


def _meant(field: Field, kind: Kind, tree: Compare, span: Span) -> tuple[Any, Any]:
    """The first and the last value of a span."""
    parts = bool(tree.operand.parts)
    read = _plain if parts else meant  # a slice of a word is no word
    first = read(field, kind, span.first, tree.op)
    if span.last is None:
        return first, first
    last = read(field, kind, span.last, tree.op)
    if _low(last) < _low(first):
        raise FilterError(f"{span} ends before it begins", span.first.at)
    return first, last


def _low(value: Any) -> Any:
    if isinstance(value, bytes):
        return _rank(value)
    return value.first if isinstance(value, Network) else value


def _plain(field: Field, kind: Kind, literal: Literal, op: Op) -> Any:
    return meant(field, kind, literal, Op.CONTAINS)


def _refuse_slice(field: Field, kind: Kind, operand: Operand) -> None:
    if kind not in (Kind.STRING, Kind.BYTES):
        raise FilterError(f"{field.name} is {kind}: slices are of strings and bytes", operand.at)


# Of one value -----------------------------------------------------------------------------------


def _equal(wanted: Any) -> Callable[[Any], Any]:
    if isinstance(wanted, Network):
        return lambda value: wanted.first <= value <= wanted.last
    return lambda value: eq(value, wanted)


def _ordered(compare: Callable[[Any, Any], Any]) -> Callable[[Any], Callable[[Any], Any]]:
    def of(wanted: Any) -> Callable[[Any], Any]:
        if isinstance(wanted, Network):
            first = wanted.first
            return lambda value: value[0] == first[0] and compare(value, first)
        if isinstance(wanted, bytes):
            return lambda value: compare(_rank(value), _rank(wanted))
        return lambda value: compare(value, wanted)

    return of


def _rank(value: bytes) -> tuple[int, bytes]:
    """Of bytes, more are greater, as in Wireshark."""
    return len(value), value


def _contains(wanted: Any) -> Callable[[Any], Any]:
    return lambda value: wanted in value


_OF: Final = {
    Op.EQ: _equal,
    Op.NE: _equal,
    Op.ALL_EQ: _equal,
    Op.ANY_NE: _equal,
    Op.LT: _ordered(lt),
    Op.GT: _ordered(gt),
    Op.LE: _ordered(le),
    Op.GE: _ordered(ge),
    Op.CONTAINS: _contains,
}


def _one_of(spans: Sequence[tuple[Any, Any]]) -> Callable[[Any], Any]:
    """Also of a column: | and & rather than or and and."""

    def within(first: Any, last: Any) -> Callable[[Any], Any]:
        if isinstance(first, Network):
            low, high = first.first, last.last
            return lambda value: low <= value <= high
        if first == last:
            return lambda value: eq(value, first)
        if isinstance(first, bytes):
            return lambda value: _rank(first) <= _rank(value) <= _rank(last)
        return lambda value: and_(value >= first, value <= last)

    tests = [within(first, last) for first, last in spans]

    def passes(value: Any) -> Any:
        found = tests[0](value)
        for test in tests[1:]:
            found = or_(found, test(value))
        return found

    return passes


def _none(one: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def passes(value: Any) -> Any:
        found = one(value)
        return not found if isinstance(found, bool) else ~found

    return passes


# Of values as columns give them -----------------------------------------------------------------


def _values(
    kind: Kind, parts: tuple[Part, ...], one: Callable[[Any], Any], unfit: bool = False
) -> Callable[[Sequence[Any]], Sequence[bool]]:
    """A value that its field should not have is `unfit`."""

    def passes(values: Sequence[Any]) -> list[bool]:
        found = []
        for raw in values:
            value = comparable(kind, raw)
            if value is None:
                found.append(unfit)
                continue
            found.append(bool(one(sliced(value, parts) if parts else value)))
        return found

    return passes


def sliced(value: Any, parts: tuple[Part, ...]) -> Any:
    """Parts of a string or of bytes, put together: those before the first that it is too short
    for, as in Wireshark."""
    found = value[:0]
    for part in parts:
        place = placed(part, len(value))
        if place is None:
            break
        found += value[place]
    return found


def placed(part: Part, size: int) -> slice | None:
    """Where a part stands in a value of a size, None where it does not fit."""
    first = part.start if part.start >= 0 else size + part.start
    end = size if part.length is None else first + part.length
    return slice(first, end) if 0 <= first < size and end <= size else None


def _pattern(
    literal: Literal, kind: Kind, parts: tuple[Part, ...]
) -> Callable[[Sequence[Any]], Sequence[bool]]:
    """Upper and lower case are as good, as in Wireshark. Polars' engine needs time linear in the
    text whatever the pattern is; `re` may need for ever. Of bytes, each is a letter."""
    import polars as pl

    pattern = f"(?i){literal.text}"
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        reason = re.search(r"(?:^error|regex error): (?!regex parse)(.*)", str(error), re.MULTILINE)
        text = f"no regular expression: {reason[1]}" if reason else "no regular expression"
        raise FilterError(text.rstrip("."), literal.at) from None

    def passes(values: Sequence[Any]) -> Sequence[bool]:
        texts: list[str | None] = []
        for raw in values:
            value = comparable(kind, raw)
            if value is not None and parts:
                value = sliced(value, parts)
            texts.append(value.decode("latin-1") if isinstance(value, bytes) else value)
        series = pl.Series(texts, dtype=pl.String)
        found: list[bool] = series.str.contains(pattern).fill_null(False).to_list()
        return found

    return passes
