# SPDX-License-Identifier: GPL-2.0-only
"""A rule explained: its texts, its conversations as ladders, the message that breaks it."""

from __future__ import annotations

import io
import re
import tempfile
from dataclasses import replace

import pytest
from rules.conversation import Conversation

from analyzer.examples import explained
from analyzer.rules.catalogue import Rule, load
from analyzer.views import dissection, explain, json
from analyzer.views.terminal import Paper

TEXTS = ("what", "why", "bad", "good", "fix")
ACKED = load()["COAP-7252-8.1-MC-ACK"]


def text(rule: Rule, paper: Paper | None = None) -> str:
    out = io.StringIO()
    with explained(rule) as explanation:
        explain.write_text(explanation, out, paper or Paper())
    return out.getvalue()


def markdown(rule: Rule) -> str:
    out = io.StringIO()
    with explained(rule) as explanation:
        explain.write_markdown(explanation, out)
    return out.getvalue()


@pytest.mark.parametrize("rule", load().values(), ids=lambda rule: rule.id)
def test_every_text_is_told_within_80_columns(rule: Rule) -> None:
    told = text(rule)
    assert told.startswith(f"{rule.id}: ")
    assert "\x1b" not in told
    words = " ".join(told.split())
    for part in (rule.title, rule.reference, *(getattr(rule, name) for name in TEXTS)):
        assert " ".join(part.split()) in words
    lines = [line for line in told.splitlines() if line != rule.link]
    assert max(map(len, lines)) <= 80
    assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize("rule", load().values(), ids=lambda rule: rule.id)
def test_markdown_has_every_text(rule: Rule) -> None:
    told = markdown(rule)
    assert told.startswith(f"## {rule.id}: ")
    plain = re.sub(r"\\(.)", r"\1", told)
    assert all(f"\n{getattr(rule, name)}\n" in plain for name in TEXTS)
    assert told.count("```") % 2 == 0


def test_the_offending_message_is_drawn_and_dissected() -> None:
    told = text(ACKED)
    bad, good = (part.split("\nFix\n")[0] for part in told.split("\nBad\n")[1].split("\nGood\n"))
    assert "NON, MID:4660, GET," in bad
    assert "error COAP-7252-8.1-MC-ACK: NON GET /lights," in bad
    assert (
        "    0000  62                       Version 1, ACK, token length 2\n          ^^\n" in bad
    )
    assert "    0002  12 34                    Message ID 4660 (0x1234)\n" in bad
    assert "seen: ACK; expected: a NON, or silence" in bad
    assert "NON, MID:32768, 2.05 Content" in good
    assert "error" not in good
    assert "Version" not in good


def test_marked_bytes_are_coloured_where_the_paper_has_colours() -> None:
    told = text(ACKED, Paper(colour=True))
    assert "0000  \x1b[31;1m62\x1b[0m" in told
    assert "^^" not in told
    assert re.sub(r"\x1b\[[0-9;]*m", "", told) == text(ACKED).replace("          ^^\n", "")
    assert text(ACKED, Paper(plain=True)).isascii()


@pytest.mark.parametrize("width", [40, 60, 200])
def test_an_explanation_is_as_wide_as_the_paper(width: int) -> None:
    told = text(ACKED, Paper(width=width))
    lines = [line for line in told.splitlines() if "http" not in line and "--ignore" not in line]
    assert max(map(len, lines)) <= width


def test_a_rule_on_parameters_names_its_strict_severity() -> None:
    told = text(load()["COAP-7252-4.2-RETR-EARLY"]).splitlines()
    assert told[1].startswith("warning (error if --transmission is strict), RFC 7252 4.2")


def test_rules_that_explain_each_other_name_each_other() -> None:
    rule = next(rule for rule in load().values() if rule.causes)
    cause = load()[rule.causes[0]]
    assert f"{cause.id} explains it: {cause.title}." in " ".join(text(rule).split())
    assert f"It explains {rule.id}: {rule.title}." in " ".join(text(cause).split())


def test_without_a_place_for_temporary_files_the_words_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(**_: object) -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    told = text(ACKED)
    assert ACKED.bad in " ".join(told.split())
    assert "Frame" not in told


def test_json_has_packets_and_findings() -> None:
    out = io.StringIO()
    with explained(ACKED) as explanation:
        json.write_explanation(explanation, out)
    entry = json.json.loads(out.getvalue())
    bad, good = (entry["example"][name] for name in ("bad", "good"))
    assert [packet["time"] for packet in bad["packets"]] == [0, 0.01]
    assert bytes.fromhex(bad["packets"][0]["data"])[42:46] == b"\x52\x01\x12\x34"
    assert ACKED.id in {finding["rule"] for finding in bad["findings"]}
    assert ACKED.id not in {finding["rule"] for finding in good["findings"]}
    assert entry["link"] == "https://www.rfc-editor.org/rfc/rfc7252#section-8.1"


# Dissection -------------------------------------------------------------------------------------


def test_a_long_field_shows_its_start_and_what_is_marked() -> None:
    talk = Conversation().con("GET", options=[(65003, bytes(range(1, 201)))])
    session = talk.session()
    finding = replace(session.findings[0], row=0, span=(106, 108))
    rows = list(dissection.rows(session, finding))[3:]
    assert [row.offset for row in rows] == [4, 12, 20, 100, 108]
    assert [row.words for row in rows[2::2]] == ["80 bytes more", "100 bytes more"]
    assert rows[3].marked == (False,) * 6 + (True, True)
    assert not any(any(row.marked) for row in rows if row is not rows[3])


def test_credentials_are_hidden_in_a_dissection() -> None:
    body = b'{"ueServiceId":"m@x","ueCredentialInformation":"hunter2","x":NaN}'
    talk = Conversation().con("POST", content_format=50, payload=body, token=b"ab")
    session = talk.session()
    finding = next(finding for finding in session.findings if finding.row == 0)
    shown = "".join("".join(row.cells) for row in dissection.rows(session, finding))
    assert "ueServiceId" in shown
    assert "hunter2" not in shown
