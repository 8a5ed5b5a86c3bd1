# SPDX-License-Identifier: GPL-2.0-only
"""Findings as people read them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from reports import HOSTILE, named, report
from rules.conversation import Conversation

from analyzer.checking import Check
from analyzer.session import Session
from analyzer.views import findings_text

FIELD_DAY = Path(__file__).parents[3] / "captures" / "field-day.pcapng"


@pytest.fixture(scope="module")
def field_day() -> Session:
    session = Session()
    session.open([FIELD_DAY])
    session.read_all()
    return session


def lines(session: Session, colour: bool = False, alone: bool = False) -> list[str]:
    out = io.StringIO()
    findings_text.write_check(Check.of(session, alone=alone), out, colour)
    assert out.getvalue().endswith("\n")
    return out.getvalue().splitlines()


def below(printed: list[str], rule: str) -> list[str]:
    """The lines of the first row of a rule, its headline first."""
    at = next(n for n, line in enumerate(printed) if line[0] != " " and rule in line)
    end = next(n for n in range(at + 1, len(printed)) if printed[n][0] != " ")
    return printed[at:end]


def test_a_finding_says_where_who_which_and_what(field_day: Session) -> None:
    head, text, seen, *_ = below(lines(field_day), "d4-CLIENT-PORTS")
    assert head.startswith("error: frame ")
    assert "meter-0038@iot.example" in head
    assert text.startswith("    TS 24.538 6.3.1.1.1 d)4): ")
    assert "70000" in text + seen


def test_the_nearest_candidate_stands_below_what_lacks_it() -> None:
    talk = Conversation().con("GET", mid=0x1A2B).ack(source="192.0.2.9:5683").wait(3).again(0)
    printed = lines(talk.session())
    words = "nearest: same Message ID 0x1a2b, acknowledged from 192.0.2.9:5683 instead of"
    assert f"    {words} 192.0.2.2:5683 (frame 2)" in below(printed, "CON-UNANSWERED")
    found = [n for n, line in enumerate(printed) if "nearest" in line]
    rules = [next(line for line in printed[n::-1] if line[0] != " ").split()[-1] for n in found]
    assert sorted(rules) == [
        "COAP-7252-4.2-CON-UNANSWERED",
        "COAP-7252-4.4-ACK-OTHER-ENDPOINT",
        "COAP-CAP-MIDSTART",
    ]


def test_all_prints_every_finding(field_day: Session) -> None:
    heads = [line for line in lines(field_day, alone=True) if line[0] != " "]
    assert len([line for line in heads if ": frame " in line]) == len(field_day.findings)
    assert "--all" not in "".join(heads)


def test_rows_are_fewer_and_the_sum_is_of_all_findings(field_day: Session) -> None:
    printed = lines(field_day)
    rows = len([line for line in printed if ": frame " in line and line[0] != " "])
    assert rows < len(field_day.findings)
    assert printed[-2] == f"{len(field_day.findings)} findings in {rows} rows; --all shows each"
    counts = field_day.findings.summary()
    assert printed[-1].endswith(
        f"{counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes"
    )


def test_what_explains_a_breach_stands_below_it(field_day: Session) -> None:
    shown = below(lines(field_day), "a-TOKEN")
    assert shown[-1].startswith(
        "    explained by frame 219, error COAP-7252-5.3.2-PIGGY-TOKEN: The ACK to CON POST "
    )


def test_repetitions_are_one_row_with_count_first_and_last_time() -> None:
    talk = Conversation()
    for _ in range(3):
        talk.non("POST", payload=b"x", max_age=60).wait(1)
    (head,) = (line for line in lines(talk.session()) if "5.4-CONTEXT-REQ" in line)
    assert head.endswith("  (3 times from 0.000 s to 2.020 s)")


def test_the_offending_bytes_are_marked() -> None:
    talk = Conversation().con("GET", mid=0x1234, token=b"ab").ack("2.05", token=b"cd")
    shown = below(lines(talk.session()), "PIGGY-TOKEN")
    assert shown[-2:] == [
        f"    0000  62 45 12 34 63 64{' ' * 32}bE.4cd",
        "                      ^^ ^^",
    ]
    coloured = below(lines(talk.session(), colour=True), "PIGGY-TOKEN")
    assert coloured[-1].startswith("    0000  62 45 12 34 \x1b[31;1m63\x1b[0m \x1b[31;1m64\x1b[0m ")


def test_a_long_span_is_cut() -> None:
    talk = Conversation().con("GET", token=b"12345678", path="/" + "x" * 300)
    shown = below(lines(talk.session()), "LEN-CRITICAL")
    assert shown[-2].split("  ")[0:3] == ["", "", "0008"]
    assert "…" in shown[-2]
    assert shown[-1].count("^^") == 16 - 4


def test_colour_is_asked_for_and_changes_no_word(field_day: Session) -> None:
    plain, coloured = (lines(field_day, colour) for colour in (False, True))
    assert "\x1b" not in "".join(plain)
    carets = [line for line in plain if line.strip(" ^") == ""]
    assert carets
    assert len(coloured) == len(plain) - len(carets)
    heads = [line for line in coloured if line[0] == "\x1b"]
    assert all(line.count("\x1b") == 2 for line in heads)


def test_an_empty_session_is_told_as_such() -> None:
    session = Session()
    session.close()
    assert lines(session) == [
        "0 packets, 0 CoAP messages, 0 exchanges: 0 errors, 0 warnings, 0 notes"
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_escapes(name: str) -> None:
    text = report("text", named(name))
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "markdown"])
@pytest.mark.parametrize(
    "payload",
    [
        b'{"Message Type":"REG","UE Service ID":5,"UE Credential Information":{"k":"s3cr3t"}}',
        b'{"UE Credential Information":"s3cr3t","UE Service ID":5,"Message Type":"REG"}',
        b'{"Message Type":"REG","UE Credential Information":"s3cr3t',
        b'{"Message Type":"REG","UE Credential Information":{"k":"s3cr3t"},,}',
        b'{"Message Type":"REG","UE Credential Information":s3cr3t}',
        b'{"Message Type":"REG","UE Credential Information":{"k":"s3cr3t\xff"}}',
        b'\xef\xbb\xbf{"Message Type":"REG","UE Credential Information":"s3cr3t"}',
        b'{"Message Type":"REG","UE Credential Information":[[["s3cr3t"]]],"a":1,"a":2}',
    ],
)
def test_no_format_tells_a_credential(form: str, payload: bytes) -> None:
    session = Conversation().con("POST", path="/reg", payload=payload).ack("2.01").session()
    told = report(form, session)
    shown = json.dumps(told)
    assert len(session.findings) > 1
    assert "s3cr" not in shown
    assert b"3cr3t".hex(" ") not in told


def test_blocks_of_a_body_tell_no_credential() -> None:
    payload = b'{"Message Type":"REG","UE Service ID":5,"UE Credential Information":{"k":"s3cr3t"}}'
    talk = Conversation()
    for number in range(0, len(payload), 64):
        more = number + 64 < len(payload)
        block = (number // 64 << 4) | more << 3 | 2
        part = payload[number : number + 64]
        talk.con("POST", path="/reg", content_format=50, block1=block, payload=part).ack(
            "2.31" if more else "2.01", block1=block
        )
    session = talk.session()
    assert any(f.span for f in session.findings)
    told = report("text", session)
    assert b"3cr3t".hex(" ") not in told
    assert "s3cr3t" not in told
