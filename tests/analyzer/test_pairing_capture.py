# SPDX-License-Identifier: GPL-2.0-only
"""captures/pairing.pcapng: every answer says itself which request it belongs to."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analyzer.messages import Role
from analyzer.report import exchange_entries
from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from dissectors.coap import numbers
from dissectors.coap.message import dissect

CAPTURE = Path(__file__).parents[2] / "captures" / "pairing.pcapng"
SECOND = 1_000_000_000


@cache
def session() -> Session:
    session = Session()
    session.open([CAPTURE])
    session.read_all()
    return session


@cache
def payloads() -> dict[int, str]:
    """What each response says, by frame."""
    rows = ((row, cells) for row, cells in enumerate(session().messages.rows()))
    return {
        cells["frame"]: dissect(session().coap(row)).payload.decode()
        for row, cells in rows
        if numbers.is_response(cells["code"])
    }


def stop(number: int) -> list[dict[str, Any]]:
    """Exchanges of a client."""
    client = f"127.0.4.{number}:"
    return [e for e in exchange_entries(session()) if e["client"].startswith(client)]


def keys(exchange: dict[str, Any]) -> tuple[str, int]:
    return exchange["token"], exchange["message_id"]


def test_every_response_belongs_to_the_request_that_it_names() -> None:
    answered = {
        frame: f"{e['uri']} at {e['server'].removesuffix(':5683')}"
        for e in exchange_entries(session())
        for frame in e["response_frames"]
    }
    assert len(answered) == 17
    assert answered == payloads()


def test_nobody_does_anything_wrong() -> None:
    severe = [f.rule.id for f in session().findings if f.severity > Severity.NOTE]
    assert severe == []
    strange = {Role.ORPHAN, Role.RETRANSMISSION, Role.DUPLICATE_ACK, Role.UNREADABLE}
    assert not strange & set(session().messages["role"].tolist())


@pytest.mark.parametrize("number", range(1, 8))
def test_each_stop_is_answered(number: int) -> None:
    assert {e["state"] for e in stop(number)} == {"answered"}


def test_a_separate_response_is_matched_by_its_token() -> None:
    (exchange,) = stop(1)
    assert exchange["request_frame"] < exchange["ack_frame"] < exchange["response_frames"][0]
    assert (exchange["matched_by"], exchange["confidence"]) == ("token", "token")
    assert exchange["response_time"] == pytest.approx(0.5, abs=0.2)


def test_a_non_response_is_matched_by_its_token() -> None:
    (exchange,) = stop(2)
    assert exchange["ack_frame"] is None
    assert exchange["matched_by"] == "token"
    assert len(exchange["response_frames"]) == 1


def test_notifications_belong_to_their_observation() -> None:
    (exchange,) = stop(3)
    assert len(exchange["response_frames"]) == 7
    assert exchange["reset_frame"] == exchange["response_frames"][-1] + 1


def test_an_empty_token_is_a_token() -> None:
    piggybacked, separate = stop(4)
    assert piggybacked["token"] == separate["token"] == ""
    assert piggybacked["matched_by"] == "mid+token"
    assert separate["matched_by"] == "token"


def test_a_token_used_again_asks_for_something_else() -> None:
    old, new = stop(5)
    assert old["token"] == new["token"]
    assert (old["uri"], new["uri"]) == ("/old", "/new")
    assert {old["confidence"], new["confidence"]} == {"exact"}


def test_two_servers_are_two_conversations() -> None:
    one, other = stop(6)
    assert keys(one) == keys(other)
    assert one["server"] != other["server"]
    assert {one["confidence"], other["confidence"]} == {"exact"}


def test_a_message_id_is_free_again_after_its_lifetime() -> None:
    first, second = stop(7)
    assert keys(first) == keys(second)
    times = session().messages["time"].tolist()
    frames = session().messages["frame"].tolist()
    begun = [times[frames.index(e["request_frame"])] for e in (first, second)]
    assert begun[1] - begun[0] > 247 * SECOND
    assert (first["uri"], second["uri"]) == ("/first", "/second")
    assert {first["confidence"], second["confidence"]} == {"exact"}
