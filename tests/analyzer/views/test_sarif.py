# SPDX-License-Identifier: GPL-2.0-only
"""SARIF against the standard: schema, locations that lead to the bytes, fingerprints."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from reports import HOSTILE, named, report
from rules.conversation import Conversation

from analyzer.identity import SCHEME
from analyzer.rules.catalogue import load
from analyzer.session import Session

CAPTURES = Path(__file__).parents[3] / "captures"
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def opened(*paths: Path) -> Session:
    session = Session()
    session.open(paths)
    session.read_all()
    return session


def run_of(session: Session, **options: Any) -> dict[str, Any]:
    """The one run of a report that is as the standard wants it."""
    text = report("sarif", session, **options)
    assert text.isascii()
    log = json.loads(text, parse_constant=pytest.fail)
    VALIDATOR.validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


@pytest.mark.parametrize("path", CAPTURES.glob("*.pcapng"), ids=lambda path: path.stem)
def test_a_report_is_valid_and_has_every_finding(path: Path) -> None:
    session = opened(path)
    run = run_of(session)
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(load())
    assert len(run["results"]) == len(session.findings)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["properties"]["frames"][:1] == [result["properties"]["frame"]]
        (location,) = result["locations"]
        names = {place["kind"]: place["name"] for place in location["logicalLocations"]}
        assert names["frame"] == f"frame {result['properties']['frame']}"


def test_nothing_found_is_a_run_too() -> None:
    session = Session()
    session.close()
    assert run_of(session)["results"] == []


def test_a_region_is_the_bytes_of_the_finding() -> None:
    path = CAPTURES / "field-day.pcapng"
    session, data = opened(path), path.read_bytes()
    results = run_of(session)["results"]
    (token,) = (r for r in results if r["ruleId"] == "COAP-7252-5.3.2-PIGGY-TOKEN")
    region = token["locations"][0]["physicalLocation"]["region"]
    seen = data[region["byteOffset"] : region["byteOffset"] + region["byteLength"]]
    assert seen.hex() == token["properties"]["seen"]


def test_a_file_that_was_unpacked_has_no_region(tmp_path: Path) -> None:
    path = tmp_path / "a [b] #1 %.pcapng.gz"
    path.write_bytes(gzip.compress((CAPTURES / "field-day.pcapng").read_bytes()))
    run = run_of(opened(path))
    (uri,) = {
        r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]
    }
    assert uri == path.as_uri() == run["artifacts"][0]["location"]["uri"]
    assert not any("region" in r["locations"][0]["physicalLocation"] for r in run["results"])


def test_each_of_several_files_has_its_findings(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.pcap", "b.pcap")]
    for path in paths:
        talk = Conversation(client=f"192.0.2.{ord(path.name[0])}:40000")
        path.write_bytes(talk.non("POST", payload=b"x", max_age=60).pcap())
    run = run_of(opened(*paths))
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in run["results"]]
    assert {(place["index"], place["uri"]) for place in places} == {
        (index, path.as_uri()) for index, path in enumerate(paths)
    }


def test_fingerprints_outlast_what_stands_before() -> None:
    talk = Conversation().con("GET", path="/ok").ack("2.05").wait(9)
    first, later = (
        run_of(t.non("POST", payload=b"x", max_age=60).session()) for t in (Conversation(), talk)
    )
    prints = [[r["partialFingerprints"] for r in run["results"]] for run in (first, later)]
    assert prints[0] == prints[1] != []
    assert prints[0][0].keys() == {SCHEME, "primaryLocationLineHash"}


def test_github_tells_the_same_breach_twice_apart() -> None:
    talk = Conversation()
    for _ in range(2):
        talk.non("POST", payload=b"x", max_age=60).wait(1)
    prints = [r["partialFingerprints"] for r in run_of(talk.session())["results"]]
    ours, githubs = ({of[key] for of in prints} for key in (SCHEME, "primaryLocationLineHash"))
    assert len(ours) < len(githubs) == len(prints)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_make_no_link_and_no_placeholder(name: str) -> None:
    run = run_of(named(name))
    assert run["results"]
    for result in run["results"]:
        text = result["message"]["text"].replace("\\\\", "")
        assert not re.search(r"(?<!\\)[\[\]]", text)
        assert not re.search("[{}]", text.replace("{{", "").replace("}}", ""))
