# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer.arrivals import Arrivals
from analyzer.report import visible_messages
from analyzer.session import Session

CAPTURES = sorted((Path(__file__).parents[2] / "captures").glob("*.pcapng"))


def read(path: Path, step: int, look_every: int = 1) -> tuple[Session, list[int], list[int]]:
    """The session, the rows and the ids of findings in the order they were told."""
    session = Session()
    session.open([path])
    arrivals, rows, ids = Arrivals(session), [], []
    for number, _ in enumerate(session.read(step)):
        if number % look_every == 0:
            rows += arrivals.messages()
            ids += [finding.id for finding in arrivals.findings()]
    rows += arrivals.messages()
    ids += [finding.id for finding in arrivals.findings()]
    session.release()
    return session, rows, ids


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
@settings(max_examples=8, deadline=None)
@given(step=st.integers(1, 40), look_every=st.integers(1, 5))
def test_everything_is_told_once(path: Path, step: int, look_every: int) -> None:
    session, rows, ids = read(path, step, look_every)
    assert sorted(rows) == list(visible_messages(session))
    assert ids == list(range(1, len(session.findings) + 1))


def test_what_was_hidden_is_told_before_what_proves_its_flow(tmp_path: Path) -> None:
    talk = Conversation("192.0.2.1:40000", "192.0.2.2:7777")
    talk.con("GET", path="/a", token=b"1").wait(1).con("GET", path="/b", token=b"2")
    talk.ack("2.05")
    path = tmp_path / "hidden.pcap"
    path.write_bytes(talk.pcap())
    session = Session()
    session.open([path])
    arrivals = Arrivals(session)
    told = [arrivals.messages() for _ in session.read(1)]
    assert [rows for rows in told if rows] == [[0, 1], [2]]


def test_what_is_never_known_to_be_coap_is_not_told(tmp_path: Path) -> None:
    talk = Conversation("192.0.2.1:40000", "192.0.2.2:7777").con("GET", path="/a")
    for _ in range(100):
        talk.again(0)
    path = tmp_path / "other.pcap"
    path.write_bytes(talk.pcap())
    session, rows, _ = read(path, 3)
    assert len(session.messages) > 64
    assert rows == list(visible_messages(session)) == []
