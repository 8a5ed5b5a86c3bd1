# SPDX-License-Identifier: GPL-2.0-only
"""Who talks to whom, with which codes, and what is sent again: conversations counted by hand."""

from __future__ import annotations

from typing import Any

from rules.conversation import MILLISECOND, SECOND, START, Conversation

from analyzer.session import Session
from analyzer.statistics.codes import Kind, codes
from analyzer.statistics.conversations import conversations
from analyzer.statistics.counted import Counted
from analyzer.statistics.endpoints import endpoints
from analyzer.statistics.model import SentBy
from analyzer.statistics.retransmissions import retransmissions
from analyzer.statistics.traffic import traffic

OTHER = "192.0.2.9:5683"
HEADERS = 14 + 20 + 8  # Ethernet, IPv4, UDP


def two_servers() -> Conversation:
    """A server that answers, then 4.04, then one that never does: 7 messages."""
    talk = Conversation().con("GET", token=b"a").ack("2.05")
    talk.con("PUT", token=b"b").ack("4.04")
    return talk.con("GET", token=b"c", destination=OTHER).wait(2).again().wait(4).again()


def rows_of(session: Session, frame: Any, *ends: str) -> list[dict[str, Any]]:
    """Rows with endpoints as text."""
    named = [(end, lambda id: str(session.endpoints[id])) for end in ends]
    return [row | {end: name(row[end]) for end, name in named} for row in frame.to_dicts()]


def test_conversations() -> None:
    session = two_servers().session()
    first, second = rows_of(session, conversations(Counted(session)), "a", "b")
    assert first == {
        "a": "192.0.2.1:40000",
        "b": "192.0.2.2:5683",
        "messages": 4,
        "octets": 4 * (HEADERS + 5),
        "messages_a": 2,
        "octets_a": 2 * (HEADERS + 5),
        "transport": "udp",
        "retransmissions": 0,
        "start": START,
        "duration": 30 * MILLISECOND,
        "error": 0,
        "warning": 0,
        "note": 0,
        "exchanges": 2,
        "median": 10 * MILLISECOND,
        "p95": 10 * MILLISECOND,
    }
    wanted = {"b": OTHER, "messages": 3, "messages_a": 3, "retransmissions": 2, "exchanges": 1}
    assert wanted.items() <= second.items()
    assert second["median"] is None
    assert second["duration"] == 6 * SECOND + 20 * MILLISECOND


def test_a_conversation_is_one_whoever_begins() -> None:
    talk = Conversation().con("GET", token=b"a").ack("2.05")
    talk.con("GET", token=b"b", by="server").ack("2.05")
    (row,) = conversations(Counted(talk.session())).to_dicts()
    assert (row["messages"], row["messages_a"], row["exchanges"]) == (4, 2, 2)


def test_findings_are_counted_where_they_point() -> None:
    talk = Conversation().con("GET", token=b"a").ack("2.05", token=b"other")
    session = talk.session()
    (row,) = conversations(Counted(session)).to_dicts()
    counts = session.findings.summary()
    assert sum(counts.values()) > 0
    assert {name: row[name] for name in counts} == counts


def test_endpoints() -> None:
    session = two_servers().session()
    client, server, silent = rows_of(session, endpoints(Counted(session)), "endpoint")
    assert client == {
        "endpoint": "192.0.2.1:40000",
        "messages": 7,
        "octets": 7 * (HEADERS + 5),
        "sent": 5,
        "octets_sent": 5 * (HEADERS + 5),
        "received": 2,
        "octets_received": 2 * (HEADERS + 5),
        "as_client": 3,
        "as_server": 0,
        "client_errors": 1,
        "server_errors": 0,
    }
    assert (server["sent"], server["as_server"], server["client_errors"]) == (2, 2, 1)
    assert (silent["sent"], silent["received"], silent["as_server"]) == (0, 3, 1)


def test_codes() -> None:
    talk = two_servers().con().rst()  # a ping
    rows = {row["code"]: row for row in codes(Counted(talk.session())).to_dicts()}
    shown = {code: (row["kind"], row["messages"], row["share"]) for code, row in rows.items()}
    assert shown == {
        1: (Kind.REQUEST, 4, 4 / 5),
        3: (Kind.REQUEST, 1, 1 / 5),
        0x45: (Kind.RESPONSE, 1, 1 / 2),
        0x84: (Kind.RESPONSE, 1, 1 / 2),
        0: (Kind.EMPTY, 2, 1.0),
    }
    assert (rows[1]["con"], rows[1]["retransmissions"], rows[0]["rst"]) == (4, 2, 1)
    assert list(rows) == [1, 3, 0x45, 0x84, 0]


def test_traffic() -> None:
    session = two_servers().session()
    into, counts = traffic(Counted(session), 7)
    assert into is not None
    assert (into.start, into.length, into.number) == (START, SECOND, 7)
    assert counts["messages"].to_list() == [5, 0, 1, 0, 0, 0, 1]
    assert counts["octets"].to_list()[2] == HEADERS + 5
    assert counts["retransmissions"].to_list() == [0, 0, 1, 0, 0, 0, 1]


def test_what_is_sent_again() -> None:
    session = two_servers().session()
    first, *others = rows_of(session, retransmissions(Counted(session), SentBy.ENDPOINT), "id")
    assert first == {"id": "192.0.2.1:40000", "messages": 5, "retransmissions": 2, "rate": 0.4}
    assert [row["retransmissions"] for row in others] == [0]


def test_a_ue_is_told_by_its_exchange() -> None:
    body = b'{"MSGin5G Service Identifier": "x", "UE Service ID": "ue-7"}'
    talk = Conversation().con("POST", path="/r", token=b"a", payload=body).wait(2).again()
    session = talk.con("GET", token=b"b").session()
    rows = retransmissions(Counted(session), SentBy.UE).to_dicts()
    named = {session.names[row["id"]]: row["retransmissions"] for row in rows}
    assert named == {"ue-7": 1, "": 0}


def test_only_the_rows_asked_for_count() -> None:
    session = two_servers().session()
    counted = Counted(session, [0, 1, 4])
    assert conversations(counted)["messages"].to_list() == [2, 1]
    assert conversations(counted)["exchanges"].to_list() == [1, 1]
    assert endpoints(counted)["messages"].to_list() == [3, 2, 1]
    assert codes(counted)["messages"].to_list() == [2, 1]
    assert traffic(counted, 1).counts["messages"].to_list() == [3]


def test_nothing_is_no_error() -> None:
    for counted in (Counted(Conversation().session()), Counted(two_servers().session(), [])):
        for table in (
            conversations(counted),
            endpoints(counted),
            codes(counted),
            traffic(counted, 10).counts,
            *(retransmissions(counted, by) for by in SentBy),
        ):
            assert len(table) == 0
