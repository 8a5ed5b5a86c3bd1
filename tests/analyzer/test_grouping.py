# SPDX-License-Identifier: GPL-2.0-only
"""Rows of findings: what follows from another, and what is the same again."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from rules.conversation import Conversation
from rules.examples import observation_ends as notifying
from rules.examples import orphans, patience, tokens
from rules.examples import registration_request as requests
from rules.examples import registration_response as responses
from rules.examples import registration_response_elements as elements
from rules.registrations import answered, asked

from analyzer.grouping import Group, each, grouped
from analyzer.identity import Identities
from analyzer.rules.catalogue import load
from analyzer.session import Session

CAPTURES = Path(__file__).parents[2] / "captures"
UNANSWERED, ICMP = "COAP-7252-4.2-CON-UNANSWERED", "COAP-CAP-ICMP"


def groups(session: Session) -> list[Group]:
    return grouped(session.findings, Identities(session))


def rows(session: Session) -> dict[str, list[str]]:
    """Rules of the causes by the rule of the row."""
    return {group.first.rule.id: [c.rule.id for c in group.causes] for group in groups(session)}


@pytest.mark.parametrize("path", CAPTURES.glob("*.pcapng"), ids=lambda path: path.stem)
def test_every_finding_is_in_one_row_or_explains_one(path: Path) -> None:
    session = Session()
    session.open([path])
    session.read_all()
    told = groups(session)
    ids = [f.id for group in told for f in group.findings]
    assert len(ids) == len(set(ids))
    below = {c.id for group in told for c in group.causes}
    assert not below & set(ids)
    identities = Identities(session)
    known = {identities.of(c) for group in told for c in group.causes}
    for finding in session.findings:
        assert finding.id in ids or identities.of(finding) in known
    assert [g.severity for g in told] == sorted((g.severity for g in told), reverse=True)
    assert len(each(session.findings)) == len(session.findings)


def test_a_wrong_token_of_a_registration_is_told_once() -> None:
    talk = Conversation().con("POST", path="/reg", content_format=50, payload=_BODY, token=b"ab")
    told = rows(talk.ack("2.01", token=b"cd").session())
    assert told["MSG-24538-6.3.1.2.1.a-TOKEN"] == ["COAP-7252-5.3.2-PIGGY-TOKEN"]
    assert "COAP-7252-5.3.2-PIGGY-TOKEN" not in told


def test_causes_stand_below_the_topmost() -> None:
    talk = Conversation().con("POST", path="/reg", content_format=50, payload=_BODY)
    for gap in (3, 6, 12, 24):
        talk.wait(gap).again(0)
    told = rows(talk.wait(60).con("GET").session())
    assert told["MSG-24538-6.3.1.2.1-UNANSWERED"] == [UNANSWERED]


@pytest.mark.parametrize(
    ("examples", "rule", "causes"),
    [
        (notifying, "COAP-7641-3.5-UNACKED", {UNANSWERED}),
        (notifying, "COAP-7641-4.5-NO-ACK-STILL-SENT", {"COAP-7641-3.5-UNACKED", UNANSWERED}),
        (orphans, "COAP-7252-5.3.2-ORPHAN-ACKED", {"COAP-7252-5.3.2-ORPHAN-RESPONSE"}),
        (tokens, "COAP-8974-2.2.2-PROBE-NON", {"COAP-7252-3-TKL-RESERVED"}),
        (requests, "MSG-24538-6.3.1.1.1.d-PAYLOAD", {"COAP-7252-5.5.1-BODY-FORMAT"}),
        (responses, "MSG-24538-6.3.1.2.1.d-CODE", {"COAP-7252-5.9-CODE-METHOD"}),
        (responses, "MSG-24538-DOUBLE-REGISTRATION", {"COAP-7252-4.5-ACK-DIFFERS"}),
        (elements, "MSG-24538-6.3.1.2.1.c2-CONTRADICTION", {"MSG-24538-6.3.1.2.1.d-CODE"}),
    ],
)
def test_one_fault_is_one_row(examples: ModuleType, rule: str, causes: set[str]) -> None:
    told = rows(examples.EXAMPLES[rule].bad.session())
    assert causes <= set(told[rule])
    assert not causes & told.keys()


def test_silence_is_explained_by_giving_up_early() -> None:
    given_up = "COAP-7252-4.2-GAVE-UP"
    told = rows(patience.EXAMPLES[given_up].bad.session())
    assert told[UNANSWERED] == [given_up]


def test_a_response_that_is_no_json_is_told_once() -> None:
    told = rows(answered(asked(), b"{").session())
    assert told["MSG-24538-6.3.1.2.1.c-PAYLOAD"] == ["COAP-7252-5.5.1-BODY-FORMAT"]


def test_a_cause_that_is_worse_stays_a_row() -> None:
    talk = Conversation().con("POST", path="/reg", content_format=50, payload=_BODY, token=b"abcd")
    talk.ack("2.01", source="192.0.2.9:5683").wait(100).con("GET")
    told = rows(talk.session())
    assert told["COAP-7252-5.3.2-OTHER-ENDPOINT"] == []


def test_the_same_breach_of_one_is_a_row_and_of_two_are_two() -> None:
    talk = Conversation()
    for source in ("192.0.2.1:40000", "192.0.2.1:41000", "192.0.2.3:40000"):
        for _ in range(2):
            talk.non("POST", payload=b"x", max_age=60, source=source).wait(1)
    told = [g for g in groups(talk.session()) if g.first.rule.id == "COAP-7252-5.4-CONTEXT-REQ"]
    assert [len(group.findings) for group in told] == [4, 2]
    assert [group.times for group in told] == [4, 2]
    first = told[0]
    assert first.last_time - first.first_time == 3 * 1_010_000_000
    assert first.first.frame == 1


def test_causes_lead_to_no_circle() -> None:
    catalogue = load()

    def below(id: str, above: tuple[str, ...]) -> None:
        assert id not in above
        for cause in catalogue[id].causes:
            below(cause, (*above, id))

    for id in catalogue:
        below(id, ())


_BODY = b'{"Message Type":"REG","UE Service ID":"a","UE Credential Information":{"k":"v"}}'
