# SPDX-License-Identifier: GPL-2.0-only
"""Which exchanges the tables show as registrations, and of which UE."""

from __future__ import annotations

import pytest
from rules.conversation import Conversation
from rules.test_registration_request import GOOD, REGISTERED, answered, asked

from analyzer.messages import MESSAGE_TYPE_IDS
from analyzer.report import exchange_entries, finding_entry
from analyzer.session import Session

UE = "meter-1@example"


def kinds(session: Session) -> list[str]:
    return [MESSAGE_TYPE_IDS[kind] for kind in session.exchanges["message_type"].tolist()]


def ues(session: Session) -> list[str | None]:
    return [entry["ue_service_id"] for entry in exchange_entries(session)]


@pytest.mark.parametrize("kind", ["REG", "DEREG", "MSG"])
def test_an_exchange_has_the_type_and_the_ue_of_its_request(kind: str) -> None:
    session = asked(GOOD | {"Message Type": kind}).ack("2.04").session()
    assert (kinds(session), ues(session)) == ([kind], [UE])


def test_the_ue_may_be_told_by_the_answer() -> None:
    session = answered(asked(b"{")).session()
    assert (kinds(session), ues(session)) == (["REG"], [UE])
    named = {finding_entry(session, f)["ue_service_id"] for f in session.findings}
    assert named == {UE}, "findings made before the answer name it too"


def test_other_traffic_has_no_type() -> None:
    session = Conversation().con("POST", payload=b'{"temperature": 7}').ack("2.04").session()
    assert (kinds(session), ues(session)) == ([""], [None])


def test_a_late_answer_still_shows_the_ue() -> None:
    talk = asked(GOOD).ack().wait(50)
    talk.con("2.01", payload=b'{"UE Service ID": "meter-1@example"}', token=b"abcd")
    assert ues(talk.session()) == [UE]


def test_a_notification_is_judged_as_no_second_answer() -> None:
    talk = answered(asked(observe=0), REGISTERED, observe=1)
    talk.non("2.05", observe=2, token=b"abcd", payload=b"{}", content_format=50)
    rules = [f.rule.id for f in talk.session().findings]
    assert not [id for id in rules if id.startswith("MSG-24538-6.3.1.2.1.c")]
