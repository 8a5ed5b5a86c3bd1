# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from rules.conversation import Conversation

from analyzer.exchanges.model import State
from analyzer.messages import Role
from analyzer.recording.wish import Statistics
from analyzer.response_times import By, spreads_and_times
from analyzer.session import Session
from analyzer.watching import tally as tallying
from analyzer.watching.tally import BUCKETS, Kind, Tally

CAPTURES = sorted((Path(__file__).parents[3] / "captures").glob("*.pcapng"))


def counted(path: Path, step: int) -> tuple[Session, Tally]:
    session = Session()
    session.open([path])
    tally = Tally(session)
    for _ in session.read(step):
        tally.add()
    session.release()
    return session, tally


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_steps_add_up_to_what_the_tables_say(path: Path, step: int) -> None:
    session, tally = counted(path, step)
    figures = tally.figures()
    times = spreads_and_times(session, By.METHOD)[2]
    assert figures.packets == session.counts.records
    assert (sum(figures.times.counts), figures.times.total) == (len(times), times.sum())
    states = Counter(map(State, session.exchanges["state"].tolist()))
    assert +Counter(figures.exchanges) == states
    roles: Counter[str] = Counter()
    for kind, count in figures.messages.items():
        roles[kind.role] += count
    found = Counter(session.messages["role"].tolist())
    assert roles == {Role(role).name.lower(): n for role, n in found.items() if role}
    assert sum(figures.findings.values()) == len(session.findings)
    assert sum(figures.breaches.values()) == sum(one.count for one in session.findings)


def test_states_that_time_alone_changes_are_seen_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallying, "_FEW", 0)
    talk = Conversation()
    for _ in range(5):
        talk.con("GET", path="/a", token=bytes([_]))
    talk.wait(1000).con("GET", path="/b", token=b"b")
    path = tmp_path / "silent.pcap"
    path.write_bytes(talk.pcap())
    monkeypatch.setattr(tallying, "monotonic", iter(range(0, 1000, 2)).__next__)
    _, tally = counted(path, 1)
    assert +Counter(tally.figures().exchanges) == {State.UNANSWERED: 5, State.OPEN: 1}


def test_an_answer_to_a_request_sent_twice_has_no_time(tmp_path: Path) -> None:
    talk = Conversation().con("GET", path="/a").wait(3).again().ack("2.05")
    talk.con("GET", path="/b").wait(0.2).ack("2.05").again(-2)
    path = tmp_path / "twice.pcap"
    path.write_bytes(talk.pcap())
    _, tally = counted(path, 1)
    counts = tally.figures().times.counts
    assert {BUCKETS[place]: n for place, n in enumerate(counts) if n} == {0.25: 1}


def test_labels_are_words_from_a_fixed_set_whatever_is_sent(tmp_path: Path) -> None:
    talk = Conversation()
    for code in range(256):
        for kind in range(4):
            talk.raw(bytes([0x40 | kind << 4, code, code, kind]))
    path = tmp_path / "codes.pcap"
    path.write_bytes(talk.pcap())
    _, tally = counted(path, 50)
    kinds = tally.figures().messages
    codes = {"empty", "request", "1.xx", "2.xx", "3.xx", "4.xx", "5.xx", "6.xx", "7.xx"}
    assert {kind.code for kind in kinds} <= codes
    assert {kind.type for kind in kinds} == {"con", "non", "ack", "rst"}
    assert {kind.role for kind in kinds} <= {role.name.lower() for role in Role}
    assert all(isinstance(kind, Kind) for kind in kinds)


def test_lost_packets_are_those_of_the_recorder_that_tells() -> None:
    _, tally = counted(CAPTURES[0], 100)
    assert tally.figures().lost == {"file": 0}
    told = SimpleNamespace(statistics=Statistics(10, 3, 2, 0))
    assert Tally(Session(), told).figures().lost == {"kernel": 3, "interface": 2}
    assert Tally(Session(), SimpleNamespace()).figures().lost == {"file": 0}


def test_figures_are_those_of_the_last_step_that_was_added() -> None:
    session = Session()
    session.open([CAPTURES[1]])
    tally = Tally(session)
    steps = session.read(10)
    next(steps)
    tally.add()
    before = tally.figures()._replace(backlog=0)
    for _ in steps:  # tables change and move, as while another thread asks
        assert tally.figures()._replace(backlog=0) == before
    tally.add()
    assert tally.figures().packets == session.counts.records > before.packets
    session.release()
