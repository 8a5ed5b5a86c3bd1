# SPDX-License-Identifier: GPL-2.0-only
"""The kernel that reads bodies, against the reader that people see the results of."""

from __future__ import annotations

from typing import Any

import pytest
from bodies_drawn import ANY, BODIES, VALUES, registrations, written
from generated import REGISTERED, REGISTRATION
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer import bodies
from analyzer.bodies import BodyTables, body_facts, body_tables, tells_of
from analyzer.messages import MESSAGE_TYPE_IDS
from dissectors.msgin5g.elements import Vocabulary, vocabulary
from dissectors.msgin5g.payload import read_elements, read_json
from dissectors.msgin5g.schema import is_valid

STEADY = settings(derandomize=True, deadline=None, max_examples=500)
TABLES = body_tables(8192)
SCHEMAS = ("registration_request", "registration_response")


OWN = vocabulary().respelt(
    {"message_type": "Kind"},
    {
        "ue_service_id": ("Subscriber No.",),
        "registration_result": ("outcome",),
        "msgin5g_client_ports": ("sockets",),
        "originating_ue_service_id": ("from",),
        "ue_credential_information": ("secret",),
    },
)
"""A vocabulary with names of a user's own."""

OWN_TABLES = body_tables(8192, OWN)
OWN_NAMES = {
    b"Message Type": b"kind",
    b"UE Service ID": b"subscriber_no",
    b"Registration result": b"Outcome",
    b"MSGin5G Client Ports": b"SOCKETS",
    b"Originating UE Service ID": b"from",
    b"UE Credential Information": b"Secret",
}


def found(
    body: bytes, seed: int = 7, before: bytes = b"", tables: BodyTables = TABLES
) -> list[int]:
    """What the kernel finds in a body that stands behind other bytes."""
    data = before + body
    body_facts(
        data,
        len(before),
        len(data),
        seed,
        tables.found,
        tables.head,
        tables.nodes,
        tables.stack,
        tables.scopes,
        tables.elements,
        tables.names,
        tables.values,
        tables.letters,
        tables.word,
    )
    return tables.found.tolist()


def read(body: bytes, words: Vocabulary | None = None) -> tuple[str, str, int]:
    """Message Type, UE and TELLS, as the reader for people has them."""
    document = read_json(body)
    elements = read_elements(document, words)
    kind = elements.values.get("message_type")
    ue = elements.text("ue_service_id") or elements.text("originating_ue_service_id") or ""
    known = isinstance(kind, str) and kind in MESSAGE_TYPE_IDS
    return kind if known else "", ue, tells_of(document, elements)


@STEADY
@given(ANY, st.binary(max_size=5))
@example(REGISTRATION, b"")
@example(REGISTERED, b"{")
@example(b'{"ue":{"ue service id":"a"},"result":true}', b"")
@example(b'{"ports":[1],"Message Type":"MSG"}', b"")
@example(b'{"UE Service ID":"a","UE Service ID":7,"Originating UE Service ID":"b"}', b"")
@example(b'{"MSGin5G Client Ports":[1],"ports":[1]}', b"")
@example(b'{"ports":[1],"MSGin5G Client Ports":[1]}', b"")
@example(b'{"Message Type":"REG","message_type":"DEREG"}', b"")
@example(b'{"Message Type":"DEREG","message_type":7}', b"")
def test_the_kernel_and_the_reader_agree(body: bytes, before: bytes) -> None:
    agree(body, before)


@STEADY
@given(ANY, st.sets(st.sampled_from(sorted(OWN_NAMES))))
@example(REGISTRATION, {b"Message Type", b"UE Service ID", b"UE Credential Information"})
@example(REGISTERED, {b"UE Service ID", b"Registration result"})
@example(b'{"outcome":true,"subscriber_no":"a"}', set())
@example(b'{"UE Service ID":"a","Subscriber No.":"b","from":"c"}', set())
def test_they_agree_on_names_of_the_users_own(body: bytes, renamed: set[bytes]) -> None:
    for name in sorted(renamed, key=len, reverse=True):
        body = body.replace(b'"' + name + b'"', b'"' + OWN_NAMES[name] + b'"')
    agree(body, tables=OWN_TABLES, words=OWN)


def test_names_of_the_users_own_are_read() -> None:
    body = b'{"Kind":"REG","subscriberNo":"ue-7","sockets":[1]}'
    assert read(body, OWN)[:2] == ("REG", "ue-7")
    assert read(body)[:2] == ("", "")
    assert found(body, tables=OWN_TABLES)[bodies.TELLS] & bodies.REGISTRATION
    assert not found(body)[bodies.TELLS] & bodies.ELEMENTS


def agree(
    body: bytes,
    before: bytes = b"",
    tables: BodyTables = TABLES,
    words: Vocabulary | None = None,
) -> None:
    """The kernel finds what the reader reads."""
    facts = found(body, before=before, tables=tables)
    if facts[bodies.ODD]:
        return  # Python reads it
    start, end = (facts[slot] - len(before) for slot in (bodies.UE_AT, bodies.UE_END))
    ue = body[start:end].decode() if end > start else ""
    kernel = MESSAGE_TYPE_IDS[facts[bodies.MESSAGE_TYPE]], ue, facts[bodies.TELLS]
    assert kernel == read(body, words)
    assert facts[bodies.SHAPE] > 1


@STEADY
@given(BODIES)
def test_whole_objects_in_ascii_are_left_to_nobody(body: bytes) -> None:
    odd = any(byte >= 128 or byte == ord("\\") for byte in body)
    assert odd or not found(body)[bodies.ODD]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xef\xbb\xbf{}", b"[" * 70 + b"]" * 70, b'{"\\u0055E":1}', b'{"\xc3\xa4":1}'],
)
def test_what_takes_more_than_a_table_is_left_to_the_reader(body: bytes) -> None:
    assert found(body)[bodies.ODD]
    assert found(body)[bodies.SHAPE] == 0, "never known as quiet"


@STEADY
@given(BODIES, st.integers(0, (1 << 60) - 1))
def test_what_stands_before_a_body_does_not_matter(body: bytes, seed: int) -> None:
    alone, within = found(body, seed), found(body, seed, b'{"Message Type":"')
    slots = (bodies.MESSAGE_TYPE, bodies.TELLS, bodies.SHAPE, bodies.ODD)
    assert [alone[slot] for slot in slots] == [within[slot] for slot in slots]


# Equal shape, equal verdict -------------------------------------------------------------------

REPLACED = {str: "another", int: 77, float: 77}


@st.composite
def alike(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Two registrations that differ in a few values."""
    members = registrations(draw)
    changed = [(key, _changed(draw, value)) for key, value in members]
    return written(tuple(members)).encode(), written(tuple(changed)).encode()


def _changed(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple((key, _changed(draw, item)) for key, item in value)
    if isinstance(value, list):
        return [_changed(draw, item) for item in value]
    if draw(st.integers(0, 4)):
        return value
    return REPLACED.get(type(value), value) if draw(st.integers(0, 3)) else draw(VALUES)


def verdict(body: bytes) -> tuple[bool, ...]:
    """What both schemas say of a body."""
    values = read_elements(read_json(body)).values
    return tuple(is_valid(name, values) for name in SCHEMAS)


def judged(body: bytes) -> tuple[dict[str, object], ...]:
    """Rules that a request and a response with this body break."""
    named: dict[str, Any] = {"path": "/reg", "content_format": 50}
    asks = Conversation().con("POST", payload=body, **named)
    answers = Conversation().con("POST", payload=REGISTRATION, **named)
    return asks.rules(), answers.ack("2.01", payload=body, content_format=50).rules()


def _ue(body: bytes) -> bytes:
    facts = found(body)
    return body[facts[bodies.UE_AT] : facts[bodies.UE_END]]


@STEADY
@given(alike())
@example((REGISTRATION, REGISTRATION.replace(b"AKMA", b"TLS")))
@example((REGISTRATION, REGISTRATION.replace(b"REG", b"MSG")))
def test_bodies_of_one_shape_have_one_verdict(pair: tuple[bytes, bytes]) -> None:
    one, other = pair
    if found(one)[bodies.SHAPE] == found(other)[bodies.SHAPE] != 0:
        assert verdict(one) == verdict(other)


@settings(STEADY, max_examples=120)
@given(alike())
def test_bodies_of_one_shape_break_the_same_rules(pair: tuple[bytes, bytes]) -> None:
    one, other = pair
    if found(one)[bodies.SHAPE] != found(other)[bodies.SHAPE] or not found(one)[bodies.SHAPE]:
        return
    asks, answers = judged(one)
    asks_too, answers_too = judged(other)
    assert asks == asks_too
    if _ue(one) == _ue(other):  # whether the answer names the same UE is another fact
        assert answers == answers_too


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b'{"UE Service ID":"a"}', b'{"UE Service ID":"b"}', True),
        (b'{"UE Service ID":"a"}', b'{"UE Service ID":""}', False),
        (b'{"UE Service ID":"a"}', b'{"UE Service ID":1}', False),
        (b'{"UE Service ID":"a"}', b'{"ue_service_id":"a"}', False),
        (b'{"Message Type":"REG"}', b'{"Message Type":"DEREG"}', False),
        (b'{"x":1}', b'{"x":2}', True),
        (b'{"x":1}', b'{"x":1.0}', False),
        (b'{"x":[1]}', b'{"x":[1,1]}', False),
        (b'{"x":1,"y":[]}', b'{"x":1,"y":{}}', False),
        (b'{"x":{"y":1}}', b'{"x":{},"y":1}', False),
    ],
)
def test_what_makes_a_shape(one: bytes, other: bytes, same: bool) -> None:
    assert (found(one)[bodies.SHAPE] == found(other)[bodies.SHAPE]) is same
