# SPDX-License-Identifier: GPL-2.0-only
"""Annotations as the runner of GitHub Actions reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reports import HOSTILE, named, report
from rules.conversation import Conversation

from analyzer.session import Session
from analyzer.views.github import MOST_SHOWN

FIELD_DAY = Path(__file__).parents[3] / "captures" / "field-day.pcapng"
COMMAND = re.compile(r"::(error|warning|notice) title=([^:,]+)(?:,file=([^:,]+))?::(.+)")


def commands(text: str) -> list[tuple[str, str, str]]:
    """Kind, title and message of each line; the last line is the sum."""
    *lines, last = text.removesuffix("\n").split("\n")
    assert last.startswith("msgshark check: ")
    found = [COMMAND.fullmatch(line) for line in lines]
    assert all(found)
    return [(match[1], match[2], match[4]) for match in found if match]


def test_a_finding_is_an_annotation_of_its_kind() -> None:
    told = commands(report("github", named("meter-1")))
    assert (
        "error",
        "MSG-24538-6.3.1.1.1-METHOD",
        "frame 3, meter-1: TS 24.538 6.3.1.1.1: Registration sent with PUT",
    ) in told
    kinds = [("error", "warning", "notice").index(kind) for kind, _, _ in told]
    assert kinds == sorted(kinds)


def test_no_kind_has_more_than_github_shows_and_the_rest_is_counted() -> None:
    session = Session()
    session.open([FIELD_DAY])
    session.read_all()
    told = commands(report("github", session, alone=True))
    counts = session.findings.summary()
    for kind, severity in (("error", "error"), ("warning", "warning"), ("notice", "note")):
        shown = [line for line in told if line[0] == kind]
        assert len(shown) == MOST_SHOWN < counts[severity]
        more = counts[severity] - MOST_SHOWN + 1
        assert shown[-1][1:] == ("msgshark", f"{more} more; see the whole report")


def test_as_many_as_fit_are_all_shown() -> None:
    talk = Conversation()
    for host in range(1, MOST_SHOWN + 1):
        talk.non("POST", payload=b"x", max_age=60, source=f"192.0.2.{host}:40000")
    told = [line for line in commands(report("github", talk.session())) if line[0] == "error"]
    assert len(told) == MOST_SHOWN
    assert "more" not in told[-1][2]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_no_command(name: str) -> None:
    text = report("github", named(name))
    told = commands(text)
    assert {kind for kind, _, _ in told} <= {"error", "warning", "notice"}
    assert "##[" not in text
    assert "\r" not in text
    assert not re.search("%(?!25|5B)", text)


def test_a_file_name_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a:b,c%d.pcap"
    path.write_bytes(Conversation().con("GET", max_age=1).pcap())
    session = Session()
    session.open([path])
    session.read_all()
    assert f"file={tmp_path}/a%3Ab%2Cc%25d.pcap::" in report("github", session)
