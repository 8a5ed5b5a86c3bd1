# SPDX-License-Identifier: GPL-2.0-only
"""What stdout can show."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from analyzer.views.escape import escape
from analyzer.views.terminal import ascii_text, colour, columns, inked, paper, plain


class Terminal(io.TextIOWrapper):
    def __init__(self, encoding: str = "utf-8", terminal: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def test_colour_is_for_terminals_that_can_and_users_who_want(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert colour(Terminal())
    assert not colour(Terminal(terminal=False))
    monkeypatch.setenv("TERM", "dumb")
    assert not colour(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour(Terminal())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_an_encoding_without_line_drawing_is_plain(encoding: str) -> None:
    assert plain(Terminal(encoding))
    assert not plain(Terminal())


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"LC_ALL": "C"}, True),
        ({"LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "POSIX"}, True),
        ({"LANG": "C", "LC_ALL": "en_GB.UTF-8"}, False),
        ({}, False),
    ],
)
def test_the_c_locale_is_plain_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, str], expected: bool
) -> None:
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    assert plain(Terminal()) == expected


def test_the_width_is_the_terminals_and_never_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    for told, width in (("132", 132), ("3", 40)):
        monkeypatch.setenv("COLUMNS", told)
        assert paper(Terminal()).width == width


@given(st.text())
def test_escaped_text_takes_no_more_columns_than_counted(text: str) -> None:
    shown = escape(text)
    assert cell_len(shown) <= columns(shown)
    assert ascii_text(shown).isascii()


def test_ink() -> None:
    assert inked("x", "") == "x"
    assert inked("x", "error") == "\x1b[31;1mx\x1b[0m"
