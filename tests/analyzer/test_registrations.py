# SPDX-License-Identifier: GPL-2.0-only
"""Which exchanges the tables show as registrations, and of which UE."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from generated import conversations, read, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation
from rules.registrations import GOOD, PATH, REGISTERED, answered, asked

from analyzer.messages import MESSAGE_TYPE_IDS
from analyzer.report import exchange_entries, finding_entry
from analyzer.rules.judge import Judge
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


# Judged once --------------------------------------------------------------------------------

KNOWN_BODIES = (
    GOOD,
    GOOD | {"UE Service ID": "meter-2@example"},
    GOOD | {"UE Service ID": "caf\xe9"},
    GOOD | {"Message Type": "registration"},
    GOOD | {"MSGin5G Client Ports": [5683]},
    {"Message Type": "REG"},
    GOOD | {"ports": [0]},
    b"{",
)
ANSWERS = (
    REGISTERED,
    REGISTERED | {"UE Service ID": "meter-2@example"},
    REGISTERED | {"Registration result": "failure"},
    {},
    b"",
)
REGISTERING = st.tuples(
    st.sampled_from(["192.0.2.1:40000", "192.0.2.3:40000"]),
    st.sampled_from(KNOWN_BODIES),
    st.sampled_from(ANSWERS),
    st.sampled_from(["2.01", "2.01", "2.04", "4.00"]),
    st.sampled_from([{}, {}, {"path": "/other"}, {"content_format": 0}, {"non": True}]),
)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(REGISTERING, min_size=2, max_size=12), st.booleans())
def test_verdicts_that_are_remembered_change_nothing(
    happens: list[tuple[str, Any, Any, str, dict[str, Any]]], addressed: bool
) -> None:
    talk = Conversation()
    for number, (source, members, answer, code, other) in enumerate(happens):
        asked(members, talk, source=source, token=number.to_bytes(2, "big"), **other)
        answered(talk, answer, code)
    chosen = {"server_uri": PATH} if addressed else {}
    remembered = snapshot(talk.session(**chosen))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analyzer.session.learn_quiet", lambda s, signature: None)
        assert snapshot(talk.session(**chosen)) == remembered


@settings(derandomize=True, deadline=None, max_examples=60)
@given(conversations(20))
def test_verdicts_remembered_in_any_conversation_change_nothing(capture: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(capture)
        file.flush()
        remembered = snapshot(read(Path(file.name)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("analyzer.session.learn_quiet", lambda s, signature: None)
            assert snapshot(read(Path(file.name))) == remembered


def test_a_registration_like_another_is_not_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that breaks a rule is, each time."""
    judged: list[str] = []
    judge = Judge.judge

    def count(self: Judge, event: Any, time: int, form: int = 0) -> Any:
        judged.append(type(event).__name__)
        return judge(self, event, time, form)

    monkeypatch.setattr(Judge, "judge", count)
    talk = Conversation()
    for number in range(10):
        token = bytes([number])
        members = GOOD | {"UE Service ID": f"meter-{number}"}
        answer = REGISTERED | {"UE Service ID": f"meter-{number}"}
        answered(asked(members, talk, token=token), answer)
    for number in range(10):
        asked(GOOD, talk, token=bytes([50 + number]), content_format=0)
    talk.session()
    assert judged.count("RegistrationRequested") == 1 + 10
    assert judged.count("RegistrationAnswered") == 1


def test_the_ue_named_by_the_answer_alone_is_not_followed() -> None:
    """The request does not say that it is from that UE."""
    talk = answered(asked(b"{", source="192.0.2.7:1"))
    talk = answered(asked(b"{", talk, source="192.0.2.8:1", token=b"b"))
    assert not {"MSG-24538-ADDRESS-CHANGED", "MSG-24538-UE-COLLISION"} & talk.rules().keys()


def test_clear_text_is_counted_where_the_answer_tells_the_registration() -> None:
    talk = answered(asked(b"{"))
    talk = answered(asked(GOOD, talk, token=b"b"))
    talk = answered(asked(b"{", talk, token=b"c"))
    (finding,) = talk.findings("MSG-33501-Y-CLEARTEXT")
    assert (finding.count, finding.frames) == (3, [1, 3, 5])


def test_an_answer_that_comes_before_its_request_is_judged() -> None:
    talk = Conversation().non("2.05", token=b"abcd", payload=b"{", content_format=50)
    rules = asked(GOOD, talk).rules()
    assert {"MSG-24538-6.3.1.2.1.a-NOT-PIGGYBACKED", "MSG-24538-6.3.1.2.1.d-CODE"} <= rules.keys()
