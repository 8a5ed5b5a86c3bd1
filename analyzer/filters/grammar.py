# SPDX-License-Identifier: GPL-2.0-only
"""The grammar of Wireshark 4's display filters, and the parser that lark makes of it.

LALR(1): the time is linear in the text, nothing nests on Python's stack, and the parser tells which
terminals may stand at an offset, which is what completion asks.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any, Final

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken

from analyzer.filters.model import (
    OPS,
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

MOST_TEXT: Final = 10_000
MOST_NESTED: Final = 100
"""Parentheses and negations in each other: a tree that deep is still walked by recursion."""

_GRAMMAR: Final = r"""
?start: either
?either: both (_OR both)*
?both: negated (_AND negated)*
?negated: _NOT negated         -> negation
    | "(" either ")"
    | operand                  -> existence
    | test
    | QUANTIFIER test          -> quantified
?test: operand OPERATOR literal                -> comparison
    | operand _IN "{" span ("," span)* "}"      -> membership
    | operand _NOT _IN "{" span ("," span)* "}" -> absence
span: literal [".." literal]
operand: WORD ["[" SLICE "]"]
literal: WORD | STRING | RAW

_OR: /\|\||or(?![\w.])/
_AND: /&&|and(?![\w.])/
_NOT.2: /!(?!=)|not(?![\w.:\/\-])/
QUANTIFIER.2: /(any|all)(?![\w.:\/\-])/
OPERATOR: /===|!==|==|!=|~=|<=|>=|<|>|~|(any_eq|all_eq|any_ne|all_ne|eq|ne|lt|gt|le|ge|contains|matches)(?![\w.])/
_IN: /in(?![\w.])/
SLICE: /[0-9:, \-]+/
STRING.2: /"(\\.|[^"\\])*"/s
RAW.2: /[rR]"(\\.|[^"\\])*"/s
WORD: /(?!(and|or|not|in|any|all|contains|matches|eq|ne|lt|gt|le|ge)(?![\w.:\/\-]))-?([\w:\/\-]|\.(?!\.))+/
%ignore /[ \t\r\n]+/
"""  # noqa: E501

EXPECTED: Final = {
    "OPERATOR": "an operator (==, contains, ...)",
    "_IN": "in",
    "_AND": "and",
    "_OR": "or",
    "_NOT": "not",
    "SLICE": "a slice (0:4)",
    "WORD": "a name or value",
    "RPAR": ")",
    "COMMA": "a comma",
    "RBRACE": "}",
    "LBRACE": "{",
    "RSQB": "]",
}
"""Terminals in words, where an error tells of them."""

_QUOTED: Final = "@'+*?$%#;`^"
"""What only strings may have."""

_SLICE: Final = re.compile(r"(-?\d{1,9})|(-?\d{1,9})?:(\d{1,9})?|(-?\d{1,9})-(-?\d{1,9})")


@cache
def parser() -> Lark:
    """The parser, made once."""
    return Lark(_GRAMMAR, parser="lalr", transformer=_Trees(), maybe_placeholders=True)


def parse(text: str) -> Expression | None:
    """The tree of a filter, None for an empty one. Raises FilterError."""
    if not text.strip():
        return None
    if len(text) > MOST_TEXT:
        raise FilterError(f"a filter has {MOST_TEXT} characters at most", MOST_TEXT)
    _refuse_depth(text)
    try:
        tree: Any = parser().parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(error, text) from None
    found: Expression = tree
    return found


_NESTING: Final = re.compile(r'"(?:\\.|[^"\\])*"?|[()]|!(?!=)|\bnot\b|[^"()!n]+|.', re.DOTALL)


def _refuse_depth(text: str) -> None:
    """Parentheses and negations, too many of them in each other."""
    depth = negations = 0
    for found in _NESTING.finditer(text):
        word = found[0]
        if word == ")":
            depth, negations = depth - 1, 0
        elif word == "(":
            depth += 1
        elif word in ("!", "not"):
            negations += 1
        if depth + negations > MOST_NESTED and word in ("(", "!", "not"):
            raise FilterError(f"more than {MOST_NESTED} parentheses in each other", found.start())


def _syntax_error(error: UnexpectedInput, text: str) -> FilterError:
    end = len(text.rstrip())
    ends = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    at = end if ends else min(error.pos_in_stream or 0, end)
    at += len(text[at:end]) - len(text[at:end].lstrip())
    rest = text[at:end]
    if rest.startswith(('"', 'r"', 'R"')) and not re.match(r'[rR]?"(\\.|[^"\\])*"', rest, re.S):
        return FilterError("the string has no closing quote", at)
    if rest.startswith("="):
        return FilterError("to compare, write ==", at)
    if rest[:1] in "&|" and rest and rest[:2] not in ("&&", "||"):
        return FilterError(f"write {rest[0] * 2}, or {'and' if rest[0] == '&' else 'or'}", at)
    if rest[:1] in _QUOTED and rest:
        return FilterError(f"a string with {rest[0]} in it stands in double quotes", at)
    wanted = _wanted(text[:at])
    met = "the filter ends" if not rest else f"'{_word(rest)}' is unexpected"
    return FilterError(f"{met}; {wanted} may stand here" if wanted else met, at)


def _word(rest: str) -> str:
    found = re.match(r"[\w.:/\-]{1,40}|.", rest, re.DOTALL)
    return found[0] if found else ""


def _wanted(before: str) -> str:
    """What may stand behind a text, in words."""
    accepted = terminals_behind(before)
    words = [word for name, word in EXPECTED.items() if name in accepted]
    return ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else "".join(words)


def terminals_behind(before: str, tokens: list[Token] | None = None) -> frozenset[str]:
    """Names of the terminals that may stand behind a text, none where it is wrong itself; its
    tokens are added to `tokens`."""
    interactive = parser().parse_interactive(before)
    try:
        for token in interactive.iter_parse():
            if tokens is not None:
                tokens.append(token)
    except (UnexpectedInput, FilterError):
        return frozenset()
    accepted: set[str] = interactive.accepts()  # type: ignore[no-untyped-call]
    return frozenset(accepted)


class _Trees(Transformer[Token, Any]):
    """Makes the tree while it is parsed."""

    def either(self, items: list[Expression]) -> Or[Expression]:
        parts = (item.items if isinstance(item, Or) else (item,) for item in items)
        return Or(tuple(chain.from_iterable(parts)))

    def both(self, items: list[Expression]) -> And[Expression]:
        parts = (item.items if isinstance(item, And) else (item,) for item in items)
        return And(tuple(chain.from_iterable(parts)))

    def negation(self, items: list[Expression]) -> Not[Expression]:
        return Not(items[0])

    def existence(self, items: list[Operand]) -> Exists:
        return Exists(items[0])

    @v_args(inline=True)
    def quantified(self, word: Token, test: Expression) -> Expression:
        if isinstance(test, Not):
            return Not(self.quantified(word, test.of))
        assert isinstance(test, Compare)
        return replace(test, every=word == "all")

    @v_args(inline=True)
    def comparison(self, operand: Operand, operator: Token, value: Literal) -> Compare:
        return Compare(operand, OPS[operator], (Span(value),), at=operator.start_pos or 0)

    @v_args(inline=True)
    def membership(self, operand: Operand, *spans: Span) -> Compare:
        return Compare(operand, Op.IN, spans, at=operand.at)

    @v_args(inline=True)
    def absence(self, operand: Operand, *spans: Span) -> Not[Expression]:
        return Not(Compare(operand, Op.IN, spans, at=operand.at))

    @v_args(inline=True)
    def span(self, first: Literal, last: Literal | None) -> Span:
        return Span(first, last)

    @v_args(inline=True)
    def operand(self, name: Token, slice: Token | None) -> Operand:
        return Operand(name, _parts(slice) if slice else (), name.start_pos or 0)

    @v_args(inline=True)
    def literal(self, token: Token) -> Literal:
        at = token.start_pos or 0
        if token.type == "WORD":
            return Literal(str(token), at=at)
        if token.type == "RAW":
            return Literal(token[2:-1], True, at)
        return Literal(_unescaped(token[1:-1], at + 1), True, at)


def _parts(slice: Token) -> tuple[Part, ...]:
    """Of `i:j`, `i-j`, `i`, `:j`, `i:`, and of several of them after commas."""
    parts, at = [], slice.start_pos or 0
    for text in slice.split(","):
        found = _SLICE.fullmatch(text.strip())
        if found is None or text.strip() == ":":
            raise FilterError(f"[{text.strip()}] is no slice; write 0:4, 0-3, :4, 4: or 4", at)
        only, start, length, first, last = found.groups()
        if only:
            parts.append(Part(int(only), 1))
        elif first:
            size = int(last) - int(first) + 1
            if size < 1 or (int(first) < 0 <= int(last)):
                raise FilterError(f"[{text.strip()}] ends before it begins", at)
            parts.append(Part(int(first), size))
        else:
            parts.append(Part(int(start or 0), int(length) if length else None))
        at += len(text) + 1
    return tuple(parts)


_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))", re.DOTALL
)
_NAMED: Final = {
    **{character: character for character in "'\"\\"},
    **dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)),
}


def _unescaped(text: str, at: int) -> str:
    """What a string with escapes stands for."""

    def character(found: re.Match[str]) -> str:
        hexadecimal, octal, named = found[1] or found[2] or found[3], found[4], found[5]
        where = at + found.start()
        if named:
            if named not in _NAMED:
                raise FilterError('no such escape; write a backslash twice, or r"..."', where)
            return _NAMED[named]
        code = int(octal, 8) if octal else int(hexadecimal, 16)
        if (octal and code > 0xFF) or code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise FilterError("no character has this number", where)
        return chr(code)

    return _ESCAPE.sub(character, text)
