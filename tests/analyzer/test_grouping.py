# SPDX-License-Identifier: GPL-2.0-only
"""Rows of findings: what follows from another, and what is the same again."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules.conversation import Conversation

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
