# SPDX-License-Identifier: GPL-2.0-only
"""How UEs stand, by what was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from generated import HAPPENINGS, Happening, frames
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import MILLISECOND, SECOND, START, Conversation
from rules.registrations import GOOD, REGISTERED, UE, answered, asked, body, registered

from analyzer.round_trips import round_trips
from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from analyzer.ue_registrations import Registration
from analyzer.ue_standings import Order, Standing, Standings
from analyzer.ue_stories import Kind, story
from analyzer.ue_table import ue_rows

CAPTURES = Path(__file__).parents[2] / "captures"
FAILURE = REGISTERED | {"Registration result": "failure"}
DEREG = GOOD | {"Message Type": "DEREG"}


def standings(session: Session, order: Order = Order.WORST) -> Standings:
    found = Standings(session)
    found.order = order
    found.take_in()
    return found


def standing(talk: Conversation, **chosen: Any) -> Standing:
    (found,) = standings(talk.session(**chosen))
    assert found.ue == UE
    return found


@pytest.fixture(scope="module")
def field_day() -> dict[str, Standing]:
    session = Session()
    session.open([CAPTURES / "field-day.pcapng"])
    session.read_all()
    return {found.ue.removesuffix("@iot.example"): found for found in standings(session)}


def again(talk: Conversation, members: Any, token: bytes) -> Conversation:
    return asked(members, talk.wait(1), token=token)


# Registration -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code", "stands"),
    [
        (REGISTERED, "2.01", Registration.REGISTERED),
        ({"UE Service ID": UE}, "2.04", Registration.REGISTERED),
        (FAILURE, "2.04", Registration.REFUSED),
        (REGISTERED, "4.01", Registration.REFUSED),
        (b"", "5.00", Registration.REFUSED),
    ],
)
def test_the_answer_tells_where_a_ue_stands(answer: Any, code: str, stands: Registration) -> None:
    found = standing(answered(asked(), answer, code))
    assert found.registration is stands
    assert found.since == START + 10 * MILLISECOND
    granted = int(stands is Registration.REGISTERED)
    assert (found.registrations, found.registered) == (1, granted)


def test_a_ue_that_the_answer_alone_names_may_be_refused() -> None:
    assert standing(answered(asked(b"{"), FAILURE, "2.04")).registration is Registration.REFUSED


def test_reset_silence_and_waiting() -> None:
    assert standing(asked().rst()).registration is Registration.RESET
    silent = standing(asked().wait(200).con("GET", by="server"))
    assert (silent.registration, silent.since) == (Registration.UNANSWERED, START)
    waits = standing(asked())
    assert (waits.registration, waits.since) == (Registration.WAITING, START)
    assert waits.registration.failed is False


def test_since_is_when_it_came_to_stand_so() -> None:
    talk = again(registered(), GOOD, b"b")
    talk = again(answered(talk, code="2.04"), GOOD, b"c")
    found = standing(talk)
    assert found.registration is Registration.REGISTERED, "one that waits changes nothing"
    assert found.since == START + 10 * MILLISECOND
    assert (found.registrations, found.registered) == (3, 2)
    refused = standing(answered(talk, b"", "4.03"))
    assert refused.registration is Registration.REFUSED
    assert refused.since == START + 2 * SECOND + 50 * MILLISECOND


def test_refused_after_it_was_registered() -> None:
    talk = answered(again(registered(), GOOD, b"b"), FAILURE, "2.04")
    assert standing(talk).registration is Registration.REFUSED
    talk = answered(again(talk, GOOD, b"c"), code="2.04")
    found = standing(talk)
    assert (found.registration, found.registrations) == (Registration.REGISTERED, 3)
    assert found.registered == 2


def test_de_registration() -> None:
    talk = again(registered(), DEREG, b"b").ack("4.00")
    assert standing(talk).registration is Registration.REGISTERED, "it was not granted"
    talk = again(talk, DEREG, b"c").ack("2.02")
    found = standing(talk)
    assert found.registration is Registration.DEREGISTERED
    assert found.since == talk.frames[-1].time
    assert (found.registrations, found.registered) == (1, 1)
    back = standing(answered(again(talk, GOOD, b"d")))
    assert back.registration is Registration.REGISTERED
    assert back.since == talk.frames[-1].time


def test_a_ue_whose_registration_was_not_seen() -> None:
    found = standing(asked(GOOD | {"Message Type": "MSG"}).ack("2.04"))
    assert (found.registration, found.since) == (Registration.NEVER, None)
    assert (found.exchanges, found.answered, found.registrations) == (1, 1, 0)


# Addresses ----------------------------------------------------------------------------------------


def test_addresses_are_those_it_asks_from() -> None:
    talk = registered(source="192.0.2.1:40000")
    talk = answered(again(talk, GOOD, b"b"))
    talk = answered(asked(GOOD, talk.wait(1), token=b"c", source="192.0.2.1:40001"), code="2.04")
    message = GOOD | {"Message Type": "MSG"}
    server, other = "192.0.2.2:5683", "192.0.2.9:40000"
    asked(message, talk, token=b"d", source=server, destination=other).ack("2.04")
    found = standing(talk)
    assert (found.addresses, str(found.address)) == (2, "192.0.2.1:40001")
    assert found.last_seen == talk.frames[-4].time, "what the server passes on is not the UE"
    assert found.exchanges == 4


# Captures -----------------------------------------------------------------------------------------


def test_field_day(field_day: dict[str, Standing]) -> None:
    assert len(field_day) == 58
    silent = field_day["meter-0013"]
    assert silent.registration is Registration.UNANSWERED
    assert (silent.answered, silent.exchanges, silent.median) == (0, 1, None)
    assert silent.findings[Severity.WARNING] == 2
    assert field_day["meter-0019"].registration is Registration.REFUSED
    assert field_day["meter-0049"].registration is Registration.RESET
    twice = field_day["meter-0018"]
    assert (twice.registrations, twice.registered, twice.addresses) == (2, 2, 1)
    moved = field_day["meter-0068"]
    assert (moved.addresses, moved.registered) == (2, 2)
    assert str(moved.address).startswith("127.0.1.68:")
    refused = [ue for ue, found in field_day.items() if found.registration is Registration.REFUSED]
    assert sorted(refused) == [
        f"meter-{number:04}" for number in (19, *range(25, 30), *range(32, 37), 59, 60)
    ]


def test_worst_first(field_day: dict[str, Standing]) -> None:
    rows = list(field_day.values())
    failed = [row.registration.failed for row in rows]
    assert failed == sorted(failed, reverse=True)
    fine = [tuple(row.findings.values()) for row in rows if not row.registration.failed]
    assert fine == sorted(fine, reverse=True)


def test_other_orders() -> None:
    talk = Conversation()
    for number, (wait, source) in enumerate(((0.1, "b"), (0.5, "c"), (0.2, "a"))):
        asked(GOOD | {"UE Service ID": source}, talk, token=bytes([number])).wait(wait)
        answered(talk)
    session = talk.session()

    def names(order: Order) -> str:
        return "".join(row.ue for row in standings(session, order))

    assert names(Order.NAME) == "abc"
    assert names(Order.SEEN) == "acb"
    assert names(Order.SLOWEST) == "cab"


def test_a_capture_without_a_ue() -> None:
    talk = Conversation().con("GET", path="/a").ack("2.05", payload=b"1")
    assert len(standings(talk.session())) == 0
    assert len(standings(Conversation().session())) == 0


def test_a_ue_that_only_an_answer_without_its_request_names() -> None:
    talk = Conversation().non("2.04", token=b"zz", payload=body({"UE Service ID": "meter-7"}))
    asked(GOOD, talk)
    found = {row.ue: row for row in standings(talk.session())}
    assert found.keys() == {UE, "meter-7"}
    assert (found["meter-7"].exchanges, found["meter-7"].last_seen) == (0, None)


def test_a_ue_that_findings_alone_name() -> None:
    session = registered(content_format=0).session()
    for finding in session.findings:
        finding.ue = "meter-9"
    rows = standings(session)
    ids = {row.ue: row.id for row in rows}
    assert ids["meter-9"] == -1, "that of the first finding"
    assert rows.of_finding(len(session.findings) - 1) == -1
    assert rows.findings_of(-1) == [*range(len(session.findings))]
    kinds = [moment.kind for moment in story(session, -1, rows.findings_of(-1))]
    assert kinds == [Kind.FINDING] * len(session.findings)


# One truth ----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(HAPPENINGS, max_size=12))
def test_counts_and_times_are_those_of_a_report(drawn: list[Happening]) -> None:
    talk = Conversation()
    for frame in frames(drawn):
        talk.add(frame)
    session = talk.session()
    rows = {row.ue: row for row in ue_rows(session, session.findings) if row.ue}
    times = round_trips(session).by_ue
    found = standings(session)
    assert {row.ue for row in found} >= rows.keys()
    for row in found:
        if row.ue in rows:
            other = rows[row.ue]
            assert row[6:9] == (other.exchanges, other.answered, other.registrations)
            labelled = {severity.label: count for severity, count in row.findings.items()}
            assert labelled == {label: other.findings[label] for label in labelled}
        if row.ue in times:
            assert (row.median, row.p95) == pytest.approx((times[row.ue].median, times[row.ue].p95))
        assert found.find(row.id) is not None
