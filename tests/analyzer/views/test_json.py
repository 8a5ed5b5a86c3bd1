# SPDX-License-Identifier: GPL-2.0-only
"""JSON reports as scripts read them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import pytest
from rules.conversation import Conversation

from analyzer.checking import Check
from analyzer.report import visible_messages
from analyzer.rules.catalogue import load
from analyzer.session import Session
from analyzer.views import json as view
from analyzer.views.listed import listed
from dissectors.fields import Table

CAPTURES = Path(__file__).parents[3] / "captures"


@pytest.fixture(scope="module")
def field_day() -> Session:
    session = Session()
    session.open([CAPTURES / "field-day.pcapng"])
    session.read_all()
    return session


def written(write: Callable[[Any, TextIO], None], what: Any) -> tuple[str, Any]:
    """The text, which is ASCII, and what it says."""
    out = io.StringIO()
    write(what, out)
    text = out.getvalue()
    assert text.isascii()
    assert text.endswith("\n")
    return text, json.loads(text, parse_constant=pytest.fail)


def write_messages(session: Session, out: TextIO) -> None:
    """Whole messages."""
    view.write_rows(listed(session, Table.MESSAGES, visible_messages(session)), out)


def test_check_is_one_object(field_day: Session) -> None:
    _, report = written(view.write_check, Check.of(field_day))
    assert list(report) == ["capture", "summary", "protected", "findings"]
    assert list(report["summary"]) == ["error", "warning", "note", "ignored"]
    for severity, count in report["summary"].items():
        assert count == sum(f["severity"] == severity for f in report["findings"])
    assert all(re.fullmatch("[0-9a-f]{32}", f["fingerprint"]) for f in report["findings"])


def test_a_finding_has_the_nearest_candidate_where_there_is_one() -> None:
    talk = Conversation().con("GET", mid=0x1A2B).ack(source="192.0.2.9:5683").wait(3).again(0)
    _, report = written(view.write_check, Check.of(talk.session()))
    found = {finding["rule"]: finding.get("nearest") for finding in report["findings"]}
    assert found["COAP-7252-4.2-CON-UNANSWERED"]["frame"] == 2
    assert found["COAP-7252-4.2-RETRANSMISSION"] is None


def test_a_message_without_a_request_names_its_nearest() -> None:
    talk = Conversation().con("GET", mid=0x1A2B).ack(source="192.0.2.9:5683").wait(3).again(0)
    _, messages = written(write_messages, talk.session())
    assert [m.get("exchange.nearest_frame") for m in messages] == [None, 1, None]
    assert messages[1]["exchange.nearest"].startswith("same Message ID 0x1a2b, acknowledged from")
    assert "exchange.nearest" not in messages[0] | messages[2]


def test_messages_are_an_array_a_line_each(field_day: Session) -> None:
    text, messages = written(write_messages, field_day)
    assert [message["frame.number"] for message in messages] == list(range(1, 316))
    assert len(text.splitlines()) == len(messages) + 2


def test_exchanges_are_an_array(field_day: Session) -> None:
    _, exchanges = written(view.write_exchanges, field_day)
    assert [exchange["id"] for exchange in exchanges] == list(range(1, len(exchanges) + 1))


def test_nothing_is_an_empty_array() -> None:
    session = Session()
    session.close()
    for write in (write_messages, view.write_exchanges):
        assert written(write, session)[1] == []
    assert written(view.write_check, Check.of(session))[1]["findings"] == []


def test_no_credential_is_told(field_day: Session) -> None:
    _, messages = written(write_messages, field_day)
    told = {message.get("msgin5g.ue_credential_information") for message in messages}
    assert told == {None, "****"}


def test_rules_have_every_text() -> None:
    _, rules = written(view.write_rules, load().values())
    assert [rule["id"] for rule in rules] == list(load())
    for rule in rules:
        assert all(rule[text] for text in ("title", "what", "why", "bad", "good", "fix", "spec"))
