# SPDX-License-Identifier: GPL-2.0-only
"""Requests by their token: which one gets a response, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from generated import read, snapshot
from rules.conversation import Conversation

from analyzer.exchanges import request_layer
from analyzer.exchanges.model import CONFIDENCES, State
from analyzer.report import exchange_entries
from analyzer.session import Session


class Talk(Conversation):
    """All requests and responses have one token."""

    def ask(self, **fields: Any) -> Talk:
        return self.con("GET", **{"token": b"ab"} | fields)

    def respond(self, **fields: Any) -> Talk:
        return self.non("2.05", **{"token": b"ab"} | fields)


def answered(session: Session) -> list[list[int]]:
    """The frames that answer each exchange."""
    return [entry["response_frames"] for entry in exchange_entries(session)]


def test_the_newest_that_waits_gets_the_response() -> None:
    session = Talk().ask().ask().respond().respond().respond().session()
    assert answered(session) == [[4], [3, 5]], "a further response is the newest's"


def test_what_was_promised_comes_first() -> None:
    session = Talk().ask().ack().ask().respond().session()
    assert answered(session) == [[4], []]
    (entry, _) = exchange_entries(session)
    assert entry["confidence"] == "ambiguous"


def test_a_notification_goes_to_the_observation_not_to_a_newer_request() -> None:
    talk = Talk().ask(observe=0).ack("2.05", observe=1).ask()
    session = talk.respond(observe=3).respond().session()
    assert answered(session) == [[2, 4], [5]]


def test_a_new_observation_takes_over() -> None:
    talk = Talk().ask(observe=0).ack("2.05", observe=1).ask(observe=0).ack("2.05", observe=2)
    session = talk.respond(observe=3).session()
    assert answered(session) == [[2], [4, 5]]
    assert session.exchanges["state"].tolist() == [State.ANSWERED, State.OBSERVING]


def test_an_observation_that_ended_gets_what_comes_soon() -> None:
    talk = Talk().ask(observe=0).ack("2.05", observe=1).wait(1000)
    talk.respond(observe=2).non("4.04", token=b"ab").wait(200)
    assert answered(talk.respond().session()) == [[2, 3, 4, 5]]
    assert answered(talk.wait(250).respond().session()) == [[2, 3, 4, 5]]


def test_a_response_after_the_lifetime_belongs_to_nothing() -> None:
    assert answered(Talk().ask().wait(246).respond().session()) == [[2]]
    assert answered(Talk().ask().wait(248).respond().session()) == [[]]


def test_one_token_asks_for_no_more_than_a_few_exchanges() -> None:
    talk = Talk()
    for _ in range(request_layer.MOST_PER_TOKEN + 10):
        talk.ask()
    talk.ack(mid=0x1001)  # what the first one was promised
    assert answered(talk.respond().session())[-1] == [len(talk.frames)]


@pytest.mark.parametrize(("observe", "state"), [(0, State.OBSERVING), (1, State.ANSWERED)])
def test_observe_0_registers(observe: int, state: State) -> None:
    session = Talk().ask(observe=observe).ack("2.05", observe=7).session()
    assert session.exchanges["state"].tolist() == [state]


def test_a_long_token_is_compared_whole() -> None:
    long = bytes(range(20))
    talk = Conversation().con("GET", token=long).con("GET", token=long[:-1] + b"!")
    session = talk.non("2.05", token=long).session()
    assert answered(session) == [[3], []]
    assert CONFIDENCES[int(session.exchanges["confidence"][0])] == "token"


def test_what_gets_no_response_any_more_leaves_its_bucket(tmp_path: Any, monkeypatch: Any) -> None:
    """Room is made by dropping old exchanges, and nothing else changes."""
    path = tmp_path / "capture.pcap"
    talk = Conversation().con("GET", token=b"observes", observe=0).ack("2.05", observe=1)
    for number in range(2500):
        talk.con("GET", token=number.to_bytes(3, "big")).ack("2.05").wait(1)
    talk.non("2.05", observe=2, token=b"observes").con("GET", token=b"\0\0\1").ack("2.05")
    path.write_bytes(talk.pcap())
    small, whole = read(path, 50), snapshot(read(path))
    assert snapshot(small) == whole
    assert whole["entries"][0]["response_frames"] == [2, len(talk.frames) - 2]
    buckets = small.memory.s[request_layer.TOKEN_BUCKETS + request_layer.ROWS]
    assert buckets == 2048, "2500 exchanges, of which 500 can be asked for at any time"
