# SPDX-License-Identifier: GPL-2.0-only
"""Findings: complete in themselves, grouped, and bounded."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from rules.conversation import Conversation

from analyzer import findings as module
from analyzer.findings import MOST_ALIKE, MOST_FRAMES, Finding, Findings
from analyzer.rules.catalogue import Breach, Severity, load
from analyzer.session import Session
from analyzer.subjects import Message

RULE = load()["COAP-7252-4.2-RETRANSMISSION"]
OTHER = load()["COAP-7252-4.2-RETR-EARLY"]
MANY = 3000


@cache
def requests() -> Session:
    """A session of requests, each of a flow of its own, and behind them many of one flow."""
    talk = Conversation()
    for number in range(MANY):
        talk.con("GET", source=f"192.0.2.9:{20_000 + number}")
    for _ in range(MOST_ALIKE + 500):
        talk.con("GET")
    return talk.session()


def at(frame: int) -> Message:
    return Message(requests(), frame - 1)


def add(findings: Findings, frame: int, **fields: Any) -> Finding:
    return findings.add(RULE, Severity.NOTE, Breach("text", at(frame), **fields), frame)


def test_a_group_is_one_finding_with_a_count() -> None:
    findings = Findings()
    first = add(findings, 1, group="a", frames=(9,))
    assert add(findings, 2, group="a") is first
    assert add(findings, 3, group="b") is not first
    assert (first.count, first.frames) == (2, [1, 9, 2])
    assert (first.first_time, first.last_time) == (1, 2)
    assert len(findings) == 2


def test_a_group_lists_no_more_than_so_many_frames() -> None:
    findings = Findings()
    for frame in range(1, MOST_FRAMES + 500):
        found = add(findings, frame, group="a")
    assert (len(found.frames), found.count) == (MOST_FRAMES, MOST_FRAMES + 499)


def test_findings_alike_between_two_endpoints_are_bounded() -> None:
    findings = Findings()
    findings.allow(1 << 20)
    for frame in range(MANY + 1, MANY + MOST_ALIKE + 501):
        last = add(findings, frame)
    assert len(findings) == MOST_ALIKE
    assert last.count == 501


def test_groups_are_bounded_by_the_bytes_read() -> None:
    findings = Findings()
    for frame in range(1, MANY):
        add(findings, frame, group=frame)
    bounded = len(findings)
    assert bounded < 2000
    findings.allow(1 << 20)
    add(findings, 1, group="more")
    assert len(findings) == bounded + 1
    assert sum(finding.count for finding in findings) == 3000


def test_findings_are_bounded_however_long_the_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FINDINGS", 50)
    findings = Findings()
    findings.allow(1 << 40)
    for frame in range(1, 101):
        add(findings, frame, group=frame)
    assert len(findings) == 50
    assert findings[49].count == 51
    other = findings.add(OTHER, Severity.NOTE, Breach("text", at(101)), 0)
    assert findings[len(findings) - 1] is other  # of a rule that has none yet


def test_the_summary_counts_by_severity() -> None:
    findings = Findings()
    add(findings, 1)
    findings.add(RULE, Severity.ERROR, Breach("text", at(2)), 0)
    assert findings.summary() == {"error": 1, "warning": 0, "note": 1}
    assert findings[0].frame == 1


def test_a_finding_without_a_message() -> None:
    findings = Findings()
    found = findings.add(RULE, Severity.NOTE, Breach("text"), 5)
    assert (found.frame, found.frames, found.row, found.exchange) == (0, [], -1, 0)


@pytest.mark.parametrize("key", ["rule", "severity", "spec", "clause", "message", "fix", "seen"])
def test_every_finding_says_all_a_reader_needs(key: str) -> None:
    talk = Conversation().con("POST", path="/r", payload=b'{"Message Type":"REG"}').ack("2.05")
    for finding in talk.session().findings:
        assert finding.as_dict()[key]


def test_every_span_lies_in_its_message() -> None:
    body = b'{"Message Type":"REG","ports":[0],"UE Service ID":7,"x":1,"x":2}'
    talk = Conversation().con("POST", path="/r", payload=body).ack("2.05", token=b"zz")
    session = talk.session()
    for finding in session.findings:
        if finding.span is not None:
            start, end = finding.span
            assert 0 <= start <= end <= session.messages["coap_length"][finding.row]
