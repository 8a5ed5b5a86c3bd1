# SPDX-License-Identifier: GPL-2.0-only
"""Which rows a filter passes: messages of small conversations, by their frames."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer.filters import matching, stored
from analyzer.filters.filter import Filter, compiled
from analyzer.filters.grammar import parse
from analyzer.filters.kinds import known_fields
from analyzer.filters.matching import Matcher
from analyzer.filters.model import FilterError
from analyzer.session import Session
from dissectors.fields import Table

REGISTRATION = {"Message Type": "REG", "UE Service ID": "meter@iot.example", "x": [1, 2]}


@cache
def talk() -> Session:
    """1, 2: a request with two Uri-Path segments, and 2.05; 3, 4: a registration in vain; 5, 6: a
    request sent twice, without an answer; 7: a Reset that answers nothing."""
    body = json.dumps(REGISTRATION).encode()
    return (
        Conversation()
        .con("GET", path="/sensors/temp", token=b"\x0a\x0b", mid=1)
        .ack("2.05", payload=b"21.5", content_format=0)
        .con("POST", path="/reg", token=b"\x0c", mid=2, payload=body, content_format=50)
        .wait(1)
        .ack("4.03")
        .con("GET", path="/none", token=b"\x0a\x0d\x0e", mid=0x1234)
        .wait(2.5)
        .again()
        .rst(mid=9)
        .wait(300)
        .non("GET", path="/end", mid=77, source="192.0.2.9:5000")
        .session()
    )


def frames(text: str, session: Session | None = None) -> list[int]:
    session = session or talk()
    passed = Matcher(session, compiled(text)).matches()
    found: list[int] = session.messages["frame"][passed].tolist()
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("coap", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("udp && ip && frame", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("ipv6", []),
        ("msgin5g", [3]),
        ("coap.mid == 1", [1, 2]),
        ("coap.mid == 0x1234", [5, 6]),
        ("coap.mid == 011", [7]),
        ("coap.mid == 0b10", [3, 4]),
        ("coap.mid != 1 && coap.mid < 10", [3, 4, 7]),
        ("coap.mid == -1 or coap.mid > 99999", []),
        ("coap.mid in {1, 5..9}", [1, 2, 7]),
        ("coap.mid not in {1, 5..9, 77}", [3, 4, 5, 6]),
        ("coap.type == CON", [1, 3, 5, 6]),
        ("coap.type == Confirmable", [1, 3, 5, 6]),
        ("coap.type == 3 or coap.type == NON", [7, 8]),
        ("coap.code == GET", [1, 5, 6, 8]),
        ("coap.code == 2.05", [2]),
        ("coap.code >= 4.00", [4]),
        ('coap.code in {"4.03 Forbidden", POST}', [3, 4]),
        ("coap.code == 69", [2]),
        ("coap.token == 0a:0b", [1, 2]),
        ("coap.token == 0a0b", [1, 2]),
        ("coap.token == :0c", [3, 4]),
        (r'coap.token == "\x0c"', [3, 4]),
        ("coap.token contains 0d", [5, 6]),
        ("coap.token contains 0d:0e", [5, 6]),
        ("coap.token[0] == 0a", [1, 2, 5, 6]),
        ("coap.token[1:] == 0d0e", [5, 6]),
        ("coap.token[-1] == 0b", [1, 2]),
        ("coap.token[1] != 0b", [3, 4, 5, 6]),
        ("coap.token[0,2] == 0a:0e", [5, 6]),
        ("coap.token[2]", [5, 6]),
        ("coap.token in {0a..0a:0c}", [1, 2, 3, 4]),
        ('coap.token[2:] == ""', [1, 2, 3, 4]),
        ("coap.token < 0b:0b", [1, 2, 3, 4]),
        (r'coap.token ~ "\x0d"', [5, 6]),
        ("!coap.token", [7, 8]),
        ("ip.addr == 192.0.2.9", [8]),
        ("ip.addr != 192.0.2.9", [1, 2, 3, 4, 5, 6, 7]),
        ("ip.addr !== 192.0.2.1", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("ip.addr === 192.0.2.1", []),
        ("ip.src == 192.0.2.0/29 and ip.dst == 192.0.2.2", [1, 3, 5, 6]),
        ("ip.src > 192.0.2.8", [8]),
        ("ip.src in {192.0.2.2..192.0.2.9}", [2, 4, 7, 8]),
        ("ip.src in {192.0.2.8/29, 10.0.0.1}", [8]),
        ("ipv6.addr != ::1", []),
        ("_ws.col.def_src == 2001:db8::/32", []),
        ("_ws.col.def_src != 2001:db8::/32", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("all udp.port > 5000", [1, 2, 3, 4, 5, 6, 7]),
        ("any udp.port != 5683", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("udp.port != 5683", []),
        ("udp.srcport == 5000", [8]),
        ("exchange.state == unanswered", [5, 6]),
        ('exchange.state in {"answered"}', [1, 2, 3, 4]),
        ("exchange.state == Answered", [1, 2, 3, 4]),
        ('exchange.uri contains "/sens"', [1, 2]),
        ("exchange.uri == /reg", [3, 4]),
        ('exchange.uri matches "^/(REG|none)$"', [3, 4, 5, 6]),
        ('exchange.uri ~ "(?-i)^/REG"', []),
        ('exchange.uri[1:4] == "sens"', [1, 2]),
        ("exchange.response_code == 4.03", [3, 4]),
        ("exchange.client == 192.0.2.9:5000", [8]),
        ("exchange.retransmissions > 0", [5, 6]),
        ("exchange.retransmitted_in", [5, 6]),
        ("exchange.response_time > 0.5", [3, 4]),
        ("exchange.token == 0c", [3, 4]),
        ('exchange.ue_service_id == "meter@iot.example"', [3, 4]),
        ("exchange.role == retransmission", [6]),
        ("exchange.role == orphan", [7]),
        ("!exchange.id", [7]),
        ("coap.response_in == 2", [1]),
        ("coap.response_to", [2, 4]),
        ("coap.response_time < 0.5", [2]),
        ("frame.number in {2..3}", [2, 3]),
        ("frame.time_relative > 100", [8]),
        ("frame.time_relative < 0.015", [1, 2]),
        ('frame.time < "2023-11-14T22:13:20.015Z"', [1, 2]),
        ('frame.time_epoch < "Nov 14, 2023 22:13:20.015000000 UTC"', [1, 2]),
        ("frame.time_epoch == 1700000000", [1]),
        ('finding.rule contains "UNANSWERED"', [5]),
        ("finding.severity >= warning and coap.mid == 0x1234", [5]),
        ("coap.opt.uri_path == temp", [1]),
        ("coap.opt.uri_path === temp", []),
        ("coap.opt.uri_path != temp", [3, 5, 6, 8]),
        ("coap.opt.uri_path !== temp", [1, 3, 5, 6, 8]),
        ("all coap.opt.uri_path contains e", [1, 3, 5, 6, 8]),
        ("coap.opt.uri_path && coap.mid == 1", [1]),
        ("!coap.opt.uri_path", [2, 4, 7]),
        ("coap.mid == 1 or coap.opt.uri_path == reg", [1, 2, 3]),
        ('coap.opt.ctype == "application/json"', [3]),
        ("msgin5g.message_type == REG", [3]),
        ('msgin5g.ue_service_id == "meter@iot.example"', [3]),
        ('not msgin5g.ue_service_id contains "meter"', [1, 2, 4, 5, 6, 7, 8]),
        ("coap.version == 1 and coap.token_len == 2", [1, 2]),
        ("COAP.MID == 77", [8]),
    ],
)
def test_messages_that_pass(text: str, expected: list[int]) -> None:
    assert frames(text) == expected
    assert frames(str(parse(text) or "")) == expected
    assert frames(f"!!({text or 'coap'})") == expected
    others = [frame for frame in range(1, 9) if frame not in expected]
    assert frames(f"not ({text or 'coap'})") == others


@pytest.mark.parametrize(
    ("table", "text", "ids"),
    [
        (Table.EXCHANGES, "", [1, 2, 3, 4]),
        (Table.EXCHANGES, "exchange.state == unanswered", [3]),
        (Table.EXCHANGES, "coap.code == POST", [2]),
        (Table.EXCHANGES, "coap.code != POST", [1, 3, 4]),
        (Table.EXCHANGES, "coap.opt.uri_path == temp", [1]),
        (Table.EXCHANGES, "not coap.opt.uri_path == temp", [2, 3, 4]),
        (Table.EXCHANGES, "coap.type == CON and coap.type == ACK", [1, 2]),
        (Table.EXCHANGES, 'finding.rule contains "UNANSWERED"', [3]),
        (Table.EXCHANGES, "coap.opt.uri_path === temp || exchange.mid == 77", [4]),
    ],
)
def test_exchanges_that_pass(table: Table, text: str, ids: list[int]) -> None:
    passed = Matcher(talk(), compiled(text, table)).matches()
    assert (np.flatnonzero(passed) + 1).tolist() == ids


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("finding.severity == warning", lambda f: f.severity.label == "warning"),
        ("exchange.state == unanswered", lambda f: f.exchange == 3),
        ("coap.mid == 2", lambda f: f.row in (2, 3)),
        ("coap.opt.uri_path == reg", lambda f: f.row == 2),
        ("not coap.mid == 2", lambda f: f.row not in (2, 3)),
        ("finding.frames == 6", lambda f: 6 in f.frames),
    ],
)
def test_findings_that_pass(text: str, means) -> None:  # type: ignore[no-untyped-def]
    passed = Matcher(talk(), compiled(text, Table.FINDINGS)).matches()
    expected = [means(finding) for finding in talk().findings]
    assert passed.tolist() == expected
    assert any(expected)
    assert not all(expected)


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("coap.mdi == 5", 0, "did you mean coap.mid?"),
        ('coap and coap.mid == "x"', 21, "coap.mid is a number"),
        ("coap.mid == 1.5", 12, "a number"),
        ("ip.src == ::1", 10, "IPv4 address"),
        ("ipv6.src == 1.2.3.4", 12, "IPv6 address"),
        ("coap.token == 0a0", 14, "bytes"),
        ("frame.time_relative > soon", 22, "time in seconds"),
        ('frame.time > "soon"', 13, "time of day"),
        ("exchange.state == unanswerd", 18, "did you mean unanswered?"),
        ("finding.severity >= bad", 20, "never bad"),
        ('finding.rule == "COAP-1"', 16, "never"),
        ("coap.mid contains 5", 9, "for strings and bytes"),
        ("coap.opt.if_none_match < true", 23, "true or false"),
        ("coap.mid[0] == 5", 0, "slices"),
        ("coap == 5", 5, "protocol"),
        ("coap.mid in {1, 9..5}", 16, "ends before"),
        ('exchange.uri ~ "(a"', 15, "unclosed group"),
        ('exchange.uri ~ "a{999}{999}{999}"', 15, "size limit"),
        (r'exchange.uri ~ r"(a)\1"', 15, "backreferences"),
        ("_ws.col.info contains a", 0, "screen"),
        ("nothing.at.all.like.it", 0, "msgshark fields"),
    ],
)
def test_what_makes_no_sense_is_told(text: str, at: int, words: str) -> None:
    with pytest.raises(FilterError) as error:
        compiled(text)
    assert (error.value.at, words in str(error.value)) == (at, True), str(error.value)


# In steps --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["coap.mid < 10", "coap.opt.uri_path == temp or exchange.uri", "finding.rule"]
)
def test_piece_by_piece_is_as_at_once(text: str) -> None:
    matcher = Matcher(talk(), compiled(text))
    whole = matcher.matches().tolist()
    for size in (1, 3):
        pieces = [matcher.matches(at, at + size) for at in range(0, len(whole), size)]
        assert np.concatenate(pieces).tolist() == whole
    assert matcher.matches(5, 99).tolist() == whole[5:]
    assert matcher.matches(99).tolist() == []
    assert matcher.passing([6, 0, 3]) == [row for row in (6, 0, 3) if whole[row]]
    assert matcher.passing([]) == []


@pytest.mark.parametrize("block", [1, 3])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "coap.mid < 10",
            "coap.token == 0a:0b",
            "ip.addr == 192.0.2.9",
            "exchange.role == orphan",
        ),
        *("exchange.state == unanswered", "exchange.retransmitted_in", "exchange.response_time"),
        *("finding.rule", "!exchange.id", "coap.response_in", "exchange.ack_in > 3"),
    ],
)
def test_blocks_of_rows_are_as_all_at_once(
    text: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = frames(text)
    monkeypatch.setattr(stored, "BLOCK", block)
    monkeypatch.setattr(matching, "BLOCK", block)
    assert frames(text) == whole
    exchanges = compiled("exchange.mid < 10 or coap.mid == 77", Table.EXCHANGES)
    assert Matcher(talk(), exchanges).matches().tolist() == [True, True, False, True]


def test_packets_are_read_in_steps_and_only_where_they_decide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conversation = Conversation()
    for number in range(400):
        conversation.non("GET", path="/a" if number % 2 else "/b", mid=number)
    session = conversation.session()
    read: list[int] = []
    of = Session.coap

    matcher = Matcher(session, compiled("coap.mid >= 100 and coap.opt.uri_path == a"))
    steps = list(matcher.search())
    assert [step.share for step in steps] == [0, 256 / 300, 1]
    assert steps[-1].passed.nonzero()[0].tolist() == list(range(101, 400, 2))

    monkeypatch.setattr(Session, "coap", lambda self, row: read.append(row) or of(self, row))
    Matcher(session, compiled("coap.mid == 7 and coap.opt.uri_path == a")).matches()
    assert read == [7]


@pytest.mark.parametrize(
    ("text", "settled", "reads"),
    [
        ("coap.mid == 1 and ip.src == 10.0.0.1", True, False),
        ("coap.opt.uri_path == a", True, True),
        ("coap.mid == 1 or exchange.state == open", False, False),
        ("finding.rule", False, False),
        ("coap.response_in", False, False),
        ("", True, False),
    ],
)
def test_a_filter_knows_what_it_takes(text: str, settled: bool, reads: bool) -> None:
    found: Filter = compiled(text)
    assert (found.settled, found.reads_packets) == (settled, reads)


# Anything ---------------------------------------------------------------------------------------

fields = st.sampled_from([name for name in known_fields() if name != "_ws.col.info"])
values = st.sampled_from(
    ["5", "1.5", '"a"', "0a", "::1", "10.0.0.0/8", "warning", "true", "open", '"(a|b)*c"', "2.05"]
)
operators = st.sampled_from(["==", "!=", "===", "!==", "<", ">=", "contains", "matches"])
comparisons = st.builds("{} {} {}".format, fields, operators, values)
sets = st.builds("{} in {{{}, {}}}".format, fields, values, values)
slices = st.builds("{}[{}:{}] == {}".format, fields, st.integers(-3, 3), st.integers(1, 3), values)
some = fields | comparisons | sets | slices
joined = st.lists(some, min_size=1, max_size=3).map(" and not ".join)


@given(joined, st.sampled_from(Table))
def test_any_filter_passes_rows_or_is_an_error(text: str, table: Table) -> None:
    found = compiled_or_error(text, table)
    if isinstance(found, FilterError):
        assert 0 <= found.at <= len(text)
        return
    passed = Matcher(talk(), found).matches()
    inverse = Matcher(talk(), compiled(f"not ({text})", table)).matches()
    assert (passed ^ inverse).all()


def compiled_or_error(text: str, table: Table) -> Filter | FilterError:
    try:
        return compiled(text, table)
    except FilterError as error:
        return error


def test_a_pattern_that_takes_others_for_ever_takes_no_time() -> None:
    session = Conversation().con("GET", path="/" + "a" * 200, mid=1).ack("2.05").session()
    assert frames('exchange.uri ~ "(a+)+$"', session) == [1, 2]
    assert frames('exchange.uri ~ "(a|a)*b"', session) == []
