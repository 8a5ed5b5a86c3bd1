# SPDX-License-Identifier: GPL-2.0-only
"""Which exchanges are asked for: by packet, by UE, by token."""

from __future__ import annotations

import pytest
from rules.conversation import Conversation
from transfers import cut, upload

from analyzer.selecting import Selection, SelectionError, grouped, select
from analyzer.session import Session

TOKEN, OTHER, LONG = b"\x0a\x0b", b"\xff" * 8, bytes(range(12))
REGISTRATION = b'{"Message Type":"REG","UE Service ID":"%s"}'


def registration(ue: str) -> bytes:
    return REGISTRATION % ue.encode()


@pytest.fixture(scope="module")
def session() -> Session:
    """Exchanges 1 to 6; frame 12 is an orphan, frame 13 no CoAP."""
    talk = Conversation()
    talk.con("GET", path="/a", token=TOKEN).wait(2.5).again().ack("2.05").again()  # frames 1 to 4
    talk.con("GET", path="/b", token=OTHER).ack()  # 5, 6
    talk.con("2.05", token=OTHER).ack()  # 7, 8
    talk.con().rst()  # 9, 10
    talk.con("GET", path="/c", token=b"")  # 11
    talk.ack("2.05", mid=7, token=b"zz")  # 12
    talk.raw(b"\xff\xff", source="192.0.2.8:9", destination="192.0.2.9:9")  # 13
    talk.con("POST", token=LONG, payload=registration("ue-1")).recorded_again()  # 14, 15
    talk.non("POST", token=TOKEN, payload=registration("ue-2"))  # 16
    return talk.session()


@pytest.mark.parametrize(
    ("frame", "exchange"),
    [
        pytest.param(1, 1, id="request"),
        pytest.param(2, 1, id="retransmission"),
        pytest.param(3, 1, id="piggybacked response"),
        pytest.param(4, 1, id="duplicate"),
        pytest.param(6, 2, id="Empty ACK"),
        pytest.param(7, 2, id="separate response"),
        pytest.param(8, 2, id="ACK of the response"),
        pytest.param(9, 3, id="ping"),
        pytest.param(10, 3, id="RST"),
        pytest.param(15, 5, id="captured twice"),
    ],
)
def test_a_packet_leads_to_its_exchange_whatever_it_is_there(
    session: Session, frame: int, exchange: int
) -> None:
    assert select(session, Selection(frames=(frame,))) == [exchange]


def test_a_ue_by_all_of_its_name(session: Session) -> None:
    assert select(session, Selection(ues=("ue-1",))) == [5]
    assert select(session, Selection(ues=("ue-1", "ue-2"))) == [5, 6]


@pytest.mark.parametrize(
    ("token", "exchanges"), [(TOKEN, [1, 6]), (OTHER, [2]), (LONG, [5]), (b"", [4])]
)
def test_a_token_of_any_length_and_none_is_no_ping(
    session: Session, token: bytes, exchanges: list[int]
) -> None:
    assert select(session, Selection(tokens=(token,))) == exchanges


def test_a_response_with_another_token_is_found_by_both() -> None:
    session = Conversation().con("GET", token=b"a").ack("2.05", token=b"b").session()
    for token in (b"a", b"b"):
        assert select(session, Selection(tokens=(token,))) == [1]


def test_kinds_narrow_and_values_of_a_kind_widen(session: Session) -> None:
    assert select(session, Selection(frames=(16, 1))) == [1, 6]
    assert select(session, Selection(frames=(16, 1), tokens=(TOKEN,))) == [1, 6]
    assert select(session, Selection(frames=(16, 1), ues=("ue-2",), tokens=(TOKEN,))) == [6]
    assert list(select(session, Selection())) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        (Selection(frames=(12,)), "packet 12 belongs to no exchange: no request was captured"),
        (Selection(frames=(13,)), "no CoAP in it; the nearest that does is 14"),
        (Selection(frames=(99,)), "no packet 99: the capture has 16"),
        (Selection(ues=("ue-3",)), "no exchange of UE ue-3; did you mean ue-"),
        (Selection(ues=("x",)), "there is ue-1, ue-2"),
        (Selection(tokens=(b"\x0a\x0c",)), "no exchange with the token 0a0c; did you mean 0a0b?"),
        (Selection(tokens=(b"\x77",)), "no exchange with the token 77; msgshark exchanges"),
        (Selection(frames=(1,), ues=("ue-1",)), "each of the options alone finds some"),
    ],
)
def test_nothing_found_says_what_is_near(session: Session, asked: Selection, hint: str) -> None:
    with pytest.raises(SelectionError) as error:
        select(session, asked)
    assert hint in str(error.value)


def test_no_name_at_all_is_said() -> None:
    session = Conversation().con("GET").ack("2.05").session()
    with pytest.raises(SelectionError, match="none of this capture names a UE Service ID"):
        select(session, Selection(ues=("x",)))


def test_a_capture_without_exchanges_has_none_to_miss() -> None:
    session = Session()
    session.close()
    assert list(select(session, Selection(frames=(1,), ues=("x",), tokens=(b"",)))) == []


# Groups -----------------------------------------------------------------------------------------


def test_an_operation_is_a_group() -> None:
    talk = Conversation().con("GET", token=b"a", path="/a").ack("2.05")
    talk = upload(talk, cut(bytes(300), 3)).con("GET", token=b"b", path="/b").ack("2.05")
    session = talk.session()
    assert grouped(session, [1, 3]) == [[1], [3]]
    assert grouped(session, [1, 3], operation=True) == [[1], [2, 3, 4]]
    assert grouped(session, [4, 2], operation=True) == [[2, 3, 4]]
    assert grouped(session, [3, 5], operation=True, together=True) == [[2, 3, 4, 5]]
    assert grouped(session, [], operation=True, together=True) == []
