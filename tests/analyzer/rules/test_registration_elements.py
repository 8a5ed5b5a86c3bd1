# SPDX-License-Identifier: GPL-2.0-only
"""TS 24.538 clause 6.3.1.1.1 d)1) to 5): the information elements of a registration."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .registrations import GOOD, Members, registered
from .test_registration_request import CLEARTEXT, CREDENTIAL, NO_TYPE, breaches

REQUEST = "MSG-24538-6.3.1.1.1"
UE, PORTS, PAIR = REQUEST + ".d2-UE-SERVICE-ID", REQUEST + ".d4-CLIENT-PORTS", REQUEST + ".d4-PAIR"
AVAILABILITY, SCHEDULED = REQUEST + ".d5-AVAILABILITY", REQUEST + ".d5i-SCHEDULED-TIME"
DURATION, INDICATOR = REQUEST + ".d5ii-DURATION", REQUEST + ".d5iii-INDICATOR"
INTERVAL, ELEMENT_TYPE = REQUEST + ".d5iv-INTERVAL", REQUEST + ".d-ELEMENT-TYPE"
UNKNOWN, SPELLING = REQUEST + ".d-UNKNOWN-ELEMENT", REQUEST + "-KEY-SPELLING"

AVAILABLE = "MSGin5G Client Communication Availability"
TIMES: Members = {"Scheduled communication time": "02:00", "Communication duration time": 600}
TRIGGER: Members = {"MSGin5G UE ID": "msisdn-49170", "MSGin5G Client Ports": [5683]}
ABSENT = object()


def with_(name: str, value: Any) -> Members:
    """The good body with one member changed or left out."""
    members = GOOD | {name: value}
    return {key: value for key, value in members.items() if value is not ABSENT}


def broken(members: Members, **settings: Any) -> dict[str, Severity]:
    """What the elements break, notes included."""
    found = breaches(registered(members), N, **settings)
    assert found.pop(CLEARTEXT) is N
    return found


# d)1) to d)3) -----------------------------------------------------------------------------------


def test_message_type_missing() -> None:
    assert broken(with_("Message Type", ABSENT)) == {NO_TYPE: E}


@pytest.mark.parametrize("value", [ABSENT, ""])
def test_ue_service_id_missing_or_empty(value: Any) -> None:
    assert broken(with_("UE Service ID", value)) == {UE: E}


@pytest.mark.parametrize("value", [None, 17, True, ["a"], {"a": 1}, 1e400])
def test_ue_service_id_that_is_no_text(value: Any) -> None:
    """One finding: what judges the element needs no word on its type as well."""
    body = b'{"Message Type": "REG", "UE Service ID": 1e400, "uecred": "x"}'
    found = broken(with_("UE Service ID", value)) if value != 1e400 else breaches(registered(body))
    assert found == {UE: E}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (ABSENT, {CREDENTIAL: E}),
        (None, {CREDENTIAL: E}),
        ("", {CREDENTIAL: E}),
        ({}, {CREDENTIAL: E}),
        ({"a-kid": "x"}, {CREDENTIAL: E}),
        ({"authentication type": ""}, {CREDENTIAL: E}),
        ({"authentication type": None}, {CREDENTIAL: E, ELEMENT_TYPE: W}),
        ({"Authentication Type": "AKMA", "anything": {"else": 1}}, {}),
        ({"authentication type": 1}, {}),
        ("AKMA", {}),
        (7, {ELEMENT_TYPE: W}),
        (["AKMA"], {ELEMENT_TYPE: W}),
    ],
)
def test_credential(value: Any, found: dict[str, Severity]) -> None:
    assert broken(with_("UE Credential Information", value)) == found


def test_release_18_asks_for_no_credential() -> None:
    members = with_("UE Credential Information", ABSENT)
    assert broken(members, profile="rel17") == {CREDENTIAL: E}
    assert broken(members, profile="rel18") == {}


# d)4) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ports", [1, 5683, 65535, [5683], [1, 65535], 5683.0])
def test_ports(ports: Any) -> None:
    assert broken(GOOD | TRIGGER | {"MSGin5G Client Ports": ports}) == {}


@pytest.mark.parametrize(
    "ports", [0, 65536, -1, "5683", [], [0], ["5683"], [5683, 70000], 1.5, None, True, {"udp": 1}]
)
def test_what_is_no_port(ports: Any) -> None:
    members = GOOD | TRIGGER | {"MSGin5G Client Ports": ports}
    assert broken(members) == {PORTS: E}
    assert broken(members, profile="rel17") == {PORTS: W}


@pytest.mark.parametrize("alone", TRIGGER)
def test_ue_id_and_ports_come_together(alone: str) -> None:
    assert broken(GOOD | {alone: TRIGGER[alone]}) == {PAIR: N}


@pytest.mark.parametrize(
    "members",
    [
        {"MSGin5G Client Profile": TRIGGER},
        {"MSGin5G Client Profile": {"MSGin5G Client Triggering Information": TRIGGER}},
        {"MSGin5G Client Triggering Information": TRIGGER},
        {"MSGin5G Client Profile": {"MSGin5G Client Ports": [5683]}, "MSGin5G UE ID": "x"},
        {"MSGin5G Client Profile": {AVAILABLE: TIMES}},
        {"MSGin5G Client Profile": {}},
    ],
)
def test_the_client_profile_is_looked_into_at_both_depths(members: Members) -> None:
    assert broken(GOOD | members) == {}


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: {"MSGin5G Client Profile": m}])
def test_a_breach_is_found_at_both_depths(wrap: Any) -> None:
    bad = TRIGGER | {"MSGin5G Client Ports": [0]}
    assert broken(GOOD | wrap(bad)) == {PORTS: E}
    assert broken(GOOD | wrap({AVAILABLE: {}})) == {SCHEDULED: E, DURATION: E}


# d)5) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["daily", 7, [], None, True])
def test_availability_that_is_no_object(value: Any) -> None:
    assert broken(GOOD | {AVAILABLE: value}) == {AVAILABILITY: E}


PERIODIC = "Periodic communication indicator"
EVERY = "Periodic communication interval"


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, {}),
        ({"Scheduled communication time": ABSENT}, {SCHEDULED: E}),
        ({"Scheduled communication time": ""}, {SCHEDULED: E}),
        ({"Scheduled communication time": None}, {SCHEDULED: E}),
        ({"Scheduled communication time": {"daysOfWeek": [1]}}, {}),
        ({"Communication duration time": ABSENT}, {DURATION: E}),
        ({"Communication duration time": 0}, {DURATION: E}),
        ({"Communication duration time": -5}, {DURATION: E}),
        ({"Communication duration time": None}, {DURATION: E}),
        ({"Communication duration time": "PT0S"}, {DURATION: E}),
        ({"Communication duration time": "-PT5M"}, {DURATION: E}),
        ({"Communication duration time": "soon"}, {DURATION: E}),
        ({"Communication duration time": "PT30M"}, {}),
        ({"Communication duration time": 0.5}, {}),
        ({EVERY: 3600}, {INDICATOR: N}),
        ({PERIODIC: True}, {INTERVAL: E}),
        ({PERIODIC: "PERIODICALLY"}, {INTERVAL: E}),
        ({PERIODIC: 1}, {INTERVAL: E}),
        ({PERIODIC: "periodic", EVERY: None}, {INTERVAL: E}),
        ({PERIODIC: "periodic", EVERY: 3600}, {}),
        ({PERIODIC: False}, {}),
        ({PERIODIC: "ON_DEMAND"}, {}),
        ({PERIODIC: "whenever"}, {}),
        ({PERIODIC: None}, {ELEMENT_TYPE: W}),
        ({"Data size indication": 100, "Store and forward option": True}, {}),
        ({"Store and forward option": None}, {ELEMENT_TYPE: W}),
    ],
)
def test_availability(changed: Members, found: dict[str, Severity]) -> None:
    inside = {k: v for k, v in (TIMES | changed).items() if v is not ABSENT}
    assert broken(GOOD | {AVAILABLE: inside}) == found


@pytest.mark.parametrize("rule", [SCHEDULED, DURATION, INTERVAL])
def test_the_rules_of_availability_are_notes_in_later_releases(rule: str) -> None:
    members = GOOD | {AVAILABLE: {PERIODIC: True}}
    assert broken(members)[rule] is E
    assert broken(members, profile="rel17")[rule] is N


# Types, spellings, strangers --------------------------------------------------------------------


@pytest.mark.parametrize("value", [False, None, ["a"]])
def test_an_element_of_a_type_that_cannot_carry_its_meaning(value: Any) -> None:
    members = GOOD | TRIGGER | {"MSGin5G UE ID": value}
    assert broken(members) == {ELEMENT_TYPE: W}


@pytest.mark.parametrize(
    ("alias", "element"),
    [
        ("msgType", "Message Type"),
        ("ueSvcId", "UE Service ID"),
        ("secCred", "UE Credential Information"),
        ("ue-cred", "UE Credential Information"),
        ("ueServiceId", "UE Service ID"),
        ("ue_service_id", "UE Service ID"),
    ],
)
def test_a_member_under_another_name_counts_and_is_told(alias: str, element: str) -> None:
    members = {alias if name == element else name: value for name, value in GOOD.items()}
    assert broken(members) == {SPELLING: N}


def test_upper_and_lower_case_are_no_other_name() -> None:
    assert broken({name.lower(): value for name, value in GOOD.items()}) == {}


def test_strangers_and_spellings_are_told_once_per_capture() -> None:
    members = {"msgType" if n == "Message Type" else n: v for n, v in GOOD.items()} | {"vendor": 1}
    talk = registered(members)
    for _ in range(3):
        talk.frames += registered(members).frames
    session = talk.session()
    rules = [f.rule.id for f in session.findings if f.rule.id in (UNKNOWN, SPELLING)]
    assert sorted(rules) == sorted([UNKNOWN, SPELLING])


def test_an_element_of_another_place_is_a_stranger() -> None:
    assert broken(GOOD | {"Scheduled communication time": "02:00"}) == {UNKNOWN: N}


def test_elements_of_later_releases_are_known() -> None:
    later = {"Registration urgent degree": "high", "Wait time": 7, "segment size": 2048}
    assert UNKNOWN not in broken(GOOD | later)


def test_a_body_full_of_strangers_makes_a_bounded_number_of_findings() -> None:
    members = GOOD | {f"member {n}": n for n in range(3000)}
    session = registered(members).session()
    assert len(session.findings) < 3100


def test_the_finding_points_at_the_member() -> None:
    talk = registered(GOOD | TRIGGER | {"MSGin5G Client Ports": [0]})
    (finding,) = talk.findings(PORTS)
    assert finding.span is not None
    shown = talk.frames[0].data[slice(*finding.span)]
    assert shown == b'"MSGin5G Client Ports": [0]'
    assert finding.seen == shown.decode()
