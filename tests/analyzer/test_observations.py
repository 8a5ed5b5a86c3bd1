# SPDX-License-Identifier: GPL-2.0-only
"""Observations as rows: their notifications, and how they end (RFC 7641)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.conversation import SECOND, Conversation

from analyzer.messages import Role
from analyzer.observations import Ending, Observation, Order, newer, observation, observations

ASK: dict[str, Any] = {"token": b"obs", "path": "/temperature"}


def observed(talk: Conversation) -> list[Observation]:
    return list(observations(talk.session()))


def the(talk: Conversation) -> Observation:
    (only,) = observed(talk)
    return only


def registered(**fields: Any) -> Conversation:
    return Conversation().con("GET", observe=0, **ASK | fields).ack("2.05", observe=10)


def notified(talk: Conversation, *sequence: int, wait: float = 1, **fields: Any) -> Conversation:
    for number in sequence:
        talk.wait(wait).non("2.05", token=b"obs", observe=number, **fields)
    return talk


# Rows -----------------------------------------------------------------------------------------


def test_notifications_stand_below_their_registration() -> None:
    row = the(notified(registered(), 11, 12))
    assert (row.exchange, row.refreshes, row.deregistration) == (1, (), 0)
    assert [n.frame for n in row.notifications] == [2, 3, 4]
    assert [n.order for n in row.notifications] == [Order.FIRST, Order.NEWER, Order.NEWER]
    assert row.gaps == [1_010_000_000, 1_010_000_000]
    assert (row.ending, row.ended_in) == (Ending.NOT_SEEN, 0)


def test_a_registration_may_be_answered_late() -> None:
    talk = Conversation().con("GET", observe=0, **ASK).ack().con("2.05", token=b"obs", observe=1)
    row = the(notified(talk.ack(), 2))
    assert [n.frame for n in row.notifications] == [3, 5]


def test_a_refresh_belongs_to_the_observation() -> None:
    talk = notified(registered(), 11).con("GET", observe=0, **ASK).ack("2.05", observe=12)
    row = the(notified(talk, 13))
    assert (row.exchange, row.refreshes) == (1, (2,))
    assert [n.sequence for n in row.notifications] == [10, 11, 12, 13]


def test_other_tokens_and_resources_are_observations_of_their_own() -> None:
    talk = registered().con("GET", observe=0, token=b"two", path="/b").ack("2.05", observe=1)
    assert [row.exchange for row in observed(talk)] == [1, 2]


def test_a_retransmitted_notification_is_one() -> None:
    talk = registered().con("2.05", token=b"obs", observe=11).wait(2.5).again().ack()
    assert [n.frame for n in the(talk).notifications] == [2, 3]


# Order ----------------------------------------------------------------------------------------


def test_a_notification_that_was_overtaken() -> None:
    row = the(notified(registered(), 12, 11, 13))
    assert [n.order for n in row.notifications] == ["first", "newer", "older", "newer"]


def test_a_number_used_twice() -> None:
    assert the(notified(registered(), 10)).notifications[1].order is Order.SAME


def test_after_128_s_every_number_is_newer() -> None:
    assert the(notified(registered(), 3, wait=129)).notifications[1].order is Order.NEWER


@given(st.integers(0, (1 << 24) - 1), st.integers(1, (1 << 23) - 1))
def test_numbers_wrap_at_24_bits(before: int, step: int) -> None:
    now = (before + step) % (1 << 24)
    assert newer(before, now, SECOND)
    assert not newer(now, before, SECOND)


# Freshness ------------------------------------------------------------------------------------


def test_a_notification_is_in_time_while_the_one_before_is_fresh() -> None:
    talk = notified(registered(), 11, wait=59)
    row = the(notified(notified(talk, 12, wait=61), 13, wait=1))
    assert [n.in_time for n in row.notifications] == [None, True, False, True]


def test_freshness_lasts_for_the_max_age_of_the_one_before() -> None:
    talk = notified(registered(), 11, max_age=120)
    row = the(notified(notified(talk, 12, wait=100, max_age=0), 13, wait=1))
    assert [n.max_age for n in row.notifications] == [60, 120, 0, 60]
    assert [n.in_time for n in row.notifications] == [None, True, True, None]


def test_what_was_overtaken_refreshes_nothing() -> None:
    row = the(notified(notified(registered(), 12), 11, 13, wait=40))
    assert [n.in_time for n in row.notifications] == [None, True, None, False]


# One observation ------------------------------------------------------------------------------


def test_one_observation_is_told_as_all_are() -> None:
    talk = notified(registered(), 11, 10).con("GET", observe=0, **ASK).ack("2.05", observe=12)
    session = notified(talk, 13).con("GET", observe=1, **ASK).ack("2.05").session()
    (whole,) = observations(session)
    assert observation(session, 1, (2, 3)) == whole
    for most in range(6):
        part = observation(session, 1, (2, 3), most=most)
        assert part.notifications == whole.notifications[:most]
        assert part.unread == max(0, 5 - most)
        assert observation(session, 1, (2, 3), part) == whole


# The end --------------------------------------------------------------------------------------


def test_reset_by_the_client() -> None:
    row = the(notified(registered(), 11).rst())
    assert (row.ending, row.ended_in) == (Ending.RESET, 4)


def test_deregistered() -> None:
    talk = notified(registered(), 11).con("GET", observe=1, **ASK).ack("2.05")
    row = the(talk)
    assert (row.ending, row.ended_in, row.deregistration) == (Ending.DEREGISTERED, 5, 2)


def test_an_error_of_the_server() -> None:
    row = the(notified(registered(), 11).non("4.04", token=b"obs"))
    assert (row.ending, row.ended_in) == (Ending.ERROR, 4)
    assert row.notifications[-1].order is Order.UNNUMBERED


def test_a_notification_nobody_acknowledges() -> None:
    talk = registered().con("2.05", token=b"obs", observe=11).wait(100)
    row = the(talk.con("GET", path="/other", token=b"o").ack("2.05"))
    assert (row.ending, row.ended_in) == (Ending.UNACKNOWLEDGED, 3)


def test_a_registration_that_was_not_accepted() -> None:
    row = the(Conversation().con("GET", observe=0, **ASK).ack("2.05"))
    assert (row.ending, row.ended_in) == (Ending.REFUSED, 2)


def test_a_token_taken_for_another_resource() -> None:
    talk = registered().con("GET", observe=0, token=b"obs", path="/b").ack("2.05", observe=1)
    first, second = observed(talk)
    assert (first.ending, first.ended_in) == (Ending.TAKEN, 3)
    assert second.ending is Ending.NOT_SEEN


def test_a_deregistration_of_nothing_seen_is_no_observation() -> None:
    assert observed(Conversation().con("GET", observe=1, **ASK).ack("2.05")) == []


# What goes on after the end ---------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["reset", "deregistered", "unacknowledged"])
def test_notifications_after_the_end_still_belong_to_it(ends: str) -> None:
    talk = registered()
    if ends == "reset":
        notified(talk, 11).rst()
    elif ends == "deregistered":
        talk.con("GET", observe=1, **ASK).ack("2.05")
    else:
        talk.con("2.05", token=b"obs", observe=11).wait(100)
    for number in range(4):
        notified(talk, 20 + number, wait=200)
    session = talk.session()
    assert Role.ORPHAN not in session.messages.octets("role")
    (row,) = observations(session)
    assert row.ending is not Ending.NOT_SEEN
    assert row.notifications[-1].sequence == 23


@pytest.mark.parametrize("many", [10, 3000])
def test_large_captures_give_the_same_rows(many: int) -> None:
    talk = notified(registered(), 11)
    for number in range(many):
        talk.con("GET", token=number.to_bytes(2, "big"), path="/x").ack("2.05")
    row = the(talk.con("GET", observe=1, **ASK).ack("2.05"))
    assert (row.ending, len(row.notifications)) == (Ending.DEREGISTERED, 2)
