# SPDX-License-Identifier: GPL-2.0-only
"""Registrations of one UE over time: created again, moved, taken over."""

from __future__ import annotations

import pytest

from analyzer.rules.catalogue import N, W

from .conversation import Conversation
from .registrations import GOOD, REGISTERED, answered, asked
from .test_registration_request import CLEARTEXT, breaches

AGAIN = "MSG-24538-6.3.1.2.1.d-CREATED-AGAIN"
MOVED, COLLISION = "MSG-24538-ADDRESS-CHANGED", "MSG-24538-UE-COLLISION"
HERE, THERE = "192.0.2.1:40000", "192.0.2.77:40001"


def registers(talk: Conversation, source: str = HERE, code: str = "2.04", ue: str = "") -> None:
    """A UE registers and is answered."""
    named = {"UE Service ID": ue} if ue else {}
    asked(GOOD | named, talk.wait(60), source=source)
    answered(talk, REGISTERED | named, code)


def story(*steps: dict[str, str]) -> Conversation:
    talk = Conversation()
    for step in steps:
        registers(talk, **step)
    return talk


def test_created_although_registered() -> None:
    assert breaches(story({"code": "2.01"}, {"code": "2.04"}), N) == {CLEARTEXT: N}
    assert breaches(story({"code": "2.01"}, {"code": "2.01"}), N) == {CLEARTEXT: N, AGAIN: N}
    other = story({"code": "2.01"}, {"code": "2.01", "ue": "meter-2@example"})
    assert AGAIN not in breaches(other, N)


@pytest.mark.parametrize(
    ("result", "code", "stands"),
    [("failure", "2.01", False), ("success", "4.01", False), ("success", "2.04", True)],
)
def test_only_a_success_makes_a_registration_stand(result: str, code: str, stands: bool) -> None:
    talk = answered(asked(), REGISTERED | {"Registration result": result}, code)
    registers(talk, code="2.01")
    assert (AGAIN in breaches(talk, N)) is stands


def test_after_a_deregistration_a_new_one_is_created() -> None:
    talk = story({"code": "2.01"})
    asked(GOOD | {"Message Type": "DEREG"}, talk).ack("2.02")
    registers(talk, code="2.01")
    assert AGAIN not in breaches(talk, N)


def test_a_ue_goes_on_from_another_address() -> None:
    talk = story({}, {"source": THERE})
    assert breaches(talk, N) == {CLEARTEXT: N, MOVED: N}
    (finding,) = talk.findings(MOVED)
    assert (finding.seen, finding.expected) == (THERE, HERE)
    assert "60" in finding.text, "with the gap"
    assert finding.ue == "meter-1@example"


@pytest.mark.parametrize("kind", ["MSG", "IMDN"])
def test_any_message_of_the_ue_shows_that_it_moved(kind: str) -> None:
    talk = story({})
    asked({"Message Type": kind, "UE Service ID": "meter-1@example"}, talk, source=THERE)
    assert MOVED in breaches(talk.ack("2.04"), N)


def test_a_server_that_forwards_for_a_ue_is_not_the_ue() -> None:
    talk = story({})
    message = {"Message Type": "MSG", "Originating UE Service ID": "meter-1@example"}
    asked(message, talk, source="192.0.2.2:5683", destination="192.0.2.5:5683").ack("2.04")
    assert MOVED not in breaches(talk, N)


def test_one_identity_from_two_endpoints_in_turn() -> None:
    talk = story({}, {"source": THERE}, {})
    assert breaches(talk)[COLLISION] is W
    assert set(breaches(talk)) == {COLLISION}


def test_a_collision_is_one_finding_however_often_it_happens() -> None:
    talk = story(*[{"source": source} for source in (HERE, THERE) * 4])
    (finding,) = talk.findings(COLLISION)
    assert finding.count == 6


@pytest.mark.parametrize("sources", [(HERE, HERE, HERE), (HERE, THERE, THERE)])
def test_moving_once_is_no_collision(sources: tuple[str, ...]) -> None:
    assert breaches(story(*[{"source": source} for source in sources])) == {}


def test_two_identities_do_not_collide() -> None:
    talk = story({}, {"source": THERE, "ue": "meter-2@example"}, {})
    assert breaches(talk) == {}
