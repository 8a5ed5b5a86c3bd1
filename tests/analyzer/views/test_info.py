# SPDX-License-Identifier: GPL-2.0-only
"""The Info line of messages in the shipped captures."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules.conversation import Conversation

from analyzer.messages import Role
from analyzer.session import Session
from analyzer.views.info import Line, code_ink, info

CAPTURES = Path(__file__).parents[3] / "captures"


@pytest.fixture(scope="module", params=["field-day", "coap-tour"])
def session(request: pytest.FixtureRequest) -> Session:
    session = Session()
    session.open([CAPTURES / f"{request.param}.pcapng"])
    session.read_all()
    return session


def text(line: Line) -> str:
    return "".join(piece for piece, _ in line)


def infos(session: Session) -> list[tuple[dict[str, int], Line]]:
    return [(cells, info(session, cells)) for cells in session.messages.rows()]


def test_it_starts_as_wiresharks_does(session: Session) -> None:
    for cells, line in infos(session):
        kind = ("CON", "NON", "ACK", "RST")[cells["type"]]
        assert text(line).startswith(f"{kind}, MID:{cells['message_id']}, ")


def test_a_token_is_told_where_there_is_one(session: Session) -> None:
    for cells, line in infos(session):
        token = session.token_bytes(cells["token"], cells["token_length"])
        assert ("TKN:" in text(line)) == bool(token)
        assert token.hex(" ") in text(line)


@pytest.mark.parametrize(
    ("role", "remark"),
    [
        (Role.RETRANSMISSION, "[Retransmission]"),
        (Role.DUPLICATE_ACK, "[Duplicate ACK]"),
        (Role.NOTIFICATION, "[Notification]"),
        (Role.PING, "[Ping]"),
    ],
)
def test_a_role_out_of_the_ordinary_is_remarked(session: Session, role: Role, remark: str) -> None:
    for cells, line in infos(session):
        assert (remark in text(line)) == (cells["role"] == role)


@pytest.mark.parametrize(
    ("data", "cut", "remark"),
    [
        (b"\x40\x01\0\7", 2, "[Packet size limited during capture]"),
        (b"\x40\x01", 0, "[Malformed]"),
        (b"\x80\x01\0\7", 0, "[Malformed]"),
        (b"\x40\x61\0\7", 0, "[Malformed], CON, MID:7, 3.01 Unknown"),
    ],
)
def test_no_header_is_shown_that_was_not_read(data: bytes, cut: int, remark: str) -> None:
    session = Conversation().raw(data, cut=cut).session()
    (line,) = (line for _, line in infos(session))
    assert text(line) == remark


def test_the_path_stands_in_request_and_response(session: Session) -> None:
    for cells, line in infos(session):
        uri = session.names[cells["uri"]]
        assert uri in text(line)


def test_every_piece_is_printable(session: Session) -> None:
    assert all(text(line).isprintable() for _, line in infos(session))


@pytest.mark.parametrize(
    ("code", "ink"),
    [(1, "request"), (0x45, "success"), (0x84, "client-error"), (0xA0, "server-error"), (0xE1, "")],
)
def test_codes_have_the_ink_of_their_class(code: int, ink: str) -> None:
    assert code_ink(code) == ink
