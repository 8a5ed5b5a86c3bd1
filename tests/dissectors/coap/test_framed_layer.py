# SPDX-License-Identifier: GPL-2.0-only
"""CoAP over TCP and WebSocket as Scapy layers: they say what the walk says, and build it again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.packet import Padding, Raw
from scapy.sessions import TCPSession

from dissectors import CoAP, CoAPTCP, CoAPWebSocket
from dissectors.coap.message import dissect
from dissectors.coap.wire import STREAM, WEBSOCKET, Defect

CAPTURE = Path(__file__).parents[3] / "captures" / "streams.pcapng"


@given(st.binary(min_size=1, max_size=40))
@settings(deadline=None)
def test_the_layer_is_what_the_walk_says(data: bytes) -> None:
    for layer, framing in ((CoAPTCP, STREAM), (CoAPWebSocket, WEBSOCKET)):
        coap = layer(data)
        assert bytes(coap) == data
        behind = coap.getlayer(Padding)
        own = data[: len(data) - len(behind.load)] if behind is not None else data
        message = dissect(own, framing=framing)
        assert coap.defects == message.flaws
        assert bytes(coap.token) == message.token
        told = [(o.number, bytes(o.value)) for o in coap.options]
        assert told == [(o.number, o.value) for o in message.options]
        assert bytes(coap.payload.original or b"")[: len(message.payload)] == message.payload


@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=300)), max_size=4),
    st.binary(max_size=70000),
)
@settings(deadline=None)
def test_what_is_built_is_read_again(
    token: bytes, options: list[tuple[int, bytes]], payload: bytes
) -> None:
    for layer in (CoAPTCP, CoAPWebSocket):
        built = layer(code="POST", token=token, options=options) / payload
        again = layer(bytes(built))
        again.clear_cache()
        assert bytes(again) == bytes(built)
        assert (bytes(again.token), again.message.payload) == (token, payload)
        assert again.message.readable


def test_the_length_is_in_as_few_bytes_as_hold_it() -> None:
    for size, head in ((0, "0001"), (12, "d00001"), (13, "d00101"), (300, "e0002001")):
        message = CoAPTCP(code="GET") / (b"x" * size if size else b"")
        assert bytes(message).hex().startswith(head)
        assert message.length == (size + 1 if size else 0)
    assert bytes(CoAPTCP(code="GET", length=5)).hex() == "5001"
    with pytest.raises(ValueError, match="does not fit"):
        bytes(CoAPTCP(code="GET", length=1 << 40))


def test_signalling_options_have_their_own_names_and_values() -> None:
    csm = CoAPTCP(code="7.01", options=[("Max-Message-Size", 1152), "Block-Wise-Transfer"])
    assert bytes(csm).hex() == "40e122048020"
    again = CoAPTCP(bytes(csm))
    assert [(o.name, o.decoded) for o in again.options] == [
        ("Max-Message-Size", 1152),
        ("Block-Wise-Transfer", None),
    ]
    release = CoAPTCP(code="7.04", options=[("Alternative-Address", "192.0.2.1"), ("Hold-Off", 30)])
    assert [o.decoded for o in release.options] == ["192.0.2.1", 30]


def test_several_messages_of_a_segment() -> None:
    first = CoAPTCP(code="GET", token=b"\1")
    second = CoAPTCP(code="2.05", token=b"\2") / b"hello"
    data = bytes(first) + bytes(second)
    coap = IP(bytes(IP(dst="127.0.0.1") / TCP(sport=5683, dport=40000) / data))[CoAPTCP]
    assert coap.code == 1
    assert coap[Padding].load == bytes(second)
    part = IP(bytes(IP(dst="127.0.0.1") / TCP(dport=5683) / bytes(second)[:-2]))[CoAPTCP]
    assert part.cut
    assert {flaw.kind for flaw in part.defects} == {Defect.CUT}


def test_scapy_puts_segments_together() -> None:
    stream = bytes(CoAPTCP(code="GET", token=b"\1")) + bytes(
        CoAPTCP(code="POST", token=b"\2") / (b"x" * 500)
    )
    session = TCPSession()
    found = []
    for at in range(0, len(stream), 100):
        segment = TCP(sport=40000, dport=5683, seq=1000 + at, flags="PA")
        packet = session.process(
            IP(bytes(IP(src="192.0.2.1", dst="192.0.2.2") / segment / stream[at : at + 100]))
        )
        if packet is not None and CoAPTCP in packet:
            found.append(packet)
    assert [packet[CoAPTCP].code for packet in found] == [1, 2]
    assert found[1][Raw].load == b"x" * 500
    assert all(not packet[CoAPTCP].defects for packet in found)


def test_what_answers_what() -> None:
    asked = CoAPTCP(code="GET", token=b"\1")
    assert CoAPTCP(code="2.05", token=b"\1").answers(asked)
    assert not CoAPTCP(code="2.05", token=b"\2").answers(asked)
    assert CoAPTCP(code="7.03", token=b"\3").answers(CoAPTCP(code="7.02", token=b"\3"))
    assert not CoAPTCP(code="7.03", token=b"\1").answers(asked)
    assert not CoAP(code="2.05", token=b"\1").answers(asked)


def test_they_need_no_more_of_scapy_than_the_others() -> None:
    code = "import sys; from dissectors import CoAPTCP; sys.exit('scapy.all' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
