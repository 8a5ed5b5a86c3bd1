# SPDX-License-Identifier: GPL-2.0-only
"""What is offered at the cursor of a filter, and that it is a filter then."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.filters.completion import complete
from analyzer.filters.filter import compiled
from analyzer.session import Session

FIELD_DAY = Path(__file__).parents[3] / "captures" / "field-day.pcapng"


@cache
def session() -> Session:
    found = Session()
    found.open([FIELD_DAY])
    found.read_all()
    return found


def offered(text: str, with_session: bool = False) -> list[str]:
    found = complete(text, len(text), session() if with_session else None)
    return [text[: one.start] + one.replacement for one in found]


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("", "coap.mid"),
        ("", "not"),
        ("coap.mi", "coap.mid"),
        ("COAP.MI", "coap.mid"),
        ("not coap.mi", "not coap.mid"),
        ("coap.mid == 5 and (exchange.st", "coap.mid == 5 and (exchange.state"),
        ("coap.mid ", "coap.mid =="),
        ("coap.mid ", "coap.mid in"),
        ("coap.mid ", "coap.mid and"),
        ("exchange.uri c", "exchange.uri contains"),
        ("coap.mid == 5 a", "coap.mid == 5 and"),
        ("exchange.state == una", "exchange.state == unanswered"),
        ("exchange.state in {open, una", "exchange.state in {open, unanswered"),
        ("finding.severity >= ", "finding.severity >= warning"),
        ("coap.type == c", "coap.type == CON"),
        ("coap.code == G", "coap.code == GET"),
        ('coap.code == "2.05', 'coap.code == "2.05 Content"'),
        ("coap.opt.if_none_match == ", "coap.opt.if_none_match == true"),
        ("msgin5g.registration_result == ", "msgin5g.registration_result == success"),
        ("finding.rule == MSG-", "finding.rule == MSG-33501-Y-CLEARTEXT"),
    ],
)
def test_what_may_follow(text: str, some: str) -> None:
    assert some in offered(text)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("coap.mid ", "contains"),
        ("coap.mid == ", "coap.mid"),
        ("coap ", "=="),
        ("coap.mid == 5 ", "coap.type"),
    ],
)
def test_what_may_not_follow(text: str, others: str) -> None:
    assert text + others not in offered(text)


@pytest.mark.parametrize("text", ["== ", "coap.mid == == ", "nothing.known == ", "coap[:] == "])
def test_nothing_is_offered_where_the_text_before_is_wrong(text: str) -> None:
    assert offered(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("exchange.ue_service_id == ", '"meter-0012@iot.example"'),
        ('msgin5g.ue_service_id contains "meter-001', '"meter-0012@iot.example"'),
        ("exchange.uri == ", '"/msgin5g/registration"'),
        ("ip.src == ", "127.0.0.1"),
        ("udp.port in {", "5683"),
    ],
)
def test_values_are_those_of_the_capture(text: str, value: str) -> None:
    assert any(one.endswith(value) for one in offered(text, with_session=True))
    assert offered(text) == []


@pytest.mark.parametrize(
    "text",
    ["exchange.state == ", "coap.code == ", "coap.type in {CON, ", "exchange.ue_service_id == "],
)
def test_what_is_offered_for_a_value_is_one(text: str) -> None:
    found = offered(text, with_session=True)
    assert found
    for one in found:
        compiled(one + "}" if "{" in one else one)


def test_text_behind_the_cursor_does_not_matter() -> None:
    text = "coap.mi == 5"
    assert [one.replacement for one in complete(text, len("coap.mi"))] == ["coap.mid"]


@given(st.text(st.sampled_from('coap.mid=!&|(){}[]"~: 5andint\\'), max_size=30), st.integers(0, 30))
def test_any_text_can_be_asked_about(text: str, cursor: int) -> None:
    for one in complete(text, cursor):
        assert 0 <= one.start <= cursor
