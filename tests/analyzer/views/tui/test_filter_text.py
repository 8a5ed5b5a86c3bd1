# SPDX-License-Identifier: GPL-2.0-only
"""The text in the filter bar, whatever is typed: what is wrong with it, what may stand there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.filters.filter import compiled
from analyzer.filters.grammar import parse
from analyzer.filters.model import And, Not, Or
from analyzer.views.tui.filter_text import (
    MOST_TEXT,
    History,
    cleaned,
    completed,
    joined,
    offers,
    problem,
)
from analyzer.views.tui.places import Join

PIECES = st.sampled_from(
    (
        "coap.",
        "coap.code",
        " == ",
        "4.04",
        '"',
        "\\",
        "(",
        ")",
        "{",
        "..",
        "[",
        "!",
        " and ",
        "\x1b",
    )
)
TYPED = st.lists(st.one_of(PIECES, st.text(st.characters(), max_size=5)), max_size=12).map("".join)


@settings(deadline=None)  # the grammar is loaded first
@given(TYPED, st.integers(0, 80))
def test_nothing_typed_ever_raises(typed: str, cursor: int) -> None:
    text = cleaned(typed)
    assert text.isprintable()
    found = problem(text)
    assert found is None or 0 <= found.at <= len(text)
    cursor = min(cursor, len(text))
    for offer in offers(text, cursor, asked=True)[:3]:
        after, place = completed(text, cursor, offer)
        assert after[:place] == f"{text[: offer.start]}{offer.replacement} "
    for join in Join:
        joined(text, "coap.mid == 5", join)


def test_what_acts_on_a_terminal_is_shown_as_an_escape() -> None:
    assert cleaned('coap.opt.uri_path == "\x1b[2J\u202e"\n') == (
        r'coap.opt.uri_path == "\x1b[2J\u202e" '
    )
    assert compiled(cleaned('coap.opt.uri_path == "\x1b"')).conditions[0].wanted == "\x1b"
    assert len(cleaned("\x1b" * MOST_TEXT)) == MOST_TEXT


def words(text: str, asked: bool = False) -> list[str]:
    return [offer.replacement for offer in offers(text, len(text), asked=asked)]


def test_what_is_offered_unasked() -> None:
    assert words("coap.opt.observ")[0] == "coap.opt.observe"
    assert "==" in words("coap.code ")
    assert "GET" in words("coap.code == ")
    assert words("coap.code == 4.0")[0] == "4.00"  # before those in quotes
    # Nothing in the way of who knows what to type.
    assert words("") == words("coap.code == GET ") == words("coap.code == GET an") == []
    assert words("coap.mid == 5 and ") == []
    assert words("exchange.reason") == []
    assert "coap.mid" in words("", asked=True)
    assert words("coap.code == GET ", asked=True) == ["and", "or"]


def test_a_completion_takes_the_place_of_the_word_at_the_cursor() -> None:
    text = "coap.coXX == GET"
    (offer, *_) = offers(text, 7)
    assert completed(text, 7, offer) == ("coap.code == GET", len("coap.code "))


@pytest.mark.parametrize(
    ("text", "condition", "join", "whole"),
    [
        ("", "coap.mid == 5", Join.AND, "coap.mid == 5"),
        ("", "coap.mid == 5", Join.AND_NOT, "!(coap.mid == 5)"),
        ("ip", "coap.mid == 5", Join.REPLACE, "coap.mid == 5"),
        ("ip", "coap.mid == 5", Join.NOT, "!(coap.mid == 5)"),
        ("ip and udp", "coap.mid == 5", Join.AND, "ip and udp and coap.mid == 5"),
        ("ip or udp", "coap.mid == 5", Join.AND, "(ip or udp) and coap.mid == 5"),
        ("ip", "ipv6 or udp", Join.AND, "ip and (ipv6 or udp)"),
        ("ip", "ipv6 or udp", Join.AND_NOT, "ip and !(ipv6 or udp)"),
        ("ip and udp", "coap.mid == 5", Join.OR, "ip and udp or coap.mid == 5"),
        ("ip", "ip", Join.AND, "ip"),
        ("ip", "", Join.REPLACE, "ip"),
    ],
)
def test_filters_are_joined(text: str, condition: str, join: Join, whole: str) -> None:
    assert joined(text, condition, join) == whole


SIMPLE = st.sampled_from(("ip", "coap.mid == 5", 'coap.opt.uri_path == "a or b"', "!udp"))
FILTERS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from((" and ", " or ", "||", "&&")), inner).map("".join),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=5,
)


@given(FILTERS, FILTERS, st.sampled_from((Join.AND, Join.OR, Join.AND_NOT)))
def test_a_joined_filter_means_both(text: str, condition: str, join: Join) -> None:
    old, new, both = parse(text), parse(condition), parse(joined(text, condition, join))
    assert old is not None
    assert new is not None
    new = Not(new) if join is Join.AND_NOT else new
    kind = Or if join is Join.OR else And
    parts = [
        part for one in (old, new) for part in (one.items if isinstance(one, kind) else (one,))
    ]
    assert both == (old if text == condition and join is not Join.AND_NOT else kind(tuple(parts)))


def test_history_goes_back_and_returns_to_what_was_being_written() -> None:
    history = History(["c", "b", "b", "a\x1b"])
    assert history.newer() is None
    assert history.older("dra") == "c"
    assert history.older("c") == "b"
    assert history.older("b") == r"a\x1b"
    assert history.older(r"a\x1b") is None
    assert history.newer() == "b"
    assert history.newer() == "b"
    assert history.newer() == "c"
    assert history.newer() == "dra"
    history.older("dra")
    history.written()
    assert history.older("c") == "b"
