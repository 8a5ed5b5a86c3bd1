# SPDX-License-Identifier: GPL-2.0-only
"""CoAP over WebSocket: the handshake, one message per WebSocket message, and what breaks that."""

from __future__ import annotations

import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.streams.model import Fault, FaultKind, Framed
from dissectors import websocket

from .segments import CSM, Peers, faults_of, get, message, messages_of, peers

FORTH, BACK = True, False
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x11\x22\x33\x44"


def alone(code: int, token: bytes = b"", body: bytes = b"") -> bytes:
    """A message in a WebSocket: Len is 0."""
    return bytes([len(token), code]) + token + body


ASK = alone(1, b"tt", b"\xb4test")
ANSWER = alone(0x45, b"tt", b"\xff22.5")


def request(*lines: str, protocol: str = "coap") -> bytes:
    head = [
        "GET /.well-known/coap HTTP/1.1",
        "Host: server.example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode()


def response(*lines: str, protocol: str = "coap", status: str = "101 Switching Protocols") -> bytes:
    head = [
        f"HTTP/1.1 {status}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {websocket.accept(KEY)}",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode()


def frame(payload: bytes, forward: bool, first: int = 0x82) -> bytes:
    """A frame as that side sends it."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    if not forward:
        return bytes([first]) + length + payload
    masked = websocket.unmasked(payload, MASK)
    return bytes([first, length[0] | 128]) + length[1:] + MASK + masked


def upgraded(asked: bytes | None = None, answered: bytes | None = None) -> Peers:
    two = peers().open()
    two.send(FORTH, request() if asked is None else asked)
    two.send(BACK, response() if answered is None else answered)
    return two


def kinds(two: Peers) -> list[tuple[FaultKind, bool]]:
    return [(one.kind, one.forward) for one in two.found if isinstance(one, Fault)]


def test_each_websocket_message_is_one_of_coap() -> None:
    two = upgraded()
    two.send(FORTH, frame(alone(0xE1), FORTH) + frame(ASK, FORTH))
    two.send(BACK, frame(alone(0xE1), BACK) + frame(b"", BACK, 0x89))
    two.send(BACK, frame(ANSWER, BACK)[:5])
    two.send(BACK, frame(ANSWER, BACK)[5:] + frame(b"\x03\xe8", BACK, 0x88))
    assert messages_of(two.found, FORTH) == [alone(0xE1), ASK]
    assert messages_of(two.found, BACK) == [alone(0xE1), ANSWER]
    assert all(one.websocket for one in two.found if isinstance(one, Framed))
    assert faults_of(two.found) == []
    assert two.connection.protocol == "coap+ws"
    assert two.connection.subprotocol == "coap"
    last = two.found[-1]
    assert isinstance(last, Framed)
    assert [piece.frame for piece in last.pieces] == [8, 9]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 600), max_size=12), st.booleans())
def test_cut_anyhow_it_says_the_same(cuts: list[int], forward: bool) -> None:
    said = request() if forward else response()
    long = alone(0x02, b"tt", b"\xff" + b"p" * 200)
    stream = said + frame(ASK, forward) + frame(long, forward) + frame(ASK[:2], forward, 0x02)
    stream += frame(b"", forward, 0x8A) + frame(ASK[2:], forward, 0x80)
    bounds = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    two = peers().open()
    if not forward:
        two.send(FORTH, request())
    for first, last in pairwise(bounds):
        two.send(forward, stream[first:last])
    assert messages_of(two.found, forward) == [ASK, long, ASK]
    assert faults_of(two.found) == []


@pytest.mark.parametrize(
    ("asked", "answered", "expected"),
    [
        (request(protocol="mqtt"), response(protocol="mqtt"), [True, False]),
        (request(), response(protocol=""), [False]),
        (request(), response(protocol="mqtt"), [False]),
        (request(protocol=""), response(protocol=""), [True]),
    ],
)
def test_another_subprotocol(asked: bytes, answered: bytes, expected: list[bool]) -> None:
    two = upgraded(asked, answered)
    assert kinds(two) == [(FaultKind.WS_SUBPROTOCOL, forward) for forward in expected]
    two.send(FORTH, frame(ASK, FORTH))
    other = b"mqtt" in answered
    assert messages_of(two.found) == ([] if other else [ASK])
    assert two.connection.muted is other


@pytest.mark.parametrize(
    ("asked", "answered", "kind", "forward"),
    [
        (request(), response(status="403 Forbidden"), FaultKind.WS_UPGRADE, BACK),
        (request(), response().replace(b"Accept: ", b"Accept: x"), FaultKind.WS_UPGRADE, BACK),
        (request(), b"HTTP/1.1 ?\r\n\r\n", FaultKind.WS_UPGRADE, BACK),
        (request().replace(b": 13", b": 8"), response(), FaultKind.WS_UPGRADE, FORTH),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"", FaultKind.NOT_COAP, FORTH),
        (b"GET " + b"x" * websocket.LONGEST_UPGRADE, b"", FaultKind.WS_UPGRADE, FORTH),
    ],
)
def test_an_upgrade_that_fails(
    asked: bytes, answered: bytes, kind: FaultKind, forward: bool
) -> None:
    assert kinds(upgraded(asked, answered)) == [(kind, forward)]


def test_a_text_frame_is_told_and_not_read() -> None:
    two = upgraded()
    two.send(FORTH, frame(ASK, FORTH, 0x81))
    assert kinds(two) == [(FaultKind.WS_TEXT, FORTH)]
    assert messages_of(two.found) == []


def test_len_has_to_be_0() -> None:
    two = upgraded()
    two.send(FORTH, frame(get(1), FORTH))  # as over TCP
    two.send(FORTH, frame(b"\x32" + ASK[1:], FORTH))  # wrong, but all else is in its place
    two.send(FORTH, frame(b"\xd2" + ASK[1:], FORTH))
    assert kinds(two) == [(FaultKind.WS_LENGTH, FORTH)] * 3
    read = [(one.data, one.websocket) for one in two.found if isinstance(one, Framed)]
    assert read == [(get(1), False), (b"\x32" + ASK[1:], True)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (frame(ASK, BACK), "did not mask"),
        (frame(ASK, FORTH, 0x92), "reserved bits"),
        (frame(b"", FORTH, 0x80), "continuation"),
        (frame(ASK[:2], FORTH, 0x02) + frame(ASK, FORTH), "inside another"),
        (frame(b"\xff\xff\xff", FORTH, 0xC2), "inflated"),
    ],
)
def test_a_breach_of_rfc_6455_is_told_once(wrong: bytes, words: str) -> None:
    two = upgraded()
    two.send(FORTH, wrong + wrong + frame(alone(0xE2), FORTH))
    (fault,) = (one for one in two.found if isinstance(one, Fault))
    assert fault.kind is FaultKind.WS_FRAME
    assert words in fault.detail
    assert messages_of(two.found)[-1] == alone(0xE2)


def test_a_websocket_message_of_a_byte_is_none_of_coap() -> None:
    two = upgraded()
    two.send(FORTH, frame(b"\0", FORTH) + frame(b"", FORTH))
    assert kinds(two) == [(FaultKind.FRAME, FORTH)] * 2


def test_compressed_messages() -> None:
    agreed = "Sec-WebSocket-Extensions: permessage-deflate"
    two = upgraded(request(agreed), response(agreed))
    deflate = zlib.compressobj(wbits=-15)
    sent = [ASK, ASK, alone(0xE2, b"t")]
    frames = [
        frame((deflate.compress(one) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4], FORTH, 0xC2)
        for one in sent
    ]
    two.send(FORTH, frames[0] + frames[1])
    assert messages_of(two.found) == [ASK, ASK]
    two.send(FORTH, frames[0], lost=True)
    two.send(FORTH, frames[1])  # refers to what is lost
    two.send(BACK)
    assert messages_of(two.found) == [ASK, ASK]
    assert faults_of(two.found) == [FaultKind.LOST, FaultKind.WS_FRAME]


def test_a_hole_costs_what_was_in_it() -> None:
    long = alone(0x02, b"tt", b"\xff" + b"p" * 300)
    two = upgraded()
    two.send(FORTH, frame(long, FORTH)[:100])
    two.send(FORTH, frame(long, FORTH)[100:200], lost=True)
    two.send(FORTH, frame(long, FORTH)[200:] + frame(ASK, FORTH))
    two.send(BACK)
    assert messages_of(two.found) == [ASK]
    two.send(FORTH, frame(long, FORTH)[:150], lost=True)
    two.send(FORTH, frame(long, FORTH)[150:])
    two.send(FORTH, frame(ANSWER, FORTH))
    two.send(BACK)
    assert messages_of(two.found) == [ASK, ANSWER]


def test_joined_in_the_middle() -> None:
    two = peers()
    two.send(FORTH, frame(ASK, FORTH)[4:])
    two.send(FORTH, frame(ASK, FORTH))
    two.send(BACK, frame(ANSWER, BACK) + frame(b"", BACK, 0x89))
    assert messages_of(two.found, FORTH) == [ASK]
    assert messages_of(two.found, BACK) == [ANSWER]
    assert two.connection.protocol == "coap+ws"
    before = peers()
    before.send(FORTH, request())
    before.send(BACK, response())
    before.send(FORTH, frame(CSM, FORTH))
    assert before.connection.subprotocol == "coap"


def test_the_end_inside_a_message_is_told() -> None:
    two = upgraded()
    two.send(FORTH, frame(ASK[:3], FORTH, 0x02))
    two.send(FORTH, flags=17)
    assert kinds(two) == [(FaultKind.FRAME_CUT, FORTH)]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.binary(max_size=20)
            | st.builds(frame, st.binary(max_size=9), st.booleans(), st.integers(0, 255)),
            st.booleans(),
        ),
        max_size=20,
    )
)
def test_any_frames_do_no_harm(steps: list[tuple[bool, bytes, bool]]) -> None:
    two = upgraded()
    for forward, data, lost in steps:
        two.send(forward, data, lost=lost)
    two.close()
    assert all(len(one.data) > 1 for one in two.found if isinstance(one, Framed))
    assert message(1) == b"\0\1"
