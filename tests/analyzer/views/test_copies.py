# SPDX-License-Identifier: GPL-2.0-only
"""Copies: what each says is true of what it was made of, and nothing in it acts anywhere else."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from generated import conversations, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.messages import CARRIED
from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from analyzer.views import json, text
from analyzer.views.copies.model import MASKED, CopyError, Subject
from analyzer.views.copies.registry import COPIES, offer
from analyzer.views.copies.request import printed, shell
from analyzer.views.detail.nodes import Node
from analyzer.views.listed import listed
from analyzer.views.session_view import SessionView
from dissectors.fields import Table

CAPTURES = sorted((Path(__file__).parents[3] / "captures").glob("*.pcapng"))
FIELD_DAY = next(path for path in CAPTURES if path.name.startswith("field-day"))
HOSTILE = b"'; touch /tmp/owned; $(id) `id` \\ \" % \x00\xff\x1b[2J\n"
FORMS = {form.name: form for form in COPIES}


def view_of(session: Session, unmasked: bool = True) -> SessionView:
    view = SessionView(session)
    view.unmasked = unmasked
    return view


def message(session: Session, row: int = 0, unmasked: bool = True) -> Subject:
    exchange = session.messages.cell("exchange", row)
    return Subject(view_of(session, unmasked), Table.MESSAGES, row, exchange)


def made(name: str, subject: Subject) -> str:
    return FORMS[name].of(subject).text


def session_of(capture: bytes) -> Session:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.pcap"
        path.write_bytes(capture)
        return read(path)


@pytest.fixture(scope="module")
def field_day() -> Session:
    return read(FIELD_DAY)


# Octets -----------------------------------------------------------------------------------------


def built(expression: str) -> bytes:
    names: dict[str, Any] = {}
    exec("from scapy.all import *\nfrom dissectors import *", names)
    return bytes(eval(expression, names))


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_octets_of_every_packet_come_back_from_every_form(path: Path) -> None:
    session = read(path)
    names: dict[str, Any] = {}
    exec("from scapy.all import *\nfrom dissectors import *", names)
    for row in range(len(session.messages)):
        subject, packet = message(session, row), session.packet(row)
        if session.messages.cell("flags", row) & CARRIED:  # no packet has it as it is
            packet = session.coap(row)
        assert bytes(eval(made("scapy_expression", subject), names)) == packet
        assert bytes.fromhex(made("hex_stream", subject)) == packet
        _, _, initialiser = made("c_array", subject).partition("{")
        assert bytes(int(pair, 16) for pair in re.findall("0x(..)", initialiser)) == packet
        dump = made("hex_dump", subject).splitlines()
        assert bytes.fromhex("".join(line[6:53] for line in dump)) == packet


@given(conversations(most=4))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_scapy_expression_builds_any_packet(capture: bytes) -> None:
    session = session_of(capture)
    for row in range(min(6, len(session.messages))):
        assert built(made("scapy_expression", message(session, row))) == session.packet(row)


def test_credentials_are_masked_in_every_form_and_the_copy_says_so(field_day: Session) -> None:
    row = next(
        row for row in range(len(field_day.messages)) if b'"A-KID": "' in field_day.packet(row)
    )
    secret = re.search(rb'"A-KID": "([^"]+)"', field_day.packet(row))
    assert secret is not None
    subject = message(field_day, row, unmasked=False)
    for form in COPIES:
        found = offer(form, subject).copied
        shown = form.of(message(field_day, row)).text if found else ""
        for spelled in (secret[1].decode(), secret[1].hex(), secret[1].hex(" "), "0x72, 0x69"):
            assert found is None or spelled not in found.text
            if spelled in shown and spelled != "0x72, 0x69":
                assert MASKED in (found.remarks if found else ())
    for name in ("hex_stream", "coap_client", "aiocoap_client", "scapy_expression", "json_rows"):
        assert MASKED in FORMS[name].of(subject).remarks
        assert MASKED not in FORMS[name].of(message(field_day, row)).remarks


def test_a_packet_that_is_gone_says_so(tmp_path: Path) -> None:
    path = tmp_path / "one.pcap"
    path.write_bytes(Conversation().con("GET", path="/a").pcap())
    session = read(path)
    path.write_bytes(b"")
    with pytest.raises(CopyError, match="no longer holds"):
        made("hex_stream", message(session))
    session.release()
    assert offer(FORMS["hex_dump"], message(session)).reason  # the system fails to read it


# Rows -------------------------------------------------------------------------------------------


def test_rows_are_what_the_commands_print(field_day: Session) -> None:
    subject = message(field_day, 3, unmasked=False)
    out = io.StringIO()
    json.write_rows(listed(field_day, Table.MESSAGES, [3]), out)
    assert made("json_rows", subject) == out.getvalue().strip()
    out = io.StringIO()
    json.write_exchanges(field_day, out, [5])
    exchange = subject._replace(of=Table.EXCHANGES, exchange=5)
    assert made("json_rows", exchange) == out.getvalue().strip()
    out = io.StringIO()
    text.write_messages(field_day, out, [3])
    assert made("summary", subject) == out.getvalue().strip()
    finding = field_day.findings[4]
    out = io.StringIO()
    json.write_rows(listed(field_day, Table.FINDINGS, [4]), out)
    of_finding = subject._replace(of=Table.FINDINGS, finding=finding, row=finding.row)
    assert made("json_rows", of_finding) == out.getvalue().strip()
    assert finding.rule.id in made("summary", of_finding)


def test_the_filter_selects_the_row_alone(field_day: Session) -> None:
    subject = message(field_day, 7)
    for of, wanted in ((Table.MESSAGES, 7), (Table.EXCHANGES, 4), (Table.FINDINGS, 6)):
        one = subject._replace(of=of, exchange=5, finding=field_day.findings[6])
        asked = compiled(made("display_filter", one), of)
        assert Matcher(field_day, asked).matches().nonzero()[0].tolist() == [wanted]


def test_the_filter_of_a_ue_selects_its_exchanges(field_day: Session) -> None:
    ues = field_day.exchanges["ue"].tolist()
    hostile = next(ue for ue in ues if "\x1b" in field_day.names[ue])
    subject = Subject(view_of(field_day), Table.EXCHANGES, ue=field_day.names[hostile])
    asked = compiled(made("display_filter", subject), Table.EXCHANGES)
    found = Matcher(field_day, asked).matches().nonzero()[0].tolist()
    assert found == [row for row, ue in enumerate(ues) if ue == hostile]
    assert "\x1b" not in made("summary", subject)


def test_the_value_of_a_field_is_what_stands_behind_its_name(field_day: Session) -> None:
    for line, value in (
        ("Uri-Path: register", "register"),
        ("[Response in: 5]", "5"),
        ("Message ID: 7", "7"),
        ("Payload", "Payload"),
    ):
        subject = message(field_day)._replace(field=Node(((line, ""),)))
        assert made("field_value", subject) == value
    with pytest.raises(CopyError):
        made("field_value", message(field_day))


def test_every_form_of_every_finding(field_day: Session) -> None:
    for finding in field_day.findings:
        exchange = finding.exchange
        subject = Subject(view_of(field_day, False), Table.FINDINGS, finding.row, exchange, finding)
        issue = made("issue", subject)
        assert finding.rule.id in issue
        assert finding.rule.reference in issue
        for form in COPIES:
            found = offer(form, subject)
            assert found.copied is not None or found.reason
            assert "\x1b" not in (found.copied.text if found.copied else "")


def test_in_an_issue_nothing_of_a_packet_is_markup(field_day: Session) -> None:
    finding = next(f for f in field_day.findings if f.severity is Severity.ERROR and f.exchange)
    issue = made("issue", message(field_day)._replace(finding=finding, of=Table.FINDINGS))
    for heading in ("### What", "### Why", "### Fix", "### Messages", "- Expected: `"):
        assert heading in issue
    talk = Conversation().con("GET", path="/```/<b>/@all", token=b"a").ack("2.05", token=b"zz")
    session = talk.session()
    for finding in session.findings:
        subject = Subject(view_of(session), Table.FINDINGS, finding.row, finding.exchange, finding)
        prose = re.sub(r"(?m)^(`{3,})text\n(?s:.*?)\n\1$", "", made("issue", subject))
        prose = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", prose)
        assert "<b>" not in prose
        assert "@all" not in prose


# Commands ---------------------------------------------------------------------------------------


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=60, deadline=None)
def test_a_payload_goes_through_a_shell_as_it_is(payload: bytes) -> None:
    done = subprocess.run(["/bin/sh", "-c", printed(payload)], capture_output=True, check=True)
    assert done.stdout == payload
    assert done.stderr == b""


@given(st.lists(st.text(st.characters(exclude_characters="\0"), max_size=40), min_size=1))
def test_words_come_back_from_a_shell(words: list[str]) -> None:
    assert shlex.split(shell(words)) == words


@given(st.lists(st.binary(max_size=30), max_size=3), st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_what_a_packet_says_is_one_word_of_the_command(path: list[bytes], payload: bytes) -> None:
    options = [(11, segment) for segment in path] + [(15, HOSTILE), (3, HOSTILE), (2049, HOSTILE)]
    talk = Conversation().con("POST", token=b"a", options=options, payload=payload)
    subject = message(talk.session())
    for name in ("coap_client", "aiocoap_client"):
        found = offer(FORMS[name], subject).copied
        if found is None:
            continue
        command = found.text.rpartition(" | ")[2] if name == "aiocoap_client" else found.text
        assert command.isascii()
        assert command.isprintable()
        words = shlex.split(command)
        assert words[0] == name.replace("_", "-")
        assert words[-1].startswith("coap://192.0.2.2")
        assert shell(words) == command
        assert not {";", "|", "touch", "id"} & set(words)


def test_a_response_offers_the_request_it_answers() -> None:
    session = Conversation().con("GET", path="/a b", token=b"a").ack("2.05").session()
    found = FORMS["coap_client"].of(message(session, 1))
    assert found.text == "coap-client -m get -U coap://192.0.2.2/a%20b"
    assert found.remarks == ("the request is packet 1",)
    ping = Conversation().con().rst().session()
    assert offer(FORMS["coap_client"], message(ping)).reason == "a ping is no request"


def test_what_a_client_cannot_send_is_said() -> None:
    session = Conversation().con("GET", path="/a", etag=b"1", if_none_match=b"").session()
    assert FORMS["aiocoap_client"].of(message(session)).remarks == ("without ETag, If-None-Match",)
    block = Conversation().con("PUT", path="/a", block1=(3, True, 0), payload=b"0" * 16).session()
    assert "single block" in offer(FORMS["coap_client"], message(block)).reason
    odd = Conversation().con(0x1E, path="/a").session()
    assert "0.30" in offer(FORMS["coap_client"], message(odd)).reason
    assert FORMS["aiocoap_client"].of(message(odd)).text.startswith("aiocoap-client -m 30 ")
