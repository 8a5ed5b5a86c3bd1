# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.views.escape import escape, unescape


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("meter-0011@iot.example", "meter-0011@iot.example"),
        ("Zähler 7 °C 水", "Zähler 7 °C 水"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("a\nb\tc\rd\0e", r"a\nb\tc\rd\x00e"),
        ("\x9b2J", r"\x9b2J"),
        ("abc\u202edef", r"abc\u202edef"),
        ("\u2066x\u2069", r"\u2066x\u2069"),
        ("zero\u200bwidth\u00adsoft\ufeff", r"zero\u200bwidth\xadsoft\ufeff"),
        ("\u2028line\u2029", r"\u2028line\u2029"),
        ("\ud800", r"\ud800"),
        ("\U000e0041tag", r"\U000e0041tag"),
        ("filler\u3164\ufe0f", r"filler\u3164\ufe0f"),
        ("C:\\x1b", r"C:\\x1b"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "\\u0301e"),
        ("e" + "\u0301" * 4, "e\u0301\u0301\\u0301\\u0301"),
    ],
)
def test_what_may_not_be_shown_becomes_a_visible_escape(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert escape("a" * 201) == "a" * 199 + "…"
    assert escape("a" * 200) == "a" * 200
    assert escape("abc", 0) == ""
    assert len(escape("\x1b" * 10**6, 50)) <= 50


def test_an_escape_is_never_cut_in_half() -> None:
    assert escape("abcd\x1b", 6) == "abcd…"
    assert escape("abcd\x1b", 8) == r"abcd\x1b"


@given(st.text(alphabet=st.characters(max_codepoint=sys.maxunicode)), st.integers(1, 60))
def test_nothing_unprintable_and_nothing_too_long_passes(text: str, limit: int) -> None:
    shown = escape(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    assert all(unicodedata.category(c)[0] != "C" for c in shown)


@given(st.text(), st.text())
def test_different_texts_look_different(one: str, other: str) -> None:
    if one != other:
        assert escape(one, 10**6) != escape(other, 10**6)


@given(st.text(max_size=60))
def test_unescape_reads_back_what_escape_wrote(text: str) -> None:
    assert unescape(escape(text, 10 * len(text) + 1)) == text


@given(st.text())
def test_unescape_takes_any_text(text: str) -> None:
    assert unescape("\\" + text) is not None
    assert unescape("\\Uffffffff") == "\\Uffffffff"
