# SPDX-License-Identifier: GPL-2.0-only
"""The tables as Polars frames: the names and values of the other reports, and nothing lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rules.conversation import Conversation

from analyzer import frames, report
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from analyzer.values import MessageValues
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

CAPTURES = Path(__file__).parents[2] / "captures"
LABELS = [severity.label for severity in Severity]
SHIPPED = ("registration", "field-day", "coap-tour", "pairing")


@pytest.fixture(scope="module", params=SHIPPED)
def session(request: pytest.FixtureRequest) -> Session:
    session = Session()
    session.open([CAPTURES / f"{request.param}.pcapng"])
    session.read_all()
    return session


def plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: times and stretches of time in seconds."""
    temporal = [name for name, dtype in frame.schema.items() if dtype.is_temporal()]
    rows = frame.with_columns(pl.col(*temporal).cast(pl.Int64)).to_dicts()
    for row in rows:
        row |= {name: row[name] / SECOND for name in temporal if row[name] is not None}
    return rows


def test_messages_say_the_same_as_the_fields(session: Session) -> None:
    rows = plain(frames.messages(session))
    shown = list(report.visible_messages(session))
    assert [row["frame"] for row in rows] == session.messages["frame"][shown].tolist()
    for index, row in zip(shown, rows, strict=True):
        fields = MessageValues(session, index).all()
        for name, field in {
            "time": "frame.time_epoch",
            "time_relative": "frame.time_relative",
            "length": "frame.len",
            "interface": "frame.interface_id",
            "message_id": "coap.mid",
            "response_in": "coap.response_in",
            "response_to": "coap.response_to",
            "response_time": "coap.response_time",
            "role": "exchange.role",
            "message_type": "msgin5g.message_type",
        }.items():
            assert row[name] == fields.get(field), (row["frame"], name)
        of_findings = fields.get("finding.severity", [])
        told = [of_findings] if isinstance(of_findings, str) else of_findings
        assert row["severity"] == max(told, key=LABELS.index, default=None)
        assert row["type"] == Type(fields["coap.type"]).name
        assert row["code"] == numbers.dotted(fields["coap.code"])
        assert (row["token"] or None) == fields.get("coap.token")
        assert row["payload_length"] == fields.get("coap.payload_length", 0)
        assert row["source"].endswith(f":{fields['udp.srcport']}")
        assert (row["exchange"] or 0) == fields["exchange.id"]
        first = fields.get("coap.request_first_in") or fields.get("coap.response_first_in")
        assert row["first_in"] == first or first is None


def test_exchanges_say_the_same_as_the_report(session: Session) -> None:
    rows = plain(frames.exchanges(session))
    entries = list(report.exchange_entries(session))
    of_frames_alone = {"time", "message_type", "severity"}
    assert set(rows[0]) - set(entries[0]) == of_frames_alone
    assert rows == [
        {name: entry.get(name, row[name]) for name in row}
        for entry, row in zip(entries, rows, strict=True)
    ]


def test_findings_say_the_same_as_the_report(session: Session) -> None:
    rows = plain(frames.findings(session))
    entries = [report.finding_entry(session, f) for f in report.findings_in_order(session)]
    assert set(rows[0]) - set().union(*entries) - {"count"} == {"time", "last_time"}
    for row, entry in zip(rows, entries, strict=True):
        assert row["count"] == entry.get("count", 1)
        for name in set(row) & set(entry) - {"count"}:
            assert (row[name] or None) == (entry[name] or None), name


def test_severities_have_an_order() -> None:
    talk = Conversation().con("GET", mid=7).wait(1.5).again().ack("2.05")
    found = frames.findings(talk.session())
    worse = found.filter(pl.col("severity") >= "warning")
    assert 0 < len(worse) < len(found)
    assert (
        worse["severity"].to_list()
        == found.filter(~pl.col("severity").is_in(["note"]))["severity"].to_list()
    )


def test_what_is_not_there_is_null() -> None:
    talk = Conversation().con("GET", token=b"", path="/a").wait(1).con()
    messages = frames.messages(talk.session())
    first, ping = messages.to_dicts()
    assert first["token"] == ""
    assert first["response_in"] is first["response_time"] is first["ue_service_id"] is None
    assert (ping["code"], ping["role"], ping["uri"]) == ("0.00", "ping", None)
    exchange = frames.exchanges(talk.session()).row(0, named=True)
    assert exchange["ack_frame"] is exchange["response_code"] is exchange["matched_by"] is None
    assert exchange["response_frames"] == exchange["retransmission_frames"] == []


def test_a_long_token_is_whole() -> None:
    token = bytes(range(20))
    messages = frames.messages(Conversation().con("GET", token=token).ack("2.05").session())
    assert messages["token"].to_list() == [token.hex()] * 2


def test_an_empty_session_has_the_same_columns() -> None:
    empty, full = Session(), Conversation().con("GET").ack("2.05").session()
    empty.close()
    for table in (frames.messages, frames.exchanges, frames.findings):
        assert table(empty).is_empty()
        assert table(empty).schema == table(full).schema
