# SPDX-License-Identifier: GPL-2.0-only
"""Ladders as a terminal shows them, character by character."""

from __future__ import annotations

import io
import re
from textwrap import dedent

import pytest
from generated import conversations, read
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rules.conversation import Conversation

from analyzer.ladders import ladders
from analyzer.profiles.spec import Ignore
from analyzer.selecting import grouped
from analyzer.session import Session
from analyzer.views.ladder_text import write_ladders
from analyzer.views.terminal import Paper

TOKEN = b"\x0a\x0b"
HOSTILE = '/\x1b[2J\u202e"\nend;#%%{x/\U0001f988'


def of_session(session: Session, paper: Paper, together: bool = False) -> str:
    out = io.StringIO()
    ids = range(1, len(session.exchanges) + 1)
    write_ladders(ladders(session, grouped(session, ids, together=together)), out, paper)
    return out.getvalue()


PASSED_OVER = tuple(
    Ignore(f"COAP-7252-{rule}")
    for rule in ("5.5.1-NO-CF", "5.2.2-SEPARATE", "4.2-GAVE-UP", "12.8-GROUP", "8.2-MC-RESPONDERS")
)
"""Notes that would stand in nearly every ladder here."""


def drawn(talk: Conversation, together: bool = False, **paper: int) -> str:
    return of_session(talk.session(ignores=PASSED_OVER), Paper(**paper), together)


def asked(**fields: object) -> Conversation:
    return Conversation().con("GET", path="/a", token=TOKEN, **fields)


def expect(shown: str, ladder: str) -> None:
    assert shown == dedent(ladder).lstrip("\n")


# Conversations ----------------------------------------------------------------------------------


def test_piggybacked() -> None:
    expect(
        drawn(asked().ack("2.05", payload=b"1")),
        """
        Exchange 1, GET, /a, token 0a 0b, answered 2.05 Content
        Frame        Time  192.0.2.1:40000                                192.0.2.2:5683
            1    0.000000  │── CON, MID:4097, GET, /a ────────────────────────────────▶│
            2    0.010000  │◀─ ACK, MID:4097, 2.05 Content ────────────────────────────│
        """,
    )


def test_separate() -> None:
    expect(
        drawn(asked().ack().wait(3).con("2.05").ack()),
        """
        Exchange 1, GET, /a, token 0a 0b, answered 2.05 Content
        Frame        Time  192.0.2.1:40000                                192.0.2.2:5683
            1    0.000000  │── CON, MID:4097, GET, /a ────────────────────────────────▶│
            2    0.010000  │◀─ ACK, MID:4097, Empty ───────────────────────────────────│
                  3.010 s  ⋮                                                           ⋮
            3    3.020000  │◀─ CON, MID:4098, 2.05 Content ────────────────────────────│
            4    3.030000  │── ACK, MID:4098, Empty ──────────────────────────────────▶│
        """,
    )


def test_a_loss_a_retransmission_and_a_duplicate() -> None:
    expect(
        drawn(asked().wait(2.09).again().ack("2.05").again()),
        """
        Exchange 1, GET, /a, token 0a 0b, answered 2.05 Content
        Frame        Time  192.0.2.1:40000                                192.0.2.2:5683
            1    0.000000  │── CON, MID:4097, GET, /a ────────────────────────────────▶│
                  2.100 s  ⋮                                                           ⋮
            2    2.100000  │── CON, MID:4097, GET, /a, [Retransmission] ──────────────▶│
                           │   note COAP-7252-4.2-RETRANSMISSION: CON GET /a, Message  │
                           │   ID 4097: retransmission, 2.10 s after the transmission  │
                           │   before, 2.10 s after the first                          │
            3    2.110000  │◀─ ACK, MID:4097, 2.05 Content ────────────────────────────│
            4    2.120000  │◀─ ACK, MID:4097, 2.05 Content, [Duplicate ACK] ───────────│
        """,
    )


def test_a_reset() -> None:
    expect(
        drawn(asked().rst()),
        """
        Exchange 1, GET, /a, token 0a 0b, reset
        Frame        Time  192.0.2.1:40000                                192.0.2.2:5683
            1    0.000000  │── CON, MID:4097, GET, /a ────────────────────────────────▶│
            2    0.010000  │◀─ RST, MID:4097, Empty ───────────────────────────────────│
        """,
    )


def test_an_observation() -> None:
    talk = asked(observe=0).ack("2.05", observe=5).wait(9.99).con("2.05", observe=6, token=TOKEN)
    expect(
        drawn(talk.rst()),
        """
        Exchange 1, GET, /a, token 0a 0b, answered 2.05 Content
        Frame        Time  192.0.2.1:40000                                192.0.2.2:5683
            1    0.000000  │── CON, MID:4097, GET, /a, Observe:0 ─────────────────────▶│
            2    0.010000  │◀─ ACK, MID:4097, 2.05 Content, Observe:5 ─────────────────│
                 10.000 s  ⋮                                                           ⋮
            3   10.010000  │◀─ CON, MID:4098, 2.05 Content, Observe:6, ────────────────│
                           │   [Notification]                                          │
            4   10.020000  │── RST, MID:4098, Empty ──────────────────────────────────▶│
        """,
    )


def test_a_response_from_another_endpoint() -> None:
    expect(
        drawn(asked().ack("2.05", source="192.0.2.9:5683")),
        """
        Exchange 1, GET, /a, token 0a 0b, answered 2.05 Content
        Frame        Time  192.0.2.1:40000        192.0.2.2:5683          192.0.2.9:5683
            1    0.000000  │── CON, MID:4097, GET, /a ──▶│                             │
            2    0.010000  │◀─ ACK, MID:4097, 2.05 Content ────────────────────────────│
                           │   error COAP-7252-5.3.2-OTHER-ENDPOINT: CON GET /a,       │
                           │   Message ID 4097 went to 192.0.2.2:5683 and was answered │
                           │   from 192.0.2.9:5683       │                             │
        """,
    )


def test_a_request_that_nobody_answers() -> None:
    talk = asked().wait(2.49).again().wait(120).raw(b"\0", by="server")
    expect(
        drawn(talk),
        """
        Exchange 1, GET, /a, token 0a 0b, unanswered
        Frame        Time  192.0.2.1:40000                                192.0.2.2:5683
            1    0.000000  │── CON, MID:4097, GET, /a ────────────────────────────────▶│
                           │   warning COAP-7252-4.2-CON-UNANSWERED: CON GET /a,       │
                           │   Message ID 4097: sent 2 times to 192.0.2.2:5683, no     │
                           │   ACK, RST or response                                    │
                  2.500 s  ⋮                                                           ⋮
            2    2.500000  │── CON, MID:4097, GET, /a, [Retransmission] ──────────────▶│
                           │   note COAP-7252-4.2-RETRANSMISSION: CON GET /a, Message  │
                           │   ID 4097: retransmission, 2.50 s after the transmission  │
                           │   before, 2.50 s after the first                          │
                           │   (no ACK, no response within 93 s)                       │
        """,
    )


def test_a_ping_and_plain_ascii() -> None:
    expect(
        drawn(Conversation().con().rst().wait(1.5).con().rst(), together=True, plain=True),
        """
        Exchanges 1, 2
        Frame        Time   # 192.0.2.1:40000                             192.0.2.2:5683
            1    0.000000  #1 |-- CON, MID:4097, Empty, [Ping] ----------------------->|
                              |   note COAP-7252-4.3-PING (2 times): CoAP ping from    |
                              |   192.0.2.1:40000 to 192.0.2.2:5683                    |
            2    0.010000  #1 |<- RST, MID:4097, Empty --------------------------------|
                  1.510 s     :                                                        :
            3    1.520000  #2 |-- CON, MID:4098, Empty, [Ping] ----------------------->|
                              |   note COAP-7252-4.3-PING (2 times): as in frame 1     |
            4    1.530000  #2 |<- RST, MID:4098, Empty --------------------------------|
        """,
    )


def test_a_group_of_responders() -> None:
    talk = Conversation(server="224.0.1.187:5683").non("GET", token=TOKEN, path="/a")
    talk.non("2.05", source="192.0.2.8:5683").non("2.05", source="192.0.2.9:5683")
    expect(
        drawn(talk),
        """
        Exchange 1, GET, /a, token 0a 0b, answered 2.05 Content
                           192.0.2.1:40000
                           │                   224.0.1.187:5683
                           │                   │                   192.0.2.8:5683
        Frame        Time  │                   │                   │      192.0.2.9:5683
            1    0.000000  │── NON, ──────────▶│                   │                   │
                           │   MID:4097, GET, /a                   │                   │
            2    0.010000  │◀─ NON, MID:4098, 2.05 Content ────────│                   │
            3    0.020000  │◀─ NON, MID:4099, 2.05 Content ────────────────────────────│
        """,
    )


def test_an_endpoint_that_asks_itself() -> None:
    expect(
        drawn(Conversation("192.0.2.2:5683").con("GET", path="/a", token=TOKEN).ack("2.05")),
        """
        Exchange 1, GET, /a, token 0a 0b, answered 2.05 Content
        Frame        Time  192.0.2.2:5683
            1    0.000000  │↺ CON, MID:4097, GET, /a
            2    0.010000  │↺ ACK, MID:4097, 2.05 Content
        """,
    )


# What packets hold ------------------------------------------------------------------------------


def test_text_of_packets_cannot_act_on_the_terminal() -> None:
    shown = drawn(asked(uri_query=HOSTILE.replace("/", "")).ack("2.05"), colour=True, width=200)
    assert r"\x1b[2J\u202e" in shown
    assert set(re.findall(r"\x1b\[[0-9;]*(.)", shown)) == {"m"}
    assert "\u202e" not in shown


def test_wide_characters_take_two_columns_and_none_in_ascii() -> None:
    talk = Conversation().con("GET", path="/温度" * 12, token=TOKEN).ack("2.05")
    lines = drawn(talk, width=60).splitlines()[3:]
    assert {cell_len(line) for line in lines} == {60}
    plain = drawn(talk, width=60, plain=True)
    assert plain.isascii()
    assert "\\u6e29\\u5ea6" in plain
    assert not re.search(r"\\u?[0-9a-f]{0,3} *\|$", plain, re.MULTILINE)  # no escape is broken


def test_colour_adds_nothing_but_colour() -> None:
    talk = asked().wait(2.1).again().ack("4.04")
    coloured = drawn(talk, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == drawn(talk)


# Width ------------------------------------------------------------------------------------------


def test_wide_paper_is_used_where_it_is_needed() -> None:
    short, long = asked().ack("2.05"), Conversation().con("GET", path="/long" * 20).ack("2.05")
    assert drawn(short, width=200) == drawn(short, width=80)
    (request,) = [line for line in drawn(long, width=200).splitlines() if "MID:4097, GET" in line]
    assert request.count("/long") == 20
    assert request.endswith(" ─▶│")


@settings(max_examples=60, deadline=None)
@given(
    capture=conversations(),
    width=st.integers(40, 220),
    plain=st.booleans(),
    together=st.booleans(),
)
def test_no_line_is_wider_than_the_paper(
    capture: bytes,
    width: int,
    plain: bool,
    together: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("ladders") / "talk.pcap"
    path.write_bytes(capture)
    session = read(path)
    shown = of_session(session, Paper(width, plain=plain), together)
    assert all(cell_len(line) <= width for line in shown.splitlines())
    assert shown.isascii() or not plain
    for cells in session.messages.rows():
        if cells["exchange"]:
            assert re.search(rf"^ *{cells['frame']} ", shown, re.MULTILINE)


def test_more_endpoints_than_columns_share_the_last_one() -> None:
    talk = Conversation(server="224.0.1.187:5683").non("GET", token=TOKEN, path="/a")
    for host in range(10, 40):
        talk.non("2.05", source=f"192.0.2.{host}:5683", token=TOKEN)
    shown = drawn(talk)
    assert "others" in shown
    assert "from 192.0.2.39:5683" in shown
    assert max(map(cell_len, shown.splitlines())) <= 80


def test_numbers_that_need_more_than_the_paper_are_cut_there() -> None:
    talk = Conversation()
    for _ in range(12):
        talk.con("GET").wait(1e8)
    shown = drawn(talk, together=True, width=40)
    assert max(map(cell_len, shown.splitlines())) <= 40
