# SPDX-License-Identifier: GPL-2.0-only
"""Link format: what was written is read again, every place is told, and what any bytes do."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiocoap.util import linkformat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dissectors.link_format import LinkFormat, read_links

STEADY = settings(derandomize=True, deadline=None, max_examples=300)

NAMES = st.sampled_from(["rt", "if", "sz", "ct", "title", "obs", "rt*", "x-y"])
TOKENS = st.text("abcXYZ019.:/<>=[]{}!#$%&'()*+?@^_`|~-", min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TARGETS = st.text("abcXYZ019/._~%?#[]@!$&'()*+,;=:-", max_size=8)
Written = tuple[str, list[tuple[str, str | None]], list[bool]]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[tuple[str, list[tuple[str, str | None]]]], str]:
    """Links and how they are written."""
    links, parts = [], []
    for _ in range(draw(st.integers(0, 4))):
        target, attributes = draw(TARGETS), []
        part = f"<{target}>"
        for _ in range(draw(st.integers(0, 3))):
            name = draw(NAMES)
            how = draw(st.integers(0, 2))
            value = None if how == 0 else draw(TOKENS if how == 1 else TEXTS)
            attributes.append((name, value))
            part += f";{name}" + (
                "" if value is None else f"={value if how == 1 else quoted(value)}"
            )
        links.append((target, attributes))
        parts.append(part)
    return links, ",".join(parts)


def plain(read: LinkFormat) -> list[tuple[str, list[tuple[str, str | None]]]]:
    return [(link.target, [(a.name, a.value) for a in link.attributes]) for link in read.links]


@STEADY
@given(documents())
@example(([("/a,b;c", [("title", '",;<\\')])], '</a,b;c>;title="\\",;<\\\\"'))
def test_what_was_written_is_read(document: tuple[list[Any], str]) -> None:
    links, text = document
    data = text.encode()
    read = read_links(data)
    assert (read.error, plain(read)) == ("", links)
    assert b",".join(data[slice(*link.span)] for link in read.links) == data
    for link in read.links:
        inside = [data[slice(*attribute.span)] for attribute in link.attributes]
        whole = b"".join(b";" + part for part in inside)
        assert data[slice(*link.span)] == b"<" + link.target.encode() + b">" + whole


@STEADY
@given(documents(), st.data())
def test_a_text_cut_off_is_told_at_its_end(
    document: tuple[list[Any], str],
    data: st.DataObject,
) -> None:
    text = document[1].encode()
    end = data.draw(st.integers(0, len(text)))
    read = read_links(text[:end])
    assert all(link.span[1] <= end for link in read.links)
    assert read.error_at <= end
    if read.error and read.error != "not UTF-8":
        written = [link.span for link in read_links(text).links]
        assert [link.span for link in read.links] == written[: len(read.links)]


@STEADY
@given(st.binary(max_size=40) | st.text('<>;,="\\a \n', max_size=30).map(str.encode))
def test_any_bytes_are_read(data: bytes) -> None:
    read = read_links(data)
    assert bool(read.error) is (read.error_at >= 0)
    assert read.error_at <= len(data)
    end = -1
    for link in read.links:
        assert link.span[0] == end + 1
        end = link.span[1]
    assert read.error or end == max(-1, len(data)) or not data


@pytest.mark.parametrize(
    ("text", "error", "at"),
    [
        ("", "", -1),
        ("</a>", "", -1),
        ("<>", "", -1),
        ("</a>;obs,</b>", "", -1),
        ("/a", "'<' expected", 0),
        ("</a>,", "'<' expected", 5),
        ("</a", "no URI reference between '<' and '>'", 0),
        ("</a b>", "no URI reference between '<' and '>'", 0),
        ("</a>,\n</b>", "'<' expected", 5),
        ("</a>\n,</b>", "white space between links", 4),
        ("</a></b>", "',' or ';' expected", 4),
        ("</a>;", "attribute name expected", 5),
        ("</a>;=1", "attribute name expected", 5),
        ("</a>;rt=", "value expected", 8),
        ("</a>;rt=a b", "white space between links", 9),
        ('</a>;rt="a', "quotes not closed", 8),
        ('</a>;rt="a\\"', "quotes not closed", 8),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, error: str, at: int) -> None:
    read = read_links(text.encode())
    assert (read.error, read.error_at) == (error, at)


def test_what_is_not_utf_8_has_no_links() -> None:
    assert read_links(b'</a>;title="\xff"') == LinkFormat((), "not UTF-8", 12)


@pytest.mark.parametrize(
    "text", ['</s/t>;rt="temp c";ct=50,</s/l>;if="sensor";obs', "<coap://h/a?b=c>;sz=12"]
)
def test_aiocoap_reads_the_same(text: str) -> None:
    theirs = [
        (link.href, [(name, value) for name, value in link.attr_pairs])
        for link in linkformat.parse(text).links
    ]
    assert plain(read_links(text.encode())) == theirs


@pytest.mark.parametrize("piece", [b'"\\', b'</a>;a="', b"<a>,", b"<", b";", b'</a>;a="b",'])
def test_time_grows_with_the_bytes(piece: bytes) -> None:
    begin = time.perf_counter()
    read_links(piece * (65_000 // len(piece)))
    assert time.perf_counter() - begin < 2
