# SPDX-License-Identifier: GPL-2.0-only
"""What holds of any capture: time alone ends things, and later packets never unsay what earlier
ones prove."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from generated import CON, Happening, capture_of, conversations, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer import events, state
from analyzer.exchanges.model import CONFIDENCES, MATCHES
from analyzer.findings import Finding
from analyzer.messages import Role
from analyzer.rules.catalogue import Severity
from analyzer.session import Session

STEADY = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def beginning(capture: bytes, share: float) -> bytes:
    """The first packets of a pcap file."""
    ends, at = [24], 24
    while at < len(capture):
        at += 16 + struct.unpack_from("<I", capture, at + 8)[0]
        ends.append(at)
    return capture[: ends[round(share * (len(ends) - 1))]]


def pairs(session: Session) -> dict[int, tuple[int, str | None, str | None]]:
    """Frames of responses: the frame of the request, by which keys, how sure."""
    found = {}
    for cells in session.messages.rows():
        if cells["exchange"] and cells["role"] in (Role.RESPONSE, Role.NOTIFICATION):
            exchange = session.exchanges.row(cells["exchange"] - 1)
            first = exchange["response_frame"] == cells["frame"]
            how = MATCHES[exchange["match"]], CONFIDENCES[exchange["confidence"]]
            found[cells["frame"]] = (exchange["request_frame"], *(how if first else (None, None)))
    return found


def proven(session: Session) -> set[tuple[str, int, Severity]]:
    """Findings that are more than a note, by rule and frame."""
    return {
        (finding.rule.id, finding.frame, finding.severity)
        for finding in session.findings
        if finding.severity > Severity.NOTE
    }


@STEADY
@given(conversations(), st.floats(0.1, 0.9))
def test_what_comes_later_unsays_nothing(tmp_path: Path, capture: bytes, share: float) -> None:
    (tmp_path / "whole.pcap").write_bytes(capture)
    (tmp_path / "half.pcap").write_bytes(beginning(capture, share))
    whole, half = read(tmp_path / "whole.pcap"), read(tmp_path / "half.pcap")
    said, later = pairs(half), pairs(whole)
    assert said.items() <= {frame: later.get(frame) for frame in said}.items()
    assert proven(half) <= proven(whole)


def remembered(folder: Path, exchanges: int) -> tuple[int, int, int]:
    """After so many exchanges, one every ten seconds: transmissions and datagrams remembered, and
    the room for them."""
    talk = Conversation()
    for number in range(exchanges):
        talk.wait(10).con("GET", token=number.to_bytes(2, "big"), path="/a").ack("2.05")
    path = folder / f"{exchanges}.pcap"
    path.write_bytes(talk.pcap())
    s = read(path, 64).memory.s
    sent = s[state.NEXT_SENT] - s[state.FIRST_SENT]
    return sent, s[state.NEXT_RECENT] - s[state.FIRST_RECENT], s[state.SENT + state.ROWS]


def test_what_is_remembered_is_bounded_by_lifetimes(tmp_path: Path) -> None:
    sent, recent, room = remembered(tmp_path, 2000)
    assert sent <= 247 // 10 + 1
    assert recent <= 4
    assert remembered(tmp_path, 4000) == (sent, recent, room)


REACHED = {
    "silence": events.Unacknowledged,
    "empty, then separate": events.Responded,
    "twice": events.AnsweredAgain,
    "refused, then asked again": events.AskedAgain,
    "token used again": events.TokenReused,
    "token of an observation used": events.TokenReused,
    "asked of a group": events.GroupOver,
    "malformed": events.UnreadableAnswered,
    "acknowledged in vain": events.Orphaned,
    "copies ignored": events.CopiesIgnored,
}


@pytest.mark.parametrize("answer", REACHED)
def test_generated_conversations_reach_what_they_are_named_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    told: list[type] = []
    judge = Session.judge

    def heard(session: Session, event: events.Event, form: int = 0) -> list[Finding]:
        told.append(type(event))
        return judge(session, event, form)

    monkeypatch.setattr(Session, "judge", heard)
    path = tmp_path / "capture.pcap"
    path.write_bytes(capture_of([_happening("piggybacked", 9), _happening(answer, 7)]))
    read(path)
    assert REACHED[answer] in told


def _happening(answer: str, mid: int) -> Happening:
    return Happening(0, 0, False, CON, "GET", mid, answer[:4].encode(), b"", None, answer, 1000)
