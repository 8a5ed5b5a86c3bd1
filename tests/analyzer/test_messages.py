# SPDX-License-Identifier: GPL-2.0-only
"""One message: what is read of it, and read again once what was parsed is dropped."""

from __future__ import annotations

from typing import Any

import pytest
from exchanges.test_message_layer import message
from generated import ACK, CON, REGISTRATION
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import coap

from analyzer.messages import MESSAGE_TYPE_IDS, MESSAGES_SCHEMA, Message, Role
from analyzer.session import Session


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
    assert (post(**options).uri, post(**options).path) == (uri, path)


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


FACTS = ("uri", "defects", "content_format", "in_blocks", "message_type", "ue_service_id", "coap")


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.binary(max_size=40) | st.just(coap(ACK, "2.05", payload=REGISTRATION, etag=b"1")))
def test_what_was_dropped_is_read_again(data: bytes) -> None:
    one = message(data)
    before = {name: getattr(one, name) for name in FACTS}
    one.settle()
    assert {name: getattr(one, name) for name in FACTS} == before


def test_columns_hold_what_they_must() -> None:
    assert len(MESSAGE_TYPE_IDS) < 256
    assert max(Role) < 256
    assert set(Session().messages.schema) == set(MESSAGES_SCHEMA)
    assert Role.CAPTURE_DUPLICATE.label == "capture duplicate"
