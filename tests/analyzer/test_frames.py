# SPDX-License-Identifier: GPL-2.0-only
"""The tables as Polars frames: names instead of ids, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from analyzer import frames, report
from analyzer.session import Session

CAPTURE = Path(__file__).parents[2] / "captures" / "field-day.pcapng"


@pytest.fixture(scope="module")
def session() -> Session:
    session = Session()
    session.open([CAPTURE])
    session.read_all()
    return session


def test_messages_have_names(session: Session) -> None:
    frame = frames.messages(session)
    first = frame.row(0, named=True)
    assert len(frame) == len(list(report.visible_messages(session)))
    assert first["source"].startswith("127.0.1.11:")
    assert (first["role"], first["message_type"]) == ("request", "REG")
    assert first["ue"] == "meter-0011@iot.example"
    assert frame["uri"].str.starts_with("/msgin5g/").any()


def test_exchanges_say_the_same_as_the_report(session: Session) -> None:
    frame = frames.exchanges(session)
    entries = list(report.exchange_entries(session))
    assert frame["id"].to_list() == [entry["id"] for entry in entries]
    assert frame["state"].to_list() == [entry["state"] for entry in entries]
    assert frame["match"].to_list() == [entry["matched_by"] or "" for entry in entries]
    assert frame["server"].to_list() == [entry["server"] for entry in entries]


def test_findings_can_be_counted_by_rule(session: Session) -> None:
    frame = frames.findings(session)
    counts = dict(frame.group_by("severity").len().iter_rows())
    assert counts == {k: n for k, n in session.findings.summary().items() if n}
    worst = frame.filter(pl.col("severity") == "error")
    assert worst["rule"].is_in([finding.rule.id for finding in session.findings]).all()


def test_an_empty_session_has_empty_frames() -> None:
    empty = Session()
    empty.close()
    assert frames.messages(empty).is_empty()
    assert frames.exchanges(empty).is_empty()
    assert frames.findings(empty).is_empty()
    assert "rule" in frames.findings(empty).columns
