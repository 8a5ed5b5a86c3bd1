# SPDX-License-Identifier: GPL-2.0-only
"""What a spec profile changes about the findings: severities, constraints, names, and what is
ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer import report
from analyzer.checking import Check
from analyzer.profiles.spec import Ignore, SpecProfile
from analyzer.profiles.spec_reading import SHIPPED, ignored, read, shipped
from analyzer.rules import catalogue
from analyzer.rules.catalogue import E, N, Severity, W
from analyzer.rules.severities import weights
from dissectors.msgin5g.constraints import PROFILE_RULE

from .conversation import Conversation
from .registrations import GOOD, REGISTERED, Members, answered, asked, registered
from .test_registration_elements import (
    AVAILABLE,
    ELEMENT_TYPE,
    INTERVAL,
    PAIR,
    SPELLING,
    TIMES,
    TRIGGER,
    UE,
    UNKNOWN,
)
from .test_registration_request import CLEARTEXT, CREDENTIAL, NO_TYPE, PAYLOAD, breaches

RULES = catalogue.load()

# The table of the specification: severity in seed, rel17, rel18.
TABLE = """
MSG-24538-6.3.1.1.1-METHOD E E E
MSG-24538-6.3.1.1.1.a-NOT-CONFIRMABLE E W W
MSG-24538-6.3.1.1.1.b-NO-SERVER-ADDRESS W N N
MSG-24538-6.3.1.1.1.c-CONTENT-FORMAT E E E
MSG-24538-6.3.1.1.1.d-PAYLOAD E E E
MSG-24538-6.3.1.1.1.d1-NO-MESSAGE-TYPE E E E
MSG-24538-6.3.1.1.1.d2-UE-SERVICE-ID E E E
MSG-24538-6.3.1.1.1.d3-CREDENTIAL E E -
MSG-24538-6.3.1.1.1.d4-CLIENT-PORTS E W W
MSG-24538-6.3.1.1.1.d4-PAIR N N N
MSG-24538-6.3.1.1.1.d5-AVAILABILITY E W W
MSG-24538-6.3.1.1.1.d5i-SCHEDULED-TIME E N N
MSG-24538-6.3.1.1.1.d5ii-DURATION E N N
MSG-24538-6.3.1.1.1.d5iii-INDICATOR N N N
MSG-24538-6.3.1.1.1.d5iv-INTERVAL E N N
MSG-24538-6.3.1.1.1.d-ELEMENT-TYPE W W W
MSG-24538-6.3.1.1.1.d-UNKNOWN-ELEMENT N N N
MSG-24538-6.3.1.1.1-KEY-SPELLING N N N
MSG-24538-6.3.1.2.1-UNANSWERED W W W
MSG-24538-6.3.1.2.1-RESET W W W
MSG-24538-6.3.1.2.1.a-NOT-PIGGYBACKED E W W
MSG-24538-6.3.1.2.1.a-MESSAGE-ID E E E
MSG-24538-6.3.1.2.1.a-TOKEN E E E
MSG-24538-6.3.1.2.1.b-CLIENT-ADDRESS N N N
MSG-24538-6.3.1.2.1.c-PAYLOAD E E E
MSG-24538-6.3.1.2.1.c-CONTENT-FORMAT N N N
MSG-24538-6.3.1.2.1.c1-UE-SERVICE-ID E E E
MSG-24538-6.3.1.2.1.c2-RESULT E E E
MSG-24538-6.3.1.2.1.c2-CONTRADICTION W W W
MSG-24538-6.3.1.2.1.d-CODE E W W
MSG-24538-6.3.1.2.1.d-CREATED-AGAIN N N N
MSG-33501-Y-CLEARTEXT N N N
MSG-24538-DOUBLE-REGISTRATION W W W
MSG-24538-ADDRESS-CHANGED N N N
MSG-24538-UE-COLLISION W W W
"""
LETTERS: dict[str, Severity | None] = {"E": E, "W": W, "N": N, "-": None}

SEGMENT = "MSGin5G Client Supported Maximum MSGin5G segment size"
INDICATOR, NOT_PERIODIC = "Periodic communication indicator", "ON_DEMAND"
RETRANSMISSION = "COAP-7252-4.2-RETRANSMISSION"


def ours(text: str, folder: Path) -> SpecProfile:
    """A profile as a user writes it."""
    path = folder / "ours.toml"
    path.write_text(text)
    return read(str(path), catalogue.load)


def broken(members: Members, profile: SpecProfile) -> dict[str, Severity]:
    """What a registration with these members breaks."""
    found = breaches(registered(members), N, profile=profile)
    assert found.pop(CLEARTEXT) is N
    return found


# Severities -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("column", "name"), enumerate(SHIPPED, 1))
def test_a_profile_has_the_severities_of_the_table(column: int, name: str) -> None:
    rows = [line.split() for line in TABLE.split("\n") if line]
    expected = {row[0]: LETTERS[row[column]] for row in rows}
    found = {id: w.severity for id, w in weights(RULES.values(), shipped(name)).items()}
    of_spec = {id: severity for id, severity in found.items() if id.startswith("MSG-")}
    assert of_spec == expected | {PROFILE_RULE: E}


def test_an_override_is_the_severity_of_every_case(tmp_path: Path) -> None:
    """A member twice is a warning of a rule whose other cases are errors."""
    body = b'{"Message Type": "REG", "UE Service ID": "a", "uecred": "x", "x": 1, "x": 2}'
    assert breaches(registered(body))[PAYLOAD] is W
    for label, severity in (("error", E), ("note", N)):
        profile = ours(f'[severities]\n"{PAYLOAD}" = "{label}"', tmp_path)
        assert breaches(registered(body), N, profile=profile)[PAYLOAD] is severity
    profile = ours(f'[severities]\n"{PAYLOAD[:-3]}*" = "off"', tmp_path)
    assert PAYLOAD not in breaches(registered(body), N, profile=profile)


def test_an_override_stands_above_a_strict_transmission_profile(tmp_path: Path) -> None:
    early = "COAP-7252-4.2-RETR-EARLY"
    assert RULES[early].strict is E
    profile = ours(f'[severities]\n"{early}" = "note"', tmp_path)
    assert weights([RULES[early]], profile, strict=True)[early].severity is N
    assert weights([RULES[early]], shipped("rel18"), strict=True)[early].severity is E


# Constraints ------------------------------------------------------------------------------------


def test_an_element_that_the_profile_requires(tmp_path: Path) -> None:
    profile = ours('[registration_request]\nsegment_size.presence = "required"', tmp_path)
    assert broken(GOOD, profile) == {PROFILE_RULE: E}
    assert broken(GOOD | {SEGMENT: 2048}, profile) == {}
    assert broken(GOOD | {"MSGin5G Client Profile": {SEGMENT: 2048}}, profile) == {}


def test_all_that_is_missing_is_told_in_one_finding(tmp_path: Path) -> None:
    asked_for = ("segment_size", "wait_time", "msgin5g_ue_id", "msgin5g_client_ports")
    required = (f'{element}.presence = "required"' for element in asked_for)
    profile = ours("[registration_request]\n" + "\n".join(required), tmp_path)
    talk = registered(GOOD)
    (own,), (pair,) = (talk.findings(r, profile=profile) for r in (PROFILE_RULE, PAIR))
    assert own.text == f"{SEGMENT} and Wait time missing"
    assert pair.text == "MSGin5G UE ID and MSGin5G Client Ports missing"


def test_an_element_inside_another_that_the_profile_requires(tmp_path: Path) -> None:
    profile = ours('[registration_request]\ndata_size_indication.presence = "required"', tmp_path)
    assert broken(GOOD, profile) == {}
    assert broken(GOOD | {AVAILABLE: TIMES}, profile) == {PROFILE_RULE: E}
    assert broken(GOOD | {AVAILABLE: TIMES | {"Data size indication": 9}}, profile) == {}


def test_a_conditional_element_required_breaks_the_rule_of_its_clause(tmp_path: Path) -> None:
    text = '[registration_request]\nmsgin5g_client_ports.presence = "required"'
    profile = ours(text, tmp_path)
    assert broken(GOOD, profile) == {PAIR: N}
    assert broken(GOOD | TRIGGER, profile) == {}


def test_elements_that_the_profile_does_not_require(tmp_path: Path) -> None:
    elements = ("ue_credential_information", "msgin5g_client_ports", "ue_service_id")
    optional = (f'{element}.presence = "optional"' for element in elements)
    profile = ours("[registration_request]\n" + "\n".join(optional), tmp_path)
    assert broken({"Message Type": "REG", "MSGin5G UE ID": "x"}, profile) == {}
    assert broken(GOOD | {"UE Service ID": ""}, profile) == {UE: E}, "where it is, it is judged"


def test_types_of_a_request_and_of_a_response(tmp_path: Path) -> None:
    text = """
    registration_request.msgin5g_ue_id = { types = ["object"] }
    registration_response.registration_result.types = ["string"]
    """
    profile = ours(text, tmp_path)
    assert broken(GOOD | TRIGGER, profile) == {ELEMENT_TYPE: W}
    assert broken(GOOD | TRIGGER | {"MSGin5G UE ID": {"a": 1}}, profile) == {}
    talk = answered(asked(), REGISTERED | {"Registration result": True})
    assert breaches(talk) == {}
    assert breaches(talk, profile=profile) == {PROFILE_RULE: E}


def test_any_indicator_asks_for_the_interval_when_taken_literally(tmp_path: Path) -> None:
    members = GOOD | {AVAILABLE: TIMES | {INDICATOR: NOT_PERIODIC}}
    profile = ours("settings.any_indicator = true", tmp_path)
    assert broken(members, shipped("seed")) == {}
    assert broken(members, profile) == {INTERVAL: E}
    (finding,) = registered(members).findings(INTERVAL, profile=profile)
    assert finding.expected == "Periodic communication interval, since the indicator is there"


@pytest.mark.parametrize(("value", "well"), [("REG", True), (" reg. ", True), ("register", False)])
def test_releases_name_the_message_type(value: str, well: bool) -> None:
    members = GOOD | {"Message Type": value}
    assert broken(members, shipped("seed")) == {}
    for name in ("rel17", "rel18"):
        assert broken(members, shipped(name)) == ({} if well else {NO_TYPE: E})


def test_depth_is_a_setting(tmp_path: Path) -> None:
    members = GOOD | TRIGGER | {"MSGin5G UE ID": {"a": {"b": {"c": []}}}}
    assert broken(members, shipped("seed")) == {}
    assert broken(members, ours("settings.json_depth = 5", tmp_path)) == {}
    (finding,) = registered(members).findings(
        PAYLOAD, profile=ours("settings.json_depth = 4", tmp_path)
    )
    assert (finding.severity, finding.expected) == (W, "at most 4")
    assert finding.text.startswith("Nested 5 deep, past 4 at line 1, column ")


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 3])
def test_an_alias_of_the_users_own(tmp_path: Path, times: int) -> None:
    """Also of the second and third body of one shape, which the kernels know by then."""
    profile = ours('[elements.ue_service_id]\naliases = ["Subscriber No."]', tmp_path)
    talk = Conversation()
    for number in range(times):
        ue = f"meter-{number}"
        members = {"subscriber_no": ue, "Message Type": "REG", "UE Credential Information": "x"}
        asked(members, talk, token=bytes([number, 1]))
        answered(talk, {"subscriberNo": ue, "Registration result": "success"})
    session = talk.session(profile=profile)
    entries = list(report.exchange_entries(session))
    assert [entry["ue_service_id"] for entry in entries] == [f"meter-{n}" for n in range(times)]
    found = {f.rule.id for f in session.findings if f.rule.id.startswith("MSG-")}
    assert UNKNOWN not in found
    assert SPELLING in found
    assert UE not in found
    assert UE in talk.rules()


def test_the_name_of_an_element_is_no_alias(tmp_path: Path) -> None:
    profile = ours('[elements.ue_service_id]\nname = "ueServiceId"', tmp_path)
    members: dict[str, Any] = {**GOOD, "ueServiceId": GOOD["UE Service ID"]}
    del members["UE Service ID"]
    assert broken(members, profile) == {}
    assert broken(members, shipped("seed")) == {SPELLING: N}
    (finding,) = registered(GOOD).findings(SPELLING, profile=profile)
    assert finding.expected == '"ueServiceId"'


# Ignored ----------------------------------------------------------------------------------------


def of_two_ues() -> Conversation:
    """Registrations without credentials, of one shape: meter-0, meter-1, meter-0, meter-1."""
    talk = Conversation()
    for number in range(4):
        members = {"Message Type": "REG", "UE Service ID": f"meter-{number % 2}"}
        asked(members, talk, token=bytes([number, 1]))
        answered(talk, {"UE Service ID": f"meter-{number % 2}", "Registration result": "success"})
    return talk


@pytest.mark.parametrize(
    ("ignore", "count"),
    [
        (Ignore(CREDENTIAL), 4),
        (Ignore("MSG-*d3-*"), 4),
        (Ignore(CREDENTIAL, ue="meter-1"), 2),
        (Ignore(CREDENTIAL, who="meter-?"), 4),
        (Ignore(CREDENTIAL, endpoint="192.0.2.1"), 4),
        (Ignore(CREDENTIAL, endpoint="192.0.2.2:5683", ue="meter-0"), 2),
        (Ignore(CREDENTIAL, who="192.0.2.*:40000"), 4),
        (Ignore(CREDENTIAL, endpoint="192.0.2.9"), 0),
        (Ignore(CREDENTIAL, endpoint="192.0.2.1", ue="meter-9"), 0),
        (Ignore("COAP-8974-*"), 0),
    ],
)
def test_ignored_by_rule_endpoint_and_ue(ignore: Ignore, count: int) -> None:
    """Those of the other UE are still found, though a body of their shape was passed over."""
    session = of_two_ues().session(ignores=(ignore,))
    found = [f for f in session.findings if f.rule.id == CREDENTIAL]
    assert (len(found), session.findings.ignored) == (4 - count, count)
    assert Check.of(session).summary() == session.findings.summary() | {"ignored": count}
    assert session.findings.summary()["error"] == 4 - count


def test_a_profile_ignores_as_the_option_does(tmp_path: Path) -> None:
    text = f'[[ignore]]\nrule = "{CREDENTIAL}"\nue = "meter-0"\nreason = "Old firmware"'
    option = ignored(f"{CREDENTIAL}@meter-1", catalogue.load)
    session = of_two_ues().session(profile=ours(text, tmp_path), ignores=(option,))
    assert session.findings.ignored == 4
    assert max(finding.severity for finding in session.findings) is N


def test_what_is_ignored_marks_no_message() -> None:
    session = of_two_ues().session(ignores=(Ignore("*"),))
    assert not any(session.messages["severity"].tolist())
    assert not list(session.findings)


def test_a_rule_that_is_off_is_not_counted_as_ignored() -> None:
    session = of_two_ues().session(profile="rel18", ignores=(Ignore(CREDENTIAL),))
    assert session.findings.ignored == 0
