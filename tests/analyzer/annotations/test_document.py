# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.annotations.document import Document, DocumentError, Head, read, written
from analyzer.annotations.model import Annotations, Waiver, clean
from analyzer.profiles.spec import Ignore

texts = st.text(st.characters(exclude_categories=()), max_size=60)
"""Any text, lone surrogates among it."""

frames = st.integers(1, 1 << 40)


@st.composite
def annotations(draw: st.DrawFn) -> Annotations:
    noted = Annotations()
    noted.mark(draw(st.sets(st.integers(1, 60) | frames)), True)
    for frame, text in draw(st.dictionaries(frames, texts, max_size=4)).items():
        noted.comment(frame, text)
    for frame in draw(st.sets(frames, max_size=4)):
        noted.refer(frame)
    for rule, ue, reason, finding in draw(st.lists(st.tuples(*[texts] * 4), max_size=4)):
        noted.waive(Waiver(Ignore(rule=clean(rule), ue=clean(ue), reason=reason), clean(finding)))
    for what, name in draw(st.dictionaries(texts, texts, max_size=4)).items():
        noted.name(what, name)
    return noted


def content(noted: Annotations) -> tuple[object, ...]:
    return noted.marks, noted.comments, noted.references, noted.waivers, noted.names


@given(annotations(), st.lists(st.tuples(texts.map(clean), st.integers(1, 9), texts.map(clean))))
def test_what_is_written_is_read(noted: Annotations, heads: list[tuple[str, int, str]]) -> None:
    captures = tuple(Head(*head) for head in heads)
    text = written(Document(captures, noted))
    found = read(text)
    assert found.captures == captures
    assert content(found.annotations) == content(noted)
    assert written(found) == text
    assert all(line.isprintable() for line in text.split("\n"))


def test_it_reads_as_one_would_write_it() -> None:
    noted = Annotations()
    noted.mark((1, 5, 6, 7), True)
    noted.refer(12)
    noted.comment(12, 'Two lines:\n"this" and \\that\\')
    noted.waive(Waiver(Ignore("COAP-7252-4.2-*", ue="meter-1", reason="Old firmware")))
    noted.name("10.0.0.7", "gateway")
    head = Head("run.pcapng", 24, "ab")
    assert written(Document((head,), noted)).split("\n")[1:] == [
        "version = 1",
        "",
        "[[capture]]",
        'name = "run.pcapng"',
        "length = 24",
        'sha256 = "ab"',
        "",
        "[packets]",
        'marked = ["1,5-7"]',
        'time_references = ["12"]',
        "",
        "[[comment]]",
        "frame = 12",
        'text = """',
        "Two lines:",
        '\\"this\\" and \\\\that\\\\"""',
        "",
        "[[ignore]]",
        'rule = "COAP-7252-4.2-*"',
        'ue = "meter-1"',
        'reason = "Old firmware"',
        "",
        "[names]",
        '"10.0.0.7" = "gateway"',
        "",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "version is not 1"),
        ("version = 2", "another msgshark wrote it"),
        ("version = true", "'version' is not a whole number"),
        ("version = [", "not TOML"),
        ("version = 1\nmore = 2", "unknown key 'more'"),
        ("version = 1\npackets = 3", "'packets' is not a table"),
        ("version = 1\ncomment = [3]", "'comment' is not an array of tables"),
        ("version = 1\n[[comment]]\nframe = 0\ntext = ''", "frame 0 is no frame number"),
        ("version = 1\n[[comment]]\nframe = 1", "'text' is not a string"),
        ("version = 1\n[packets]\nmarked = ['9-1']", "'9-1' in 'marked' are no packet numbers"),
        ("version = 1\n[packets]\nmarked = ['1-999999999999']", "more than 4,194,304 packets"),
        ("version = 1\n[packets]\nmarked = [1]", "no string"),
        ("version = 1\n[[ignore]]\nreason = 'x'", "names no rule"),
        ("version = 1\n[[ignore]]\nwho = 'x'", "unknown key 'who' in ignore"),
        ("version = 1\n[names]\nx = 1", "'x' is not a string"),
        ("version = 1\na = " + "[" * 5000, ""),
        ("version = " + "9" * 5000, ""),
        (f"version = 1\n[[comment]]\nframe = 1\ntext = '{'x' * 16_001}'", "more than 16000"),
    ],
)
def test_what_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        read(text)
    assert why in str(refusal.value)


WORDS = (
    "[[comment]]",
    "[[ignore]]",
    "[packets]",
    "[names]",
    "frame = 1",
    "text = ''",
    "rule = 'X'",
)
pieces = st.sampled_from((*WORDS, "marked = ['1-3']", "marked = 1", "x = 'y'", "frame = true"))


@given(st.lists(pieces, max_size=20).map("\n".join) | st.text(max_size=80))
def test_any_text_is_a_document_or_an_error(text: str) -> None:
    try:
        found = read("version = 1\n" + text)
    except DocumentError:
        return
    assert content(read(written(found)).annotations) == content(found.annotations)


def test_the_time_counts_from_the_last_reference() -> None:
    noted = Annotations()
    for frame in (30, 10):
        assert noted.refer(frame)
    assert [noted.reference_of(frame) for frame in (9, 10, 29, 30, 31)] == [0, 10, 10, 30, 30]
    assert not noted.refer(10)
    assert noted.reference_of(29) == 0
