# SPDX-License-Identifier: GPL-2.0-only
"""One message: its row of the table, and what is read again from its bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gathered import message
from generated import CON, REGISTRATION
from rules.conversation import Conversation, coap

from analyzer import messages as m
from analyzer.messages import MESSAGE_TYPE_IDS, MESSAGES, Role
from analyzer.subjects import Message


def post(**fields: Any) -> Message:
    return message(coap(CON, "POST", mid=1, **fields))


@pytest.mark.parametrize(
    ("options", "uri", "path"),
    [
        ({}, "/", "/"),
        ({"path": "/a/b"}, "/a/b", "/a/b"),
        ({"uri_path": ["a", ""]}, "/a/", "/a/"),
        ({"path": "/a", "uri_query": ["x=1", "y"]}, "/a?x=1&y", "/a"),
        ({"uri_query": "x"}, "/?x", "/"),
        ({"proxy_uri": "coap://h/p"}, "coap://h/p", "/"),
    ],
)
def test_uri_and_path(options: dict[str, Any], uri: str, path: str) -> None:
    session = Conversation().con("POST", **options).session()
    assert session.names[session.messages.cell("uri", 0)] == uri
    assert Message(session, 0).path == path


def test_a_path_that_is_no_text_is_shown_all_the_same() -> None:
    assert post(options=[(11, b"\xff")]).path == "/\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("code", "options", "blocks"),
    [
        ("POST", {"block1": 0x08}, True),
        ("POST", {"block1": 0x10}, True),
        ("POST", {"block1": 0x02}, False),
        ("POST", {"block2": 0x18}, False),
        ("2.05", {"block2": 0x18}, True),
        ("2.31", {"block1": 0x18}, False),
    ],
)
def test_whether_the_payload_is_one_block_of_a_body(
    code: str, options: dict[str, Any], blocks: bool
) -> None:
    assert message(coap(CON, code, mid=1, payload=b"x", **options)).in_blocks is blocks


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({"payload": b" {"}, True),
        ({"payload": b"x"}, False),
        ({"payload": b"x", "content_format": 50}, True),
        ({"content_format": 50}, False),
        ({"payload": b"{", "oscore": b"\x09"}, False),
    ],
)
def test_what_may_be_json(fields: dict[str, Any], may: bool) -> None:
    assert post(**fields).may_be_json is may


def test_message_type_and_ue() -> None:
    made = post(payload=REGISTRATION)
    assert (made.message_type, made.ue_service_id) == ("REG", "ue-1")
    forwarded = post(payload=b'{"Message Type": "MSG", "Originating UE Service ID": "ue-2"}')
    assert (forwarded.message_type, forwarded.ue_service_id) == ("MSG", "ue-2")
    assert (post(payload=b"[1]").message_type, post().ue_service_id) == ("", "")


def test_messages_are_the_same_when_their_rows_are() -> None:
    session = Conversation().con("GET").con("GET").session()
    first = Message(session, 0)
    assert first == Message(session, 0)
    assert len({first, Message(session, 0), Message(session, 1)}) == 2


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 20, 300])
def test_a_token_is_kept_whole(length: int) -> None:
    token = bytes(range(255, 255 - min(length, 200), -1)) + bytes(max(0, length - 200))
    session = Conversation().con("GET", token=token).ack("2.05").session()
    assert session.token(0) == session.token(1) == token
    assert session.messages["token_length"][0] == min(length, m.LONG_TOKEN)


def test_the_bytes_are_read_again_from_the_file() -> None:
    talk = Conversation().con("POST", payload=REGISTRATION).ack("2.05")
    session = talk.session()
    for row, frame in enumerate(talk.frames):
        assert session.coap(row) == Message(session, row).data == frame.data
    session.release()
    assert session.coap(0) == b"", "the file is closed"


def test_small_columns_share_cells_as_kernels_write_them() -> None:
    talk = Conversation().con("POST", mid=0xFFFE, token=b"abcd", payload=REGISTRATION)
    session = talk.session()
    cells = session.messages.cells
    assert m.message_id(cells, 0) == session.messages.cell("message_id", 0) == 0xFFFE
    assert m.token_length(cells, 0) == 4
    assert m.role_of(cells, 0) == session.messages.cell("role", 0) == Role.REQUEST
    before = session.messages.row(0)
    m.set_role(cells, 0, Role.ORPHAN)
    assert session.messages.row(0) == before | {"role": Role.ORPHAN}
    assert (before["type"], before["code"]) == (CON, 2)
    assert MESSAGE_TYPE_IDS[before["message_type"]] == "REG"


def test_columns_hold_what_they_must() -> None:
    assert len(MESSAGE_TYPE_IDS) < 256
    assert max(Role) < 256
    assert np.iinfo(MESSAGES.columns["interface"]).max == m.MOST_INTERFACES - 1
    assert Role.CAPTURE_DUPLICATE.label == "capture duplicate"
