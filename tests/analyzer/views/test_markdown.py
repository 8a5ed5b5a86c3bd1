# SPDX-License-Identifier: GPL-2.0-only
"""Markdown as it is rendered: tables, and names that are nothing but text."""

from __future__ import annotations

import io
import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from reports import HOSTILE, named, report
from rules.conversation import Conversation

from analyzer.rules.catalogue import load
from analyzer.session import Session
from analyzer.views.escape import escape
from analyzer.views.markdown import MOST_ROWS, code, write_rules

FIELD_DAY = Path(__file__).parents[3] / "captures" / "field-day.pcapng"
TAGS = {"h2", "table", "thead", "tbody", "tr", "th", "td", "strong", "code", "p", "br"}


def rendered(text: str) -> str:
    return MarkdownIt("gfm-like", {"html": True, "linkify": True}).render(text)


def rows(html: str) -> list[list[str]]:
    """Cells of the last table."""
    table = html.rpartition("<tbody>")[2]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in table.split("</tr>")[:-1]]


@pytest.fixture(scope="module")
def field_day() -> Session:
    session = Session()
    session.open([FIELD_DAY])
    session.read_all()
    return session


def test_a_summary_and_a_row_a_group(field_day: Session) -> None:
    html = rendered(report("markdown", field_day))
    assert "<h2>msgshark check: failed</h2>" in html
    counts = field_day.findings.summary().values()
    numbers = "".join(rf"<td[^>]*>{number}</td>\s*" for number in (315, 150, *counts))
    assert re.search(numbers, html)
    told = rows(html)
    assert f"{len(field_day.findings)} findings in {len(told)} rows" in html
    assert told[0][:3] == [
        "<strong>error</strong>",
        "frame 50",
        "<code>meter-0020@iot.example</code>",
    ]


def test_all_is_a_row_a_finding(field_day: Session) -> None:
    html = rendered(report("markdown", field_day, alone=True))
    assert len(rows(html)) == len(field_day.findings)


def test_nothing_found_is_said_without_a_table_of_findings() -> None:
    session = Session()
    session.close()
    html = rendered(report("markdown", session))
    assert "passed" in html
    assert html.count("<table>") == 1


def test_rows_are_bounded() -> None:
    talk = Conversation()
    for number in range(MOST_ROWS + 5):
        source = f"192.0.{number >> 7}.{(number & 127) + 1}:40000"
        talk.non("POST", payload=b"x", max_age=60, source=source)
    session = talk.session()
    text = report("markdown", session, alone=True)
    assert len(rows(rendered(text))) == MOST_ROWS
    assert f"\n{len(session.findings) - MOST_ROWS} more; see the whole report.\n" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_in_a_code_span(name: str) -> None:
    session = named(name)
    html = rendered(report("markdown", session))
    assert set(re.findall(r"</?([a-zA-Z0-9]+)", html)) <= TAGS
    assert all(len(row) == 5 for row in rows(html))
    ues = {unescape(re.sub("</?code>", "", row[2])) for row in rows(html)}
    wanted = {escape(session.ue_of(finding), 60).strip() for finding in session.findings}
    assert {ue.strip() for ue in ues} == wanted


@given(st.text(st.sampled_from("`|\\ *<&a\n"), max_size=12) | st.text(max_size=30))
def test_any_text_survives_a_cell(text: str) -> None:
    html = rendered(f"| a | b |\n|---|---|\n| {code(text)} | z |\n")
    ((cell, last),) = rows(html)
    assert last == "z"
    shown = escape(text)
    if shown.strip():
        told = re.fullmatch("<code>(.*)</code>", cell)
        assert told
        assert unescape(told[1]).strip() == shown.strip()
    else:
        assert cell == ""


def test_rules_stand_in_a_table_of_their_specification_by_clause() -> None:
    out = io.StringIO()
    write_rules(load().values(), out)
    html = rendered(out.getvalue())
    tables = html.split("<details>")[1:]
    assert [re.search("<summary>(.*): [0-9]+ rules?</summary>", table)[1] for table in tables] == [
        *sorted({rule.spec for rule in load().values()} - {"capture"}),
        "The capture itself",
    ]
    told = [row for table in tables for row in rows(table)]
    assert sorted(row[1] for row in told) == sorted(f"<code>{id}</code>" for id in load())
    for _, id, severity, title in told:
        rule = load()[id.removeprefix("<code>").removesuffix("</code>")]
        assert (severity, unescape(title)) == (rule.severity.label, rule.title)
    of_rfc_7252 = [row[0] for row in told if "COAP-7252-" in row[1]]
    assert of_rfc_7252.index("5.9.2.9") < of_rfc_7252.index("5.10.1") < of_rfc_7252.index("12.1")
