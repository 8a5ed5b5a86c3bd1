# SPDX-License-Identifier: GPL-2.0-only
"""Conditions taken from rows: what to write so that all rows with the same value pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analyzer.columns import Columns
from analyzer.filters.filter import compiled
from analyzer.filters.kinds import Kind, kind_of, known_fields, words_of
from analyzer.filters.matching import Matcher
from analyzer.filters.model import FilterError, Literal
from analyzer.message_content import MASK
from analyzer.profiles.transmission import SECOND
from dissectors.fields import Field, Table

if TYPE_CHECKING:
    from analyzer.session import Session

_MOST: Final = 1000
"""Characters of a literal: of what is longer, only that it is there."""


def taken(session: Session, table: Table, row: int, name: str, nth: int = 0) -> str:
    """A condition on the field of a name which this row of the table passes: its value, or the
    `nth` of several (from 0), and where that cannot be written, that it has one. "" where it has
    none."""
    field = known_fields()[name]
    if kind_of(field) == Kind.PROTOCOL:
        matcher = Matcher(session, compiled(name, table))
        return name if matcher.matches(row, row + 1)[0] else ""
    found = Columns(session).of(field, table, [row])[0]
    if isinstance(found, list):
        found = found[nth] if nth < len(found) else found[0] if found else None
    return "" if found is None else equal(field, found)


def equal(field: Field, value: Any) -> str:
    """The condition that a field has a value, as `analyzer.columns` tells it; that it has any,
    where a filter cannot say which."""
    literal = _literal(field, value)
    if not literal or len(literal) > _MOST:
        return field.name
    text = f"{field.name} == {literal}"
    try:
        (condition,) = compiled(text).conditions
        passes = condition.passes([value])[0]
    except FilterError:
        passes = False
    return text if passes else field.name


def _literal(field: Field, value: Any) -> str:
    """ "" where there is none."""
    kind = kind_of(field)
    if isinstance(value, str) and (value == MASK or _has_surrogates(value)):
        return ""  # any other credential is masked by the same; a surrogate is no text
    if kind == Kind.NUMBER:
        return _number(field, value)
    if kind in (Kind.TIME, Kind.MOMENT) and isinstance(value, int):
        sign, (seconds, rest) = "-" * (value < 0), divmod(abs(value), SECOND)
        return f"{sign}{seconds}.{rest:09d}"
    if kind == Kind.BYTES:
        return ":".join(value[at : at + 2] for at in range(0, len(value), 2))
    if kind == Kind.BOOLEAN and isinstance(value, bool):
        return str(value).lower()
    if kind in (Kind.STRING, Kind.MOMENT):
        return str(Literal(value, quoted=True)) if isinstance(value, str) else ""
    return str(value)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character < "\ue000" for character in text)


def _number(field: Field, value: Any) -> str:
    """By its word where it has one without spaces: `4.04`, `CON`."""
    if type(value) is not int:
        return ""
    words = [word for word, number in words_of(field).items() if number == value]
    return next((word for word in words if " " not in word), str(value))
