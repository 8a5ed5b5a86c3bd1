# SPDX-License-Identifier: GPL-2.0-only
"""Notes given once per flow count every frame they hold of, however they are told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from generated import REGISTRATION, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer import flows
from analyzer.events import Event, Responded
from analyzer.findings import MOST_FRAMES, Finding
from analyzer.session import Session

STEADY = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SEPARATE, LOCATION = "COAP-7252-5.2.2-SEPARATE", "COAP-7252-5.8.2-CREATED-NO-LOCATION"
PING, CLEAR, TWICE = "COAP-7252-4.3-PING", "MSG-33501-Y-CLEARTEXT", "COAP-CAP-DUP"
CLIENTS = [f"192.0.2.{number}:40000" for number in range(1, 5)]


def counted(session: Session, rule: str) -> Counter[str]:
    """How often a rule was broken, by the client of the message its finding points at."""
    found: Counter[str] = Counter()
    for finding in session.findings:
        if finding.rule.id == rule:
            ends = (session.messages.cell(end, finding.row) for end in ("source", "destination"))
            client = next(str(session.endpoints[end]) for end in ends)
            found[client] += finding.count
    return found


@STEADY
@given(
    st.lists(st.tuples(st.sampled_from(CLIENTS), st.sampled_from([PING, CLEAR, TWICE]))),
    st.integers(1, 9),
)
def test_every_frame_is_counted_and_listed(
    tmp_path: Path, happens: list[tuple[str, str]], limit: int
) -> None:
    talk = Conversation()
    wanted: dict[str, Counter[str]] = {PING: Counter(), CLEAR: Counter(), TWICE: Counter()}
    for number, (client, rule) in enumerate(happens):
        token = number.to_bytes(4, "big")
        if rule == PING:
            talk.con(source=client).rst()
        elif rule == CLEAR:
            talk.con("POST", source=client, payload=REGISTRATION, token=token)
        else:
            own = 1000 + number
            talk.con("GET", source=client, token=token, ip_id=own).recorded_again()
        wanted[rule][client] += 1
    path = tmp_path / "capture.pcap"
    path.write_bytes(talk.pcap())
    for session in (read(path), read(path, limit)):
        for rule, counts in wanted.items():
            assert counted(session, rule) == counts
        for finding in session.findings:
            if finding.rule.id in (PING, CLEAR):
                assert len(finding.frames) == finding.count
                assert finding.frames == sorted(finding.frames)
                last = talk.frames[finding.frames[-1] - 1]
                assert finding.last_time == last.time


def test_both_ends_of_a_flow_may_ping() -> None:
    talk = Conversation()
    for _ in range(3):
        talk.con().rst().con(by="server").rst()
    found = talk.findings(PING)
    assert [(f.frames, f.count) for f in found] == [([1, 5, 9], 3), ([3, 7, 11], 3)]


def test_many_repetitions_are_counted_and_only_some_listed() -> None:
    talk = Conversation()
    for _ in range(3 * MOST_FRAMES):
        talk.con()
    (finding,) = talk.findings(PING)
    assert finding.count == 3 * MOST_FRAMES
    assert finding.frames == list(range(1, MOST_FRAMES + 1))
    assert finding.last_time == talk.frames[-1].time


def test_a_copy_lists_the_frame_it_copies() -> None:
    talk = Conversation().con("GET", token=b"a").recorded_again()
    talk.con("GET", token=b"b").recorded_again()
    (finding,) = talk.findings(TWICE)
    assert (finding.count, finding.frames) == (2, [2, 1, 4, 3])


def test_a_flow_that_was_forgotten_is_told_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it broke before stays as it was."""
    monkeypatch.setattr(flows, "MOST_FLOWS", 8)
    talk = Conversation().con().con()
    for number in range(100):
        talk.con(source=f"192.0.2.9:{20_000 + number}")
    session = talk.con().con().session()
    assert counted(session, PING) == Counter(
        {"192.0.2.1:40000": 4} | {f"192.0.2.9:{20_000 + number}": 1 for number in range(100)}
    )


# Responses of one form, all of which break the same rules -----------------------------------------


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Responded]:
    """The responses that rules looked at."""
    seen: list[Responded] = []
    judge = Session.judge

    def spy(session: Session, event: Event, form: int = 0) -> list[Finding]:
        if isinstance(event, Responded):
            seen.append(event)
        return judge(session, event, form)

    monkeypatch.setattr(Session, "judge", spy)
    return seen


def test_responses_that_break_the_same_rules_are_judged_once_per_flow(
    judged: list[Responded],
) -> None:
    talk = Conversation()
    for number in range(20):
        token = number.to_bytes(2, "big")
        for client in CLIENTS[:2]:
            talk.con("POST", token=token, source=client).ack().con("2.01", destination=client)
            talk.ack()
    session = talk.session()
    assert len(judged) == 2
    for rule in (SEPARATE, LOCATION):
        found = [f for f in session.findings if f.rule.id == rule]
        assert [f.count for f in found] == [20, 20]
        assert {3 + 8 * n for n in range(20)} <= set(found[0].frames)
        assert {7 + 8 * n for n in range(20)} <= set(found[1].frames)
        assert found[1].last_time == talk.frames[-2].time


def test_a_rule_that_tells_each_is_asked_each_time(judged: list[Responded]) -> None:
    talk = Conversation()
    for number in range(3):
        talk.con("GET", token=bytes([number])).ack().ack("2.05")
    assert len(talk.findings("COAP-7252-5.2.2-EMPTY-THEN-PIGGYBACK")) == 3
    assert len(judged) == 3


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_frames_stand_in_order_however_the_capture_is_cut(tmp_path: Path, limit: int) -> None:
    """Several forms break one rule of a flow."""
    talk = Conversation()
    for number in range(30):
        payload = {"payload": b"1"} if number % 3 else {}
        talk.con("GET", token=bytes([number])).ack().con("2.05", **payload).ack()
    path = tmp_path / "capture.pcap"
    path.write_bytes(talk.pcap())
    (whole,), (cut,) = (
        [f for f in read(path, most).findings if f.rule.id == SEPARATE] for most in (0, limit)
    )
    assert whole.count == 30
    assert cut.as_dict() == whole.as_dict()
