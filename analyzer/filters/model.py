# SPDX-License-Identifier: GPL-2.0-only
"""What a display filter says: a tree of tests of fields, and its errors.

`str` of a tree is a filter that means the same. `at` is the offset in the text, from 0, where
something was written; trees that differ in it alone are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class FilterError(Exception):
    """A filter that is not understood: why, and at which offset of its text, from 0."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.at = at


class Op(StrEnum):
    """How a value is compared. Of several values, any has to pass but for NE and ALL_EQ: all."""

    EQ = "=="
    NE = "!="
    ALL_EQ = "==="
    ANY_NE = "!=="
    LT = "<"
    GT = ">"
    LE = "<="
    GE = ">="
    CONTAINS = "contains"
    MATCHES = "matches"
    IN = "in"


OPS: Final = {
    **{op.value: op for op in Op},
    "eq": Op.EQ,
    "any_eq": Op.EQ,
    "ne": Op.NE,
    "all_ne": Op.NE,
    "all_eq": Op.ALL_EQ,
    "any_ne": Op.ANY_NE,
    "~=": Op.ANY_NE,
    "lt": Op.LT,
    "gt": Op.GT,
    "le": Op.LE,
    "ge": Op.GE,
    "~": Op.MATCHES,
}
"""Operators by every spelling of Wireshark 4."""

_ESCAPED: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written: a word, or what a string in quotes stands for."""

    text: str
    quoted: bool = False
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if not self.quoted:
            return self.text
        return '"' + "".join(map(_escaped, self.text)) + '"'


class Span(NamedTuple):
    """Values from one to another, both included; `last` is None where there is one alone."""

    first: Literal
    last: Literal | None = None

    def __str__(self) -> str:
        return f"{self.first}..{self.last}" if self.last else str(self.first)


class Part(NamedTuple):
    """A part of a slice: `length` values from `start`; None is all that follow. What begins below 0
    is counted from the end."""

    start: int
    length: int | None

    def __str__(self) -> str:
        return f"{self.start}:{'' if self.length is None else self.length}"


@dataclass(frozen=True, slots=True)
class Operand:
    """A field by its name, or parts of its values, put together."""

    name: str
    parts: tuple[Part, ...] = ()
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.name}[{','.join(map(str, self.parts))}]" if self.parts else self.name


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value."""

    operand: Operand

    def __str__(self) -> str:
        return str(self.operand)


@dataclass(frozen=True, slots=True)
class Compare:
    """A value of the field passes; `IN` has one or several spans, others one literal. `every`: all
    or any of several values have to, None as the operator has it."""

    operand: Operand
    op: Op
    spans: tuple[Span, ...]
    every: bool | None = None
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        values = ", ".join(map(str, self.spans))
        if self.op is Op.IN:
            values = f"{{{values}}}"
        how = "" if self.every is None else "all " if self.every else "any "
        return f"{how}{self.operand} {self.op} {values}"


@dataclass(frozen=True, slots=True)
class Not(Generic[T]):
    """What is said is not so."""

    of: T

    def __str__(self) -> str:
        return f"!({self.of})"


@dataclass(frozen=True, slots=True)
class And(Generic[T]):
    """All of it is so."""

    items: tuple[T, ...]

    def __str__(self) -> str:
        return " && ".join(
            f"({item})" if isinstance(item, Or) else str(item) for item in self.items
        )


@dataclass(frozen=True, slots=True)
class Or(Generic[T]):
    """Some of it is so."""

    items: tuple[T, ...]

    def __str__(self) -> str:
        return " || ".join(map(str, self.items))


Expression: TypeAlias = "Exists | Compare | Not[Expression] | And[Expression] | Or[Expression]"


def _escaped(character: str) -> str:
    """As a string in a filter has it: nothing in it acts on a terminal."""
    if character in _ESCAPED:
        return _ESCAPED[character]
    code = ord(character)
    if character.isprintable() or 0xD800 <= code < 0xE000:  # no escape stands for a surrogate
        return character
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
