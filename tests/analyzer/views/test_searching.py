# SPDX-License-Identifier: GPL-2.0-only
"""A search finds what looking at every message finds, from wherever one stands, either way."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from generated import conversations, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer.session import Session
from analyzer.views.detail.packet import packet_detail
from analyzer.views.searching.lines import line_of
from analyzer.views.searching.needle import Kind, Needle, SearchError, Where
from analyzer.views.searching.order import stretches
from analyzer.views.searching.search import Search
from analyzer.views.session_view import SessionView

FIELD_DAY = Path(__file__).parents[3] / "captures" / "field-day.pcapng"


@pytest.fixture(scope="module")
def field_day() -> Session:
    return read(FIELD_DAY)


def found(search: Search, listed: Sequence[int], index: int = -1, step: int = 1) -> int | None:
    *_, last = search.next(listed, index, step)
    return last.place


def all_found(session: Session, needle: Needle, listed: Sequence[int] = ()) -> list[int]:
    """Rows in the order in which `n` comes to them."""
    listed = listed or range(len(session.messages))
    search, hits, at = Search(session, needle), [], -1
    while (place := found(search, listed, at)) is not None and place > at:
        hits.append(int(listed[place]))
        at = place
    return hits


def looked_at(session: Session, has: Callable[[int], bool]) -> list[int]:
    return [row for row in range(len(session.messages)) if has(row)]


# What is a hit ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["meter-0020", "POST", "post, tkn", "MID:204", "[Retrans", "0a", "TKN:", "tkn:8", "msgin5g",
     "127.0.1.20", "Registration m", ", /msg", " ", "\\x1b", "é", "no such thing", "2.04 changed"],
)  # fmt: skip
def test_text_in_lines(field_day: Session, text: str) -> None:
    wanted = looked_at(field_day, lambda row: text.lower() in line_of(field_day, row).lower())
    assert all_found(field_day, Needle(Kind.TEXT, Where.LIST, text)) == wanted
    exact = looked_at(field_day, lambda row: text in line_of(field_day, row))
    assert all_found(field_day, Needle(Kind.TEXT, Where.LIST, text, case=True)) == exact


@pytest.mark.parametrize(
    ("needle", "octets"),
    [
        (Needle(Kind.TEXT, Where.BYTES, "Meter-0020", case=False), b"meter-0020"),
        (Needle(Kind.TEXT, Where.BYTES, "Meter-0020", case=True), b"Meter-0020"),
        (Needle(Kind.HEX, Where.LIST, "ff 7b"), b"\xff\x7b"),
        (Needle(Kind.HEX, Where.BYTES, "0x00:00"), b"\0\0"),
        (Needle(Kind.HEX, Where.BYTES, "00" * 40), bytes(40)),
    ],
)
def test_bytes_of_packets(field_day: Session, needle: Needle, octets: bytes) -> None:
    def has(row: int) -> bool:
        data = field_day.packet(row)
        return octets in (data.lower() if needle.folds else data)

    assert all_found(field_day, needle) == looked_at(field_day, has)


@given(conversations(), st.binary(min_size=1, max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_bytes_of_any_packets(capture: bytes, octets: bytes) -> None:
    """Also of what came in fragments; never what stands between packets, or across two."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.pcap"
        path.write_bytes(capture)
        session = read(path)
    if len(session.messages):
        wanted = looked_at(session, lambda row: octets in session.packet(row))
        assert all_found(session, Needle(Kind.HEX, Where.BYTES, octets.hex())) == wanted


def test_a_message_in_fragments_is_searched_as_one() -> None:
    talk = Conversation().con("PUT", token=b"a", payload=b"x" * 24 + b"needle" + b"y" * 40)
    session = talk.in_fragments((0, 40), (40, 90)).session()
    assert all_found(session, Needle(Kind.TEXT, Where.BYTES, "needle")) == [0]
    assert all_found(session, Needle(Kind.TEXT, Where.BYTES, "needles")) == []


def test_regular_expressions(field_day: Session) -> None:
    lines = looked_at(field_day, lambda row: "meter-002" in line_of(field_day, row))
    assert all_found(field_day, Needle(Kind.REGEX, Where.LIST, r"METER-002\d@")) == lines
    assert all_found(field_day, Needle(Kind.REGEX, Where.LIST, r"METER-002\d@", case=True)) == []
    octets = looked_at(field_day, lambda row: b"\xff{" in field_day.packet(row))
    assert all_found(field_day, Needle(Kind.REGEX, Where.BYTES, r"\xff\{")) == octets


def test_the_detail(field_day: Session) -> None:
    rows, view = range(12), SessionView(field_day)

    def has(row: int) -> bool:
        stack = list(packet_detail(view, row).nodes)
        while stack:
            node = stack.pop()
            if "uri-path: registration" in node.text.lower():
                return True
            stack += node.children
        return False

    needle = Needle(Kind.TEXT, Where.DETAIL, "uri-path: registration")
    assert all_found(field_day, needle, rows) == [row for row in rows if has(row)] != []


def test_what_is_masked_is_not_found_in_the_detail(field_day: Session) -> None:
    needle = Needle(Kind.TEXT, Where.DETAIL, "akma")
    rows = range(6)
    assert found(Search(field_day, needle), rows) is None
    assert found(Search(field_day, needle, unmasked=True), rows) is not None


def test_a_display_filter(field_day: Session) -> None:
    codes = field_day.messages["code"].tolist()
    wanted = [row for row, code in enumerate(codes) if code == 0x41]
    assert (
        all_found(field_day, Needle(Kind.FILTER, Where.LIST, "coap.code == 2.01")) == wanted != []
    )
    read_again = Needle(Kind.FILTER, Where.LIST, 'coap.opt.uri_path == "registration"')
    wanted = looked_at(field_day, lambda row: b"registration" in field_day.coap(row)[:40])
    requests = [row for row in wanted if codes[row] < 0x20]
    assert set(all_found(field_day, read_again)) >= set(requests) != set()


@pytest.mark.parametrize(
    "needle",
    [
        Needle(Kind.TEXT, Where.LIST, ""),
        Needle(Kind.HEX, Where.BYTES, "6"),
        Needle(Kind.HEX, Where.BYTES, "xyz"),
        Needle(Kind.REGEX, Where.LIST, "("),
        Needle(Kind.REGEX, Where.LIST, "(a{1000}){1000}"),
        Needle(Kind.FILTER, Where.LIST, "coap.cod == 1"),
    ],
)
def test_what_cannot_be_looked_for_says_why(field_day: Session, needle: Needle) -> None:
    with pytest.raises(SearchError, match=r"\w{3}"):
        Search(field_day, needle)


def test_no_expression_takes_for_ever() -> None:
    session = Conversation().con("PUT", payload=b"a" * 1000).session()
    began = time.monotonic()
    for pattern in ("(a+)+$x", "(a|aa)+b", "(.*)*=", "a{0,500}a{0,500}b"):
        assert all_found(session, Needle(Kind.REGEX, Where.BYTES, pattern)) == []
    assert time.monotonic() - began < 5


def test_where_in_a_packet_it_stands() -> None:
    data = bytes(range(256)) + b"Needle"
    assert Needle(Kind.HEX, Where.BYTES, "fe ff").span_in(data) == (254, 256)
    assert Needle(Kind.TEXT, Where.BYTES, "needle").span_in(data) == (256, 262)
    assert Needle(Kind.REGEX, Where.BYTES, "ne+d").span_in(data) == (256, 260)
    assert Needle(Kind.REGEX, Where.BYTES, r"\xf0.\xf2", True).span_in(data) == (240, 243)
    assert Needle(Kind.REGEX, Where.BYTES, "(xx)|(yy)z").span_in(data) is None


# In which order ---------------------------------------------------------------------------------


@given(st.integers(1, 40), st.data())
def test_every_place_is_looked_at_once_the_own_one_last(count: int, data: st.DataObject) -> None:
    index, step = data.draw(st.integers(-1, count - 1)), data.draw(st.sampled_from((1, -1)))
    places = [
        (place, wrapped)
        for first, after, wrapped in stretches(count, index, step)
        for place in range(first, after, step)
    ]
    assert sorted(place for place, _ in places) == list(range(count))
    assert index < 0 or places[-1][0] == index
    assert all((place - index) * step > 0 for place, wrapped in places if not wrapped)


@given(st.permutations(range(60)), st.integers(0, 59), st.sampled_from((1, -1)))
@settings(max_examples=30, deadline=None)
def test_the_order_is_that_of_the_list(
    field_day: Session, listed: list[int], index: int, step: int
) -> None:
    session = field_day
    hits = {row for row in listed if "registration" in line_of(session, row).lower()}
    order = [(index + step * far) % len(listed) for far in range(1, len(listed) + 1)]
    wanted = next(place for place in order if listed[place] in hits)
    search = Search(session, Needle(Kind.TEXT, Where.LIST, "registration"))
    assert found(search, listed, index, step) == wanted


def test_going_round_is_told() -> None:
    session = Conversation().con("GET", path="/a").ack("2.05").con("GET", path="/b").session()
    search = Search(session, Needle(Kind.TEXT, Where.LIST, "/a"))
    *_, ahead = search.next(range(3), -1, 1)
    assert (ahead.place, ahead.wrapped) == (0, False)
    *_, round_ = search.next(range(3), 2, 1)
    assert (round_.place, round_.wrapped) == (0, True)


def test_what_is_read_later_is_found_later() -> None:
    talk = Conversation().con("GET", path="/a").ack("2.05").con("GET", path="/late").ack("2.05")
    session = Session()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "growing.pcap"
        path.write_bytes(talk.pcap())
        session.open([path])
    steps = session.read(limit=1)
    searches = [
        Search(session, Needle(Kind.TEXT, where, "/late" if where is Where.LIST else "late"))
        for where in (Where.LIST, Where.BYTES)
    ]
    while len(session.messages) < 2:
        next(steps)
    for search in searches:
        assert found(search, range(len(session.messages))) is None
    for _ in steps:
        pass
    for search in searches:
        assert found(search, range(len(session.messages))) == 2
