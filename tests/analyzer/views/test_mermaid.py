# SPDX-License-Identifier: GPL-2.0-only
"""Mermaid diagrams: what Mermaid's grammar of sequence diagrams takes, and nothing it could take
for anything else."""

from __future__ import annotations

import io
import json
import re
from textwrap import dedent

import pytest
from generated import conversations
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer.ladders import ladders
from analyzer.selecting import grouped
from analyzer.session import Session
from analyzer.views.mermaid import quote, write_ladders

TOKEN = b"\x0a\x0b"

# The statements used, from Mermaid's documented grammar; text is letters and signs that mean
# nothing to it, entity codes and line breaks.
TEXT = r"(?:[A-Za-z0-9 ./:,()\[\]=?_-]|#\d+;|<br/>)+"
STATEMENTS = (
    rf"    title {TEXT}",
    rf"    participant p\d+ as {TEXT}",
    rf"    p\d+--?>>p\d+: {TEXT}",
    rf"    Note over p\d+(?:,p\d+)?: {TEXT}",
)


def parsed(diagram: str) -> list[str]:
    """The statements of a diagram, each of which is one; every participant is declared."""
    head, *lines = diagram.removesuffix("\n").split("\n")
    assert head == "sequenceDiagram"
    for line in lines:
        assert any(re.fullmatch(statement, line) for statement in STATEMENTS), line
        assert not re.search(r"(?i)\bend\b|style|classdef", line)
    declared = set(re.findall(r"participant (p\d+)", diagram))
    assert set(re.findall(r"\bp\d+(?=-|,p|: )", diagram)) <= declared
    return lines


def of_session(session: Session, together: bool = False, fenced: bool = False) -> str:
    out = io.StringIO()
    ids = range(1, len(session.exchanges) + 1)
    write_ladders(ladders(session, grouped(session, ids, together=together)), out, fenced)
    return out.getvalue()


def shown(text: str) -> str:
    """Entity codes as Mermaid shows them."""
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


def test_a_conversation() -> None:
    talk = Conversation().con("GET", path="/a", token=TOKEN).wait(2.09).again()
    expected = """
        sequenceDiagram
            title Exchange 1, GET, /a, token 0a 0b, answered 2.05 Content
            participant p1 as 192.0.2.1:40000
            participant p2 as 192.0.2.2:5683
            p1->>p2: frame 1, 0.000000 s<br/>CON, MID:4097, GET, /a
            Note over p1,p2: 2.100 s
            p1->>p2: frame 2, 2.100000 s<br/>CON, MID:4097, GET, /a, [Retransmission]
            Note over p1,p2: note COAP-7252-4.2-RETRANSMISSION:<br/>CON GET /a, Message ID 4097: \
retransmission, 2.10 s after<br/>the transmission before, 2.10 s after the first
            p2-->>p1: frame 3, 2.110000 s<br/>ACK, MID:4097, 2.05 Content
    """
    assert of_session(talk.ack("2.05").session()) == dedent(expected).lstrip()


def test_what_never_came_is_a_note() -> None:
    talk = Conversation().con("GET", token=TOKEN).wait(94).con("GET").rst()
    assert "    Note over p1,p2: no ACK, no response within 93 s\n" in of_session(talk.session())


@pytest.mark.parametrize(
    "hostile",
    [
        *("/a;b", "/#1;", "/#quot;", "/end", "/END end", "/x: wrap: y", "/$$x$$", "/```", "/\"'"),
        *("/<br/><script>alert(1)</script>", "/%%{init: {}}%%", "/%% c", "/a->>b", "/+", "/@{a}"),
        *("/&lt;", "/\u2028\n\r\t\x00", "/style:x;y", "/classDef a:#b;c", "/ﬂ°°35¶ß", "/\\n"),
    ],
)
def test_text_of_packets_is_no_syntax(hostile: str) -> None:
    ue = json.dumps({"Message Type": "REG", "UE Service ID": hostile}).encode()
    session = Conversation().con("POST", path=hostile, payload=ue).ack("2.01").session()
    plain = Conversation().con("POST", path="/a", payload=ue).ack("2.01").session()
    lines, ordinary = parsed(of_session(session)), parsed(of_session(plain))
    kinds = [
        [line.split()[0] for line in every if "Note" not in line] for every in (lines, ordinary)
    ]
    assert kinds[0] == kinds[1]


@given(st.text())
def test_quoting_loses_nothing(text: str) -> None:
    quoted = quote(text)
    assert quoted.isascii()
    assert not re.search(r"(?i)\bend\b", quoted)
    assert shown(quoted) == text


@settings(max_examples=40, deadline=None)
@given(capture=conversations(), together=st.booleans())
def test_every_diagram_is_one(
    capture: bytes, together: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("mermaid") / "talk.pcap"
    path.write_bytes(capture)
    session = Session()
    session.open([path])
    session.read_all()
    fenced = of_session(session, together, fenced=True)
    diagrams = re.findall(r"^```mermaid\n(.*?)^```\n", fenced, re.MULTILINE | re.DOTALL)
    assert len(diagrams) == (1 if together else len(session.exchanges)) or not session.exchanges
    arrows = [line for diagram in diagrams for line in parsed(diagram) if ">>" in line]
    assert len(arrows) == sum(1 for cells in session.messages.rows() if cells["exchange"])
