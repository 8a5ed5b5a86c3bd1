# SPDX-License-Identifier: GPL-2.0-only
"""WebSocket: frames, masks, the upgrade and compression, against the examples of the RFCs."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors import websocket
from dissectors.websocket import Frame, frame, frame_fault, unmasked

HELLO = bytes.fromhex("818537fa213d7f9f4d5158")
"""A masked text frame (RFC 6455 clause 5.7)."""


def test_the_examples_of_rfc_6455() -> None:
    head = frame(HELLO)
    assert head == Frame(True, 0, 1, bytes.fromhex("37fa213d"), 6, 5, True)
    assert unmasked(HELLO[6:], head.key) == b"Hello"
    assert frame(bytes.fromhex("010348656c")) == Frame(False, 0, 1, b"", 2, 3, True)
    assert frame(bytes.fromhex("827e0100")) == Frame(True, 0, 2, b"", 4, 256, True)
    assert frame(bytes.fromhex("827f0000000000010000")) == Frame(True, 0, 2, b"", 10, 65536, True)


@pytest.mark.parametrize(
    "text", ["818537fa213d", "827e0100", "82ff0000000000010000aabbccdd", "8900"]
)
def test_a_head_needs_all_of_its_bytes(text: str) -> None:
    data = bytes.fromhex(text)
    assert all(frame(data[:size]) is None for size in range(len(data)))
    assert frame(data) is not None
    assert frame(b"\xff" * 3 + data, 3) == frame(data)


@pytest.mark.parametrize(
    ("text", "from_client", "words"),
    [
        ("828000000000", True, ""),
        ("8200", False, ""),
        ("c200", False, ""),  # RSV1, which is in use here
        ("a200", False, "reserved bits"),
        ("c900", False, "reserved bits"),
        ("8300", False, "opcode 3"),
        ("8200", True, "did not mask"),
        ("828000000000", False, "masked"),
        ("0900", False, "fragmented"),
        ("897e0080", False, "more than 125"),
        ("827e007d", False, "fewest"),
        ("827f000000000000ffff", False, "fewest"),
        ("827fffffffffffffffff", False, "highest bit"),
    ],
)
def test_what_breaks_rfc_6455(text: str, from_client: bool, words: str) -> None:
    head = frame(bytes.fromhex(text))
    assert head is not None
    told = frame_fault(head, from_client, reserved=4)
    assert words in told
    assert bool(words) is bool(told)


@given(st.binary(max_size=70), st.binary(min_size=4, max_size=4))
def test_a_mask_undoes_itself(payload: bytes, key: bytes) -> None:
    masked = bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))
    assert unmasked(masked, key) == payload


def test_closing() -> None:
    assert websocket.closing(b"\x03\xe8bye") == (1000, "bye")
    assert websocket.closing(b"\x03\xea\xff") == (1002, "\ufffd")
    assert websocket.closing(b"") == (0, "")


REQUEST = b"""GET /.well-known/coap HTTP/1.1\r
Host: server.example.com\r
Upgrade: websocket\r
Connection: keep-alive, Upgrade\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Protocol: chat\r
sec-websocket-protocol: coap , x\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, foo"""

RESPONSE = b"""HTTP/1.1 101 Switching Protocols\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
Sec-WebSocket-Protocol: coap"""


def test_the_upgrade() -> None:
    asked = websocket.upgrade(REQUEST)
    assert asked is not None
    assert (asked.method, asked.target, asked.status) == ("GET", "/.well-known/coap", 0)
    assert asked.upgrade
    assert asked.host == "server.example.com"
    assert asked.protocols == ("chat", "coap", "x")
    assert asked.extensions == ("permessage-deflate; client_max_window_bits", "foo")
    assert asked.version == "13"
    answered = websocket.upgrade(RESPONSE)
    assert answered is not None
    assert (answered.method, answered.status, answered.upgrade) == ("", 101, True)
    assert answered.protocols == ("coap",)
    assert answered.accept == websocket.accept(asked.key)


def test_the_end_of_a_head_is_looked_for_within_bounds() -> None:
    assert websocket.head_end(REQUEST) == -1
    assert websocket.head_end(REQUEST + b"\r\n\r\n\x82") == len(REQUEST) + 4
    assert websocket.head_end(b"x" * websocket.LONGEST_UPGRADE + b"\r\n\r\n") == -1


@pytest.mark.parametrize(
    "head", [b"", b"GET /", b"HTTP/1.1", b"HTTP/1.1 \xb2", b"GET / SSH-2", b"\0\xff", b"\r\n\r\n"]
)
def test_what_is_no_http(head: bytes) -> None:
    assert websocket.upgrade(head) is None


def deflated(payload: bytes, deflate: zlib._Compress) -> bytes:
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


def test_the_examples_of_rfc_7692() -> None:
    inflating = websocket.Inflating(takeover=True)
    assert inflating.message(bytes.fromhex("f248cdc9c90700"), 100) == b"Hello"
    assert inflating.message(bytes.fromhex("f200110000"), 100) == b"Hello"
    alone = websocket.Inflating(takeover=False)
    assert alone.message(bytes.fromhex("f248cdc9c90700"), 100) == b"Hello"
    assert alone.message(bytes.fromhex("f200110000"), 100) is None


def test_what_is_inflated_is_bounded_and_goes_on_after_what_is_broken() -> None:
    inflating = websocket.Inflating(takeover=True)
    deflate = zlib.compressobj(wbits=-15)
    assert inflating.message(deflated(bytes(1 << 20), deflate), 1000) is None
    assert inflating.message(b"\xff\xff\xff", 1000) is None
    assert inflating.message(bytes.fromhex("f248cdc9c90700"), 100) == b"Hello"
    inflating.forget()
    assert inflating.message(bytes.fromhex("f200110000"), 100) is None


def test_which_side_keeps_its_window() -> None:
    extensions = ("permessage-deflate; server_no_context_takeover",)
    client, server = (websocket.inflating(extensions, side) for side in (True, False))
    assert client is not None
    assert server is not None
    first, second = bytes.fromhex("f248cdc9c90700"), bytes.fromhex("f200110000")
    assert [client.message(first, 9), client.message(second, 9)] == [b"Hello", b"Hello"]
    assert [server.message(first, 9), server.message(second, 9)] == [b"Hello", None]
    assert websocket.inflating(("foo",), True) is None


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_any_bytes_do_no_harm(data: bytes) -> None:
    head = frame(data)
    if head is not None:
        frame_fault(head, True)
    websocket.upgrade(data)
    websocket.upgrade(b"GET / HTTP/1.1\r\n" + data)
    websocket.closing(data)
    websocket.Inflating(True).message(data, 100)
