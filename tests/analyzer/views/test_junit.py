# SPDX-License-Identifier: GPL-2.0-only
"""JUnit XML against its schema, and what fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import xmlschema
from reports import HOSTILE, named, report
from rules.conversation import Conversation

from analyzer.rules.catalogue import Severity, load
from analyzer.session import Session
from analyzer.views import junit

CAPTURES = Path(__file__).parents[3] / "captures"
SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "schemas" / "junit.xsd")
CONTEXT = "COAP-7252-5.4-CONTEXT-REQ"


def suite(session: Session, **options: Any) -> ElementTree.Element:
    """The one suite of a report that is as the schema wants it."""
    text = report("junit", session, **options)
    assert text.isascii()
    SCHEMA.validate(text)
    (found,) = ElementTree.fromstring(text)
    cases = found.findall("testcase")
    assert int(found.attrib["tests"]) == len(cases) == len(load())
    for attribute, element in (("failures", "failure"), ("skipped", "skipped")):
        assert int(found.attrib[attribute]) == len(found.findall(f"testcase/{element}"))
    return found


def case(found: ElementTree.Element, rule: str) -> ElementTree.Element:
    (one,) = (c for c in found.findall("testcase") if c.attrib["name"].startswith(f"{rule}: "))
    return one


def with_part(found: ElementTree.Element, tag: str) -> set[str]:
    """Rules whose test has an element of that name."""
    cases = (c for c in found.findall("testcase") if c.find(tag) is not None)
    return {c.attrib["name"].split(":")[0] for c in cases}


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("path", CAPTURES.glob("*.pcapng"), ids=lambda path: path.stem)
def test_a_rule_fails_by_findings_as_severe_as_fail_on(path: Path, severity: Severity) -> None:
    session = Session()
    session.open([path])
    session.read_all()
    found = suite(session, fail_on=severity)
    assert with_part(found, "failure") == {
        f.rule.id for f in session.findings if f.severity >= severity
    }
    assert with_part(found, "system-out") == {
        f.rule.id for f in session.findings if f.severity < severity
    }


def test_names_of_tests_stay_the_same_from_run_to_run() -> None:
    talks = Conversation(), Conversation().con("GET", max_age=1)
    names = [
        [(c.attrib["classname"], c.attrib["name"]) for c in suite(talk.session()).iter("testcase")]
        for talk in talks
    ]
    assert names[0] == names[1]


def test_a_failure_says_where_who_what_and_how_to_fix_it() -> None:
    session = named("meter-1")
    failure = case(suite(session), "MSG-24538-6.3.1.1.1-METHOD").find("failure")
    assert failure is not None
    assert failure.text is not None
    assert failure.attrib["message"].endswith(", meter-1: Registration sent with PUT")
    assert failure.attrib["type"] == "error"
    assert "(seen: PUT; expected: POST)" in failure.text
    assert "Fix: " in failure.text


def test_a_rule_that_the_profile_lacks_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    off = load()[CONTEXT]._replace(profiles=(("seed", None),))
    monkeypatch.setitem(load(), CONTEXT, off)
    assert case(suite(Conversation().session()), CONTEXT).find("skipped") is not None


def test_many_findings_are_listed_up_to_a_bound() -> None:
    talk = Conversation()
    for _ in range(junit.MOST_FINDINGS + 7):
        talk.non("POST", payload=b"x", max_age=60)
    one = case(suite(talk.session(), fail_on=Severity.NOTE), CONTEXT)
    (failure,) = one
    assert failure.text is not None
    assert failure.text.count("frame ") == junit.MOST_FINDINGS
    assert "... 7 more" in failure.text


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_nothing_else(name: str) -> None:
    found = suite(named(name), fail_on=Severity.NOTE)
    assert {child.tag for child in found.iter()} <= {
        "testsuite",
        "testcase",
        "properties",
        "property",
        "failure",
        "system-out",
    }
