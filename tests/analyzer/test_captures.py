# SPDX-License-Identifier: GPL-2.0-only
"""The shipped captures: what `expected.toml` promises of each UE, and how their exchanges end."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analyzer.findings import Finding
from analyzer.messages import Role
from analyzer.report import exchange_entries
from analyzer.rules.catalogue import Severity, load
from analyzer.session import Session

CAPTURES = Path(__file__).parents[2] / "captures"
EXPECTED = tomllib.loads((CAPTURES / "expected.toml").read_text("utf-8"))
SECTIONS = ("registration", "field-day")
UES = [(section, ue) for section in SECTIONS for ue in EXPECTED[section]["ue"]]


@cache
def session_of(name: str) -> Session:
    session = Session()
    session.open([CAPTURES / f"{name}.pcapng"])
    session.read_all()
    return session


@cache
def addresses(name: str) -> dict[int, set[str]]:
    """The two addresses of each frame."""
    session = session_of(name)
    return {
        cells["frame"]: {
            str(session.endpoints[cells[end]].address) for end in ("source", "destination")
        }
        for cells in session.messages.rows()
    }


def about(name: str, ue: dict[str, Any]) -> list[Finding]:
    """Findings with a packet that a UE sent or received."""
    own, ends = set(ue["addresses"]), addresses(name)
    return [f for f in session_of(name).findings if any(ends[n] & own for n in f.frames)]


def known(rules: list[str]) -> set[str]:
    """Those of these rules that the catalogue has."""
    return set(rules) & load().keys()


@pytest.mark.parametrize(("section", "ue"), UES, ids=[f"{s}-{u['addresses'][0]}" for s, u in UES])
def test_a_ue_breaks_the_rules_it_was_made_to_break(section: str, ue: dict[str, Any]) -> None:
    findings = about(section, ue)
    severe = {f.rule.id for f in findings if f.severity > Severity.NOTE}
    notes = {f.rule.id for f in findings if f.severity == Severity.NOTE}
    must = known(ue["must"])
    assert severe - set(ue.get("may", [])) - must == set()
    assert must - severe == set()
    assert known(ue.get("notes", [])) - notes == set()


def test_every_finding_of_an_exchange_names_its_ue() -> None:
    session = session_of("field-day")
    for ue in EXPECTED["field-day"]["ue"]:
        if "service-id" in ue:
            named = {session.ue_of(f) for f in about("field-day", ue) if f.exchange}
            assert named <= {ue["service-id"]}, ue["what"]


def test_nothing_severe_belongs_to_no_ue() -> None:
    told = {f.id for ue in EXPECTED["field-day"]["ue"] for f in about("field-day", ue)}
    findings = session_of("field-day").findings
    assert not [f for f in findings if f.severity > Severity.NOTE and f.id not in told]


def test_the_tour_of_coap_is_clean_of_errors() -> None:
    assert session_of("coap-tour").findings.summary()["error"] == 0


@pytest.mark.parametrize("name", [*SECTIONS, "coap-tour", "pairing"])
def test_every_response_finds_its_request(name: str) -> None:
    assert Role.ORPHAN not in session_of(name).messages["role"].tolist()


# Exchanges of field-day ------------------------------------------------------------------------


def exchanges_of(address: str, name: str = "field-day") -> list[dict[str, Any]]:
    entries = exchange_entries(session_of(name))
    return [entry for entry in entries if entry["client"].startswith(f"{address}:")]


def test_a_ue_that_nobody_answers_transmits_five_times() -> None:
    (exchange,) = exchanges_of("127.0.1.13")
    assert exchange["state"] == "unanswered"
    assert len(exchange["retransmission_frames"]) == 4
    assert exchange["response_frames"] == []
    assert exchange["response_time"] is None


@pytest.mark.parametrize(("address", "copies"), [("127.0.1.15", 3), ("127.0.1.16", 1)])
def test_answers_lost_before_the_tap_are_paired_after_retransmissions(
    address: str, copies: int
) -> None:
    registration = exchanges_of(address)[0]
    assert registration["state"] == "answered"
    assert len(registration["retransmission_frames"]) == copies
    assert (registration["matched_by"], registration["confidence"]) == ("mid+token", "exact")
    assert registration["response_frames"][0] > max(registration["retransmission_frames"])
    assert registration["response_time"] > 2 * (2**copies - 1)


def test_an_answer_lost_behind_the_tap_comes_twice() -> None:
    registration = exchanges_of("127.0.1.17")[0]
    assert len(registration["response_frames"]) == 1
    assert len(registration["retransmission_frames"]) == 1
    assert len(registration["duplicate_ack_frames"]) == 1


def test_a_reset_ends_an_exchange() -> None:
    registration = exchanges_of("127.0.1.49")[0]
    assert registration["state"] == "reset"
    assert registration["reset_frame"] == registration["request_frame"] + 1


def test_a_separate_response_is_paired_by_its_token() -> None:
    registration = exchanges_of("127.0.1.50")[0]
    assert registration["state"] == "answered"
    assert registration["ack_frame"] not in (None, *registration["response_frames"])
    assert (registration["matched_by"], registration["confidence"]) == ("token", "token")


@pytest.mark.parametrize(
    ("address", "matched_by"),
    [("127.0.1.51", "token, other mid"), ("127.0.1.52", "mid, other token")],
)
def test_what_does_not_match_says_which_key_differs(address: str, matched_by: str) -> None:
    assert exchanges_of(address)[0]["matched_by"] == matched_by


def test_all_other_registrations_are_answered() -> None:
    states = {
        entry["client"]: entry["state"]
        for entry in exchange_entries(session_of("field-day"))
        if entry["uri"] == "/msgin5g/registration"
    }
    others = {client for client, state in states.items() if state != "answered"}
    assert {client.split(":")[0] for client in others} == {"127.0.1.13", "127.0.1.49"}


# Exchanges of the tour -------------------------------------------------------------------------


def test_notifications_belong_to_the_request_that_asked_for_them() -> None:
    observation = exchanges_of("127.0.2.11", "coap-tour")[0]
    assert len(observation["response_frames"]) > 3


def test_pings_are_exchanges_too() -> None:
    pings = [e for e in exchanges_of("127.0.2.14", "coap-tour") if e["method"] == "ping"]
    assert pings
    assert all(ping["reset_frame"] for ping in pings)
