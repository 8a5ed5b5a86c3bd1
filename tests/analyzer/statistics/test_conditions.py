# SPDX-License-Identifier: GPL-2.0-only
"""What a row of the statistics counts is what its display filter selects, in every capture."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from rules.conversation import Conversation

from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.messages import Role
from analyzer.response_times import By as TimesBy
from analyzer.response_times import spreads
from analyzer.session import Session
from analyzer.statistics import conditions
from analyzer.statistics.codes import codes
from analyzer.statistics.conversations import conversations
from analyzer.statistics.counted import Counted
from analyzer.statistics.endpoints import endpoints
from analyzer.statistics.model import SentBy
from analyzer.statistics.parts import transports
from analyzer.statistics.retransmissions import retransmissions
from analyzer.statistics.traffic import traffic
from dissectors.coap import numbers

CAPTURES = sorted((Path(__file__).parents[3] / "captures").glob("*.pcapng"))


@cache
def read(capture: Path) -> Session:
    session = Session()
    session.open([capture])
    session.read_all()
    return session


def selected(session: Session, text: str) -> list[int]:
    """Rows that a display filter lists."""
    shown = (session.messages["role"] != Role.UNCONFIRMED).nonzero()[0]
    return Matcher(session, compiled(text)).passing(shown.tolist())


def counts(session: Session) -> Iterator[tuple[str, int]]:
    """Filters, each with the messages that its row counts."""
    counted = Counted(session)
    ends = session.endpoints
    for row in conversations(counted).to_dicts():
        between = conditions.of_conversation(ends[row["a"]], ends[row["b"]], row["transport"])
        yield between, row["messages"]
    for row in endpoints(counted).to_dicts():
        yield conditions.of_endpoint(ends[row["endpoint"]], transports(session)), row["messages"]
    for row in codes(counted).to_dicts():
        yield conditions.of_code(row["code"]), row["messages"]
    for row in retransmissions(counted, SentBy.ENDPOINT).to_dicts():
        yield conditions.sent_again_by(ends[row["id"]]), row["retransmissions"]
    for row in retransmissions(counted, SentBy.UE).to_dicts():
        yield conditions.sent_again_about(session.names[row["id"]]), row["retransmissions"]
    into, over_time = traffic(counted, 40)
    assert into is not None
    for place, messages in enumerate(over_time["messages"].to_list()):
        yield conditions.of_time(into, place, place, session.first_time or 0), messages


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_a_row_selects_what_it_counts(capture: Path) -> None:
    session = read(capture)
    differing = {
        text: (len(found), wanted)
        for text, wanted in counts(session)
        if len(found := selected(session, text)) != wanted
    }
    assert not differing


@pytest.mark.parametrize("by", TimesBy)
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_a_group_of_response_times_selects_its_requests(capture: Path, by: TimesBy) -> None:
    session = read(capture)
    asked = session.exchanges["method"] != numbers.EMPTY
    seen: list[int] = []
    for group in spreads(session, by)[0]:
        rows = selected(session, conditions.of_group(by, group.name))
        found = np.unique(session.messages["exchange"][rows])
        assert len(found) == group.requests, group.name
        seen += found.tolist()
    assert sorted(seen) == (asked.nonzero()[0] + 1).tolist()


@pytest.mark.parametrize(
    "path", ['/a"b\\', "/\x1b[31m[red]", "/\n\r\t\x00", "/‮", "/" + "x" * 300, "/é"]
)
def test_names_of_strangers_are_quoted(path: str) -> None:
    talk = Conversation().con("GET", path=path, token=b"a").ack("2.05")
    session = talk.con("GET", path="/other", token=b"b").ack("2.05").session()
    (name,) = {group.name for group in spreads(session, TimesBy.URI)[0]} - {"/other"}
    assert selected(session, conditions.of_group(TimesBy.URI, name)) == [0, 1]


def test_ports_the_other_way_round_are_another_conversation() -> None:
    one, other = "192.0.2.1:1000", "192.0.2.2:2000"
    crossed, back = "192.0.2.1:2000", "192.0.2.2:1000"
    talk = Conversation(one, other).con("GET", token=b"a").ack("2.05")
    talk.con("GET", token=b"b", source=crossed, destination=back)
    session = talk.session()
    ends = [session.endpoints[id] for id in (1, 2)]
    assert len(selected(session, conditions.of_conversation(*ends))) == 2
    assert len(selected(session, conditions.of_conversation(*reversed(ends)))) == 2
