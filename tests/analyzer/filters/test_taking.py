# SPDX-License-Identifier: GPL-2.0-only
"""Conditions taken from rows let these rows pass, and say what a user would write."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.filters import taking
from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.filters.taking import equal, taken
from analyzer.session import Session
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import packet_detail
from analyzer.views.session_view import SessionView
from dissectors.coap.numbers import Type
from dissectors.fields import Table, fields

CAPTURES = sorted((Path(__file__).parents[3] / "captures").glob("*.pcapng"))


def read(path: Path) -> Session:
    session = Session()
    session.open([path])
    session.read_all()
    return session


def nodes_of(view: SessionView, row: int) -> list[Node]:
    left, found = list(packet_detail(view, row).nodes), []
    while left:
        node = left.pop()
        left += node.children
        found.append(node)
    return found


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_every_line_of_a_packet_has_a_condition_that_the_packet_passes(
    capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "equal", cache(equal))  # most values come again and again
    session = read(capture)
    view = SessionView(session)
    matchers: dict[str, Matcher] = {}
    for row in range(len(session.messages)):
        of_fields = {(n.field, n.nth): n for n in nodes_of(view, row) if n.field}
        over_tcp = session.messages.cell("type", row) == Type.TCP
        least = {"tcp.srcport"} if over_tcp else {"udp.srcport", "coap.mid", "coap.type"}
        assert {"frame.number", "coap.token_len", *least} <= {f for f, _ in of_fields}
        for (field, nth), node in of_fields.items():
            text = taken(session, Table.MESSAGES, row, field, nth)
            if not text:
                assert node.field == "msgin5g"  # by its payload, not by what it comes to
                continue
            if text not in matchers:
                matchers[text] = Matcher(session, compiled(text))
            assert matchers[text].matches(row, row + 1)[0], (row, node.text, text)


def test_they_read_as_a_user_writes_them() -> None:
    session = read(Path(__file__).parents[3] / "captures" / "registration.pcapng")

    def of(name: str, nth: int = 0) -> str:
        return taken(session, Table.MESSAGES, 0, name, nth)

    assert of("coap.code") == "coap.code == POST"
    assert of("coap.type") == "coap.type == CON"
    assert of("coap.opt.uri_path") == 'coap.opt.uri_path == "msgin5g"'
    assert of("coap.opt.uri_path", 1) == 'coap.opt.uri_path == "registration"'
    assert of("coap.opt.ctype") == 'coap.opt.ctype == "application/json"'
    assert of("udp.dstport") == "udp.dstport == 5683"
    assert of("coap.response_in") == "coap.response_in == 2"
    assert of("exchange.state") == 'exchange.state == "answered"'
    assert of("coap.token").startswith("coap.token == ")
    assert of("coap.opt.observe") == ""
    assert of("ip") == "ip"
    assert of("ipv6") == ""
    # Credentials are masked alike: what is in one cannot be asked for.
    assert of("msgin5g.ue_credential_information") == "msgin5g.ue_credential_information"


@given(st.text(st.characters(), max_size=30))
def test_any_text_of_a_packet_is_written_so_that_it_passes(text: str) -> None:
    condition = equal(fields()["coap.opt.uri_path"], text)
    assert condition.isprintable()
    assert compiled(condition).conditions[0].passes([text])[0]
    try:
        text.encode()
    except UnicodeEncodeError:
        assert condition == "coap.opt.uri_path"
    else:
        assert condition != "coap.opt.uri_path"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("coap.response_time", 1_500_000_000, "coap.response_time == 1.500000000"),
        ("coap.response_time", -1, "coap.response_time == -0.000000001"),
        ("coap.token", "0a0b", "coap.token == 0a:0b"),
        ("coap.code", 0x45, "coap.code == 2.05"),
        ("coap.code", 0xFF, "coap.code == 255"),
        ("ipv6.src", "2001:db8::1", "ipv6.src == 2001:db8::1"),
        ("coap.opt.if_none_match", True, "coap.opt.if_none_match == true"),
        ("finding.severity", "error", "finding.severity == error"),
        ("coap.opt.uri_path", "x" * 5000, "coap.opt.uri_path"),
        ("coap.mid", 1.5, "coap.mid"),
    ],
)
def test_values_by_their_kind(name: str, value: object, text: str) -> None:
    assert equal(fields()[name], value) == text
