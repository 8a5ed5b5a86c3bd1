# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from analyzer.colour_rules import (
    NONE,
    ColourRule,
    Judge,
    Written,
    compiled_rules,
    neighbours,
    wireshark_rules,
)
from analyzer.filters.matching import Matcher
from analyzer.session import Session
from analyzer.views.preferences import Preferences
from analyzer.views.tui.colouring import Conversations, rules_of

FIELD_DAY = Path(__file__).parents[2] / "captures" / "field-day.pcapng"
WRITTEN = [
    Written("errors", "coap.code >= 128", "", "red"),
    Written("registrations", 'coap.opt.uri_path contains "registration"', "white", "blue"),
    Written("slow", "coap.response_time > 1", "", "#ffaa00"),
    Written("findings", 'finding.severity == "error"', "yellow"),
    Written("MSGin5G", "msgin5g", "green"),
]


@pytest.fixture(scope="module")
def session() -> Session:
    session = Session()
    session.open([FIELD_DAY])
    session.read_all()
    return session


@pytest.fixture(scope="module")
def rules() -> list[ColourRule]:
    rules, problems = compiled_rules(WRITTEN)
    assert not problems
    return rules


def judged(judge: Judge, rows: Sequence[int]) -> list[int]:
    for index, row in enumerate(rows):
        if not judge.known(row)[1]:
            judge.judge(neighbours(rows, index))
            assert judge.known(row)[1]
    return [judge.known(row)[0] for row in rows]


@pytest.mark.parametrize("step", [1, 7, -3])
def test_the_first_rule_that_passes_wins(
    session: Session, rules: list[ColourRule], step: int
) -> None:
    """In lists of all rows, of some, and sorted the other way."""
    passed = [Matcher(session, rule.filter).matches() for rule in rules]
    rows = range(len(session.messages))[::step]
    found = judged(Judge(session, rules), rows)
    assert found == [next((n for n, one in enumerate(passed) if one[row]), NONE) for row in rows]
    assert len(set(found)) > 3


def test_rows_are_judged_anew_when_more_was_read() -> None:
    """A request has a response only once that has come."""
    rules, _ = compiled_rules([Written("answered", "coap.response_in", "", "green")])
    session = Session()
    session.open([FIELD_DAY])
    judge = Judge(session, rules)
    for _ in session.read(1):
        early = range(len(session.messages))
        judged(judge, early)
        if len(early) % 2:  # between a request and its response
            break
    for _ in session.read(50):
        pass
    rows = range(len(session.messages))
    assert not any(holds for _, holds in map(judge.known, rows))
    assert judge.judge(early)
    assert not judge.judge(early)
    assert judged(judge, rows) == judged(Judge(session, rules), rows)


def test_a_filter_that_is_not_understood_is_said_and_passed_over() -> None:
    rules, problems = compiled_rules([Written("bad", "coap.nonsense"), Written("", "udp and")])
    assert not rules
    assert problems[0].startswith("bad: no field coap.nonsense")
    assert problems[1].startswith("udp and: ")


def test_wireshark_s_rules() -> None:
    rules, problems = wireshark_rules(
        "# made by Wireshark\n"
        "@CoAP errors@coap.code >= 128 && ip.addr == 10.0.0.1@[65535,0,0][0,257,65535]\n"
        "!@off@udp@[0,0,0][65535,65535,65535]\n"
        '@mail@frame contains "a@b"@[99999,0,0][0,0,0]\n'
        "\n"
        "@broken@udp@[0,0]\n"
    )
    assert rules == [
        Written("CoAP errors", "coap.code >= 128 && ip.addr == 10.0.0.1", "#0001ff", "#ff0000"),
        Written("mail", 'frame contains "a@b"', "#000000", "#ff0000"),
    ]
    assert problems == ["line 6 is not @name@filter@[r,g,b][r,g,b]"]


def test_rules_of_preferences_come_before_those_of_wireshark(
    tmp_path: Path, session: Session
) -> None:
    path = tmp_path / "colorfilters"
    path.write_text("@tcp@tcp.analysis.flags@[0,0,0][0,0,0]\n@all@udp@[65535,65535,65535][0,0,0]\n")
    mine = (Written("mine", "coap.code >= 128", "", "navy"), Written("no", "udp", "blurple"))
    rules, problems = rules_of(Preferences(colours=mine, colour_rules=str(path)))
    assert len(problems) == 2
    assert "no: no colour blurple" in problems[1]
    assert "1 of 2 rules passed over, such as tcp: no field tcp.analysis.flags" in problems[0]
    rows = range(len(session.messages))
    told: list[str] = []
    rules.begin = lambda: told.append("begin")
    assert {rules.ink(session, rows, row) for row in rows} == {""}
    rules.judge(lambda: told.append("changed"))
    assert told == ["begin", "changed"]
    inks = {rules.name(session, rows, row): rules.ink(session, rows, row) for row in rows}
    assert len(told) == 2
    assert inks == {"mine": "paint:#ffffff/#000080", "all": "paint:#000000/#ffffff"}


def test_a_file_of_rules_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert rules_of(Preferences(colour_rules=str(tmp_path)))[1] == [f"{tmp_path}: no such file"]


def test_conversations_get_eight_colours_in_turn() -> None:
    conversations = Conversations()
    assert [conversations.toggle(0, n) for n in range(1, 10)] == [*range(1, 9), 1]
    assert conversations.toggle(3, 0) == 0
    assert conversations.colour(0, 3) == 0
    assert conversations.colour(2, 0) == 2
    assert conversations.toggle(7, 7) == 3
