# SPDX-License-Identifier: GPL-2.0-only
"""Ladders as values: who takes part, what is told of each message, what never came."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from generated import conversations, read
from hypothesis import given, settings
from rules.conversation import MILLISECOND, SECOND, Address, Conversation

from analyzer.ladders import Ladder, ladders, whole
from analyzer.selecting import grouped
from analyzer.session import Session
from analyzer.tables import Table

TOKEN = b"\x0a\x0b"
TOUR = Path(__file__).parents[2] / "captures" / "coap-tour.pcapng"


def drawn(talk: Conversation, together: bool = False) -> list[Ladder]:
    session = talk.session()
    ids = range(1, len(session.exchanges) + 1)
    return list(ladders(session, grouped(session, ids, together=together)))


def endings(talk: Conversation) -> list[str]:
    return [ending.text for ending in drawn(talk)[0].endings]


def test_steps_are_in_the_order_of_the_capture_with_their_times() -> None:
    (ladder,) = drawn(Conversation().con("GET", token=TOKEN).wait(1.99).again().ack("2.05"))
    assert [(s.frame, s.time, s.gap) for s in ladder.steps] == [
        (1, 0, 0),
        (2, 2 * SECOND, 2 * SECOND),
        (3, 2 * SECOND + 10 * MILLISECOND, 10 * MILLISECOND),
    ]
    assert [(s.source, s.destination) for s in ladder.steps] == [(0, 1), (0, 1), (1, 0)]


def test_clients_stand_left_servers_next_then_the_rest() -> None:
    talk = Conversation(server="224.0.1.187:5683").non("GET", token=TOKEN)
    talk.non("2.05", source="192.0.2.8:5683").non("2.05", source="192.0.2.9:5683")
    (ladder,) = drawn(talk)
    assert list(map(str, ladder.participants)) == [
        "192.0.2.1:40000",
        "224.0.1.187:5683",
        "192.0.2.8:5683",
        "192.0.2.9:5683",
    ]


def test_a_client_stands_left_even_where_its_response_was_captured_first() -> None:
    talk = Conversation().con("GET", token=TOKEN).ack("2.05")
    first, second = talk.frames
    early = Conversation()
    early.frames = [second, first]
    (ladder,) = drawn(early)
    assert [step.frame for step in ladder.steps] == [1, 2]
    assert str(ladder.participants[0]) == "192.0.2.1:40000"


def test_two_exchanges_are_drawn_apart_or_interleaved() -> None:
    talk = Conversation().con("GET", token=b"a", mid=1).con("GET", token=b"b", mid=2)
    talk.ack("2.05", mid=1, token=b"a").ack("2.05", mid=2, token=b"b")
    assert [[s.frame for s in ladder.steps] for ladder in drawn(talk)] == [[1, 3], [2, 4]]
    (one,) = drawn(talk, together=True)
    assert [(s.frame, s.exchange) for s in one.steps] == [(1, 1), (2, 2), (3, 1), (4, 2)]


def test_the_legs_of_an_address_translator_are_two_exchanges_of_one_token() -> None:
    inside = Conversation("10.0.0.1:40000").con("GET", path="/abc", token=b"abcd")
    (frame,) = inside.frames
    inside.add(replace(frame, source=Address("203.0.113.1", 61000), ttl=63, time=frame.time + 1))
    (ladder,) = drawn(inside, together=True)
    assert list(map(str, ladder.participants)) == [
        "10.0.0.1:40000",
        "203.0.113.1:61000",
        "192.0.2.2:5683",
    ]
    assert [step.translated for step in ladder.steps] == [False, True]


def test_the_work_grows_with_the_exchanges_and_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(exchanges: int) -> tuple[int, int]:
        talk = Conversation()
        for number in range(exchanges):
            talk.con("GET", mid=number, token=bytes([number])).ack("2.05")
        session = talk.session()
        cells, columns = Counter[str](), Counter[str]()
        row, column = Table.row, Table.__getitem__

        def counted_row(table: Table, at: int) -> dict[str, int]:
            cells["rows"] += 1
            return row(table, at)

        def counted_column(table: Table, name: str) -> Any:
            columns["columns"] += 1
            return column(table, name)

        with monkeypatch.context() as patched:
            patched.setattr(Table, "row", counted_row)
            patched.setattr(Table, "__getitem__", counted_column)
            assert (
                len(list(ladders(session, grouped(session, range(1, exchanges + 1))))) == exchanges
            )
        return cells["rows"], columns["columns"]

    (few, columns), (many, as_many) = work(10), work(40)
    assert (many, as_many) == (4 * few, columns)


def test_a_token_is_told_where_it_tells_something() -> None:
    (ladder,) = drawn(Conversation().con("GET", token=TOKEN).ack("2.05"))
    assert [s.token for s in ladder.steps] == [None, None]
    (ladder,) = drawn(Conversation().con("GET", token=TOKEN).ack("2.05", token=b""))
    assert [s.token for s in ladder.steps] == [None, b""]
    talk = Conversation().con("GET", token=TOKEN).ack().con("2.05", token=TOKEN).ack()
    (ladder,) = drawn(talk.con("GET", token=b"c"), together=True)
    assert [s.token for s in ladder.steps] == [TOKEN, None, TOKEN, None, b"c"]


def test_observe_and_blocks_are_read() -> None:
    talk = Conversation().con("GET", token=TOKEN, observe=0, block2=(0, False, 2))
    (ladder,) = drawn(talk.ack("2.05", observe=7, block2=(0, True, 2), payload=b"x" * 64))
    assert [s.observe for s in ladder.steps] == [0, 7]
    assert [[(n, tuple(b)) for n, b in s.blocks] for s in ladder.steps] == [
        [("Block2", (0, False, 2))],
        [("Block2", (0, True, 2))],
    ]


def test_findings_stand_at_the_message_they_point_at() -> None:
    (ladder,) = drawn(Conversation().con("GET", token=TOKEN, path="/a").ack("2.05", token=b"x"))
    request, response = ladder.steps
    assert request.findings == ()
    assert [f.rule.id for f in response.findings] == ["COAP-7252-5.3.2-PIGGY-TOKEN"]


def test_a_finding_that_counts_several_is_at_each_exchange_it_counts() -> None:
    first, second = drawn(Conversation().con().rst().con().rst())
    rules = [[f.rule.id for f in ladder.steps[0].findings] for ladder in (first, second)]
    assert rules[0] == rules[1] == ["COAP-7252-4.3-PING"]


def test_a_breach_that_joins_a_finding_later_is_drawn_too() -> None:
    session = Conversation().con().rst().con("GET", token=TOKEN).ack("2.05").session()

    def told() -> list[str]:
        (ladder,) = ladders(session, [[2]])
        return [finding.rule.id for finding in ladder.steps[0].findings]

    assert "COAP-7252-4.3-PING" not in told()
    ping = next(f for f in session.findings if f.rule.id == "COAP-7252-4.3-PING")
    ping.add((3,), ping.last_time)
    session.findings.count(ping, 1)
    assert "COAP-7252-4.3-PING" in told()


def test_what_is_wrong_with_the_capture_is_not_said_at_every_message() -> None:
    session = Session()
    session.open([TOUR])
    session.read_all()
    assert any(f.count > 1 for f in session.findings if f.rule.spec == "capture")
    told = [
        finding.id
        for ladder in ladders(session, grouped(session, range(1, len(session.exchanges) + 1)))
        for step in ladder.steps
        for finding in step.findings
        if finding.rule.spec == "capture" and finding.row != step.row
    ]
    assert told == []


# What never came --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("talk", "texts"),
    [
        pytest.param(Conversation().con("GET").ack("2.05"), [], id="answered"),
        pytest.param(
            Conversation().con("GET").wait(5).con("GET").rst(),
            ["no ACK, no response until the capture ends, 5.02 s later"],
            id="open",
        ),
        pytest.param(
            Conversation().con("GET").wait(94).con("GET").rst(),
            ["no ACK, no response within 93 s"],
            id="unanswered",
        ),
        pytest.param(
            Conversation().non("GET").wait(94).con("GET").rst(),
            ["no response within 93 s"],
            id="unanswered NON",
        ),
        pytest.param(
            Conversation().con("GET").ack().wait(5).con("GET").rst(),
            ["an ACK, but no response until the capture ends, 5.03 s later"],
            id="acknowledged",
        ),
        pytest.param(
            Conversation().con("GET", token=TOKEN).ack().con("2.05"),
            ["no ACK of the response in frame 3"],
            id="response not acknowledged",
        ),
        pytest.param(
            Conversation().con("GET", token=TOKEN).ack().con("2.05").rst(), [], id="refused"
        ),
        pytest.param(
            Conversation().con("GET", token=TOKEN, observe=0).ack("2.05", observe=1),
            ["still observing when the capture ends"],
            id="observing",
        ),
        pytest.param(
            Conversation().con().wait(94).con("GET").rst(),
            ["no RST until the capture ends, 94.02 s later"],
            id="ping",
        ),
        pytest.param(
            Conversation().non("PUT", no_response=26).wait(94).con("GET").rst(),
            ["no response within 93 s", "a response may be withheld: No-Response 26"],
            id="No-Response",
        ),
    ],
)
def test_what_never_came_is_named(talk: Conversation, texts: list[str]) -> None:
    assert endings(talk) == texts


def test_an_icmp_error_ends_an_exchange() -> None:
    (text,) = endings(Conversation().con("GET").icmp())[-1:]
    assert text.startswith("ICMP ")
    assert text.endswith(" in frame 2")


def test_a_whole_capture_is_one_ladder_with_what_belongs_to_no_exchange() -> None:
    talk = Conversation().con("GET", token=TOKEN).ack("2.05").raw("41 02").rst(mid=9, by="client")
    session = talk.session()
    found = [f for f in session.findings if f.rule.id == "COAP-7252-3-SHORT"]
    ladder = whole(session, found)
    assert [(step.frame, step.exchange) for step in ladder.steps] == [
        (1, 1),
        (2, 1),
        (3, 0),
        (4, 0),
    ]
    assert [step.token for step in ladder.steps] == [TOKEN, TOKEN, None, None]
    assert [step.findings for step in ladder.steps] == [(), (), tuple(found), ()]
    assert (ladder.heads, ladder.findings) == ((), ())


def test_a_capture_without_messages_has_a_ladder_without_steps() -> None:
    session = Conversation(server="192.0.2.2:9").raw("").session()
    assert whole(session, session.findings).steps == ()


@settings(max_examples=30, deadline=None)
@given(capture=conversations())
def test_every_message_of_an_exchange_is_in_its_ladder_once(
    capture: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("ladders") / "talk.pcap"
    path.write_bytes(capture)
    session = read(path)
    ids = range(1, len(session.exchanges) + 1)
    rows = [row for row, id in enumerate(session.messages["exchange"].tolist()) if id]
    apart = list(ladders(session, grouped(session, ids)))
    assert sorted(step.row for ladder in apart for step in ladder.steps) == rows
    assert [
        step.row
        for ladder in ladders(session, grouped(session, ids, together=True))
        for step in ladder.steps
    ] == rows
    for ladder in apart:
        request = session.exchanges.row(ladder.heads[0].id - 1)
        assert ladder.participants[0] == session.endpoints[request["client"]]
