# SPDX-License-Identifier: GPL-2.0-only
"""The twelve faults of Scapy's own layer, scapy.contrib.coap, one test each: ours has none.

Measured on Scapy 2.8; numbered as in the project's notes on existing tools.
"""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import UDP
from scapy.packet import Raw, bind_bottom_up, split_bottom_up

from dissectors import Block, CoAP, MSGin5G
from dissectors.coap.wire import Defect

from .samples import SAMPLES


def kinds(packet: Any) -> set[Defect]:
    return {flaw.kind for flaw in packet.defects}


def test_s1_payload_without_options() -> None:
    packet = CoAP(b"\x40\x02\x00\x01\xffhello")
    assert packet.options == []
    assert packet[Raw].load == b"hello"


def test_s2_no_phantom_option() -> None:
    for code in (b"\x00", b"\x01", b"\x45"):
        assert CoAP(b"\x40" + code + b"\x00\x01").options == []


@pytest.mark.parametrize(("byte", "defect"), [(0xF1, Defect.DELTA_15), (0x1F, Defect.LENGTH_15)])
def test_s3_nibble_15_is_a_defect(byte: int, defect: Defect) -> None:
    packet = CoAP(b"\x40\x01\x00\x01\xb1a" + bytes([byte]) + b"rest")
    assert kinds(packet) == {defect}
    assert [option.value for option in packet.options] == [b"a"]
    assert packet.undecoded == bytes([byte]) + b"rest"


def test_s4_a_short_value_is_a_defect() -> None:
    assert kinds(CoAP(b"\x40\x01\x00\x01\xb9temp")) == {Defect.VALUE_TRUNCATED}


@pytest.mark.parametrize("tail", ["d0", "e0", "e000", "0d", "0e", "0e00", "dd00", "ee0000"])
def test_s5_a_missing_extension_is_a_defect(tail: str) -> None:
    packet = UDP(bytes(UDP(sport=40_000, dport=5683) / Raw(bytes.fromhex("40010001" + tail))))
    assert kinds(packet[CoAP]) == {Defect.OPTION_TRUNCATED}


def test_s6_extended_token_lengths() -> None:
    packet = CoAP(SAMPLES["token of 300 bytes"])
    assert (packet.token_length, len(packet.token)) == (14, 300)
    assert CoAP(SAMPLES["token of 14 bytes"]).options[0].value == b"temperature"
    assert kinds(CoAP(b"\x4f\x01\x00\x01" + bytes(15))) == {Defect.TKL_15}


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("80010001", Defect.VERSION),
        ("40000001ff", Defect.EMPTY_EXTRA),
        ("40020001ff", Defect.MARKER_NO_PAYLOAD),
        ("40010001e0ffff", Defect.NUMBER_OVERFLOW),
    ],
)
def test_s7_broken_messages_are_told(text: str, defect: Defect) -> None:
    assert kinds(CoAP(bytes.fromhex(text))) == {defect}


def test_s8_answers_and_hashret_go_by_token() -> None:
    request = CoAP(code="FETCH", message_id=1, token=b"t")
    for code in ("2.05", "2.31", "4.08", "4.22", "4.29", "5.08"):
        piggybacked = CoAP(type="ACK", code=code, message_id=1, token=b"t")
        separate = CoAP(type="CON", code=code, message_id=99, token=b"t")
        other = CoAP(type="CON", code=code, message_id=1, token=b"other")
        assert piggybacked.answers(request)
        assert separate.answers(request)
        assert piggybacked.hashret() == separate.hashret() == request.hashret()
        assert not other.answers(request)
        assert other.hashret() != request.hashret()


def test_s9_options_and_codes_after_rfc_7252() -> None:
    names = ["Observe", "OSCORE", "Hop-Limit", "Q-Block1", "Block2", "Block1", "Size2", "Q-Block2",
             "Echo", "No-Response", "Request-Tag"]  # fmt: skip
    options = [(name, b"\x01") for name in names]
    assert [option.name for option in CoAP(bytes(CoAP(code=5, options=options))).options] == names
    for name in ("FETCH", "PATCH", "iPATCH", "2.31", "4.08"):
        assert "Unknown" not in CoAP(code=name).sprintf("%CoAP.code%")


def test_s10_values_are_decoded() -> None:
    options = [
        ("Uri-Path", "é"),
        ("Content-Format", 50),
        ("Block1", (3, True, 6)),
        ("ETag", b"\x01"),
    ]
    packet = CoAP(bytes(CoAP(code="PUT", options=options)))
    assert [option.decoded for option in packet.options] == [
        b"\x01", "é", 50, Block(3, True, 6),
    ]  # fmt: skip
    assert packet.values("Uri-Path") == ["é"]
    assert packet.content_format == 50
    assert CoAP(code="GET").content_format is None
    assert MSGin5G in CoAP(SAMPLES["registration"])


def test_s11_other_ports() -> None:
    plain = bytes(CoAP(code="GET"))
    for ports in ({"dport": 5683}, {"sport": 5683}, {"dport": 5684}, {"sport": 5684}):
        assert CoAP in UDP(bytes(UDP(**{"sport": 9, "dport": 9} | ports) / Raw(plain)))
    dtls = bytes.fromhex("16fefd0000000000000000000c") + bytes(12)
    assert CoAP not in UDP(bytes(UDP(dport=5684) / Raw(dtls)))
    bind_bottom_up(UDP, CoAP, dport=61616)  # 6LoWPAN, RFC 4944: one line for any other port
    try:
        assert CoAP in UDP(bytes(UDP(sport=9, dport=61616) / Raw(plain)))
    finally:
        split_bottom_up(UDP, CoAP, dport=61616)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH"])
def test_s12_every_method_is_built_and_answered(method: str) -> None:
    """Scapy's CoAPSocket serves neither POST nor DELETE, and gives an ACK 500 ms."""
    request = CoAP(bytes(CoAP(code=method, token=b"t", message_id=3)))
    assert not kinds(request)
    assert CoAP(type="ACK", code="4.05", token=b"t", message_id=3).answers(request)
    assert CoAP(type="NON", code="2.05", token=b"t", message_id=4, options=("Observe", 1)).answers(
        CoAP(code="GET", token=b"t", options=("Observe", 0))
    )
