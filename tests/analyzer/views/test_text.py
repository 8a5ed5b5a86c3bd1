# SPDX-License-Identifier: GPL-2.0-only
"""Text reports as people read them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import pytest
from rules.conversation import Conversation

from analyzer.profiles.reading import SHIPPED
from analyzer.profiles.reading import load as load_transmission
from analyzer.profiles.transmission import Transmission
from analyzer.rules.catalogue import load
from analyzer.session import Session
from analyzer.views import text as view

CAPTURES = Path(__file__).parents[3] / "captures"


@pytest.fixture(scope="module")
def field_day() -> Session:
    session = Session()
    session.open([CAPTURES / "field-day.pcapng"])
    session.read_all()
    return session


def lines(write: Callable[..., None], what: Any, *more: Any) -> list[str]:
    out: TextIO = io.StringIO()
    write(what, out, *more)
    assert isinstance(out, io.StringIO)
    assert out.getvalue().endswith("\n")
    return out.getvalue().splitlines()


def test_a_message_is_a_line_as_tshark_prints_it(field_day: Session) -> None:
    printed = lines(view.write_messages, field_day)
    assert len(printed) == 315
    assert printed[0].split()[0] == "1"
    assert " → 127.0.0.1:5683 " in printed[0]
    assert "MSGin5G" in printed[0]
    assert "CON, MID:" in printed[0]


def test_an_exchange_is_a_line_with_its_answer_and_how_it_matched(field_day: Session) -> None:
    printed = lines(view.write_exchanges, field_day)
    assert len(printed) == len(field_day.exchanges)
    assert "2.01 in " in printed[0]
    assert "[mid+token, exact]" in printed[0]
    (silent,) = [line for line in printed if "127.0.1.13:" in line]
    assert "unanswered" in silent
    assert "4 retransmissions after 2.40, 4.79, 9.58, 19.15 s; " in silent
    assert any("[mid, other token, low: Message ID and endpoints, but" in line for line in printed)


def test_the_nearest_candidate_stands_with_what_lacks_it() -> None:
    talk = Conversation().con("GET", mid=0x1A2B).ack(source="192.0.2.9:5683").wait(3).again(0)
    session = talk.session()
    words = "nearest: same Message ID 0x1a2b, acknowledged from 192.0.2.9:5683 instead of"
    (exchange,) = lines(view.write_exchanges, session)
    assert f"; {words} 192.0.2.2:5683 (frame 2)" in exchange
    messages = lines(view.write_messages, session)
    assert messages[1].endswith(f"[No request seen], {words} 192.0.2.2:5683 (frame 1)")
    assert "nearest" not in messages[0] + messages[2]


def test_what_a_ue_calls_itself_is_escaped(field_day: Session) -> None:
    printed = "\n".join(lines(view.write_messages, field_day))
    assert r"meter-0014\x1b[2J\x1b[31m\x1b]0;owned\x07" in printed
    assert "\u202e" not in printed


def test_the_catalogue_is_a_line_a_rule() -> None:
    assert [line.split()[1] for line in lines(view.write_rules, load().values())] == list(load())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_transmission_profile_is_shown_within_the_width(name: str) -> None:
    printed = lines(view.write_transmission, load_transmission(name))
    assert printed[0].startswith(f"{name}: ")
    assert all(len(line) <= view.WIDTH for line in printed)


def test_the_name_of_a_profile_cannot_act_on_the_terminal() -> None:
    shown = Transmission(name="\x1b[2J", description="\u202e")
    assert lines(view.write_transmission, shown)[0] == "\\x1b[2J: \\u202e"
