# SPDX-License-Identifier: GPL-2.0-only
"""What happened to a UE, moment by moment."""

from __future__ import annotations

from pathlib import Path

from rules.conversation import MILLISECOND, SECOND, START, Conversation
from rules.registrations import GOOD, answered, asked, registered

from analyzer.exchanges.model import State
from analyzer.session import Session
from analyzer.ue_standings import Standings
from analyzer.ue_stories import Kind, Moment, Story, story

CAPTURES = Path(__file__).parents[2] / "captures"
MESSAGE = GOOD | {"Message Type": "MSG"}
DEREG = GOOD | {"Message Type": "DEREG"}


def told(session: Session, ue: str) -> Story:
    found = Standings(session)
    found.take_in()
    (id,) = {row.id for row in found if row.ue == ue}
    return story(session, id, found.findings_of(id))


def moments(talk: Conversation) -> list[Moment]:
    """Without findings."""
    every = told(talk.session(), GOOD["UE Service ID"])
    return [moment for moment in every if moment.kind is not Kind.FINDING]


def test_registration_message_and_de_registration() -> None:
    talk = asked(MESSAGE, registered().wait(1), token=b"b", path="/m").ack("2.04")
    asked(DEREG, talk.wait(1), token=b"c").ack("2.02")
    first, message, last = moments(talk)
    assert (first.kind, first.frame, first.exchange) == (Kind.REGISTRATION, 1, 1)
    assert (first.code, first.after, first.result) == (65, 10 * MILLISECOND, "success")
    assert (message.kind, message.message_type, message.uri) == (Kind.REQUEST, "MSG", "/m")
    assert (last.kind, last.code) == (Kind.DEREGISTRATION, 66)
    assert [moment.time for moment in (first, message, last)] == [
        talk.frames[index].time for index in (0, 2, 4)
    ]


def test_another_port_comes_before_what_was_asked_from_it() -> None:
    talk = registered()
    answered(asked(GOOD, talk, token=b"b", source="192.0.2.1:40001"), code="2.04")
    answered(asked(GOOD, talk, token=b"c", source="192.0.2.1:40000"), code="2.04")
    _, moved, second, back, third = moments(talk)
    assert [moment.kind for moment in (moved, back)] == [Kind.ADDRESS] * 2
    assert (str(moved.before), str(moved.source)) == ("192.0.2.1:40000", "192.0.2.1:40001")
    assert (str(back.before), str(back.source)) == ("192.0.2.1:40001", "192.0.2.1:40000")
    assert (moved.frame, back.frame) == (second.frame, third.frame)


def test_what_a_server_passes_on_is_no_move() -> None:
    talk = asked(MESSAGE, registered(), token=b"b").ack("2.04")
    asked(MESSAGE, talk, token=b"c", source="192.0.2.2:5683", destination="192.0.2.9:1").ack("2.04")
    kinds = [moment.kind for moment in moments(talk)]
    assert kinds == [Kind.REGISTRATION, Kind.REQUEST, Kind.PASSED_ON]


def test_retransmissions_are_counted_and_silence_ends() -> None:
    talk = asked().wait(2).again(0).wait(4).again(0).wait(120).con("GET", by="server")
    first, one, two, over = moments(talk)
    assert first.state is State.UNANSWERED
    assert [(moment.kind, moment.again) for moment in (one, two)] == [
        (Kind.AGAIN, 1),
        (Kind.AGAIN, 2),
    ]
    assert two.after == 6 * SECOND + 20 * MILLISECOND
    assert (over.kind, over.frame, over.time) == (Kind.UNANSWERED, 1, START + 93 * SECOND)


def test_an_answer_sent_again() -> None:
    talk = registered().again(0).again(1)
    assert [(moment.kind, moment.method) for moment in moments(talk)[1:]] == [
        (Kind.AGAIN, 2),
        (Kind.AGAIN, 65),
    ]


def test_findings_stand_where_they_were_made() -> None:
    session = registered(content_format=0).session()
    every = told(session, GOOD["UE Service ID"])
    found = [moment.finding for moment in every if moment.finding is not None]
    assert sorted(finding.id for finding in found) == [finding.id for finding in session.findings]
    assert [moment.time for moment in every] == sorted(moment.time for moment in every)


def test_a_moment_is_found_again() -> None:
    talk = asked().wait(2).again(0).wait(200).con("GET", by="server")
    every = told(talk.session(), GOOD["UE Service ID"])
    assert [every.find(every.key(index)) for index in range(len(every))] == [*range(len(every))]
    assert every.find(99 * len(Kind)) is None


def test_field_day() -> None:
    session = Session()
    session.open([CAPTURES / "field-day.pcapng"])
    session.read_all()
    silent = [moment.kind for moment in told(session, "meter-0013@iot.example")]
    assert silent.count(Kind.AGAIN) == 4
    assert silent.count(Kind.UNANSWERED) == 1
    moved = [moment.kind for moment in told(session, "meter-0068@iot.example")]
    assert [kind for kind in moved if kind is not Kind.FINDING] == [
        Kind.REGISTRATION,
        Kind.ADDRESS,
        Kind.REGISTRATION,
    ]
    twice = told(session, "meter-0018@iot.example")
    codes = [moment.code for moment in twice if moment.kind is Kind.REGISTRATION]
    assert codes == [65, 68]
