# SPDX-License-Identifier: GPL-2.0-only
"""The grammar of display filters: every spelling, what binds tighter, and where errors point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.filters.grammar import MOST_NESTED, MOST_TEXT, parse
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


def exists(name: str) -> Exists:
    return Exists(Operand(name))


def test_an_empty_filter_says_nothing() -> None:
    assert parse("") is None
    assert parse(" \t\n") is None


@pytest.mark.parametrize(("spelling", "op"), OPS.items())
def test_operators_in_every_spelling(spelling: str, op: Op) -> None:
    if op is Op.IN:
        assert str(parse("a in {1}")) == "a in {1}"
    else:
        assert parse(f"a {spelling} 5") == Compare(Operand("a"), op, (Span(Literal("5")),))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", exists("a")),
        ("a && b", And((exists("a"), exists("b")))),
        ("a and b", And((exists("a"), exists("b")))),
        ("a || b", Or((exists("a"), exists("b")))),
        ("a or b", Or((exists("a"), exists("b")))),
        ("!a", Not(exists("a"))),
        ("not a", Not(exists("a"))),
        ("notable", exists("notable")),
        ("orbit or android", Or((exists("orbit"), exists("android")))),
        ("a or b and c", Or((exists("a"), And((exists("b"), exists("c")))))),
        ("(a or b) and c", And((Or((exists("a"), exists("b"))), exists("c")))),
        ("not a and b", And((Not(exists("a")), exists("b")))),
        ("not (a and b)", Not(And((exists("a"), exists("b"))))),
        ("a and (b and c)", And((exists("a"), exists("b"), exists("c")))),
        ("a==5&&b", And((Compare(Operand("a"), Op.EQ, (Span(Literal("5")),)), exists("b")))),
        ("not a == 5", Not(Compare(Operand("a"), Op.EQ, (Span(Literal("5")),)))),
        ("any a != 5", Compare(Operand("a"), Op.NE, (Span(Literal("5")),), False)),
        ("all a > 5", Compare(Operand("a"), Op.GT, (Span(Literal("5")),), True)),
        ("all", None),
        (
            "a in {1, 2..5, ::1}",
            Compare(
                Operand("a"),
                Op.IN,
                (Span(Literal("1")), Span(Literal("2"), Literal("5")), Span(Literal("::1"))),
            ),
        ),
        ("a not in {1}", Not(Compare(Operand("a"), Op.IN, (Span(Literal("1")),)))),
        ("a in {1.5..2.5}", Compare(Operand("a"), Op.IN, (Span(Literal("1.5"), Literal("2.5")),))),
        ("a[0:4]", Exists(Operand("a", (Part(0, 4),)))),
        ("a[1-3]", Exists(Operand("a", (Part(1, 3),)))),
        ("a[2]", Exists(Operand("a", (Part(2, 1),)))),
        ("a[:2]", Exists(Operand("a", (Part(0, 2),)))),
        ("a[2:]", Exists(Operand("a", (Part(2, None),)))),
        ("a[-4:2]", Exists(Operand("a", (Part(-4, 2),)))),
        ("a[0,2-3,-1]", Exists(Operand("a", (Part(0, 1), Part(2, 2), Part(-1, 1))))),
        (r'a == "\x41\101\u00e9\n\"\\"', Compare(Operand("a"), Op.EQ, (Span(Literal('AAé\n"\\', True)),))),  # noqa: E501
        (r'a == r"\x41\""', Compare(Operand("a"), Op.EQ, (Span(Literal(r"\x41\"", True)),))),
    ],
)  # fmt: skip
def test_trees(text: str, tree: Expression | None) -> None:
    if tree is None:
        with pytest.raises(FilterError):
            parse(text)
    else:
        assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("a = 5", 2, "=="),
        ("a == ", 4, "ends"),
        ("a b", 2, "'b'"),
        ("(a", 2, ")"),
        ("a)", 1, "')'"),
        ('a == "x', 5, "quote"),
        ("a & b", 2, "&&"),
        ("a in 5", 5, "{"),
        ("a in {5", 7, "}"),
        ("a in {}", 6, "value"),
        (r'a == "x\q"', 7, "escape"),
        (r'a == "\400"', 6, "no character has"),
        ("a[:]", 2, "slice"),
        ("a[3-1]", 2, "ends before"),
        ("a and or b", 6, "'or'"),
        ("a == b@c", 6, "double quotes"),
        ("a == 'b'", 5, "double quotes"),
        ("€", 0, "'€'"),
        ("a == 5 b", 7, "'b'"),
    ],
)
def test_errors_point_at_their_place(text: str, at: int, words: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(text)
    assert (error.value.at, words in str(error.value)) == (at, True), str(error.value)


@pytest.mark.parametrize(
    "text",
    ["(" * 5000 + "a", "!" * 5000 + "a", "not " * 2000 + "a", "a" * (MOST_TEXT + 1), "((!" * 2000],
)
def test_what_is_too_deep_or_long_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse(text)


def test_what_is_just_deep_enough_is_read() -> None:
    text = "(" * MOST_NESTED + "a" + ")" * MOST_NESTED
    assert parse(text) == exists("a")
    assert parse(" or ".join(["a"] * 2000)) == Or((exists("a"),) * 2000)
    assert parse(" or ".join(["(!a)"] * 1000)) == Or((Not(exists("a")),) * 1000)


# Any tree is read as it is written -------------------------------------------------------------

names = st.from_regex(r"[a-z_]{1,5}(\.[a-z_0-9]{1,5})?", fullmatch=True).filter(
    lambda name: name not in ("not", "any", "all", "or", "and", *OPS)
)
words = st.sampled_from(["5", "0x1f", "1.5", "-3", "::1", "10.0.0.0/8", "0a:0b", "warning", "true"])
literals = st.builds(Literal, words) | st.builds(
    Literal, st.text(st.characters(exclude_categories=["Cs"]), max_size=9), st.just(True)
)
parts = st.builds(Part, st.integers(-9, 9), st.none() | st.integers(0, 9))
operands = st.builds(Operand, names, st.lists(parts, max_size=2).map(tuple))
compared = [op for op in Op if op is not Op.IN]
spans = st.builds(Span, literals, st.none() | literals)
quantifiers = st.none() | st.booleans()
tests = (
    st.builds(Exists, operands)
    | st.builds(
        Compare,
        operands,
        st.sampled_from(compared),
        st.tuples(st.builds(Span, literals, st.none())),
        quantifiers,
    )
    | st.builds(
        Compare,
        operands,
        st.just(Op.IN),
        st.lists(spans, min_size=1, max_size=3).map(tuple),
        quantifiers,
    )
)


def joined(
    kind: type[And[Expression]] | type[Or[Expression]], of: st.SearchStrategy[Expression]
) -> st.SearchStrategy[Expression]:
    """Not of its own kind: a && (b && c) is a && b && c."""
    other = of.filter(lambda item: not isinstance(item, kind))
    return st.lists(other, min_size=2, max_size=3).map(lambda items: kind(tuple(items)))


trees: st.SearchStrategy[Expression] = st.recursive(
    tests,
    lambda of: st.builds(Not, of) | joined(And, of) | joined(Or, of),
    max_leaves=8,
)


@given(trees)
def test_a_tree_is_read_as_it_is_written(tree: Expression) -> None:
    assert parse(str(tree)) == tree


@given(
    st.text(st.sampled_from('ab=!<>~(){}[],."\\:-0159& |ornot é\n'), max_size=40)
    | st.text(max_size=40)
)
def test_any_text_is_a_filter_or_an_error_in_it(text: str) -> None:
    error = error_in(text)
    assert error is None or (0 <= error.at <= len(text) and str(error))


def error_in(text: str) -> FilterError | None:
    try:
        parse(text)
    except FilterError as error:
        return error
    return None
